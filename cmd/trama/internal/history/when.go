package history

import (
	"fmt"
	"strings"
	"time"

	"trama/internal/words"
)

// ParseTime reads a moment: RFC 3339, also with a blank as listings have it, a date with or without a time of the zone of
// now ("2026-11-24", "2026-11-24 14:30"), or how long ago it was ("24h", "7d").  An empty text, and no other, is the zero time.
func ParseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := words.Duration(text); err == nil {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1)); err == nil {
		return given(t), nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04",
		"2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return given(t), nil
		}
	}
	return time.Time{}, fmt.Errorf(`found %q, expected how long ago ("24h", "7d"), a date ("2026-11-24", "2026-11-24 14:30") or RFC 3339`, text)
}

// given is a moment that was said: not the zero time, which stands for none.
func given(t time.Time) time.Time {
	if t.IsZero() {
		return t.Add(1)
	}
	return t
}
