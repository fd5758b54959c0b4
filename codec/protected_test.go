package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
	"trama/codec/protect"
)

var deviceKey = protect.Key(bytes.Repeat([]byte{0x11}, 16))

// protectedFrames are the uplink frames of a profile, each under a suite in turn, plain ones among them.
func protectedFrames(t testing.TB, profile string, suites ...protect.Suite) (frames, plains [][]byte) {
	t.Helper()
	p := shipped(t, profile)
	for i, plain := range uplinkFrames(t, profile) {
		how := &protect.Protection{Suite: suites[i%len(suites)], Key: deviceKey, Epoch: 3, Counter: 7}
		frame, err := p.Protect(nil, plain, how)
		if err != nil { // an answer
			how.Reference = make([]byte, how.Suite.ReferenceBytes())
			if frame, err = p.Protect(nil, plain, how); err != nil {
				t.Fatal(err)
			}
		}
		frames, plains = append(frames, frame, plain), append(plains, plain, plain)
	}
	return frames, plains
}

// openStream reads a stream that comes in pieces by Next, opens what is closed, and returns the plain frames.
func openStream(t testing.TB, p *codec.Profile, hints codec.Around, pieces ...[]byte) (plains [][]byte, skipped int, rest []byte) {
	t.Helper()
	var f codec.Frame
	for _, piece := range pieces {
		rest = append(rest, piece...)
		for len(rest) > 0 {
			advance, found := p.Next(codec.Uplink, rest, hints, &f)
			if !found && advance == 0 {
				break
			}
			if found {
				skipped -= len(f.Raw())
				if f.Closed() {
					if h := p.Head(&f); h.Digits() == "" || f.Message() != nil || f.Protection() != nil {
						t.Fatalf("%x: closed, but %v %v", f.Raw(), f.Message(), f.Protection())
					}
					if err := p.Open(&f, &protect.Opening{Key: deviceKey, Epoch: 3, Counter: 7}); err != nil {
						t.Fatalf("%x: %v", f.Raw(), err)
					}
					if f.Protection() == nil {
						t.Fatalf("%x: opened without a trace", f.Raw())
					}
				} else if f.Protection() != nil {
					t.Fatalf("%x came plain, and is said to have come under %+v", f.Raw(), f.Protection())
				}
				plains = append(plains, bytes.Clone(f.Raw()))
			}
			skipped += advance
			rest = rest[advance:]
		}
	}
	return plains, skipped, rest
}

func TestProtectedAndPlainFramesComeOutHoweverTheStreamIsCut(t *testing.T) {
	for _, name := range nativeNames {
		for _, c := range []struct {
			hints  codec.Around
			suites []protect.Suite
		}{
			{0, []protect.Suite{protect.CCM8, protect.CCM16, protect.None}},
			{codec.Weak, []protect.Suite{protect.Auth24, protect.CCM8, protect.Enc24}},
		} {
			p := shipped(t, name)
			frames, plains := protectedFrames(t, name, c.suites...)
			stream := bytes.Join(frames, nil)
			check := func(what string, pieces ...[]byte) {
				t.Helper()
				got, skipped, rest := openStream(t, p, c.hints, pieces...)
				if !slices.EqualFunc(got, plains, bytes.Equal) || skipped != 0 || len(rest) != 0 {
					t.Fatalf("%s %v %s: %d frames of %d, %d bytes skipped, %d left", name, c.suites, what, len(got), len(plains), skipped, len(rest))
				}
			}
			check("in one piece", stream)
			for i := range stream {
				check(fmt.Sprintf("cut at byte %d", i), stream[:i], stream[i:])
			}
			for size := 1; size <= 60; size++ {
				check(fmt.Sprintf("in pieces of %d", size), slices.Collect(slices.Chunk(stream, size))...)
			}
			if cutFrames, _, _ := cut(t, p.Splitter(codec.Uplink, c.hints), stream); !slices.EqualFunc(cutFrames, frames, bytes.Equal) {
				t.Errorf("%s %v: the splitter finds %d frames of %d", name, c.suites, len(cutFrames), len(frames))
			}
		}
	}
}

