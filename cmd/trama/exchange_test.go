package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// exchanges were recorded from the program that the masters of this family were made for.  An empty answer means that
// none is owed; the time of the answer is the server's.
var exchanges = []struct{ name, in, out string }{
	{"measurement", "00250100000000123456780102036d0020261123143000000000070041ac0000", "00200100000000123456780102036d00<------TS---->00000007"},
	{"alert", "00250100000000999999990102036d00202611231430000000000802c0700000", "00200100000000999999990102036d00<------TS---->00000008"},
	{"keep-alive", "00200100000000123456780102036b002026112314300000000009", "00200100000000123456780102036b00<------TS---->00000009"},
	{"slave list", "00210100000000123456780102036e00202611231430000000001005", "00200100000000123456780102036e00<------TS---->00000010"},
	{"sensor list", "00210100000000123456780102036c00202611231430000000001107", "00200100000000123456780102036c00<------TS---->00000011"},
	{"parameters wanted", "00240100000000123456780102037000202611231430000000001231303130", "00200100000000123456780102037000<------TS---->00000012"},
	{"relay report", "00220100000000123456780102036f0020261123143000000000130301", "00200100000000123456780102036f00<------TS---->00000013"},
	{"versions", "0028010000000012345678010203760020261123143000000000140102020303041405", "00200100000000123456780102037600<------TS---->00000014"},
	{"unknown, lower case", "00200100000000123456780102037a002026112314300000000020", "00200100000000123456780102037a00<------TS---->00000020"},
	{"answer of a master", "002001000000001234567801020341002026112314300000000021", ""},
	{"refusal of a master", "002001000000001234567801020348012026112314300000000022", ""},
}

func TestRecordedExchangesGiveTheSameBytes(t *testing.T) {
	p := serve(t, twoPorts)
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			c := p.dial("field")
			defer c.Close()
			before := time.Now()
			c.send(fromHex(t, e.in))
			if e.out != "" {
				raw := c.receive(27)
				if got := masked(raw); got != e.out {
					t.Errorf("got  %s\nwant %s", got, e.out)
				}
				wantServerTime(t, raw, before)
			}
			if e.name == "parameters wanted" { // date and time; no more is kept for it
				c.obeys('D', 27, 0)
			}
			// Nothing else comes: the next answer is that of the next frame.
			c.send(fromHex(t, measurement(12345678, 99)))
			if got := masked(c.receive(27)); got != receipt(12345678, 99) {
				t.Errorf("then got %s", got)
			}
		})
	}
}

// There is no checksum: what a frame that was cut short costs is known and bounded, as docs/wire-protocol.md says.
func TestFrameCutShortCostsAtMostTheNextOne(t *testing.T) {
	p := serve(t, twoPorts)
	const command = 14 // where the letter stands
	for cut := 1; cut < 32; cut++ {
		c := p.dial("field")
		serial := 12345600 + cut // or the numbers would be taken for used ones
		c.send(append(fromHex(t, measurement(serial, 1))[:cut], fromHex(t, measurement(serial, 2)+measurement(serial, 3))...))
		first, second := masked(c.receive(27)), masked(c.receive(27))
		if intact := first == receipt(serial, 2); intact != (cut <= command) {
			t.Errorf("cut at %d: the first receipt is %s", cut, first)
		}
		if second != receipt(serial, 3) {
			t.Errorf("cut at %d: the second receipt is %s", cut, second)
		}
		_ = c.Close()
	}
}

func TestAStopCutsOffAFrameOfWhichAPartHasCome(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)+measurement(12345678, 2)[:40]))
	if got := masked(c.receive(27)); got != receipt(12345678, 1) {
		t.Errorf("got %s", got)
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.log)
	}
	if rest, err := io.ReadAll(c); len(rest) > 0 {
		t.Errorf("then came %x, %v", rest, err)
	}
}

func TestParameterRequestsAreAcknowledgedWhateverTheyHold(t *testing.T) {
	p := serve(t, twoPorts)
	for i, body := range []string{"00000000", "31073130", "ffffffff", "0a0d1b7f"} {
		number := fmt.Sprintf("%08d", 12+i)
		field, compact := p.dial("field"), p.dial("compact")
		field.send(fromHex(t, "00240100000000123456780102037000 20261123143000"+number+body))
		if got, want := masked(field.receive(27)), "00200100000000123456780102037000"+maskedTime+number; got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
		compact.send(fromHex(t, "001201000000001234567801027000"+body))
		if got, want := compact.receive(15), fromHex(t, "000801000000001234567801027000"); !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", body, got, want)
		}
	}
}

