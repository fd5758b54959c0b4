package protect_test

import (
	"encoding/hex"
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
				question, err := c.layout.Open(nil, unhex(t, c.answers), protect.Opening{Key: key, Epoch: 3})
				if err != nil {
					t.Fatal(err)
				}
				c.p.Reference = question.ReferenceTo()
			}
			made, err := c.layout.Protect([]byte{1}, unhex(t, c.plain), c.p)
			if err != nil || hex.EncodeToString(made) != "01"+c.frame {
				t.Fatalf("protected:\n%x %v, want\n01%s", made, err, c.frame)
			}
			opened, err := c.layout.Open([]byte{2}, made[1:], protect.Opening{Key: key, Epoch: 3, Server: c.p.Server})
			if err != nil || hex.EncodeToString(opened.Plain) != c.plain {
				t.Fatalf("opened:\n%x %v, want\n%s", opened.Plain, err, c.plain)
			}
			if hex.EncodeToString(opened.Reference) != hex.EncodeToString(c.p.Reference) {
				t.Errorf("reference %x, want %x", opened.Reference, c.p.Reference)
			}
		})
	}
}
