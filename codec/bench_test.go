package codec_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/protect"
)

// The hand-written decoders and encoders below do the same work as the profiles: every field is checked and
// converted, the time included.  They are what a careful programmer would write for these two frames alone.

type handFrame struct {
	ml          int
	pv, te      int
	sd          [8]byte
	rfc, sc, cc int
	c, rc       byte
	ts          time.Time
	nut         uint64
	al          byte
	ms          float32
	raw         []byte
}

var errHand = errors.New("bad frame")

func handBCD(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c>>4 > 9 || c&15 > 9 {
			return 0, false
		}
		n = n*100 + int(c>>4)*10 + int(c&15)
	}
	return n, true
}

func handDecodeExtended(b []byte, f *handFrame) error {
	if len(b) != 32 {
		return errHand
	}
	var ok bool
	if f.ml, ok = handBCD(b[0:2]); !ok || f.ml != len(b)-7 {
		return errHand
	}
	if f.pv, ok = handBCD(b[2:3]); !ok {
		return errHand
	}
	if f.te, ok = handBCD(b[3:4]); !ok || f.te != 0 {
		return errHand
	}
	if b[4] != 0 || b[5] != 0 || b[6] != 0 {
		return errHand
	}
	for i, c := range b[7:11] {
		if c>>4 > 9 || c&15 > 9 {
			return errHand
		}
		f.sd[2*i], f.sd[2*i+1] = '0'+c>>4, '0'+c&15
	}
	if f.rfc, ok = handBCD(b[11:12]); !ok {
		return errHand
	}
	if f.sc, ok = handBCD(b[12:13]); !ok {
		return errHand
	}
	if f.cc, ok = handBCD(b[13:14]); !ok {
		return errHand
	}
	if f.c = b[14]; f.c != 'm' {
		return errHand
	}
	f.rc = b[15]
	var v [6]int
	if v[0], ok = handBCD(b[16:18]); !ok {
		return errHand
	}
	for i := 1; i < 6; i++ {
		if v[i], ok = handBCD(b[17+i : 18+i]); !ok {
			return errHand
		}
	}
	f.ts = time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, time.Local)
	if f.ts.Month() != time.Month(v[1]) || f.ts.Day() != v[2] || f.ts.Hour() != v[3] {
		f.ts = time.Time{}
	}
	nut, ok := handBCD(b[23:27])
	if !ok {
		return errHand
	}
	f.nut = uint64(nut)
	f.al = b[27]
	f.ms = math.Float32frombits(binary.BigEndian.Uint32(b[28:32]))
	f.raw = b
	return nil
}

func handDecodeCompact(b []byte, f *handFrame) error {
	if len(b) != 20 {
		return errHand
	}
	var ok bool
	if f.ml, ok = handBCD(b[0:2]); !ok || f.ml != len(b)-7 {
		return errHand
	}
	if f.pv, ok = handBCD(b[2:3]); !ok {
		return errHand
	}
	if f.te, ok = handBCD(b[3:4]); !ok || f.te != 0 {
		return errHand
	}
	if b[4] != 0 || b[5] != 0 || b[6] != 0 {
		return errHand
	}
	for i, c := range b[7:11] {
		if c>>4 > 9 || c&15 > 9 {
			return errHand
		}
		f.sd[2*i], f.sd[2*i+1] = '0'+c>>4, '0'+c&15
	}
	if f.rfc, ok = handBCD(b[11:12]); !ok {
		return errHand
	}
	if f.sc, ok = handBCD(b[12:13]); !ok {
		return errHand
	}
	if f.c = b[13]; f.c != 's' {
		return errHand
	}
	f.rc = b[14]
	f.al = b[15]
	f.ms = math.Float32frombits(binary.BigEndian.Uint32(b[16:20]))
	f.raw = b
	return nil
}

func handPut(b []byte, n int) bool {
	for i := len(b) - 1; i >= 0; i-- {
		pair := n % 100
		n /= 100
		b[i] = byte(pair/10<<4 | pair%10)
	}
	return n == 0
}

