package scalar

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// Pattern is bytes that mean that a field holds no value; one byte stands for as many as the field has.
type Pattern struct {
	Bytes []byte
	Bad   bool // any digit that is none
}

func (p *Pattern) matches(b []byte) bool {
	switch {
	case p.Bad:
		return false
	case len(p.Bytes) != 1:
		return string(p.Bytes) == string(b)
	}
	return len(b) > 0 && bytes.Count(b, p.Bytes) == len(b)
}

// IsMissing says whether b is bytes that mean that there is no value.
func (o *Op) IsMissing(b []byte) bool {
	f := o.Form
	matches := func(p Pattern) bool { return p.matches(b) }
	return f != nil && (slices.ContainsFunc(f.Missing, matches) || f.HexDigit && f.badMissing(b))
}

// badMissing says whether b, refused as a value, holds digits that are none where those mean "no value".
func (f *Form) badMissing(b []byte) bool {
	return badNibble(b) >= 0 && slices.ContainsFunc(f.Missing, func(p Pattern) bool { return p.Bad })
}

// Lacks says that these bits of the part mean that there is no value.
func (o *Op) Lacks(bits uint64) bool {
	return o.Form != nil && slices.Contains(o.Form.None, bits&o.Mask)
}

// Refused says of a time that its bytes are neither one nor the sign for none: they stand in a frame that cannot be read whole.
func (v Value) Refused() bool {
	return v.Missing && v.Op.Code == OpTime && !v.Op.IsMissing(v.Data)
}

// usualMissing says that null is written as these bytes again.
func (v Value) usualMissing() bool {
	f := v.Op.Form
	if f == nil { // of a time that was refused
		return false
	}
	if v.Op.Bitwise() {
		return f.None[0] == v.Num&v.Op.Mask
	}
	m := f.Missing
	return len(m) > 0 && !m[0].Bad && m[0].matches(v.Data) && (v.Op.Size > 0 || len(v.Data) == len(m[0].Bytes))
}

// MissingText is the bytes that say that there is no value in hexadecimal, of a part of bits the number that they make.
func (v Value) MissingText() string {
	if v.Op.Bitwise() {
		return fmt.Sprintf("%0*x", v.Op.Nibbles(), v.Num&v.Op.Mask)
	}
	return fmt.Sprintf("%x", v.Data)
}

// parseMissing reads null and the bytes of a missing value, "?ff"; found is false for every other value.
func (o *Op) parseMissing(buf []byte, v any) (out []byte, num uint64, found bool, err error) {
	f := o.Form
	text, _ := v.(string)
	digits, marked := strings.CutPrefix(text, "?")
	switch {
	case marked && o.Bitwise():
		if num, err = strconv.ParseUint(digits, 16, 64); err == nil && num <= o.Mask && o.Lacks(num) {
			return buf, num, true, nil
		}
		return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", field.ErrValue, text)
	case marked && f.Missing != nil:
		b, err := hex.DecodeString(digits)
		if _, missing, _ := o.Read(b); err == nil && missing {
			return append(buf, b...), o.wordNumber(b), true, nil
		}
		return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", field.ErrValue, text)
	case v != nil:
		return buf, 0, false, nil
	case f.None != nil:
		return buf, f.None[0], true, nil
	case len(f.Missing) == 0 || f.Missing[0].Bad:
		return buf, 0, true, fmt.Errorf("%w: null, but no bytes say that there is no value", field.ErrValue)
	}
	b := f.Missing[0].Bytes
	if len(b) > 0 && o.Size > len(b) && !f.Column {
		b = bytes.Repeat(b, (o.Size+len(b)-1)/len(b))
	}
	return append(buf, b...), o.wordNumber(b), true, nil
}
