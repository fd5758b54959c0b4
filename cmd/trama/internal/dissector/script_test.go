package dissector

import (
	"regexp"
	"strings"
	"testing"

	"trama/codec/describe"
)

func TestAScriptIsTheSameEveryTimeAndPlainText(t *testing.T) {
	for _, p := range append(shippedProfiles(t), otherProfiles(t)...) {
		one := Script(describe.Profile(p.Profile), Options{Ports: []int{1, 65535}})
		if one != Script(describe.Profile(p.Profile), Options{Ports: []int{1, 65535}}) {
			t.Errorf("%s: two scripts of one profile differ", p.Name())
		}
		if !strings.Contains(one, `"1,65535"`) {
			t.Errorf("%s: no ports", p.Name())
		}
		if i := strings.IndexFunc(one, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f }); i >= 0 {
			t.Errorf("%s: %q", p.Name(), one[max(0, i-20):i+1])
		}
	}
}

// Filters of one name must have one type: Wireshark takes them for the same field.
func TestFiltersOfOneNameHaveOneType(t *testing.T) {
	row := regexp.MustCompile(`(?m)^  \{ ("[^"]*"), "[^"]*", ("[a-z0-9]+"), `)
	for _, p := range append(shippedProfiles(t), otherProfiles(t)...) {
		classes := map[string]string{}
		for _, f := range row.FindAllStringSubmatch(Script(describe.Profile(p.Profile), Options{}), -1) {
			if have, ok := classes[f[1]]; ok && have != f[2] {
				t.Errorf("%s.%s is %s and %s", p.Name(), f[1], have, f[2])
			}
			classes[f[1]] = f[2]
		}
		if len(classes) == 0 {
			t.Errorf("%s has no fields", p.Name())
		}
	}
}
