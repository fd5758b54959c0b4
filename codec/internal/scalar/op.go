package scalar

import (
	"math"
	"slices"

	"trama/codec/internal/field"
)

// Opcode is the wire type of a field.
type Opcode uint8

// Wire types.
const (
	OpUint    Opcode = iota // unsigned integer, 1–8 bytes
	OpInt                   // signed integer, two's complement, 1–8 bytes
	OpFloat32               // IEEE 754
	OpFloat64               //
	OpBCD                   // packed BCD as a number
	OpBits                  // unsigned integer whose parts follow
	OpPart                  // bits of the OpBits before it; has no bytes of its own
	OpSlice                 // bits that need not begin or end with a byte
	OpDigits                // packed BCD as digits
	OpHex                   // bytes
	OpASCII                 // one byte a character, padded
	OpTime                  // date and time with a layout

	OpDecimal  // a number written in characters
	OpBitset   // one bit a flag, the lowest bit of the first byte first
	OpGroup    // fields that belong together; has no bytes of its own
	OpList     // repeated fields; likewise
	OpChecksum // number over other bytes
	OpRun      // how often one byte is repeated
	OpComputed // follows from other fields; no bytes
	OpVarint   // a number whose bytes say where it ends
	opCount
)

// Flags are what an op does beyond reading and writing its value.
const (
	FlagLength   uint8 = 1 << iota // counts bytes of the frame; filled when the frame is made
	FlagCommand                    // chooses the layout
	FlagNow                        // filled with the time when not given
	FlagRemember                   // defaults to the value seen last
	FlagBound                      // a length or count, or an expression: it follows from the rest of the frame
)

// CheckKind is how a value is restricted.
type CheckKind uint8

// Restrictions of values.
const (
	CheckNone   CheckKind = iota
	CheckRange            // Lo ≤ value ≤ Hi
	CheckRanges           // in one of Ranges
	CheckBytes            // the bytes of Want, nothing else
)

// Op is one field of the program.  Ops are shared by all frames of a profile and never change.
type Op struct {
	Code   Opcode
	Flags  uint8
	Check  CheckKind
	Little bool // least significant byte first
	Role   field.Role
	Shift  uint8  // OpPart: lowest bit
	Slot   uint8  // FlagRemember: place in the session
	Size   int    // bytes; 0 when it varies (or for OpPart)
	Reg    int    // register that expressions read; 0: none does
	Form   *Form  // what is said beside the rest; nil: nothing
	Most   int    // size 0: bytes at the most
	Mask   uint64 // OpPart, OpSlice: bits after shifting
	Lo, Hi uint64 // CheckRange, in the order of Key
	Ranges [][2]uint64
	Want   []byte
	Chars  *ByteSet
	Pad    byte // OpASCII: what fills the field up
	Padded bool
	Parts  bool // OpBits: parts follow
	Field  *field.Field
	Time   *TimeLayout
	Scale  *Scaling
	Enum   map[string]uint64 // label → value, for building only
	Preset *Preset           // value when none is given

	Fold  *Fold // collects bits over a list
	Table int   // keeps the values of all elements of a list; 0: none asks
}

// Preset is the default or the constant of a field, ready to be written.
type Preset struct {
	Num   uint64
	Bytes []byte
}

// Fold collects some bits of every element of a list into one number, the first element lowest.
type Fold struct{ Reg, Bits int }

// Numeric says that the value is the number of a cell, not its bytes.
func (o *Op) Numeric() bool { return o.Code <= OpSlice || o.Code >= OpChecksum }

// Integer says that the field holds a whole number on the wire.
func (o *Op) Integer() bool {
	return o.Code == OpUint || o.Code == OpInt || o.Code == OpBCD || o.Code == OpBits || o.Bitwise() ||
		o.Code == OpRun || o.Code == OpComputed || o.Code == OpVarint
}

// Bitwise says that the field is a number of bits, not of bytes.
func (o *Op) Bitwise() bool { return o.Code == OpPart || o.Code == OpSlice }

// Sized says that the field is a whole number of 1 to 8 bytes, of which an expression says how many.
func (o *Op) Sized() bool { return o.Code <= OpInt && o.Size == 0 }

// Float says that the number of a cell is IEEE 754.
func (o *Op) Float() bool {
	return o.Code == OpFloat32 || o.Code == OpFloat64 || o.Form != nil && o.Form.Real
}

// Signed says that the number of a cell is in two's complement.
func (o *Op) Signed() bool {
	f := o.Form
	return o.Code == OpInt || o.Code == OpDecimal || o.Code == OpComputed && (f == nil || !f.Natural) ||
		f != nil && (f.Minus != nil || f.MinusBit || f.Signed)
}

