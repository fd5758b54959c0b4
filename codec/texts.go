package codec

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Fields of bytes: characters and hexadecimal.

func readHex(o *op, b []byte) (num uint64, ok bool) { return 0, o.permits(b) }

func readASCII(o *op, b []byte) (num uint64, ok bool) {
	if o.chars != nil && (o.form == nil || o.form.charset == nil) {
		for _, c := range b {
			if !o.chars.has(c) {
				return 0, false
			}
		}
	}
	return firstWord(b), o.permits(b)
}

func beginsBytes(o *op, b []byte) bool {
	if o.check == checkBytes && !bytes.HasPrefix(o.want, b) {
		return false
	}
	for i := 0; o.chars != nil && i < len(b); i++ {
		if !o.chars.has(b[i]) {
			return false
		}
	}
	return true
}

func refuseBytes(o *op, b []byte) error {
	if o.size > 0 && o.check == checkBytes && !bytes.Equal(b, o.want) {
		return fmt.Errorf("%w: found %x, expected %x", ErrConst, b, o.want)
	}
	if o.size > 0 {
		return fmt.Errorf("%w: found %s, expected %s", ErrRange, printable(b), o.chars)
	}
	return nil
}

// anyText says that every text is one.
func (o *op) anyText() bool {
	return o.code == opASCII && o.check == checkNone && o.form.plain() && (o.chars == nil || o.form != nil && o.form.charset != nil)
}

// allowedTexts says in words what `in` lists.
func (o *op) allowedTexts() string {
	list := make([]string, len(o.form.texts))
	for i, text := range o.form.texts {
		if list[i] = fmt.Sprintf("%x", text); o.code == opASCII {
			list[i] = fmt.Sprintf("%q", text)
		}
	}
	return "allowed " + strings.Join(list, ", ")
}

// trim cuts the padding off.
func (o *op) trim(b []byte) []byte {
	for o.padded && len(b) > 0 && b[len(b)-1] == o.pad {
		b = b[:len(b)-1]
	}
	return b
}

// inOrder is the bytes in the order in which they are shown.
func (v value) inOrder() []byte {
	if v.op.form == nil || !v.op.form.reversed {
		return v.data
	}
	b := slices.Clone(v.data)
	slices.Reverse(b)
	return b
}

func hexText(v value, dst []byte) []byte { return hex.AppendEncode(dst, v.inOrder()) }

// asciiText writes the label, or the characters: in UTF-8 when the definition names the charset, else a byte each.
// Bytes that are no text of the charset are written as NUL and hexadecimal digits.
func asciiText(v value, dst []byte) []byte {
	o := v.op
	if label := v.label(); label != "" {
		return append(dst, label...)
	}
	b := v.inOrder()
	trimmed := o.trim(b)
	if o.form == nil || o.form.charset == nil {
		return append(dst, trimmed...)
	}
	text, err := o.form.charset.NewDecoder().Bytes(trimmed)
	if err == nil && !bytes.HasPrefix(text, []byte{0}) && !bytes.ContainsRune(text, '\ufffd') {
		if back, err := o.form.charset.NewEncoder().Bytes(text); err == nil && bytes.Equal(back, trimmed) {
			return append(dst, text...)
		}
	}
	return hex.AppendEncode(append(dst, 0), b)
}

func parseHex(o *op, dst []byte, p given) ([]byte, uint64, error) {
	b, isBytes := p.v.([]byte)
	if !isBytes {
		text, ok := p.v.(string)
		if !ok {
			return dst, 0, wrongType(p.v, "hexadecimal digits")
		}
		var err error
		if b, err = hex.DecodeString(strings.TrimPrefix(text, "0x")); err != nil {
			return dst, 0, fmt.Errorf("%w: %q is not hexadecimal", ErrValue, text)
		}
	}
	if o.size > 0 && len(b) != o.size {
		return dst, 0, fmt.Errorf("%w: %d bytes, expected %d", ErrLength, len(b), o.size)
	}
	return o.finish(dst, b, "%x")
}

func parseASCII(o *op, dst []byte, p given) (out []byte, num uint64, err error) {
	f, v := o.form, p.v
	text, isText := v.(string)
	if f != nil && isText {
		if word, ok := f.words[text]; ok {
			return append(dst, word...), 0, nil
		}
		switch coded, raw := strings.CutPrefix(text, "\x00"); {
		case f.charset == nil:
		case raw:
			b, err := hex.DecodeString(coded)
			if err != nil {
				return dst, 0, fmt.Errorf("%w: %w", ErrValue, err)
			}
			return o.finish(dst, b, "%x")
		default:
			if text, err = f.charset.NewEncoder().String(text); err != nil {
				return dst, 0, fmt.Errorf("%w: %w", ErrValue, err)
			}
			v = []byte(text)
		}
	}
	if text, isText = textOf(v); !isText {
		return dst, 0, wrongType(v, "text")
	}
	if _, isBytes := v.([]byte); !isBytes {
		plain, ok := fromLatin1(text)
		if text = plain; !ok {
			return dst, 0, fmt.Errorf("%w: %q has a character that is not one byte", ErrValue, v)
		}
	}
	if o.size > 0 {
		if len(text) > o.size || len(text) < o.size && !o.padded {
			return dst, 0, fmt.Errorf("%w: %q has %d characters, expected %d", ErrLength, text, len(text), o.size)
		}
		text += strings.Repeat(string([]byte{o.pad}), o.size-len(text))
	}
	for i := 0; o.chars != nil && i < len(text); i++ {
		if !o.chars.has(text[i]) {
			return dst, 0, fmt.Errorf("%w: %q, allowed %s", ErrRange, text, o.chars)
		}
	}
	return o.finish(dst, []byte(text), "%q")
}

// finish appends b in the order of the wire, when it is the constant or there is none.
func (o *op) finish(dst, b []byte, verb string) ([]byte, uint64, error) {
	start := len(dst)
	dst = append(dst, b...)
	wire := dst[start:]
	if o.form != nil && o.form.reversed {
		slices.Reverse(wire)
	}
	if o.check == checkBytes && string(wire) != string(o.want) {
		return dst[:start], 0, fmt.Errorf("%w: "+verb+", expected "+verb, ErrConst, wire, o.want)
	}
	return dst, 0, nil
}

// latin1 makes each byte one character, so that JSON, which is UTF-8, keeps bytes that are not.
func latin1(b []byte) string {
	if bytes.IndexFunc(b, func(r rune) bool { return r >= 0x80 }) < 0 {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromLatin1 undoes latin1; ok is false when a character does not fit a byte.
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

// printable shows bytes as text when they are, else in hexadecimal.
func printable(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return hex.EncodeToString(b)
		}
	}
	return fmt.Sprintf("%q", b)
}

// charsets is the registry of text encodings.
var charsets = map[string]encoding.Encoding{
	"utf-8":  encoding.Nop,
	"gbk":    simplifiedchinese.GBK,
	"utf-16": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
}

var charsetWords = []string{"utf-8", "gbk", "utf-16", "latin-1"}
