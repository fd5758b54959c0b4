package codec_test

import (
	"bytes"
	"testing"

	"trama/codec"
)

// While commands wait for a station its report is acknowledged with the mark that has it stay on the line; else with the
// one that lets it go.  Both are the acknowledgement that the definition owes.
func TestAReplyTellsThatCommandsWait(t *testing.T) {
	p := shipped(t, "sl651")
	report := decodeHex(t, p, codec.Uplink, "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa")
	for waiting, want := range map[bool]string{
		false: "7e7e001234567801123430800802000359101115494704bd95",
		true:  "7e7e00123456780112343080080200035910111549471b75d4",
	} {
		ack, due, err := p.Reply(nil, report, codec.Env{Waiting: waiting})
		if !due || err != nil || !bytes.Equal(ack, unhex(t, want)) {
			t.Errorf("waiting %v: %x, expected %s (%v, %v)", waiting, ack, want, due, err)
		}
		if !p.Acknowledges(report, decodeHex(t, p, codec.Downlink, want)) {
			t.Errorf("waiting %v: it is no acknowledgement", waiting)
		}
	}
	if !p.TellsWaiting() || shipped(t, "extended").TellsWaiting() {
		t.Error("which profiles tell that commands wait is wrong")
	}
	heartbeat := decodeHex(t, p, codec.Uplink, "7e7e01001234567812342f00080200035910111551110"+"36bca")
	if ack, due, err := p.Reply(nil, heartbeat, codec.Env{Waiting: true}); due || err != nil {
		t.Errorf("a heartbeat, which nobody acknowledges, is answered %x (%v)", ack, err)
	}
}
