package protect_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"trama/codec/protect"
)

// extended and compact are the layouts of the shipped native profiles.
func layout(header, command, number int) *protect.Layout {
	l := &protect.Layout{Header: header, Max: 128, Command: command, Result: command + 1, Number: number}
	for at := 11; at < command; at++ {
		l.Digits = append(l.Digits, at)
	}
	for c := 'A'; c <= 'Z'; c++ {
		l.Letters[c], l.Letters[c+'a'-'A'] = true, true
		l.Answers[0][c] = true
		l.Answers[1][c+'a'-'A'] = true
	}
	return l
}

var (
	extended = layout(27, 14, 23)
	compact  = layout(15, 13, 0)
	key      = protect.Key{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Frames of docs/security.md: each is made from its plain frame, and opened into it.
func TestTheFramesOfTheDesignAreMadeAndOpened(t *testing.T) {
	for _, c := range []struct {
		name         string
		layout       *protect.Layout
		p            protect.Protection
		plain, frame string
		answers      string
	}{
		{"measurement, 20", extended, protect.Protection{Suite: protect.CCM8, Epoch: 3, Counter: 7},
			"00250100000000123456780102036d0020261123143000000000070041ac0000",
			"00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c150", ""},
		{"measurement, 10", extended, protect.Protection{Suite: protect.Auth24, Epoch: 3, Counter: 7},
			"00250100000000123456780102036d0020261123143000000000070041ac0000",
			"002501100df11a123456780102036d0020261123143000000000070041ac0000", ""},
		{"compact measurement, 20", compact, protect.Protection{Suite: protect.CCM8, Epoch: 3, Counter: 7},
			"0013010000000012345678010273000041ac0000",
			"00260120b6e656123456780300000007f77fe371ddb99bedac67bb79792e6660d9", ""},
		{"acknowledgement, 20", extended, protect.Protection{Suite: protect.CCM8, Epoch: 3, Counter: 9, Server: true},
			"00200100000000123456780102036d002026112314300100000007",
			"004101203011d8123456788300000009fba2eab69cb4e688c3d24cb86f297ac423d4a3553f76c08084d25b90a9f3ec1b",
			"00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c150"},
		{"compact acknowledgement, 20", compact, protect.Protection{Suite: protect.CCM8, Epoch: 3, Counter: 9, Server: true},
			"000801000000001234567801027300",
			"002901202eafd9123456788300000009fba29adb9c94c09e877d05c0699f9377c41a8519",
			"00260120b6e656123456780300000007f77fe371ddb99bedac67bb79792e6660d9"},
		{"command, 20", extended, protect.Protection{Suite: protect.CCM8, Epoch: 3, Counter: 10, Server: true},
			"002001000000001234567801020341002026112314300500000021",
			"0033012014072912345678830000000aa24cae466abf30ae9d25b1782449ae4d3ef827e4b734c6b6", ""},
		{"answer, 20", extended, protect.Protection{Suite: protect.CCM8, Epoch: 3, Counter: 8},
			"002001000000001234567801020341002026112314300600000021",
			"004101206e36cc12345678030000000830337f008e2988159a8e633de1e253d1f3171651c72f67023bc1886ad7e8a6df",
			"0033012014072912345678830000000aa24cae466abf30ae9d25b1782449ae4d3ef827e4b734c6b6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p.Key = key
			if c.answers != "" {
				question, err := c.layout.Open(nil, unhex(t, c.answers), &protect.Opening{Key: key, Epoch: 3})
				if err != nil {
					t.Fatal(err)
				}
				c.p.Reference = question.ReferenceTo()
			}
			made, err := c.layout.Protect([]byte{1}, unhex(t, c.plain), &c.p)
			if err != nil || hex.EncodeToString(made) != "01"+c.frame {
				t.Fatalf("protected:\n%x %v, want\n01%s", made, err, c.frame)
			}
			opened, err := c.layout.Open([]byte{2}, made[1:], &protect.Opening{Key: key, Epoch: 3, Server: c.p.Server})
			if err != nil || hex.EncodeToString(opened.Plain) != c.plain {
				t.Fatalf("opened:\n%x %v, want\n%s", opened.Plain, err, c.plain)
			}
			if hex.EncodeToString(opened.Reference) != hex.EncodeToString(c.p.Reference) {
				t.Errorf("reference %x, want %x", opened.Reference, c.p.Reference)
			}
		})
	}
}

// crc repairs the CRC of a frame.
func crc(frame []byte) {
	crc := uint32(0xb704ce)
	for i, b := range frame {
		if i >= 4 && i < 7 {
			b = 0
		}
		crc ^= uint32(b) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	frame[4], frame[5], frame[6] = byte(crc>>16), byte(crc>>8), byte(crc)
}

// every calls visit with frames of each suite that uses a key: without and with a reference, of the epoch and of a connection.
func every(t *testing.T, visit func(name string, l *protect.Layout, plain, frame []byte, o *protect.Opening)) {
	t.Helper()
	for _, c := range []struct {
		name   string
		layout *protect.Layout
		server bool
		plain  string
	}{
		{"extended", extended, false, "00250100000000123456780102036d0020261123143000000000070041ac0000"},
		{"extended answer", extended, false, "002001000000001234567801020341002026112314300600000021"},
		{"compact", compact, false, "0013010000000012345678010273000041ac0000"},
		{"compact acknowledgement", compact, true, "000801000000001234567801027300"},
	} {
		for _, s := range []protect.Suite{protect.Auth24, protect.Enc24, protect.CCM8, protect.CCM16} {
			for _, challenge := range [][]byte{nil, []byte("0123456789abcdef")} {
				if challenge != nil && s == protect.Enc24 {
					continue
				}
				p := &protect.Protection{Suite: s, Key: key, Epoch: 3, Counter: 70_000, Server: c.server, Challenge: challenge}
				plain := unhex(t, c.plain)
				frame, err := c.layout.Protect(nil, plain, p)
				if err != nil {
					p.Reference = []byte("reftoyou")[:s.ReferenceBytes()]
					if frame, err = c.layout.Protect(nil, plain, p); err != nil {
						t.Fatal(c.name, err)
					}
				}
				name := c.name + " " + s.String()
				if challenge != nil {
					name += " of a connection"
				}
				visit(name, c.layout, plain, frame, &protect.Opening{Key: key, Epoch: 3, Counter: 70_000, Server: c.server, Challenge: challenge})
			}
		}
	}
}

func TestFramesOfEverySuiteComeBack(t *testing.T) {
	every(t, func(name string, l *protect.Layout, plain, frame []byte, o *protect.Opening) {
		opened, err := l.Open(nil, frame, o)
		if n, whole := l.Find(frame); !whole || n != len(frame) || err != nil || !bytes.Equal(opened.Plain, plain) {
			t.Errorf("%s: %d bytes %v of %d, %v\n%x\n%x", name, n, whole, len(frame), err, opened.Plain, plain)
		}
		want := protect.Head{Suite: opened.Suite, Serial: [4]byte{0x12, 0x34, 0x56, 0x78}, Server: o.Server, OfConnection: o.Challenge != nil, Epoch: 3, Counter: 70_000}
		if opened.Suite == protect.Auth24 && o.Challenge == nil {
			want.Counter = 0
		}
		if opened.Head != want {
			t.Errorf("%s: %+v, want %+v", name, opened.Head, want)
		}
		for n := range frame {
			if at, whole := l.Find(frame[:n]); at == 0 && n > 0 || whole {
				t.Errorf("%s: the first %d bytes: %d, %v", name, n, at, whole)
			}
		}
	})
}

func TestNoChangedFrameIsOpened(t *testing.T) {
	tried := 0
	every(t, func(name string, l *protect.Layout, _, frame []byte, o *protect.Opening) {
		refused := func(what string, b []byte) {
			t.Helper()
			tried++
			n, whole := l.Find(b)
			opened, err := l.Open(nil, b, o)
			if whole && n == len(b) && err == nil && opened.Suite != protect.None { // which shows as unprotected
				t.Errorf("%s, %s: opened as %x", name, what, opened.Plain)
			}
		}
		for bit := range 8 * len(frame) {
			changed := bytes.Clone(frame)
			changed[bit/8] ^= 1 << (bit % 8)
			refused(fmt.Sprintf("bit %d", bit), changed)
			crc(changed)
			if !bytes.Equal(changed, frame) {
				refused(fmt.Sprintf("bit %d, with its CRC", bit), changed)
			}
		}
		for n := range frame {
			refused(fmt.Sprintf("%d bytes", n), frame[:n])
			if n < 11 {
				continue
			}
			short := bytes.Clone(frame[:n]) // with a length and a CRC that are right
			short[0], short[1] = 0, byte((n-7)/10<<4|(n-7)%10)
			crc(short)
			refused(fmt.Sprintf("shortened to %d bytes", n), short)
		}
		for _, other := range []protect.Opening{
			{Key: protect.Key{1}, Epoch: o.Epoch, Counter: o.Counter, Server: o.Server, Challenge: o.Challenge},
			{Key: o.Key, Epoch: 4, Counter: o.Counter, Server: o.Server, Challenge: []byte("0123456789abcdeF")},
			{Key: o.Key, Epoch: o.Epoch, Counter: o.Counter, Server: o.Server, Challenge: []byte("0123")},
		} {
			if frame[3]&0xf0 == 0x20 && frame[11]&0x40 == 0 && other.Key == o.Key {
				continue // the frame itself says which key it is under
			}
			if opened, err := l.Open(nil, frame, &other); !errors.Is(err, protect.ErrTag) || opened.Plain != nil {
				t.Errorf("%s: with another key %v, %x", name, err, opened.Plain)
			}
		}
	})
	if tried < 10_000 {
		t.Errorf("%d frames were tried", tried)
	}
}

func TestSuite11NeedsItsWholeCounter(t *testing.T) {
	plain := unhex(t, "0013010000000012345678010273000041ac0000")
	frame, err := compact.Protect(nil, plain, &protect.Protection{Suite: protect.Enc24, Key: key, Counter: 0x1_0005})
	if err != nil {
		t.Fatal(err)
	}
	h := compact.Head(frame)
	for highest, want := range map[uint32]uint32{0xfff0: 0x1_0005, 0x1_0005: 0x1_0005, 0x1_0010: 0x1_0005, 0x1_c004: 0x1_0005, 0x1_c005: 0x2_0005} {
		if got := h.CounterNear(highest); got != want {
			t.Errorf("behind %x: %x, want %x", highest, got, want)
		}
	}
	if got := (protect.Head{Counter: 0xfff0}).CounterNear(2); got != 0xfff0 {
		t.Errorf("the first counter of a peer: %x", got)
	}
	if _, err := compact.Open(nil, frame, &protect.Opening{Key: key, Counter: 5}); !errors.Is(err, protect.ErrTag) {
		t.Errorf("opened with another counter: %v", err)
	}
	if opened, err := compact.Open(nil, frame, &protect.Opening{Key: key, Counter: 0x1_0005}); err != nil || !bytes.Equal(opened.Plain, plain) {
		t.Errorf("%x %v", opened.Plain, err)
	}
}

func TestWhatIsNoPlainFrameIsNotProtected(t *testing.T) {
	good := unhex(t, "00250100000000123456780102036d0020261123143000000000070041ac0000")
	frame, err := extended.Protect(nil, good, &protect.Protection{Suite: protect.CCM8, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		plain []byte
		p     protect.Protection
	}{
		"protected":                {frame, protect.Protection{Suite: protect.CCM8}},
		"of version 00":            {append([]byte{0, 0x25, 0}, good[3:]...), protect.Protection{Suite: protect.CCM8}},
		"cut":                      {good[:31], protect.Protection{Suite: protect.CCM8}},
		"a byte more":              {append(bytes.Clone(good), 0), protect.Protection{Suite: protect.CCM8}},
		"no suite":                 {good, protect.Protection{Suite: 0x31}},
		"a reference in a report":  {good, protect.Protection{Suite: protect.CCM8, Reference: make([]byte, 8)}},
		"half a challenge":         {good, protect.Protection{Suite: protect.CCM8, Challenge: make([]byte, 8)}},
		"a connection of suite 11": {good, protect.Protection{Suite: protect.Enc24, Challenge: make([]byte, 16)}},
		"an answer without a reference": {unhex(t, "002001000000001234567801020341002026112314300600000021"),
			protect.Protection{Suite: protect.CCM8}},
	} {
		if got, err := extended.Protect([]byte("x"), c.plain, &c.p); err == nil || string(got) != "x" {
			t.Errorf("%s: %x", name, got)
		}
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	k, err := protect.ParseKey("00112233445566778899aabbccddeeff")
	if err != nil {
		t.Fatal(err)
	}
	object, _ := json.Marshal(map[string]any{"key": k, "in": struct{ K *protect.Key }{&k}})
	var line strings.Builder
	slog.New(slog.NewTextHandler(&line, nil)).Info("key", "k", k, "in", protect.Opening{Key: k})
	slog.New(slog.NewJSONHandler(&line, nil)).Info("key", "k", k, "in", protect.Opening{Key: k})
	text := fmt.Sprintf("%v %+v %#v %s %x %q %d %v", k, k, k, k, k, k, k, protect.Protection{Key: k}) + string(object) + line.String()
	for _, form := range []string{"0011", "ddeeff", "34 51", "0x11", "ABEiM0"} {
		if strings.Contains(text, form) {
			t.Errorf("%s stands in %s", form, text)
		}
	}
	for _, bad := range []string{"", "00112233445566778899aabbccddee", "zz112233445566778899aabbccddeeff"} {
		if _, err := protect.ParseKey(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// More devices than the table of expanded keys has places, in several goroutines: each gets its own key.
func TestManyDevicesAtOnceUseTheirOwnKeys(t *testing.T) {
	var all sync.WaitGroup
	for part := range 4 {
		all.Go(func() {
			var wire, memory []byte
			plain := unhex(t, "0013010000000012345678010273000041ac0000")
			for round := range 2 {
				for n := range 1500 {
					copy(plain[7:], unhex(t, fmt.Sprintf("%08d", n)))
					own := protect.Key{byte(n), byte(n >> 8)}
					var err error
					if wire, err = compact.Protect(wire[:0], plain, &protect.Protection{Suite: protect.CCM8, Key: own, Counter: uint32(4*round + part)}); err != nil {
						t.Error(err)
						return
					}
					opened, err := compact.Open(memory[:0], wire, &protect.Opening{Key: own})
					if memory = opened.Plain; err != nil || !bytes.Equal(opened.Plain, plain) {
						t.Errorf("device %d: %v", n, err)
						return
					}
					if _, err := compact.Open(nil, wire, &protect.Opening{Key: protect.Key{byte(n + 1), byte((n + 1) >> 8)}}); !errors.Is(err, protect.ErrTag) {
						t.Errorf("device %d, with the key of the next: %v", n, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

func TestProtectingAndOpeningAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	every(t, func(name string, l *protect.Layout, _, frame []byte, o *protect.Opening) {
		memory := make([]byte, 0, 128)
		opened, err := l.Open(memory, frame, o)
		if err != nil {
			t.Fatal(err)
		}
		p := &protect.Protection{Suite: opened.Suite, Key: key, Epoch: 3, Counter: 70_000, Server: o.Server, Challenge: o.Challenge,
			Reference: bytes.Clone(opened.Reference)}
		plain, out := bytes.Clone(opened.Plain), make([]byte, 0, 128)
		if n := testing.AllocsPerRun(100, func() {
			_, _ = l.Open(memory, frame, o)
			_, _ = l.Protect(out, plain, p)
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	})
}

// FuzzProtect: no bytes make Find, Head or Open fail, and what a frame was opened into makes the same frame.
func FuzzProtect(f *testing.F) {
	for _, s := range []string{"00250100000000123456780102036d0020261123143000000000070041ac0000",
		"00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c150",
		"002501100df11a123456780102036d0020261123143000000000070041ac0000",
		"00260120b6e656123456780300000007f77fe371ddb99bedac67bb79792e6660d9",
		"002901202eafd9123456788300000009fba29adb9c94c09e877d05c0699f9377c41a8519"} {
		f.Add(unhex(f, s), uint8(0))
		f.Add(unhex(f, s), uint8(0x25))
	}
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		o := &protect.Opening{Key: key, Epoch: 3, Counter: uint32(how), Server: how&1 != 0}
		if how&2 != 0 {
			o.Challenge = make([]byte, 16)
		}
		for _, l := range []*protect.Layout{extended, compact} {
			if how&4 != 0 && len(data) > 11 { // the fuzzer finds no CRC by itself
				crc(data)
			}
			n, whole := l.Find(data)
			if n < 0 || whole && n > len(data) {
				t.Fatalf("%x: %d %v", data, n, whole)
			}
			if !whole {
				_, _ = l.Open(nil, data, o)
				continue
			}
			_ = l.Head(data[:n])
			opened, err := l.Open(nil, data[:n], o)
			if err != nil {
				continue
			}
			p := &protect.Protection{Suite: opened.Suite, Key: key, Epoch: opened.Epoch, Counter: opened.Counter, Server: opened.Server,
				Reference: opened.Reference}
			if opened.OfConnection {
				p.Challenge = o.Challenge
			}
			again, err := l.Protect(nil, opened.Plain, p)
			if err == nil && !bytes.Equal(again, data[:n]) {
				t.Fatalf("%x was opened and became %x", data[:n], again)
			}
		}
	})
}
