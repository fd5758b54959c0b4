package master

import (
	"encoding/hex"
	"testing"
	"time"

	"trama/codec"
)

// Behind a command that nobody has answered the line is quiet for a moment before the next one whose answer could be taken
// for its: what comes in that moment belongs to the one before.  When it has come, no other command gets an answer by it.
func TestTheLineIsQuietBehindACommandWithoutAnAnswer(t *testing.T) {
	ordered := func(profile, text string) *Command {
		p, err := codec.Shipped(profile)
		if err != nil {
			t.Fatal(err)
		}
		c := &Command{Profile: p, numbered: p.NumbersAnswers()}
		if c.plain, err = hex.DecodeString(text); err == nil {
			err = p.Decode(codec.Downlink, c.plain, &c.frame)
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const compact, modbus, extended = "000801000000001234567801024100", "1103007c00020743", "002001000000001234567801020341002026112315333400000101"
	for _, c := range []struct {
		title, profile, old, next string
		ago                       time.Duration
		quiet                     bool
	}{
		{"the same", "compact", compact, compact, 0, true},
		{"a while ago", "compact", compact, compact, quietFor, false},
		{"another letter", "compact", compact, "000801000000001234567801024600", 0, false},
		{"another register", "modbus-rtu", modbus, "1103006b00037687", 0, true},
		{"another slave", "modbus-rtu", modbus, "12030000000186a9", 0, false},
		{"numbers", "extended", extended, extended, 0, false},
	} {
		old, next := ordered(c.profile, c.old), ordered(c.profile, c.next)
		old.Result.Ended = time.Now().Add(-c.ago)
		m := &Master{unanswered: []*Command{old, {Profile: old.Profile, frame: old.frame, numbered: old.numbered, Result: old.Result}}}
		if got := m.quiet(next, next.Profile); got > 0 != c.quiet || got > quietFor {
			t.Errorf("%s: quiet for %v", c.title, got)
		}
		if m.settled(old); len(m.unanswered) != map[bool]int{true: 1}[old.numbered] {
			t.Errorf("%s: %d commands may still be answered", c.title, len(m.unanswered))
		}
	}
}