func handPutDigits(b []byte, digits []byte) bool {
	for i := range b {
		hi, lo := digits[2*i]-'0', digits[2*i+1]-'0'
		if hi > 9 || lo > 9 {
			return false
		}
		b[i] = hi<<4 | lo
	}
	return true
}

func handPutTime(b []byte, t time.Time) bool {
	t = t.In(time.Local)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	ok := handPut(b[0:2], year)
	handPut(b[2:3], int(month))
	handPut(b[3:4], day)
	handPut(b[4:5], hour)
	handPut(b[5:6], minute)
	handPut(b[6:7], second)
	return ok
}

func handEncodeExtended(dst []byte, f *handFrame) ([]byte, error) {
	var b [32]byte
	ok := handPut(b[0:2], len(b)-7)
	ok = handPut(b[2:3], f.pv) && ok
	ok = handPut(b[3:4], f.te) && ok
	ok = handPutDigits(b[7:11], f.sd[:]) && ok
	ok = handPut(b[11:12], f.rfc) && ok
	ok = handPut(b[12:13], f.sc) && ok
	ok = handPut(b[13:14], f.cc) && ok
	b[14], b[15] = f.c, f.rc
	ok = handPutTime(b[16:23], f.ts) && ok
	ok = handPut(b[23:27], int(f.nut)) && ok
	b[27] = f.al
	binary.BigEndian.PutUint32(b[28:32], math.Float32bits(f.ms))
	if !ok {
		return dst, errHand
	}
	return append(dst, b[:]...), nil
}

func handEncodeCompact(dst []byte, f *handFrame) ([]byte, error) {
	var b [20]byte
	ok := handPut(b[0:2], len(b)-7)
	ok = handPut(b[2:3], f.pv) && ok
	ok = handPut(b[3:4], f.te) && ok
	ok = handPutDigits(b[7:11], f.sd[:]) && ok
	ok = handPut(b[11:12], f.rfc) && ok
	ok = handPut(b[12:13], f.sc) && ok
	b[13], b[14] = f.c, f.rc
	b[15] = f.al
	binary.BigEndian.PutUint32(b[16:20], math.Float32bits(f.ms))
	if !ok {
		return dst, errHand
	}
	return append(dst, b[:]...), nil
}

var benchFrames = []struct {
	profile string
	hex     string
	decode  func([]byte, *handFrame) error
	encode  func([]byte, *handFrame) ([]byte, error)
}{
	{"extended", "00250100000000123456780102036d0020261123143000000000070041ac0000", handDecodeExtended, handEncodeExtended},
	{"compact", "0013010000000012345678010273000041ac0000", handDecodeCompact, handEncodeCompact},
}

func benchProfile(b *testing.B, name string) *codec.Profile {
	p, err := codec.Shipped(name)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return p
}

var (
	sinkTime time.Time
	sinkID   []byte
	sinkOK   bool
)

