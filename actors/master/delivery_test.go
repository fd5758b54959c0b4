package master

import (
	"strings"
	"testing"
	"time"
)

// A history is a line of what happened to commands: the silence before each, and + for an answer, - for none and then a
// frame of the master by itself, ? for none and then an answer to the next one.
func TestADeliveryWindowIsLearnedFromSilences(t *testing.T) {
	for _, c := range []struct{ history, want string }{
		{"", "0s"},
		{"3m- ", "0s"},
		{"3m- 4m-", "5s"},
		{"12s+ 3m- 4m-", "12s"},
		{"12s+ 3m- 2s+ 4m-", "12s"},     // an answer behind a short silence says nothing of a long one
		{"12s+ 3m- 5m+ 4m-", "0s"},      // 4m is no longer than what was answered
		{"12s+ 3m- 4m- 5m+", "0s"},      // somebody waited at a terminal, and was answered
		{"12s+ 3m- 4m- 11s-", "12s"},    // a reason of its own
		{"12s+ 11s- 12s- 3s-", "0s"},    // likewise: a device behind the modem is off
		{"12s+ 3m? 4m? 5m?", "0s"},      // a master that only answers says nothing by itself
		{"12s+ 3m- 4m- 25h", "0s"},      // it is tried again after a day
		{"12s+ 3m- 4m- 25h 3m-", "12s"}, // and one miss is enough then
		{"10m+ 25h 12s+ 3m- 4m-", "12s"},
	} {
		var d delivery
		now := time.Hour
		for _, word := range strings.Fields(c.history) {
			kind := word[len(word)-1]
			silence, err := time.ParseDuration(strings.TrimRight(word, "+-?"))
			if err != nil {
				t.Fatal(err)
			}
			now += silence
			switch kind {
			case '+':
				d.answered(silence, now)
			case '-':
				d.unanswered(silence)
				d.spoke(now)
			case '?':
				d.unanswered(silence)
				d.answered(0, now)
			}
		}
		if got := d.window(now); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.history, got, c.want)
		}
	}
}
