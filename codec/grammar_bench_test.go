package codec_test

import (
	"testing"
	"time"

	"trama/codec"
)

// Profiles with a grammar beside what somebody would write by hand for the one frame (hand_test.go).

var grammarFrames = []struct {
	name, profile, hex string
	hand               func() func(b []byte) error
}{
	{"location", "jt808", "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e",
		func() func(b []byte) error {
			var l handLocation
			return func(b []byte) error { return handDecodeLocation(b, &l) }
		}},
	{"registers", "modbus-rtu", "0103140000000000000000000000000000000000000000a367",
		func() func(b []byte) error {
			var r handRegisters
			return func(b []byte) error { return handDecodeRegisters(b, &r) }
		}},
	{"position", "gt06", "78781f120f0a140e150bc505e51e780293a9e800540000f601006e0055da00035f240d0a",
		func() func(b []byte) error {
			var p handPosition
			return func(b []byte) error { return handDecodePosition(b, &p) }
		}},
	{"report", "sl651", "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa",
		func() func(b []byte) error {
			var r handReport
			return func(b []byte) error { return handDecodeReport(b, &r) }
		}},
}

func BenchmarkGrammarDecode(b *testing.B) {
	for _, bench := range grammarFrames {
		raw, p := unhex(b, bench.hex), shipped(b, bench.profile)
		b.Run(bench.name+"/hand", func(b *testing.B) {
			decode := bench.hand()
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bench.name+"/profile", func(b *testing.B) {
			var f codec.Frame
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Decode(codec.Uplink, raw, &f); err != nil {
					b.Fatal(err)
				}
				sinkID = f.Identity()
				sinkTime, sinkOK = f.Timestamp()
			}
		})
		b.Run(bench.name+"/split", func(b *testing.B) {
			split := p.Splitter(codec.Uplink)
			b.ReportAllocs()
			for b.Loop() {
				if n, _, _ := split(raw, false); n != len(raw) {
					b.Fatal(n)
				}
			}
		})
	}
}

// BenchmarkGrammarReply is the acknowledgement of a decoded frame.
func BenchmarkGrammarReply(b *testing.B) {
	for _, bench := range grammarFrames {
		p := shipped(b, bench.profile)
		raw := unhex(b, bench.hex)
		if bench.profile == "gt06" { // a position is not acknowledged, the login is
			raw = unhex(b, "78780d010352887071911998000479d00d0a")
		}
		var f codec.Frame
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			b.Fatal(err)
		}
		env := codec.Env{Now: time.Date(2026, 11, 23, 14, 30, 5, 0, time.Local), Session: new(codec.Session)}
		out, due, err := p.Reply(nil, &f, env)
		if err != nil {
			b.Fatal(err)
		}
		if !due {
			continue
		}
		b.Run(bench.profile, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, _, _ = p.Reply(out[:0], &f, env)
			}
		})
	}
}

// BenchmarkCompileShipped compiles all shipped profiles.
func BenchmarkCompileShipped(b *testing.B) {
	for b.Loop() {
		for _, name := range codec.ShippedNames() {
			src, _ := codec.ShippedSource(name)
			if _, err := codec.Compile(name, src); err != nil {
				b.Fatal(err)
			}
		}
	}
}