// BenchmarkDecode compares /profile with /hand: everything decoded, identity as text and time included.
func BenchmarkDecode(b *testing.B) {
	for _, bench := range benchFrames {
		raw, _ := hex.DecodeString(bench.hex)
		b.Run(bench.profile+"/hand", func(b *testing.B) {
			b.ReportAllocs()
			var f handFrame
			for b.Loop() {
				if err := bench.decode(raw, &f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bench.profile+"/profile", func(b *testing.B) {
			p := benchProfile(b, bench.profile)
			var f codec.Frame
			for b.Loop() {
				if err := p.Decode(codec.Uplink, raw, &f); err != nil {
					b.Fatal(err)
				}
				sinkID = f.Identity()
				sinkTime, sinkOK = f.Timestamp()
			}
		})
	}
}

// BenchmarkBuild makes a frame of named values, as the command line and the simulated fleet do, and decodes it.
func BenchmarkBuild(b *testing.B) {
	for _, bench := range benchFrames {
		raw, _ := hex.DecodeString(bench.hex)
		b.Run(bench.profile, func(b *testing.B) {
			p := benchProfile(b, bench.profile)
			var f, g codec.Frame
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				b.Fatal(err)
			}
			values := map[string]any{}
			for _, it := range f.Items() {
				if !it.Follows() {
					values[it.Field.Key] = it.Text()
				}
			}
			name := f.Message().Name
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Build(&g, name, values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode compares /profile with /hand on a frame whose values are set; a frame has its bytes, which are copied.
func BenchmarkEncode(b *testing.B) {
	for _, bench := range benchFrames {
		raw, _ := hex.DecodeString(bench.hex)
		b.Run(bench.profile+"/hand", func(b *testing.B) {
			b.ReportAllocs()
			var f handFrame
			if err := bench.decode(raw, &f); err != nil {
				b.Fatal(err)
			}
			var dst []byte
			for b.Loop() {
				dst, _ = bench.encode(dst[:0], &f)
			}
		})
		b.Run(bench.profile+"/profile", func(b *testing.B) {
			p := benchProfile(b, bench.profile)
			var f codec.Frame
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				b.Fatal(err)
			}
			var dst []byte
			for b.Loop() {
				dst, _ = p.Append(dst[:0], &f)
			}
		})
	}
}

// BenchmarkReply is the acknowledgement of a decoded measurement, the server's time included.
func BenchmarkReply(b *testing.B) {
	for _, bench := range benchFrames {
		raw, _ := hex.DecodeString(bench.hex)
		b.Run(bench.profile, func(b *testing.B) {
			p := benchProfile(b, bench.profile)
			var f codec.Frame
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				b.Fatal(err)
			}
			env := codec.Env{Now: time.Date(2026, 11, 23, 14, 30, 5, 0, time.Local)}
			var dst []byte
			for b.Loop() {
				dst, sinkOK, _ = p.Reply(dst[:0], &f, env)
			}
		})
	}
}

// BenchmarkSplit cuts a stream of good frames; one operation is one frame.
func BenchmarkSplit(b *testing.B) {
	for _, bench := range benchFrames {
		raw, _ := hex.DecodeString(bench.hex)
		b.Run(bench.profile, func(b *testing.B) {
			p := benchProfile(b, bench.profile)
			split := p.Splitter(codec.Uplink)
			for b.Loop() {
				if advance, _, _ := split(raw, false); advance != len(raw) {
					b.Fatal(advance)
				}
			}
		})
	}
}

// BenchmarkSplitNoise searches a kilobyte without a frame.
func BenchmarkSplitNoise(b *testing.B) {
	p := benchProfile(b, "extended")
	split := p.Splitter(codec.Uplink)
	noise := make([]byte, 1024)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	b.SetBytes(int64(len(noise)))
	for b.Loop() {
		split(noise, false)
	}
}

// BenchmarkProtected finds, opens and decodes a protected measurement, and protects its acknowledgement, with warm ciphers.
func BenchmarkProtected(b *testing.B) {
	for _, bench := range benchFrames {
		p := benchProfile(b, bench.profile)
		plain, _ := hex.DecodeString(bench.hex)
		wire, err := p.Protect(nil, plain, &protect.Protection{Suite: protect.CCM8, Key: deviceKey, Counter: 7})
		if err != nil {
			b.Fatal(err)
		}
		var f codec.Frame
		b.Run(bench.profile+"/open", func(b *testing.B) {
			for b.Loop() {
				if _, found := p.Next(codec.Uplink, wire, 0, &f); !found || p.Open(&f, &protect.Opening{Key: deviceKey}) != nil {
					b.Fatal("not opened")
				}
			}
		})
		ack, _, err := p.Reply(nil, &f, codec.Env{Now: time.Date(2026, 11, 23, 14, 30, 5, 0, time.Local)})
		if err != nil {
			b.Fatal(err)
		}
		how := &protect.Protection{Suite: protect.CCM8, Key: deviceKey, Server: true, Reference: f.Protection().ReferenceTo()}
		var dst []byte
		b.Run(bench.profile+"/acknowledge", func(b *testing.B) {
			for b.Loop() {
				how.Counter++
				if dst, err = p.Protect(dst[:0], ack, how); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
