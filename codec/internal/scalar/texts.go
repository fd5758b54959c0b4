package scalar

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/field"
)

// Fields of bytes: characters and hexadecimal.

func readHex(o *Op, b []byte) (num uint64, ok bool) { return 0, o.permits(b) }

func readASCII(o *Op, b []byte) (num uint64, ok bool) {
	if o.Chars != nil && (o.Form == nil || o.Form.Charset == nil) {
		for _, c := range b {
			if !o.Chars.Has(c) {
				return 0, false
			}
		}
	}
	return o.wordNumber(b), o.permits(b)
}

func beginsBytes(o *Op, b []byte) bool {
	if o.Check == CheckBytes && !bytes.HasPrefix(o.Want, b) {
		return false
	}
	for i := 0; o.Chars != nil && i < len(b); i++ {
		if !o.Chars.Has(b[i]) {
			return false
		}
	}
	return true
}

func refuseBytes(o *Op, b []byte) error {
	if o.Check == CheckBytes && !bytes.Equal(b, o.Want) {
		return fmt.Errorf("%w: found %x, expected %x", field.ErrConst, b, o.Want)
	}
	if o.Size > 0 {
		return fmt.Errorf("%w: found %s, expected %s", field.ErrRange, Printable(b), o.Chars)
	}
	return nil
}

// allowedTexts says in words what `in` lists.
func (o *Op) allowedTexts() string {
	list := make([]string, len(o.Form.Texts))
	for i, text := range o.Form.Texts {
		if list[i] = fmt.Sprintf("%x", text); o.Code == OpASCII {
			list[i] = fmt.Sprintf("%q", text)
		}
	}
	return "allowed " + strings.Join(list, ", ")
}

// trim cuts the padding off.
func (o *Op) trim(b []byte) []byte {
	for o.Padded && len(b) > 0 && b[len(b)-1] == o.Pad {
		b = b[:len(b)-1]
	}
	return b
}

// inOrder is the bytes in the order in which they are shown.
func (v Value) inOrder() []byte {
	if v.Op.Form == nil || !v.Op.Form.Reversed {
		return v.Data
	}
	b := slices.Clone(v.Data)
	slices.Reverse(b)
	return b
}

func hexText(v Value, dst []byte) []byte { return hex.AppendEncode(dst, v.inOrder()) }

// asciiText writes the label, or the characters: in UTF-8 when the definition names the charset, else a byte each.
// Bytes that are no text of the charset are written as NUL and hexadecimal digits.
func asciiText(v Value, dst []byte) []byte {
	o := v.Op
	if label := v.Label(); label != "" {
		return append(dst, label...)
	}
	b := v.inOrder()
	trimmed := o.trim(b)
	if o.Form == nil || o.Form.Charset == nil {
		return append(dst, trimmed...)
	}
	text, err := o.Form.Charset.NewDecoder().Bytes(trimmed)
	if err == nil && !bytes.HasPrefix(text, []byte{0}) && !bytes.ContainsRune(text, '\ufffd') {
		if back, err := o.Form.Charset.NewEncoder().Bytes(text); err == nil && bytes.Equal(back, trimmed) {
			return append(dst, text...)
		}
	}
	return hex.AppendEncode(append(dst, 0), b)
}

func parseHex(o *Op, dst []byte, p given) ([]byte, uint64, error) {
	b, isBytes := p.v.([]byte)
	if !isBytes {
		text, ok := p.v.(string)
		if !ok {
			return dst, 0, WrongType(p.v, "hexadecimal digits")
		}
		var err error
		if b, err = hex.DecodeString(strings.TrimPrefix(text, "0x")); err != nil {
			return dst, 0, fmt.Errorf("%w: %q is not hexadecimal", field.ErrValue, text)
		}
	}
	if o.Size > 0 && len(b) != o.Size {
		return dst, 0, fmt.Errorf("%w: %d bytes, expected %d", field.ErrLength, len(b), o.Size)
	}
	return o.finish(dst, b, "%x")
}

func parseASCII(o *Op, dst []byte, p given) (out []byte, num uint64, err error) {
	f, v := o.Form, p.v
	text, isText := v.(string)
	if f != nil && isText {
		if word, ok := f.Words[text]; ok {
			return append(dst, word...), 0, nil
		}
		switch coded, raw := strings.CutPrefix(text, "\x00"); {
		case f.Charset == nil:
		case raw:
			b, err := hex.DecodeString(coded)
			if err != nil {
				return dst, 0, fmt.Errorf("%w: %w", field.ErrValue, err)
			}
			return o.finish(dst, b, "%x")
		default:
			if text, err = f.Charset.NewEncoder().String(text); err != nil {
				return dst, 0, fmt.Errorf("%w: %w", field.ErrValue, err)
			}
			v = []byte(text)
		}
	}
	if text, isText = TextOf(v); !isText {
		return dst, 0, WrongType(v, "text")
	}
	if _, isBytes := v.([]byte); !isBytes {
		plain, ok := fromLatin1(text)
		if text = plain; !ok {
			return dst, 0, fmt.Errorf("%w: %q has a character that is not one byte", field.ErrValue, v)
		}
	}
	if o.Size > 0 {
		if len(text) > o.Size || len(text) < o.Size && !o.Padded {
			return dst, 0, fmt.Errorf("%w: %q has %d characters, expected %d", field.ErrLength, text, len(text), o.Size)
		}
		text += strings.Repeat(string([]byte{o.Pad}), o.Size-len(text))
	}
	for i := 0; o.Chars != nil && i < len(text); i++ {
		if !o.Chars.Has(text[i]) {
			return dst, 0, fmt.Errorf("%w: %q, allowed %s", field.ErrRange, text, o.Chars)
		}
	}
	return o.finish(dst, []byte(text), "%q")
}

// finish appends b in the order of the wire, when it is the constant or there is none.
func (o *Op) finish(dst, b []byte, verb string) ([]byte, uint64, error) {
	start := len(dst)
	dst = append(dst, b...)
	wire := dst[start:]
	if o.Form != nil && o.Form.Reversed {
		slices.Reverse(wire)
	}
	if o.Check == CheckBytes && string(wire) != string(o.Want) {
		return dst[:start], 0, fmt.Errorf("%w: "+verb+", expected "+verb, field.ErrConst, wire, o.Want)
	}
	return dst, 0, nil
}

// Latin1 makes each byte one character, so that JSON, which is UTF-8, keeps bytes that are not.
func Latin1(b []byte) string {
	if bytes.IndexFunc(b, func(r rune) bool { return r >= 0x80 }) < 0 {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromLatin1 undoes Latin1; ok is false when a character does not fit a byte.
func fromLatin1(s string) (out string, ok bool) {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), true
}

// Printable shows bytes as text when they are, else in hexadecimal.
func Printable(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return hex.EncodeToString(b)
		}
	}
	return fmt.Sprintf("%q", b)
}

// CharsetWords are the values of `charset`.
var CharsetWords = []string{"utf-8", "gbk", "utf-16", "latin-1"}
