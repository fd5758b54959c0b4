package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a moment: RFC 3339, a date with or without a time of the server's zone ("2026-11-24", "2026-11-24
// 14:30"), or how long ago it was ("24h", "7d").  An empty text is the zero time.
func ParseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04",
		"2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf(`found %q, expected how long ago ("24h", "7d"), a date ("2026-11-24", "2026-11-24 14:30") or RFC 3339`, text)
}

// ParseDuration is time.ParseDuration with days: "7d", "1d12h".
func ParseDuration(text string) (time.Duration, error) {
	days, rest, has := strings.Cut(text, "d")
	if !has {
		d, err := time.ParseDuration(text)
		if err == nil && d < 0 {
			return 0, fmt.Errorf("%q is negative", text)
		}
		return d, err
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration", text)
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 {
		return 0, fmt.Errorf("%q is no duration", text)
	}
	return d + more, nil
}