func TestProtectedFramesAreFoundBehindNoise(t *testing.T) {
	for _, name := range nativeNames {
		p := shipped(t, name)
		frames, plains := protectedFrames(t, name, protect.CCM8, protect.CCM16, protect.None)
		for seed := uint64(0); seed < 300; seed++ {
			r := rand.New(rand.NewPCG(seed, 3))
			var stream []byte
			var want [][]byte
			for range 6 {
				i := r.IntN(len(frames))
				broken := bytes.Clone(frames[r.IntN(len(frames))])
				if at := r.IntN(len(broken)); r.IntN(2) == 0 {
					stream = append(stream, broken[at:]...) // its beginning is lost
				} else {
					broken[at] ^= 1 << r.IntN(8)
					stream = append(stream, noise(r, r.IntN(100))...)
				}
				stream, want = append(stream, frames[i]...), append(want, plains[i])
			}
			got, skipped, rest := openStream(t, p, 0, pieces(r, append(stream, make([]byte, 200)...))...)
			next, total := 0, skipped+len(rest)
			for _, plain := range got {
				if next < len(want) && bytes.Equal(plain, want[next]) {
					next++
				}
			}
			if next != len(want) || total > len(stream)+200 {
				t.Fatalf("%s, seed %d: %d intact frames of %d\n%x", name, seed, next, len(want), stream)
			}
		}
	}
}

func TestAProtectedFrameIsFoundInTheSilenceBehindABeginning(t *testing.T) {
	for _, c := range []struct {
		suite protect.Suite
		found bool
	}{{protect.CCM8, true}, {protect.Enc24, false}} { // the latter has nothing that proves it
		frames, _ := protectedFrames(t, "extended", c.suite)
		whole := frames[0]
		p, err := codec.Shipped("extended")
		if err != nil {
			t.Fatal(err)
		}
		for n := p.Security().Header; n < len(whole); n++ {
			data := append(bytes.Clone(whole[:n]), whole...)
			data[0], data[1] = 0, 0x80 // so many bytes do not come
			var f codec.Frame
			advance, found := p.Next(codec.Uplink, data, codec.Quiet|codec.Weak, &f)
			if found != c.found || found && (advance != len(data) || !f.Closed() || !bytes.Equal(f.Raw(), whole)) {
				t.Fatalf("suite %v, %d bytes before: %v, %d bytes are taken of %d", c.suite, n, found, advance, len(data))
			}
		}
	}
}

func TestFramesOfWeakSuitesAreNoiseUnlessLookedFor(t *testing.T) {
	p := shipped(t, "extended")
	for _, s := range []protect.Suite{protect.Auth24, protect.Enc24} {
		frame, err := p.Protect(nil, goldens[0].bytes(t), &protect.Protection{Suite: s, Key: deviceKey, Epoch: 3, Counter: 7})
		if err != nil {
			t.Fatal(err)
		}
		var f codec.Frame
		if _, found := p.Next(codec.Uplink, frame, 0, &f); found {
			t.Errorf("%v: %x is found", s, frame)
		}
		if _, found := p.Next(codec.Uplink, frame, codec.Weak, &f); !found || !f.Closed() {
			t.Errorf("%v: %x is not found", s, frame)
		}
	}
	// The end of a frame of November, whose beginning is lost, reads as suite 11.
	tail, next := unhex(t, "002026112314300000000007004100"), goldens[0].bytes(t)
	for hints, want := range map[codec.Around]bool{0: false, codec.Weak: true} {
		var f codec.Frame
		if _, found := shipped(t, "compact").Next(codec.Uplink, append(tail, next...), hints, &f); (found && f.Closed()) != want {
			t.Errorf("hints %d: a date is taken for a protected frame: %v", hints, !want)
		}
	}
}

