package codec_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

func TestADateThatCannotBeIsKeptAndSuspect(t *testing.T) {
	p := shipped(t, "extended")
	for _, ts := range []string{
		"00000000000000", "20261301000000", "20260001000000", "20260100000000", "20260132000000", "20260229000000",
		"20260431000000", "21000229000000", "20260101240000", "20260101006000", "20260101000060", "99999999999999",
	} {
		raw, _ := hex.DecodeString("00250100000000123456780102036d00" + ts + "000000070041ac0000")
		if advance, token, _ := p.Splitter(codec.Uplink)(raw, false); advance != len(raw) || len(token) != len(raw) {
			t.Errorf("%s: framing refuses the frame", ts)
		}
		var f, back codec.Frame
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
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
		for _, frame := range []*codec.Frame{&f, &back} {
			if again, err := p.Append(nil, frame); err != nil || hex.EncodeToString(again) != hex.EncodeToString(raw) {
				t.Errorf("%s: encoded again %x (%v)", ts, again, err)
			}
		}
		reply, due, err := p.Reply(nil, &f, codec.Env{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)})
		if !due || err != nil || hex.EncodeToString(reply[16:23]) != "20260102030405" {
			t.Errorf("%s: reply %x (due %v, %v)", ts, reply, due, err)
		}
	}
}
