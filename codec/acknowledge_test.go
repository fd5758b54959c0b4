package codec_test

import (
	"testing"
	"time"

	"trama/codec"
)

// Frames of a master and what a server might send: whether that is the receipt of it.
func TestAcknowledgementsAreRecognised(t *testing.T) {
	const (
		m       = "00250100000000123456780102036d0020261123143000000000070041ac0000"
		s       = "0013010000000012345678010273000041ac0000"
		beat808 = "7e000200000123456789017fff0a7e"
		login06 = "78780d010352887071911998000479d00d0a"
		report  = "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa"
	)
	for _, test := range []struct {
		profile, request, ack string
		want                  bool
		why                   string
	}{
		{"extended", m, "00200100000000123456780102036d00" + "20261123143005" + "00000007", true, "with another time"},
		{"extended", m, "00200100000000123456780102036d01" + "20261123143005" + "00000007", true, "with a result"},
		{"extended", m, "00200100000000123456780102036d00" + "20261123143005" + "00000008", false, "another number"},
		{"extended", m, "00200100000000123456790102036d00" + "20261123143005" + "00000007", false, "another master"},
		{"extended", m, "00200100000000123456780102036b00" + "20261123143005" + "00000007", false, "another letter"},
		{"compact", s, "000801000000001234567801027300", true, ""},
		{"compact", s, "000801000000001234567801037300", false, "another sensor"},
		{"jt808", beat808, "7e8001000501234567890100007fff0002008e7e", true, ""},
		{"gt06", login06, "7878 05 01 0004 8e71 0d0a", true, ""},
		{"gt06", login06, "7878 05 01 0005 9ff8 0d0a", false, "another number"},
		{"sl651", report, "7e7e00123456780112343080080200035910111549471b75d4", true, ""},
	} {
		p := shipped(t, test.profile)
		request := decodeHex(t, p, codec.Uplink, test.request)
		ack := decodeHex(t, p, codec.Downlink, test.ack)
		if got := p.Acknowledges(request, ack); got != test.want {
			t.Errorf("%s: %s %s: %v", test.profile, test.ack, test.why, got)
		}
		if p.Acknowledges(ack, request) || p.Acknowledges(request, request) || p.Acknowledges(request, new(codec.Frame)) {
			t.Errorf("%s: a frame acknowledges its receipt, itself or nothing", test.profile)
		}
	}
}

// Whatever a profile replies to an example is the acknowledgement of that example and of no other of its kind.
func TestRepliesToExamplesAreTheirAcknowledgements(t *testing.T) {
	n := 0
	for _, definition := range definitions(t, "profiles/*.toml") {
		name, p := definition.name, definition.p
		for _, e := range definition.examples {
			if e.direction != codec.Uplink {
				continue
			}
			var f, ack codec.Frame
			if err := p.Decode(codec.Uplink, e.frame, &f); err != nil {
				t.Fatal(err)
			}
			raw, due, err := p.Reply(nil, &f, codec.Env{Now: time.Now()})
			if err != nil || !due {
				continue
			}
			if err := p.Decode(codec.Downlink, raw, &ack); err != nil {
				t.Errorf("%s: %x: %v", name, raw, err)
				continue
			}
			if n++; !p.Acknowledges(&f, &ack) {
				t.Errorf("%s: %x is not the acknowledgement of %x", name, raw, e.frame)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d replies", n)
	}
}

func TestReceiptsOfOtherFramesAreTold(t *testing.T) {
	p := shipped(t, "jt808")
	request := decodeHex(t, p, codec.Uplink, "7e000200000123456789017fff0a7e")
	for _, test := range []struct {
		fields map[string]any
		want   bool
	}{
		{map[string]any{"phone": "012345678901", "msg_serial": 4711, "ack_serial": 0x7fff, "ack_id": 2}, true},
		{map[string]any{"phone": "012345678901", "msg_serial": 4711, "ack_serial": 0x7fff, "ack_id": 2, "result": 3}, true},
		{map[string]any{"phone": "012345678901", "msg_serial": 0x7fff, "ack_serial": 0x7ffe, "ack_id": 2}, false},
		{map[string]any{"phone": "012345678901", "msg_serial": 0, "ack_serial": 0x7fff, "ack_id": 0x200}, false},
		{map[string]any{"phone": "012345678902", "msg_serial": 0, "ack_serial": 0x7fff, "ack_id": 2}, false},
	} {
		var ack codec.Frame
		if err := p.Build(&ack, "platform-reply", test.fields); err != nil {
			t.Fatal(err)
		}
		if got := p.Acknowledges(request, &ack); got != test.want {
			t.Errorf("%v: %v", test.fields, got)
		}
	}
}
