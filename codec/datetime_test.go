package codec

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the test names a zone; a machine without zone files must run it too
)

func TestADateThatCannotBeIsKeptAndSuspect(t *testing.T) {
	p := shipped(t, "extended")
	for _, ts := range []string{
		"00000000000000", "20261301000000", "20260001000000", "20260100000000", "20260132000000", "20260229000000",
		"20260431000000", "21000229000000", "20260101240000", "20260101006000", "20260101000060", "99999999999999",
	} {
		raw, _ := hex.DecodeString("00250100000000123456780102036d00" + ts + "000000070041ac0000")
		if advance, token, _ := p.Splitter(Uplink)(raw, false); advance != len(raw) || len(token) != len(raw) {
			t.Errorf("%s: framing refuses the frame", ts)
		}
		var f, back Frame
		if err := p.Decode(Uplink, raw, &f); err != nil {
			t.Fatalf("%s: %v", ts, err)
		}
		if got, ok := f.Timestamp(); ok {
			t.Errorf("%s: taken for %v", ts, got)
		}
		it, _ := f.Item("TS")
		if _, ok := it.Time(); ok || !it.Suspect() || it.Text() != ts {
			t.Errorf("%s: item %s, suspect %v", ts, it.Text(), it.Suspect())
		}
		text, _ := f.AppendJSON(nil)
		if !strings.Contains(string(text), `"TS":"`+ts+`"`) {
			t.Errorf("%s: JSON %s", ts, text)
		}
		if err := p.ParseJSON(text, &back); err != nil {
			t.Fatal(err)
		}
		for _, frame := range []*Frame{&f, &back} {
			if again, err := p.Append(nil, frame); err != nil || hex.EncodeToString(again) != hex.EncodeToString(raw) {
				t.Errorf("%s: encoded again %x (%v)", ts, again, err)
			}
		}
		reply, due, err := p.Reply(nil, &f, Env{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)})
		if !due || err != nil || hex.EncodeToString(reply[16:23]) != "20260102030405" {
			t.Errorf("%s: reply %x (due %v, %v)", ts, reply, due, err)
		}
	}
}

func TestOrdinaryDatesAreNotSuspect(t *testing.T) {
	layout, err := parseTimeLayout("YYYYMMDDhhmmss", time.UTC, timeBCD)
	if err != nil {
		t.Fatal(err)
	}
	for day := time.Date(1999, 12, 30, 23, 59, 58, 0, time.UTC); day.Year() < 2102; day = day.Add(86399 * time.Second) {
		b, err := layout.append(nil, day)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := layout.parse(b); !ok || !got.Equal(day) {
			t.Fatalf("%v is written %x, read as %v (%v)", day, b, got, ok)
		}
	}
}

func TestSummerTimeSkipsAndRepeatsAnHour(t *testing.T) {
	zone, err := parseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	layout, _ := parseTimeLayout("YYYYMMDDhhmmss", zone, timeBCD)
	for digits, exists := range map[string]bool{
		"20260329015959": true, "20260329023000": false, "20260329030000": true, "20261025023000": true,
	} {
		b, _ := hex.DecodeString(digits)
		got, ok := layout.parse(b)
		if ok != exists {
			t.Errorf("%s: %v (%v)", digits, got, ok)
			continue
		}
		if again, _ := layout.append(nil, got); ok && hex.EncodeToString(again) != digits {
			t.Errorf("%s becomes %x", digits, again)
		}
	}
}

func TestZonesAreRead(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"UTC": "12:00", "+08:00": "20:00", "-03:30": "08:30", "Asia/Shanghai": "20:00", "": at.In(time.Local).Format("15:04"), "Local": at.In(time.Local).Format("15:04"),
	} {
		zone, err := parseZone(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := at.In(zone).Format("15:04"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"Europe/Atlantis", "+8", "+25:00x"} {
		if _, err := parseZone(text); err == nil {
			t.Errorf("%s is taken for a zone", text)
		}
	}
}

func TestATimeInAZone(t *testing.T) {
	for _, name := range []string{"UTC", "+08:00", "-03:30", "+00:00", "Europe/Berlin"} {
		zone, err := parseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		layout, err := parseTimeLayout("YYYYMMDDhhmmssSSS", zone, timeASCII)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"20260228235959123", "20240229000000000", "19700101000000000", "00000101000000000", "99991231235959999"} {
			got, ok := layout.parse([]byte(text))
			want, err := time.ParseInLocation("20060102150405.000", text[:14]+"."+text[14:], zone)
			if !ok || err != nil || got != want {
				t.Errorf("%s %s: %v (%v), expected %v (%v)", name, text, got, ok, want, err)
			}
		}
	}
}