// wantServerTime checks that the time in an answer is that of the server.
func wantServerTime(t *testing.T, raw []byte, before time.Time) {
	t.Helper()
	var digits []byte
	for _, b := range raw[16:23] {
		digits = append(digits, '0'+b>>4, '0'+b&15)
	}
	at, err := time.ParseInLocation("20060102150405", string(digits), time.Local)
	if err != nil || at.Before(before.Truncate(time.Second)) || at.After(time.Now()) {
		t.Errorf("the time in the answer is %s (%v), want now", digits, err)
	}
}

func TestCompactMeasurementIsTwentyBytesAndItsReceiptFifteen(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("compact")
	in := fromHex(t, "0013010000000012345678010273000041ac0000")
	if len(in) != 20 {
		t.Fatalf("%d bytes", len(in))
	}
	c.send(in)
	if got, want := c.receive(15), fromHex(t, "000801000000001234567801027300"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// stream sends the pieces and wants the receipts of transactions 1 … n, in order and once.
func wantReceipts(t *testing.T, c *peer, pieces [][]byte, serial, n int) {
	t.Helper()
	go func() {
		for _, piece := range pieces {
			if _, err := c.Write(piece); err != nil {
				return // the reader will miss an answer and say so
			}
		}
	}()
	for i := 1; i <= n; i++ {
		if got := masked(c.receive(27)); got != receipt(serial, i) {
			t.Fatalf("answer %d is %s, want %s", i, got, receipt(serial, i))
		}
	}
}

func TestFramesCutAtEveryByteAreAnsweredOnceAndInOrder(t *testing.T) {
	p := serve(t, twoPorts)
	const frames = 3
	var whole []byte
	for i := 1; i <= frames; i++ {
		whole = append(whole, fromHex(t, measurement(12345678, i))...)
	}
	for cut := 1; cut < len(whole); cut++ {
		c := p.dial("field")
		c.send(whole[:cut])
		// What is complete is answered before the rest comes: the cut reaches the server as a cut.
		for i := 1; i <= cut/32; i++ {
			if got := masked(c.receive(27)); got != receipt(12345678, i) {
				t.Fatalf("cut at %d: answer %d is %s", cut, i, got)
			}
		}
		c.send(whole[cut:])
		for i := cut/32 + 1; i <= frames; i++ {
			if got := masked(c.receive(27)); got != receipt(12345678, i) {
				t.Fatalf("cut at %d: answer %d is %s", cut, i, got)
			}
		}
		_ = c.Close()
	}
}

func TestOneByteAtATimeAndAllAtOnceGiveTheSame(t *testing.T) {
	p := serve(t, twoPorts)
	const frames = 40
	var whole []byte
	var bytewise [][]byte
	for i := 1; i <= frames; i++ {
		whole = append(whole, fromHex(t, measurement(12345678, i))...)
	}
	for i := range whole {
		bytewise = append(bytewise, whole[i:i+1])
	}
	wantReceipts(t, p.dial("field"), [][]byte{whole}, 12345678, frames)
	wantReceipts(t, p.dial("field"), bytewise, 12345678, frames)
}

func TestNoiseCostsNoGoodFrame(t *testing.T) {
	p := serve(t, twoPorts)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		c := p.dial("field")
		const frames = 8
		var stream []byte
		for i := 1; i <= frames; i++ {
			stream = append(stream, noise(random, 1+random.IntN(200), round%3)...)
			stream = append(stream, fromHex(t, measurement(12345678, i))...)
		}
		var pieces [][]byte
		for len(stream) > 0 {
			n := min(1+random.IntN(100), len(stream))
			pieces, stream = append(pieces, stream[:n]), stream[n:]
		}
		wantReceipts(t, c, pieces, 12345678, frames)
		_ = c.Close()
	}
}

// noise is random bytes, bytes like those of frames, or the beginning of a frame that breaks off: it ends in a byte that
// no frame has there (0xff for a digit or the command letter), for without a checksum nobody can tell a frame begun from the same bytes meant.
func noise(random *rand.Rand, n, kind int) []byte {
	raw := make([]byte, n)
	switch kind {
	case 0:
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
	case 1:
		for i := range raw {
			raw[i] = byte(random.IntN(10)<<4 | random.IntN(10))
		}
	default:
		frame := []byte{0x00, 0x25, 0x01, 0x00, 0x00, 0x00, 0x00, 0x12, 0x34, 0x56, 0x78, 0x01, 0x02, 0x03}
		copy(raw, frame)
		for i := min(len(frame), n-1); i < n; i++ {
			raw[i] = 0xff
		}
	}
	return raw
}