func TestAnEchoOfTheServersProtectedFrameIsNoise(t *testing.T) {
	p := shipped(t, "extended")
	command := unhex(t, "0033012014072912345678830000000aa24cae466abf30ae9d25b1782449ae4d3ef827e4b734c6b6")
	var f codec.Frame
	if _, found := p.Next(codec.Uplink, command, codec.Ended, &f); found {
		t.Errorf("%x is found on its way to the server", f.Raw())
	}
	for _, d := range []codec.Direction{codec.Downlink, codec.Any} {
		if _, found := p.Next(d, command, 0, &f); !found || !f.Closed() {
			t.Fatalf("%v: not found", d)
		}
		if err := p.Open(&f, &protect.Opening{Key: deviceKey}); err != nil || f.Message().Name != "ask-measurement" || f.Direction() != codec.Downlink {
			t.Errorf("%v: %v, %v", d, err, f.Direction())
		}
	}
}

func TestAFrameStaysClosedUntilItsKeyComes(t *testing.T) {
	p := shipped(t, "extended")
	wire := unhex(t, "00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c150")
	plain := goldens[0].bytes(t)
	var f codec.Frame
	if _, found := p.Next(codec.Uplink, plain, 0, &f); !found || f.Closed() {
		t.Fatal("a plain frame is closed")
	}
	if _, found := p.Next(codec.Uplink, wire, 0, &f); !found || !f.Closed() || !bytes.Equal(f.Raw(), wire) {
		t.Fatalf("%v %x", f.Closed(), f.Raw())
	}
	want := protect.Head{Suite: protect.CCM8, Serial: [4]byte{0x12, 0x34, 0x56, 0x78}, Epoch: 3, Counter: 7}
	if h := p.Head(&f); h != want {
		t.Errorf("%+v", h)
	}
	if err := p.Open(&f, &protect.Opening{Key: protect.Key{1}}); !errors.Is(err, protect.ErrTag) || !f.Closed() || !bytes.Equal(f.Raw(), wire) {
		t.Errorf("with a wrong key: %v, closed %v, %x", err, f.Closed(), f.Raw())
	}
	if err := p.Open(&f, &protect.Opening{Key: deviceKey}); err != nil || f.Closed() || string(f.Identity()) != "12345678" || !bytes.Equal(f.Raw(), unhex(t, "00250100000000123456780102036d0020261123143000000000070041ac0000")) {
		t.Errorf("with its key: %v, closed %v, %x", err, f.Closed(), f.Raw())
	}
	if got := f.Protection(); got == nil || got.Head != want || hex.EncodeToString(got.ReferenceTo()) != "00000007deb26c2f" {
		t.Errorf("it came under %+v", got)
	}
	if _, found := p.Next(codec.Uplink, plain, 0, &f); !found || f.Protection() != nil || f.Closed() {
		t.Errorf("the next frame is closed %v and came under %+v", f.Closed(), f.Protection())
	}
}

func TestAProvenFrameThatCannotBeReadIsToldApart(t *testing.T) {
	p := shipped(t, "extended")
	plain := goldens[0].bytes(t)
	plain[14] = 0x07 // no letter
	wire, err := p.Protect(nil, plain, &protect.Protection{Suite: protect.CCM8, Key: deviceKey, Counter: 9})
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	if _, found := p.Next(codec.Uplink, wire, 0, &f); !found || !f.Closed() {
		t.Fatal("not found")
	}
	err = p.Open(&f, &protect.Opening{Key: deviceKey})
	var field *codec.FieldError
	if errors.Is(err, protect.ErrTag) || !errors.As(err, &field) || field.Field != "C" {
		t.Errorf("%v", err)
	}
	if f.Closed() || f.Message() != nil || !bytes.Equal(f.Raw(), plain) || f.Protection() == nil || f.Protection().Counter != 9 {
		t.Errorf("closed %v, %v, %x, %+v", f.Closed(), f.Message(), f.Raw(), f.Protection())
	}
}

