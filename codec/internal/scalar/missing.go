package scalar

import (
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
	if len(p.Bytes) != 1 || p.Bad {
		return !p.Bad && string(p.Bytes) == string(b)
	}
	for _, c := range b {
		if c != p.Bytes[0] {
			return false
		}
	}
	return len(b) > 0
}

// IsMissing says whether b is bytes that mean that there is no value.
func (o *Op) IsMissing(b []byte) bool {
	if o.Form == nil {
		return false
	}
	for i := range o.Form.Missing {
		if o.Form.Missing[i].matches(b) {
			return true
		}
	}
	return o.Form.HexDigit && o.Form.badMissing(b)
}

// badMissing says whether b, which is refused as a value, holds digits that are none and that mean that there is no value.
func (f *Form) badMissing(b []byte) bool {
	return badNibble(b) >= 0 && slices.ContainsFunc(f.Missing, func(p Pattern) bool { return p.Bad })
}

// Lacks says that these bits of the part mean that there is no value.
func (o *Op) Lacks(bits uint64) bool {
	return o.Form != nil && len(o.Form.None) > 0 && slices.Contains(o.Form.None, bits&o.Mask)
}

// usualMissing says that null is written as these bytes again.
func (v Value) usualMissing() bool {
	f := v.Op.Form
	if v.Op.Code == OpPart {
		return f.None[0] == v.Num&v.Op.Mask
	}
	m := f.Missing
	return len(m) > 0 && !m[0].Bad && m[0].matches(v.Data) && (v.Op.Size > 0 || len(v.Data) == len(m[0].Bytes))
}

// MissingText is the bytes that say that there is no value in hexadecimal, of a part of bits the number that they make.
func (v Value) MissingText() string {
	if v.Op.Code == OpPart {
		return fmt.Sprintf("%0*x", v.Op.Nibbles(), v.Num&v.Op.Mask)
	}
	return fmt.Sprintf("%x", v.Data)
}

// parseMissing reads null and the bytes of a missing value, "?ff"; found is false for every other value.
func (o *Op) parseMissing(buf []byte, v any) (out []byte, num uint64, found bool, err error) {
	text, _ := v.(string)
	digits, marked := strings.CutPrefix(text, "?")
	switch {
	case o.Code == OpPart && marked && o.Form != nil:
		if num, err = strconv.ParseUint(digits, 16, 64); err != nil || num > o.Mask || !o.Lacks(num) {
			return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", field.ErrValue, text)
		}
		return buf, num, true, nil
	case marked && o.Form.Missing != nil:
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) == 0 && digits != "" {
			return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", field.ErrValue, text)
		}
		if _, missing, ok := o.Read(b); !ok || !missing {
			return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", field.ErrValue, text)
		}
		return append(buf, b...), LoadBE(b[:min(8, len(b))]), true, nil
	case v != nil:
		return buf, 0, false, nil
	case o.Form.None != nil:
		return buf, o.Form.None[0], true, nil
	case len(o.Form.Missing) == 0 || o.Form.Missing[0].Bad:
		return buf, 0, true, fmt.Errorf("%w: null, but no bytes say that there is no value", field.ErrValue)
	}
	start := len(buf)
	if o.Size == 0 || o.Form.Column {
		buf = append(buf, o.Form.Missing[0].Bytes...)
	}
	for !o.Form.Column && len(buf)-start < o.Size {
		buf = append(buf, o.Form.Missing[0].Bytes...)
	}
	b := buf[start:]
	return buf, LoadBE(b[:min(8, len(b))]), true, nil
}