// numbered says that a number in characters plays a role of numbers, so that it has no fraction.
func (o *Op) numbered() bool {
	switch o.Role {
	case field.RoleCommand, field.RoleTransaction, field.RoleResult, field.RoleAlarm:
		return true
	}
	return false
}

// InSession says whether a session keeps something for the field.
func (o *Op) InSession() bool { return o.Flags&FlagRemember != 0 || o.Form != nil && o.Form.Counter }

// Key makes signed values comparable as unsigned ones.
func (o *Op) Key(num uint64) uint64 {
	if o.Signed() {
		return num ^ 1<<63
	}
	return num
}

// Allows says whether a number is within the restriction of the field.
func (o *Op) Allows(num uint64) bool {
	num = o.Key(num)
	return o.overlaps(num, num)
}

// overlaps says whether a number from lo to hi is within the restriction of the field.
func (o *Op) overlaps(lo, hi uint64) bool {
	switch o.Check {
	case CheckRange:
		return lo <= o.Hi && hi >= o.Lo
	case CheckRanges:
		return slices.ContainsFunc(o.Ranges, func(r [2]uint64) bool { return lo <= r[1] && hi >= r[0] })
	}
	return true
}

// permits says whether b is the constant, or one of the texts, of the definition.
func (o *Op) permits(b []byte) bool {
	f := o.Form
	return (o.Check != CheckBytes || string(b) == string(o.Want)) &&
		(f == nil || (f.Texts == nil || slices.Contains(f.Texts, string(b))) && (!f.Bounded || len(b) <= 8))
}

// Special is what the field has beyond its type, made when there is nothing.
func (o *Op) Special() *Form {
	if o.Form == nil {
		o.Form = &Form{Filler: -1}
	}
	return o.Form
}

// Bound limits a field that expressions see as a number to eight bytes.
func (o *Op) Bound() { o.Special().Bounded = true }

// Fixed says that the definition allows one value only.
func (o *Op) Fixed() bool { return o.Check == CheckBytes || o.Check == CheckRange && o.Lo == o.Hi }

// Bounds are the smallest and the largest number that the field can hold.
func (o *Op) Bounds() (lo int64, hi uint64) {
	if bounds := wireTypes[o.Code].bounds; bounds != nil {
		return bounds(o)
	}
	return 0, 0
}

// Largest is the largest number that the field can hold and the definition allows.
func (o *Op) Largest() uint64 {
	_, hi := o.Bounds()
	if o.Code == OpDecimal {
		hi = o.largestDecimal(hi)
	}
	if o.Check == CheckRange {
		if top := o.Key(o.Hi); o.Code != OpInt || int64(top) >= 0 {
			hi = min(hi, top)
		}
	}
	return hi
}

// Wide says that expressions see the bytes of the field, and not the number of its cell.
func (o *Op) Wide() bool { return o.Code == OpHex || o.Code == OpDigits || o.Code == OpTime }

// CountReal lets expressions see a real number.
func (o *Op) CountReal() { o.Special().asReal = !o.Float() }

// Noted is what expressions see of a field with this number and these bytes; of a real number the bits of a float64.
func (o *Op) Noted(num uint64, b []byte) uint64 {
	num = o.Counted(num, b)
	switch {
	case o.Form == nil || !o.Form.asReal:
		return num
	case o.Signed():
		return math.Float64bits(float64(int64(num)))
	}
	return math.Float64bits(float64(num))
}

// Counted is noted for a field alone, whatever others of its name are.
func (o *Op) Counted(num uint64, b []byte) uint64 {
	switch {
	case o.Float():
		return math.Float64bits(o.real(num))
	case o.Code == OpTime:
		return uint64(o.Time.packed(b))
	case !o.Wide():
		return num
	case len(b) > 8:
		return o.wordNumber(b)
	case o.Form != nil && o.Form.Reversed:
		return LoadLE(b)
	}
	return LoadBE(b)
}

// BoundsIn are the bounds of a number in so many bytes, if its definition does not say how many it has.
func (o *Op) BoundsIn(size int) (lo int64, hi uint64) {
	if o.Size > 0 || o.Bitwise() {
		return o.Bounds()
	}
	sized := *o
	sized.Size = min(max(size, 1), 8)
	return sized.Bounds()
}

// FitsIn says whether so many bytes hold a number, and gives their bounds.
func (o *Op) FitsIn(size int, num uint64) (lo int64, hi uint64, fits bool) {
	if lo, hi = o.BoundsIn(size); o.Signed() && int64(num) < 0 {
		return lo, hi, int64(num) >= lo
	}
	return lo, hi, num <= hi
}
