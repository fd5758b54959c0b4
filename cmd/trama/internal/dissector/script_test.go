package dissector

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trama/codec"
)

func TestAScriptIsTheSameEveryTimeAndPlainText(t *testing.T) {
	for _, p := range append(shippedProfiles(t), otherProfiles(t)...) {
		one := Script(p.Profile, Options{Ports: []int{1, 65535}})
		if one != Script(p.Profile, Options{Ports: []int{1, 65535}}) {
			t.Errorf("%s: two scripts of one profile differ", p.Name())
		}
		if !strings.Contains(one, `local ports = "1,65535"`) {
			t.Errorf("%s: no ports", p.Name())
		}
		if i := strings.IndexFunc(one, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f }); i >= 0 {
			t.Errorf("%s: %q", p.Name(), one[max(0, i-20):i+1])
		}
	}
}

// Filters of one name must have one type: Wireshark takes them for the same field.
func TestFiltersOfOneNameHaveOneType(t *testing.T) {
	for _, p := range append(shippedProfiles(t), otherProfiles(t)...) {
		n := name(p.Outline())
		classes := map[string]string{}
		for _, f := range n.filters {
			if have, ok := classes[f.Path]; ok && have != f.Class {
				t.Errorf("%s.%s is %s and %s", p.Name(), f.Path, have, f.Class)
			}
			classes[f.Path] = f.Class
		}
		for i, s := range n.shown {
			if s.Filter < 1 || s.Filter > len(n.filters) || s.Aside > len(n.filters) {
				t.Errorf("%s: field %d is shown as %+v", p.Name(), i, s)
			}
		}
	}
}

func TestFieldsOfOneNameShareTheWidestType(t *testing.T) {
	p := compiled(t, "wide.toml", `
name = "wide"
[frame]
header = [{ key = "a", type = "byte", role = "command" }]
[[message]]
command = 1
name = "one"
fields = [{ key = "v", type = "uint16" }, { key = "w", type = "int8" }, { key = "x", type = "uint8" }, { key = "z", type = "float32" }, { key = "y", type = "uint8" }]
[[message]]
command = 2
name = "two"
fields = [{ key = "v", type = "uint64" }, { key = "w", type = "uint8" }, { key = "x", type = "ascii", size = 2 }, { key = "z", type = "byte" }, { key = "y", type = "uint8" }]
`)
	n := name(p.Outline())
	var got []string
	for _, f := range n.filters {
		got = append(got, f.Path+" "+f.Class)
	}
	slices.Sort(got)
	want := []string{"a u32", "v u64", "w i64", "x u32", "x.string string", "y u32", "z double"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, expected %v", got, want)
	}
}

// What the registries of codec name, the script must know too.
func TestTheScriptKnowsEveryNameOfTheRegistries(t *testing.T) {
	for _, registry := range []struct{ field, lua string }{
		{`{ key = "x", type = "checksum", algorithm = "none" }`, sumsLua},
		{`{ key = "x", type = "group", size = 4, armour = "none", fields = [{ key = "y", type = "hex", size = 2 }] }`, frameLua},
		{`{ key = "x", type = "ascii", size = 4, charset = "none" }`, valuesLua},
		{`{ key = "x", type = "time", as = "none", layout = "YYMMDD" }`, leafLua + valuesLua},
	} {
		known, names := 0, registered(t, registry.field)
		for _, word := range names {
			switch {
			case strings.HasPrefix(word, "crc-"): // by its parameters
			case slices.Contains([]string{"latin-1", "number", "digits", "cp56", "unix", "unix-ms"}, word): // what is left
			case !strings.Contains(registry.lua, `"`+word+`"`) && !strings.Contains(registry.lua, "\n  "+word+" = "):
				t.Errorf("the script does not know %q", word)
			default:
				known++
			}
		}
		if known < 2 {
			t.Errorf("only %d of %s", known, names)
		}
	}
}

// registered are the names that codec offers instead of one that it does not know.
func registered(t *testing.T, field string) []string {
	t.Helper()
	_, err := codec.Compile("x.toml", []byte("name = \"x\"\n[frame]\nheader = ["+field+"]\n[[message]]\nname = \"x\"\n"))
	if err == nil {
		t.Fatalf("%s is taken", field)
	}
	names := regexp.MustCompile(`one of ([a-zA-Z0-9/, -]+)`).FindStringSubmatch(err.Error())
	if names == nil {
		t.Fatalf("%v names nothing", err)
	}
	return strings.Split(names[1], ", ")
}