func TestOpeningAllocatesNothingOnceWarm(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, name := range nativeNames {
		p := shipped(t, name)
		frames, _ := protectedFrames(t, name, protect.CCM8, protect.None, protect.Auth24, protect.CCM16, protect.Enc24)
		var f codec.Frame
		for _, raw := range frames {
			if n := testing.AllocsPerRun(20, func() {
				if _, found := p.Next(codec.Uplink, raw, codec.Weak, &f); f.Closed() && (!found || p.Open(&f, &protect.Opening{Key: deviceKey, Epoch: 3, Counter: 7}) != nil) {
					t.Fatalf("%x", raw)
				}
			}); n > 0 {
				t.Errorf("%s %x: %v allocations", name, raw, n)
			}
		}
	}
}

func TestProfilesWithoutSecurityProtectNothing(t *testing.T) {
	p := shipped(t, "modbus-rtu")
	if _, err := p.Protect(nil, unhex(t, "0103027fffd834"), &protect.Protection{Suite: protect.CCM8}); !errors.Is(err, codec.ErrUnprotectable) || p.Security() != nil {
		t.Errorf("%v", err)
	}
}

// The challenge of a connection goes plain, and both halves make its key.
func TestTheChallengeOfAConnection(t *testing.T) {
	for _, name := range nativeNames {
		p := shipped(t, name)
		var f codec.Frame
		fields := map[string]any{"SD": "12345678", "RFC": 1, "SC": 2, "CC": 3, "TS": "20261123143000", "NUT": 7}
		for _, c := range []struct {
			command, key string
			way          codec.Direction
		}{{"challenge", "RS", codec.Downlink}, {"challenge-answer", "RD", codec.Uplink}} {
			one := map[string]any{c.key: "0102030405060708"}
			for key, v := range fields {
				if name == "extended" || key == "SD" || key == "RFC" || key == "SC" {
					one[key] = v
				}
			}
			if err := p.Build(&f, c.command, one); err != nil {
				t.Fatal(err)
			}
			raw := bytes.Clone(f.Raw())
			if _, found := p.Next(c.way, raw, 0, &f); !found || f.Closed() || f.Message().Name != c.command || f.Command() != "X" {
				t.Errorf("%s %s: %x is not found", name, c.command, raw)
			}
		}
		for _, c := range p.DeclaredCommands() {
			if c.Message.Name == "challenge" {
				t.Errorf("%s: people may send the challenge", name)
			}
		}
	}
}

func TestWhyAProtectedFrameIsNotFoundIsSaid(t *testing.T) {
	p := shipped(t, "extended")
	weak, err := p.Protect(nil, goldens[0].bytes(t), &protect.Protection{Suite: protect.Auth24, Key: deviceKey})
	if err != nil {
		t.Fatal(err)
	}
	damaged := unhex(t, "00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c151")
	for _, c := range []struct {
		what    string
		raw     []byte
		outcome explain.Outcome
		says    string
	}{
		{"a weak suite", weak, explain.Closed, "TE at byte 3: protected by suite 10 (AUTH-24), which a listener looks for only when its suites name it"},
		{"an echo", unhex(t, "0033012014072912345678830000000aa24cae466abf30ae9d25b1782449ae4d3ef827e4b734c6b6"), explain.Closed,
			"TE at byte 3: protected, but from the server, epoch 3: an echo"},
		{"a wrong CRC", damaged, explain.Refused, "I at byte 4: checksum is wrong: found f92f1d, computed 7f63e6"},
	} {
		pieces := explain.Stream(p, codec.Uplink, c.raw)
		if len(pieces) != 1 || pieces[0].Trace == nil || pieces[0].Trace.Outcome != c.outcome || !strings.HasSuffix(pieces[0].Trace.Fault.Error(), c.says) {
			t.Errorf("%s: %+v", c.what, pieces)
			for _, piece := range pieces {
				t.Errorf("%v", piece.Trace.Fault)
			}
			continue
		}
		covered := 0
		for _, s := range pieces[0].Trace.Spans {
			if s.Owns() && s.Off == covered {
				covered += s.Len
			}
		}
		if covered != len(c.raw) {
			t.Errorf("%s: %d bytes of %d have a span", c.what, covered, len(c.raw))
		}
	}
}

