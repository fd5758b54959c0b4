package scalar

import (
	"fmt"
	"strings"

	"trama/internal/words"

	"trama/codec/internal/field"
)

func (o *Op) outOfRange(text string) error {
	return fmt.Errorf("%w: %s, allowed %s", field.ErrRange, text, o.Allowed())
}

func (o *Op) notNumber(text string) error {
	if len(o.Field.Enum) == 0 {
		return fmt.Errorf("%w: %q is not a number", field.ErrValue, text)
	}
	labels := make([]string, len(o.Field.Enum))
	for i, e := range o.Field.Enum {
		labels[i] = e.Label
	}
	err := fmt.Errorf("%w: %q, expected a number or one of %s", field.ErrValue, text, strings.Join(labels, ", "))
	if near := words.Nearest(text, labels, nil); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return err
}

// beyond is the error of a value that the definition does not allow.
func (o *Op) beyond(found Value) error {
	if o.Fixed() {
		return fmt.Errorf("%w: found %s, expected %s", field.ErrConst, found.String(), o.Allowed())
	}
	return fmt.Errorf("%w: %s, allowed %s", field.ErrRange, found.String(), o.Allowed())
}

// Allowed is the range of a field as people write it.
func (o *Op) Allowed() string {
	plain := *o
	plain.Field = &field.Field{}
	show := func(key uint64) string {
		if o.Code == OpDecimal {
			return o.decimalShown(o.Key(key))
		}
		return Value{Op: &plain, Num: o.Key(key)}.String()
	}
	ranges := o.Ranges
	switch o.Check {
	case CheckRange:
		ranges = [][2]uint64{{o.Lo, o.Hi}}
	case CheckRanges:
	default:
		lo, hi := o.Bounds()
		return show(o.Key(uint64(lo))) + ".." + show(o.Key(hi))
	}
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		if parts[i] = show(r[0]); r[1] > r[0] {
			parts[i] += ".." + show(r[1])
		}
	}
	return strings.Join(parts, ", ")
}

// Refusal is why Read refused b.
func (o *Op) Refusal(b []byte) error {
	if o.Form != nil && o.Form.Bounded && len(b) > 8 {
		return fmt.Errorf("%w: %d bytes, allowed 8 where an expression sees them as a number", field.ErrLength, len(b))
	}
	if refuse := wireTypes[o.Code].refuse; refuse != nil {
		if err := refuse(o, b); err != nil {
			return err
		}
	}
	if o.Size == 0 {
		return fmt.Errorf("%w: %s", field.ErrRange, Printable(b))
	}
	num, _ := wireTypes[o.Code].read(o, b)
	return o.beyond(Value{Op: o, Num: num, Data: b})
}

// RefusalOfBits is why a part does not accept bits.
func (o *Op) RefusalOfBits(bits uint64) error {
	if o.Form != nil && o.Form.Packed && bits == noDigits {
		return fmt.Errorf("%w: among the bits", field.ErrDigit)
	}
	return o.beyond(Value{Op: o, Num: bits})
}
