package compile

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
	"trama/internal/words"
)

// CompileResend compiles [resend] of a profile.
func CompileResend(src *schema.Reader, def *schema.ResendDef, p *program.Program) (r program.Resend) {
	known := map[string]bool{}
	for _, m := range p.Messages {
		for _, f := range m.Fields {
			known[f.Key] = true
		}
	}
	for i := range p.Ops {
		r.Numbered = r.Numbered || p.Ops[i].Role == field.RoleTransaction
	}
	if r.Numbered {
		r.Within = resendDefault
	}
	if def == nil {
		return r
	}
	if def.Within != "" {
		within, err := words.Duration(def.Within)
		if err != nil || within < 0 || within > 30*24*time.Hour {
			src.Problem(schema.Join(def.Path, "within"), field.Quote(def.Within),
				`a duration from 0s to 720h, with its unit, such as "24h"`)
		}
		r.Within = within
	}
	r.Session = def.Numbers == "session"
	for i, key := range def.Ignore {
		if key == "" || !known[key] {
			src.Problem(fmt.Sprintf("%s.ignore[%d]", def.Path, i), field.Quote(key), "the key of a field",
				slices.Sorted(maps.Keys(known))...)
			continue
		}
		if r.Ignored == nil {
			r.Ignored = map[string]bool{}
		}
		r.Ignored[key] = true
	}
	return r
}

// resendDefault is how long numbered frames are remembered when the definition does not say.
const resendDefault = 24 * time.Hour
