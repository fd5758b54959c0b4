package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration reads a length of time with its units: those of Go, and d and w for days of 24 hours and weeks, first and
// whole: "90s", "1h30m", "7d", "1w2d12h"; never negative.
func Duration(text string) (time.Duration, error) {
	rest, whole := text, time.Duration(0)
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, more, has := strings.Cut(rest, unit.name)
		if !has {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil || n < 0 || n > int64((math.MaxInt64-whole)/unit.long) {
			return 0, noDuration(text)
		}
		rest, whole = more, whole+time.Duration(n)*unit.long
	}
	if rest == "" && text != "" {
		return whole, nil
	}
	d, err := time.ParseDuration(rest)
	if _, bare := strconv.ParseFloat(rest, 64); err != nil && bare == nil {
		return 0, fmt.Errorf("found %q without a unit, expected such as %q or %q", text, text+"s", text+"m")
	}
	if err != nil || d < 0 || whole+d < 0 {
		return 0, noDuration(text)
	}
	return whole + d, nil
}

func noDuration(text string) error {
	return fmt.Errorf(`found %q, expected a duration such as "90s", "1h30m" or "7d"`, text)
}
