package scalar

import (
	"encoding/hex"
	"testing"
	"time"
	_ "time/tzdata" // the test names a zone; a machine without zone files must run it too
)

func TestOrdinaryDatesAreNotSuspect(t *testing.T) {
	layout, err := ParseTimeLayout("YYYYMMDDhhmmss", time.UTC, TimeBCD)
	if err != nil {
		t.Fatal(err)
	}
	for day := time.Date(1999, 12, 30, 23, 59, 58, 0, time.UTC); day.Year() < 2102; day = day.Add(86399 * time.Second) {
		b, err := layout.Append(nil, day)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := layout.Parse(b); !ok || !got.Equal(day) {
			t.Fatalf("%v is written %x, read as %v (%v)", day, b, got, ok)
		}
	}
}

func TestSummerTimeSkipsAndRepeatsAnHour(t *testing.T) {
	zone, err := ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	layout, _ := ParseTimeLayout("YYYYMMDDhhmmss", zone, TimeBCD)
	for digits, exists := range map[string]bool{
		"20260329015959": true, "20260329023000": false, "20260329030000": true, "20261025023000": true,
	} {
		b, _ := hex.DecodeString(digits)
		got, ok := layout.Parse(b)
		if ok != exists {
			t.Errorf("%s: %v (%v)", digits, got, ok)
			continue
		}
		if again, _ := layout.Append(nil, got); ok && hex.EncodeToString(again) != digits {
			t.Errorf("%s becomes %x", digits, again)
		}
	}
}

func TestZonesAreRead(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"UTC": "12:00", "+08:00": "20:00", "-03:30": "08:30", "Asia/Shanghai": "20:00", "": at.In(time.Local).Format("15:04"), "Local": at.In(time.Local).Format("15:04"),
	} {
		zone, err := ParseZone(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := at.In(zone).Format("15:04"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"Europe/Atlantis", "+8", "+25:00x"} {
		if _, err := ParseZone(text); err == nil {
			t.Errorf("%s is taken for a zone", text)
		}
	}
}

func TestATimeInAZone(t *testing.T) {
	for _, name := range []string{"UTC", "+08:00", "-03:30", "+00:00", "Europe/Berlin"} {
		zone, err := ParseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		layout, err := ParseTimeLayout("YYYYMMDDhhmmssSSS", zone, timeASCII)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"20260228235959123", "20240229000000000", "19700101000000000", "00000101000000000", "99991231235959999"} {
			got, ok := layout.Parse([]byte(text))
			want, err := time.ParseInLocation("20060102150405.000", text[:14]+"."+text[14:], zone)
			if !ok || err != nil || got != want {
				t.Errorf("%s %s: %v (%v), expected %v (%v)", name, text, got, ok, want, err)
			}
		}
	}
}
