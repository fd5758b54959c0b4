package scalar

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// Armour writes bytes in other bytes, mostly characters: two hexadecimal digits a byte, base64.  What stands on the
// wire is never shorter than what it stands for, and each text stands for other bytes, so that encoding gives back
// what was decoded.
type Armour struct {
	// Encode appends what stands on the wire for plain.
	Encode func(dst, plain []byte) []byte
	// Decode appends what wire stands for; an error says that it stands for nothing.
	Decode func(dst, wire []byte) ([]byte, error)
	// Size is how many bytes stand on the wire for so many plain ones.
	Size func(plain int) int
}

// ErrArmour is the error of bytes that are not of the form of the armour.
var ErrArmour = errors.New("not of the form in which bytes are written here")

// NamedArmours is the registry.
var NamedArmours = map[string]*Armour{
	"HEX": {
		Encode: func(dst, plain []byte) []byte {
			for _, b := range plain {
				dst = append(dst, "0123456789ABCDEF"[b>>4], "0123456789ABCDEF"[b&15])
			}
			return dst
		},
		Decode: func(dst, wire []byte) ([]byte, error) { return unarmourHex(dst, wire, 'A') },
		Size:   func(plain int) int { return 2 * plain },
	},
	"hex": {
		Encode: hex.AppendEncode,
		Decode: func(dst, wire []byte) ([]byte, error) { return unarmourHex(dst, wire, 'a') },
		Size:   func(plain int) int { return 2 * plain },
	},
	"base64": {
		Encode: base64.StdEncoding.AppendEncode,
		Decode: base64.StdEncoding.Strict().AppendDecode,
		Size:   func(plain int) int { return (plain + 2) / 3 * 4 },
	},
}

// unarmourHex reads digits of one case only: another one would not come back.
func unarmourHex(dst, wire []byte, a byte) ([]byte, error) {
	if len(wire)%2 != 0 {
		return dst, ErrArmour
	}
	for i := 0; i < len(wire); i += 2 {
		var v byte
		for _, c := range wire[i : i+2] {
			switch {
			case c >= '0' && c <= '9':
				v = v<<4 | (c - '0')
			case c >= a && c <= a+5:
				v = v<<4 | (c - a + 10)
			default:
				return dst, ErrArmour
			}
		}
		dst = append(dst, v)
	}
	return dst, nil
}
