package codec

import "slices"

// Transfer of a value from a field of one frame to a field of another.

// give is the value as people and programs give it.
func (v value) give() any {
	switch o := v.op; {
	case v.missing:
		return "?" + v.missingText()
	case o.code == opHex && o.form == nil:
		return slices.Clone(v.data)
	case o.field.Kind == KindUint && v.label() == "":
		return v.num
	case o.field.Kind == KindInt && v.label() == "":
		return v.whole()
	}
	return v.string()
}

// labels says that a value of the field is called so.
func (o *op) labels(label string) bool {
	return slices.ContainsFunc(o.field.Enum, func(e EnumLabel) bool { return e.Label == label }) ||
		o.form != nil && slices.ContainsFunc(o.form.labels, func(r labelRange) bool { return r.label == label })
}

// wrapped is a number that begins again at zero when the field is full.
func (o *op) wrapped(v int64) int64 {
	if !o.integer() && o.code != opDecimal || o.code == opInt {
		return v
	}
	if hi := o.largest(); hi < 1<<62 {
		n := int64(hi) + 1
		return (v%n + n) % n
	}
	return v
}

// bare says that the value is a whole number that is not negative, and nothing else.
func (o *op) bare() bool {
	f := o.form
	return (o.code == opUint || o.code == opBits || o.code == opPart) && o.scale == nil && o.enum == nil &&
		(f == nil || f.labels == nil && f.clock == nil && f.none == nil && !f.minusBit && !f.signed && !f.packed && !f.letters && !f.hex && !f.degrees)
}

// alike says that the bytes of a field mean the same in another one.
func (o *op) alike(from *op) bool {
	if o.code >= opGroup && o.code != opVarint {
		return false
	}
	return o == from || o.code == from.code && o.little == from.little && o.form == nil && from.form == nil && o.scale == nil && from.scale == nil &&
		o.enum == nil && from.enum == nil && (o.code != opTime || o.time.text == from.time.text && o.time.as == from.time.as && o.time.last == from.time.last)
}
