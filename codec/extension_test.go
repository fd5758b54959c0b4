package codec_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"trama/codec"
	"trama/codec/check"
)

// sixBit is how the Automatic Identification System of ships writes bits: six a character, from "0" to "W" and from "`"
// to "w".
var sixBit = codec.Armour{
	Size: func(plain int) int { return (plain*8 + 5) / 6 },
	Encode: func(dst, plain []byte) []byte {
		held, bits := 0, 0
		for i := 0; i < len(plain) || bits > 0; {
			for ; bits < 6 && i < len(plain); i++ {
				held, bits = held<<8|int(plain[i]), bits+8
			}
			if bits < 6 {
				held, bits = held<<(6-bits), 6
			}
			c := byte(held>>(bits-6)&63) + '0'
			if c > 'W' {
				c += 8
			}
			dst, bits = append(dst, c), bits-6
			held &= 1<<bits - 1
		}
		return dst
	},
	Decode: func(dst, wire []byte) ([]byte, error) {
		held, bits := 0, 0
		for _, c := range wire {
			if c < '0' || c > 'w' || c > 'W' && c < '`' {
				return dst, errors.New("not a character of six bits")
			}
			if c -= '0'; c > 40 {
				c -= 8
			}
			held, bits = held<<6|int(c), bits+6
			if bits >= 8 {
				dst, bits = append(dst, byte(held>>(bits-8))), bits-8
			}
			held &= 1<<bits - 1
		}
		if held != 0 || bits == 6 {
			return dst, errors.New("bits are left over")
		}
		return dst, nil
	},
}

// A program that embeds the codec names algorithms that no registry has; definitions use the names like any other.
func ExampleCompiler() {
	compiler := codec.Compiler{
		Armours:   map[string]*codec.Armour{"six-bit": &sixBit},
		Charsets:  nil, // a charset is an encoding.Encoding of golang.org/x/text
		Checksums: map[string]codec.Checksum{"sum-of-nibbles": {Width: 8, Sum: sumOfNibbles}},
	}
	profile, err := compiler.Compile("ship.toml", []byte(`
name = "ship"

[frame]
start   = "!"
end     = "\r\n"
header  = [
  { key = "talker", type = "ascii", until = "," },
  { key = "payload", type = "group", until = ",", armour = "six-bit", fields = [
    { key = "word", type = "bits", size = 5, bits = [
      { key = "kind",   at = "39-34" },
      { key = "repeat", at = "33-32" },
      { key = "mmsi",   at = "31-2" },
    ] },
    { key = "more", type = "hex", size = "rest" },
  ] },
  { key = "check",  type = "checksum", algorithm = "sum-of-nibbles", over = "from talker to payload", as = "hex" },
]

[[message]]
name = "position"
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	line := []byte("!AIVDM,177KQJ5000G?tO`K>RA1wUbN0TKH,")
	line = fmt.Appendf(line, "%02X\r\n", sumOfNibbles(line[1:])&0xff)
	var frame codec.Frame
	if err := profile.Decode(codec.Uplink, line, &frame); err != nil {
		fmt.Println(err)
		return
	}
	object, _ := frame.AppendJSON(nil)
	fmt.Println(string(object[:strings.Index(string(object), `,"more"`)]))
	// Output:
	// {"profile":"ship","message":"position","direction":"uplink","talker":"AIVDM","payload":{"word":19090081185,"kind":1,"repeat":0,"mmsi":477553000
}

func sumOfNibbles(b []byte) (sum uint64) {
	for _, c := range b {
		sum += uint64(c>>4 + c&15)
	}
	return sum
}

// What a program names is used both ways, and is named where a definition misses it.
func TestAlgorithmsOfTheProgramAreUsedLikeOthers(t *testing.T) {
	compiler := codec.Compiler{
		Charsets:  map[string]encoding.Encoding{"cp437": charmap.CodePage437},
		Checksums: map[string]codec.Checksum{"sum-of-nibbles": {Width: 8, Sum: sumOfNibbles}},
		Armours:   map[string]*codec.Armour{"six-bit": &sixBit},
	}
	src := `
name = "own"
[frame]
end    = "\n"
header = [
  { key = "text", type = "ascii", size = 3, charset = "cp437" },
  { key = "bits", type = "group", until = "-", armour = "six-bit", fields = [{ key = "raw", type = "hex", size = "rest" }] },
  { key = "sum",  type = "checksum", algorithm = "sum-of-nibbles" },
]
[[message]]
name = "own"
[[example]]
hex    = "41 81 42 3177354b 2d 4c 0a"
expect = { text = "AüB", bits = { raw = "07f15b" } }
`
	p, err := compiler.Compile("own.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range check.Examples(p) {
		t.Error(err)
	}
	for _, wrong := range []struct{ is, was, want string }{
		{"cp438", "cp437", `did you mean "cp437"?`},
		{"sum-of-nibble", "sum-of-nibbles", `did you mean "sum-of-nibbles"?`},
		{"six-bits", "six-bit", `one of HEX, base64, hex, six-bit; did you mean "six-bit"?`},
	} {
		_, err := compiler.Compile("own.toml", []byte(strings.Replace(src, wrong.was, wrong.is, 1)))
		if err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s: %v", wrong.is, err)
		}
	}
	if _, err := codec.Compile("own.toml", []byte(src)); err == nil {
		t.Error("names of one program are known to others")
	}
	plain, _ := hex.DecodeString("00ff10ab")
	if back, err := sixBit.Decode(nil, sixBit.Encode(nil, plain)); err != nil || string(back) != string(plain) {
		t.Errorf("%x, %v", back, err)
	}
}