// A profile of its own: numbers in another order, a command that is no letter, no result, no answers.
func TestAnyProfileThatBeginsSoCanBeProtected(t *testing.T) {
	p := compiled(t, `
name = "own"
[frame]
length = { field = "len", counts = "after mac" }
header = [
  { key = "len",   type = "bcd", size = 2 },
  { key = "ver",   type = "bcd", size = 1, default = 7 },
  { key = "enc",   type = "bcd", size = 1, const = 0 },
  { key = "mac",   type = "hex", size = 3, const = "000000" },
  { key = "id",    type = "bcd", size = 4, as = "digits", role = "identity" },
  { key = "num",   type = "bcd", size = 4, role = "transaction" },
  { key = "flags", type = "byte" },
  { key = "what",  type = "byte", role = "command" },
  { key = "more",  type = "uint16" },
]
[[message]]
name    = "said"
from    = "master"
purpose = "measurement"
command = 0x80
fields  = [{ key = "x", type = "hex", size = "rest", max_size = 9000 }]
[[message]]
name    = "told"
from    = "server"
command = 0x81
[[message]]
name    = "done"
from    = "master"
purpose = "answer"
command = 0x81
[answer]
by = ["num"]
[security]
suite     = "enc"
integrity = "mac"
[[example]]
direction = "uplink"
hex       = "0023 07 00 000000 00001234 00000009 ff 80 ffff 0102030405060708090a0b"
expect    = { id = "00001234", num = 9, x = "0102030405060708090a0b" }
`)
	for _, c := range []struct {
		way   codec.Direction
		frame string
		refs  bool
	}{
		{codec.Uplink, "0017070000000000001234 00000009 ff80ffff 0102030405060708090a0b", false},
		{codec.Uplink, "0012070000000000001234 00000009 ff80ffff 010203040506", false},
		{codec.Downlink, "0012070000000000001234 00000009 ff81ffff", false},
		{codec.Uplink, "0012070000000000001234 00000009 ff81ffff", true},
	} {
		plain := unhex(t, c.frame)
		plain[0], plain[1] = byte((len(plain)-7)/1000<<4|(len(plain)-7)/100%10), byte((len(plain)-7)/10%10<<4|(len(plain)-7)%10)
		for _, s := range []protect.Suite{protect.None, protect.Auth24, protect.Enc24, protect.CCM8, protect.CCM16} {
			how := &protect.Protection{Suite: s, Key: deviceKey, Epoch: 3, Counter: 7, Server: c.way == codec.Downlink}
			if c.refs {
				how.Reference = bytes.Repeat([]byte{9}, s.ReferenceBytes())
			}
			wire, err := p.Protect(nil, plain, how)
			if err != nil {
				t.Fatal(err)
			}
			var f codec.Frame
			if advance, found := p.Next(c.way, wire, codec.Weak, &f); !found || !f.Closed() || advance != len(wire) {
				t.Errorf("%v: %x is not found", s, wire)
				continue
			}
			if err := p.Open(&f, &protect.Opening{Key: deviceKey, Epoch: 3, Counter: 7}); err != nil || !bytes.Equal(f.Raw(), plain) || !bytes.Equal(f.Protection().Reference, how.Reference) {
				t.Errorf("%v: %v %x", s, err, f.Raw())
			}
		}
	}
}
