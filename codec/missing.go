package codec

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// pattern is bytes that mean that a field holds no value; one byte stands for as many as the field has.
type pattern struct {
	bytes []byte
	bad   bool // any digit that is none
}

func (p *pattern) matches(b []byte) bool {
	if len(p.bytes) != 1 || p.bad {
		return !p.bad && string(p.bytes) == string(b)
	}
	for _, c := range b {
		if c != p.bytes[0] {
			return false
		}
	}
	return len(b) > 0
}

// isMissing says whether b is bytes that mean that there is no value.
func (o *op) isMissing(b []byte) bool {
	if o.form == nil {
		return false
	}
	for i := range o.form.missing {
		if o.form.missing[i].matches(b) {
			return true
		}
	}
	return o.form.hexDigit && o.form.badMissing(b)
}

// badMissing says whether b, which is refused as a value, holds digits that are none and that mean that there is no value.
func (f *form) badMissing(b []byte) bool {
	return badNibble(b) >= 0 && slices.ContainsFunc(f.missing, func(p pattern) bool { return p.bad })
}

// lacks says that these bits of the part mean that there is no value.
func (o *op) lacks(bits uint64) bool {
	return o.form != nil && len(o.form.none) > 0 && slices.Contains(o.form.none, bits&o.mask)
}

// usualMissing says that null is written as these bytes again.
func (v value) usualMissing() bool {
	f := v.op.form
	if v.op.code == opPart {
		return f.none[0] == v.num&v.op.mask
	}
	m := f.missing
	return len(m) > 0 && !m[0].bad && m[0].matches(v.data) && (v.op.size > 0 || len(v.data) == len(m[0].bytes))
}

// missingText is the bytes that say that there is no value in hexadecimal, of a part of bits the number that they make.
func (v value) missingText() string {
	if v.op.code == opPart {
		return fmt.Sprintf("%0*x", v.op.nibbles(), v.num&v.op.mask)
	}
	return fmt.Sprintf("%x", v.data)
}

// parseMissing reads null and the bytes of a missing value, "?ff"; found is false for every other value.
func (o *op) parseMissing(buf []byte, v any) (out []byte, num uint64, found bool, err error) {
	text, _ := v.(string)
	digits, marked := strings.CutPrefix(text, "?")
	switch {
	case o.code == opPart && marked && o.form != nil:
		if num, err = strconv.ParseUint(digits, 16, 64); err != nil || num > o.mask || !o.lacks(num) {
			return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", ErrValue, text)
		}
		return buf, num, true, nil
	case marked && o.form.missing != nil:
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) == 0 && digits != "" {
			return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", ErrValue, text)
		}
		if _, missing, ok := o.read(b); !ok || !missing {
			return buf, 0, true, fmt.Errorf("%w: %q does not stand for a missing value", ErrValue, text)
		}
		return append(buf, b...), loadBE(b[:min(8, len(b))]), true, nil
	case v != nil:
		return buf, 0, false, nil
	case o.form.none != nil:
		return buf, o.form.none[0], true, nil
	case len(o.form.missing) == 0 || o.form.missing[0].bad:
		return buf, 0, true, fmt.Errorf("%w: null, but no bytes say that there is no value", ErrValue)
	}
	start := len(buf)
	if o.size == 0 || o.form.column {
		buf = append(buf, o.form.missing[0].bytes...)
	}
	for !o.form.column && len(buf)-start < o.size {
		buf = append(buf, o.form.missing[0].bytes...)
	}
	b := buf[start:]
	return buf, loadBE(b[:min(8, len(b))]), true, nil
}
