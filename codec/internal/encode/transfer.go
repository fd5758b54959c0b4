package encode

import (
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Transfer of a value from a field of one frame to a field of another.

// give is the value as people and programs give it.
func give(v scalar.Value) any {
	switch o := v.Op; {
	case v.Missing:
		return "?" + v.MissingText()
	case o.Code == scalar.OpHex && o.Form == nil:
		return slices.Clone(v.Data)
	case o.Field.Kind == field.KindUint && v.Label() == "":
		return v.Num
	case o.Field.Kind == field.KindInt && v.Label() == "":
		return v.Whole()
	}
	return v.String()
}

// labels says that a value of the field is called so.
func labels(o *scalar.Op, label string) bool {
	return slices.ContainsFunc(o.Field.Enum, func(e field.EnumLabel) bool { return e.Label == label }) ||
		o.Form != nil && slices.ContainsFunc(o.Form.Labels, func(r scalar.LabelRange) bool { return r.Label == label })
}

// wrapped is a number that begins again at zero when the field is full.
func wrapped(o *scalar.Op, v int64) int64 {
	if !o.Integer() && o.Code != scalar.OpDecimal || o.Code == scalar.OpInt {
		return v
	}
	if hi := o.Largest(); hi < 1<<62 {
		n := int64(hi) + 1
		return (v%n + n) % n
	}
	return v
}

// bare says that the value is a whole number that is not negative, and nothing else.
func bare(o *scalar.Op) bool {
	f := o.Form
	return (o.Code == scalar.OpUint || o.Code == scalar.OpBits || o.Bitwise()) && o.Scale == nil && o.Enum == nil &&
		(f == nil || f.Labels == nil && f.Clock == nil && f.None == nil && !f.MinusBit && !f.Signed && !f.Packed &&
			!f.Letters && !f.Hex && !f.Degrees)
}

// alike says that the bytes of a field mean the same in another one.
func alike(o *scalar.Op, from *scalar.Op) bool {
	if o.Code >= scalar.OpGroup && o.Code != scalar.OpVarint || o.Code == scalar.OpSlice {
		return false
	}
	if o.Code == scalar.OpTime && from.Code == scalar.OpTime {
		a, b := o.Time, from.Time
		return a.Text == b.Text && a.As == b.As && a.Last == b.Last && a.Zone.String() == b.Zone.String()
	}
	return o == from || o.Code == from.Code && o.Little == from.Little && o.Form == nil && from.Form == nil &&
		o.Scale == nil && from.Scale == nil &&
		o.Enum == nil && from.Enum == nil
}
