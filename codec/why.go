package codec

import (
	"fmt"
	"strings"

	"trama/internal/tomlread"
)

func (o *op) notNumber(text string) error {
	if len(o.field.Enum) == 0 {
		return fmt.Errorf("%w: %q is not a number", ErrValue, text)
	}
	labels := make([]string, len(o.field.Enum))
	for i, e := range o.field.Enum {
		labels[i] = e.Label
	}
	err := fmt.Errorf("%w: %q, expected a number or one of %s", ErrValue, text, strings.Join(labels, ", "))
	if near := tomlread.Nearest(text, labels, nil); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return err
}

func (o *op) outOfRange(text string) error {
	return fmt.Errorf("%w: %s, allowed %s", ErrRange, text, o.allowed())
}

// allowed is the range of a field as people write it.
func (o *op) allowed() string {
	plain := *o
	plain.field = &Field{}
	show := func(key uint64) string {
		if o.code == opDecimal {
			return o.decimalShown(o.key(key))
		}
		return value{op: &plain, num: o.key(key)}.string()
	}
	ranges := o.ranges
	switch o.check {
	case checkRange:
		ranges = [][2]uint64{{o.lo, o.hi}}
	case checkRanges:
	default:
		lo, hi := o.bounds()
		return show(o.key(uint64(lo))) + ".." + show(o.key(hi))
	}
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		if parts[i] = show(r[0]); r[1] > r[0] {
			parts[i] += ".." + show(r[1])
		}
	}
	return strings.Join(parts, ", ")
}

// explain is why load refused b, or why a part refused num.
func (o *op) explain(b []byte, num uint64) error {
	if b == nil && o.form != nil && o.form.packed && num == noDigits {
		return fmt.Errorf("%w: among the bits", ErrDigit)
	}
	if b == nil {
		return o.beyond(value{op: o, num: num})
	}
	return o.explainForm(b)
}

// explainForm is why read refused b.
func (o *op) explainForm(b []byte) error {
	if o.form != nil && o.form.bounded && len(b) > 8 {
		return fmt.Errorf("%w: %d bytes, allowed 8 where an expression sees them as a number", ErrLength, len(b))
	}
	if refuse := wireTypes[o.code].refuse; refuse != nil {
		if err := refuse(o, b); err != nil {
			return err
		}
	}
	if o.size == 0 {
		return fmt.Errorf("%w: %s", ErrRange, printable(b))
	}
	num, _ := wireTypes[o.code].read(o, b)
	return o.beyond(value{op: o, num: num, data: b})
}

// beyond is the error of a value that the definition does not allow.
func (o *op) beyond(found value) error {
	if o.check == checkRange && o.lo == o.hi {
		return fmt.Errorf("%w: found %s, expected %s", ErrConst, found.string(), o.allowed())
	}
	return fmt.Errorf("%w: %s, allowed %s", ErrRange, found.string(), o.allowed())
}
