package words_test

import (
	"testing"
	"time"

	"trama/internal/words"
)

func TestDurationsHaveUnitsAndDays(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "0s": 0, "0": 0, "1h30m": 90 * time.Minute, "7d": 7 * day,
		"1w": 7 * day, "1w2d12h": 9*day + 12*time.Hour, "1d1h30m": day + 90*time.Minute, "0d": 0} {
		if got, err := words.Duration(text); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"10":     `found "10" without a unit, expected such as "10s" or "10m"`,
		"1.5":    `found "1.5" without a unit, expected such as "1.5s" or "1.5m"`,
		"":       `found "", expected a duration such as "90s", "1h30m" or "7d"`,
		"x":      `found "x", expected a duration such as "90s", "1h30m" or "7d"`,
		"-5m":    `found "-5m", expected a duration such as "90s", "1h30m" or "7d"`,
		"1d-30h": `found "1d-30h", expected a duration such as "90s", "1h30m" or "7d"`,
		"xd":     `found "xd", expected a duration such as "90s", "1h30m" or "7d"`,
		"2d1w":   `found "2d1w", expected a duration such as "90s", "1h30m" or "7d"`,
		"65535w": `found "65535w", expected a duration such as "90s", "1h30m" or "7d"`,
	} {
		if got, err := words.Duration(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestTheNearestWordIsFound(t *testing.T) {
	known := []string{"masters", "listeners", "RN", "OP", "online", "offline"}
	for found, want := range map[string]string{"mastres": "masters", "rn": "RN", "Masters": "masters", "ofline": "offline", "list": "listeners",
		"status": "", "RN": ""} {
		if got := words.Nearest(found, known, nil); got != want {
			t.Errorf("%s: %q, want %q", found, got, want)
		}
	}
	if got, want := words.OneOf("rn", []string{"RN", "OP"}).Error(), `found "rn", expected one of RN, OP; did you mean "RN"?`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
