package codec

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Resend is how a frame is recognised that a master sends again because it saw no acknowledgement: [resend] of the
// definition.
type Resend struct {
	// Within is how long a frame is remembered; 0: nothing is recognised.
	Within time.Duration
	// Numbered says that transaction numbers tell frames apart; else their content alone does.
	Numbered bool
	// Session says that a master may begin its numbers anew with each connection.
	Session bool

	ignored map[string]bool // keys that may differ in a resend
}

// print is what a resend of a frame has in common with it: its transaction number (0 where frames have none) and a hash of its
// content.  ok is false for frames that are not recognised when they come again: answers to commands, and without numbers all
// but measurements and reports.  It does not allocate.
func (p *program) print(r *Resend, f *Frame) (number, content uint64, ok bool) {
	if r.Within <= 0 || f.layout == nil {
		return 0, 0, false
	}
	purpose := f.layout.message.Purpose
	if purpose == PurposeAnswer { // its number is that of the command
		return 0, 0, false
	}
	if r.Numbered {
		if number, ok = f.Transaction(); !ok {
			return 0, 0, false
		}
	} else if purpose != PurposeMeasurement && purpose != PurposeReport {
		return 0, 0, false
	}
	if r.ignored == nil {
		return number, xxhash.Sum64(f.Raw()), true
	}
	var d xxhash.Digest
	d.Reset()
	var word [8]byte
	for i := range f.cells {
		o := &p.ops[f.cells[i].op]
		if r.ignored[o.field.Key] || o.code == opChecksum {
			continue
		}
		binary.BigEndian.PutUint64(word[:], f.nums[i])
		_, _ = d.WriteString(o.field.Key) // a hash takes everything; not the place, which another edition may change
		_, _ = d.Write(word[:])
		if !o.numeric() {
			_, _ = d.Write(f.bytes(i))
		}
	}
	return number, d.Sum64(), true
}

// resendDefault is how long numbered frames are remembered when the definition does not say.
const resendDefault = 24 * time.Hour

// compileResend compiles [resend] of a profile with these messages.
func compileResend(src *source, def *resendDef, messages []*Message) (r Resend) {
	known := map[string]bool{}
	for _, m := range messages {
		for _, f := range m.Fields {
			known[f.Key] = true
			r.Numbered = r.Numbered || f.Role == RoleTransaction
		}
	}
	if r.Numbered {
		r.Within = resendDefault
	}
	if def == nil {
		return r
	}
	if def.within != "" {
		within, err := time.ParseDuration(def.within)
		if err != nil || within < 0 || within > 30*24*time.Hour {
			src.problem(join(def.path, "within"), quote(def.within), `a duration from 0s to 720h, with its unit, such as "24h"`)
		}
		r.Within = within
	}
	r.Session = def.numbers == "session"
	for i, key := range def.ignore {
		if key == "" || !known[key] {
			src.problem(fmt.Sprintf("%s.ignore[%d]", def.path, i), quote(key), "the key of a field", slices.Sorted(maps.Keys(known))...)
			continue
		}
		if r.ignored == nil {
			r.ignored = map[string]bool{}
		}
		r.ignored[key] = true
	}
	return r
}
