package codec

import (
	"fmt"
	"slices"
	"time"
)

// resendDef is [resend] as it is written.
type resendDef struct {
	path, within, numbers string
	ignore                []string
}

// resendDefault is how long numbered frames are remembered when the definition does not say.
const resendDefault = 24 * time.Hour

var numbersWords = []string{"lasting", "session"}

func readResend(t *table) *resendDef {
	r := &resendDef{path: t.Path, within: t.Text("within"), numbers: t.Word("numbers", numbersWords, numbersWords[0]), ignore: t.Texts("ignore")}
	t.Finish()
	return r
}

// resend compiles [resend].
func (c *compiler) resend(d *definition) {
	r := &c.profile.resend
	for _, m := range c.p.messages {
		r.Numbered = r.Numbered || slices.ContainsFunc(m.Fields, func(f *Field) bool { return f.Role == RoleTransaction })
	}
	if r.Numbered {
		r.Within = resendDefault
	}
	def := d.resend
	if def == nil {
		return
	}
	if def.within != "" {
		within, err := time.ParseDuration(def.within)
		if err != nil || within < 0 || within > 30*24*time.Hour {
			c.src.problem(join(def.path, "within"), quote(def.within), `a duration from 0s to 720h, with its unit, such as "24h"`)
		}
		r.Within = within
	}
	r.Session = def.numbers == "session"
	for i, key := range def.ignore {
		known := func(m *Message) bool {
			return slices.ContainsFunc(m.Fields, func(f *Field) bool { return f.Key == key })
		}
		if !slices.ContainsFunc(c.p.messages, known) {
			c.src.problem(fmt.Sprintf("%s.ignore[%d]", def.path, i), quote(key), "the key of a field", c.profile.fieldKeys()...)
			continue
		}
		if r.ignored == nil {
			r.ignored = map[string]bool{}
		}
		r.ignored[key] = true
	}
}

func (p *Profile) fieldKeys() []string {
	var keys []string
	for _, m := range p.messages {
		for _, f := range m.Fields {
			if f.Key != "" && !slices.Contains(keys, f.Key) {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys
}
