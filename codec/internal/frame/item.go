package frame

import (
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Item is one field of a frame with its value.  It aliases the frame: valid until the frame's next use.
type Item struct {
	Field *field.Field
	Kind  field.Kind
	Depth int // 0 for fields of the frame itself, one more inside each list and group
	Off   int // bytes from the start of the frame
	Len   int // bytes on the wire; 0 for a part of a bit field

	V scalar.Value // v.op is nil in the zero Item
}

// Follows says that the value is no news: it is always the same, or follows from the rest of the frame, as a checksum, a
// length and a count do.
func (it Item) Follows() bool {
	o := it.V.Op
	return o != nil && (o.Flags&(scalar.FlagLength|scalar.FlagBound) != 0 || o.Code == scalar.OpChecksum || o.Fixed())
}

// number says that the item is a number with a value.
func (it *Item) number() bool {
	o := it.V.Op
	return o != nil && !it.V.Missing && (o.Numeric() || o.Code == scalar.OpDecimal)
}

// fraction says that the value may have digits behind a point.
func (it *Item) fraction() bool {
	return it.Kind == field.KindFloat || it.V.Op.Code == scalar.OpDecimal
}

// Uint is the value of a number; a fraction is cut off, a negative value is 0.
func (it Item) Uint() uint64 {
	switch {
	case !it.number():
		return 0
	case it.fraction():
		return uint64(max(it.Float(), 0))
	case it.V.Op.Signed() && it.V.Whole() < 0:
		return 0
	}
	return it.V.Num
}

// Int is the value of a number; a fraction is cut off.
func (it Item) Int() int64 {
	switch {
	case !it.number():
		return 0
	case it.fraction():
		return int64(it.Float())
	}
	return it.V.Whole()
}

// Float is the value of a number, after scaling; NaN when it is missing.
func (it Item) Float() float64 {
	if it.V.Op == nil {
		return 0
	}
	return it.V.Float()
}

// Bytes are the bytes of a field of bytes, as they stand in the frame; nil for a number.
func (it Item) Bytes() []byte { return it.V.Data }

// Time of a date and time; ok is false when it names one that does not exist, or when this is no time.
func (it Item) Time() (t time.Time, ok bool) {
	if it.V.Op == nil {
		return time.Time{}, false
	}
	return it.V.Time()
}

// Suspect says that the bytes have the right form but no meaning: a date that does not exist.
func (it Item) Suspect() bool {
	if it.V.Op == nil || it.Kind != field.KindTime || it.V.Missing {
		return false
	}
	_, ok := it.V.Time()
	return !ok
}

// Missing says that the field holds the mark for "no value".
func (it Item) Missing() bool { return it.V.Missing }

// MissingText is the mark for "no value": the bytes in hexadecimal, of a part of bits the number that they make.
// Empty when there is a value.
func (it Item) MissingText() string {
	if !it.V.Missing {
		return ""
	}
	return it.V.MissingText()
}

// Label is the name that the definition gives to the value; empty when it gives none.
func (it Item) Label() string {
	if it.V.Op == nil {
		return ""
	}
	return it.V.Label()
}

// Text is the value as people write it: digits, text, hexadecimal, RFC 3339, a number.  It allocates.
func (it Item) Text() string { return string(it.AppendText(nil)) }

// AppendText appends what Text returns.
func (it Item) AppendText(dst []byte) []byte {
	if it.V.Op == nil {
		return dst
	}
	return it.V.AppendText(dst)
}

// Bits says which bits of the field before it a part of a bit field has, the lowest bit being 0.
func (it Item) Bits() (hi, lo int, ok bool) {
	if it.V.Op == nil || it.V.Op.Code != scalar.OpPart {
		return 0, 0, false
	}
	lo = int(it.V.Op.Shift)
	return lo + it.V.Op.Width() - 1, lo, true
}

// SizeBits is how many bits a field has that need not begin or end with a byte; 0: it has whole bytes.
func (it Item) SizeBits() int {
	if it.V.Op == nil || it.V.Op.Code != scalar.OpSlice {
		return 0
	}
	return it.V.Op.Width()
}

// Computed says that the value follows from other fields and has no bytes.
func (it Item) Computed() bool { return it.V.Op != nil && it.V.Op.Code == scalar.OpComputed }

// Unicode says that Text is in UTF-8, because the definition names the character set.  Other text is one byte a character.
func (it Item) Unicode() bool {
	o := it.V.Op
	return o != nil && o.Form != nil && (o.Form.Charset != nil || o.Form.Composed != nil)
}

// DateOnly says that a time is a date without a time of day.
func (it Item) DateOnly() bool { return it.V.Op != nil && it.V.Op.DateOnly() }
