package codec

import "math"

// opcode is the wire type of a field.
type opcode uint8

const (
	opUint    opcode = iota // unsigned integer, 1–8 bytes
	opInt                   // signed integer, two's complement, 1–8 bytes
	opFloat32               // IEEE 754
	opFloat64               //
	opBCD                   // packed BCD as a number
	opBits                  // unsigned integer whose parts follow
	opPart                  // bits of the opBits before it; has no bytes of its own
	opDigits                // packed BCD as digits
	opHex                   // bytes
	opASCII                 // one byte a character, padded
	opTime                  // date and time with a layout

	opDecimal  // a number written in characters
	opBitset   // one bit a flag, the lowest bit of the first byte first
	opGroup    // fields that belong together; has no bytes of its own
	opList     // repeated fields; likewise
	opChecksum // number over other bytes
	opRun      // how often one byte is repeated
	opComputed // follows from other fields; no bytes
	opVarint   // a number whose bytes say where it ends
	opCount
)

// Flags are what an op does beyond reading and writing its value.
const (
	flagLength   uint8 = 1 << iota // counts bytes of the frame; filled when the frame is made
	flagCommand                    // chooses the layout
	flagNow                        // filled with the time when not given
	flagRemember                   // defaults to the value seen last
	flagBound                      // a length or count, or an expression: it follows from the rest of the frame
)

// checkKind is how a value is restricted.
type checkKind uint8

const (
	checkNone   checkKind = iota
	checkRange            // lo ≤ value ≤ hi
	checkRanges           // in one of ranges
	checkBytes            // the bytes of want, nothing else
	checkChars            // every byte in chars
)

// op is one field of the program.  Ops are shared by all frames of a profile and never change.
type op struct {
	code   opcode
	flags  uint8
	check  checkKind
	little bool // least significant byte first
	role   Role
	shift  uint8  // opPart: lowest bit
	slot   uint8  // flagRemember: place in the session
	size   int    // bytes; 0 when it varies (or for opPart)
	most   int    // size 0: bytes at the most
	mask   uint64 // opPart: bits after shifting
	lo, hi uint64 // checkRange, in the order of key()
	ranges [][2]uint64
	want   []byte
	chars  *byteSet
	pad    byte // opASCII: what fills the field up
	padded bool
	parts  bool // opBits: parts follow
	field  *Field
	time   *timeLayout
	scale  *scaling
	enum   map[string]uint64 // label → value, for building only
	preset *preset           // value when none is given

	reg   int   // register that expressions read; 0: none does
	form  *form // what is said beyond the above; nil: nothing
	fold  *fold // collects bits over a list
	table int   // keeps the values of all elements of a list; 0: none asks
}

// preset is the default or the constant of a field, ready to be written.
type preset struct {
	num   uint64
	bytes []byte
}

// fold collects some bits of every element of a list into one number, the first element lowest.
type fold struct{ reg, bits int }

// numeric says that the value is the number of a cell, not its bytes.
func (o *op) numeric() bool { return o.code <= opPart || o.code >= opChecksum }

// integer says that the field holds a whole number on the wire.
func (o *op) integer() bool {
	return o.code == opUint || o.code == opInt || o.code == opBCD || o.code == opBits || o.code == opPart ||
		o.code == opRun || o.code == opComputed || o.code == opVarint
}

// float says that the number of a cell is IEEE 754.
func (o *op) float() bool {
	return o.code == opFloat32 || o.code == opFloat64 || o.form != nil && o.form.real
}

// signed says that the number of a cell is in two's complement.
func (o *op) signed() bool {
	return o.code == opInt || o.code == opComputed && (o.form == nil || !o.form.natural) || o.code == opDecimal || o.form != nil && (o.form.minus != nil || o.form.minusBit || o.form.signed)
}

// numbered says that a number in characters plays a role of numbers, so that it has no fraction.
func (o *op) numbered() bool {
	return o.role == RoleCommand || o.role == RoleTransaction || o.role == RoleResult || o.role == RoleAlarm
}

// inSession says whether a session keeps something for the field.
func (o *op) inSession() bool { return o.flags&flagRemember != 0 || o.form != nil && o.form.counter }

// key makes signed values comparable as unsigned ones.
func (o *op) key(num uint64) uint64 {
	if o.signed() {
		return num ^ 1<<63
	}
	return num
}

// allows says whether a number is within the restriction of the field.
func (o *op) allows(num uint64) bool {
	num = o.key(num)
	switch o.check {
	case checkRange:
		return o.lo <= num && num <= o.hi
	case checkRanges:
		for _, r := range o.ranges {
			if r[0] <= num && num <= r[1] {
				return true
			}
		}
		return false
	}
	return true
}

// overlaps says whether a number from lo to hi is within the restriction of the field.
func (o *op) overlaps(lo, hi uint64) bool {
	switch o.check {
	case checkRange:
		return lo <= o.hi && hi >= o.lo
	case checkRanges:
		for _, r := range o.ranges {
			if lo <= r[1] && hi >= r[0] {
				return true
			}
		}
		return false
	}
	return true
}

// permits says whether b is the constant, or one of the texts, of the definition.
func (o *op) permits(b []byte) bool {
	f := o.form
	return (o.check != checkBytes || string(b) == string(o.want)) && (f == nil || (f.texts == nil || f.oneOf(b)) && (!f.bounded || len(b) <= 8))
}

// bound limits a field that expressions see as a number to eight bytes.
func (o *op) bound() {
	if o.form == nil {
		o.form = &form{filler: -1}
	}
	o.form.bounded = true
}

// fixed says that the definition allows one value only.
func (o *op) fixed() bool { return o.check == checkBytes || o.check == checkRange && o.lo == o.hi }

// bounds are the smallest and the largest number that the field can hold.
func (o *op) bounds() (lo int64, hi uint64) {
	if bounds := wireTypes[o.code].bounds; bounds != nil {
		return bounds(o)
	}
	return 0, 0
}

// largest is the largest number that the field can hold and the definition allows.
func (o *op) largest() uint64 {
	_, hi := o.bounds()
	if o.code == opDecimal {
		hi = o.largestDecimal(hi)
	}
	if o.check == checkRange {
		if top := o.key(o.hi); o.code != opInt || int64(top) >= 0 {
			hi = min(hi, top)
		}
	}
	return hi
}

// wide says that expressions see the bytes of the field, and not the number of its cell.
func (o *op) wide() bool { return o.code == opHex || o.code == opDigits || o.code == opTime }

// countReal lets expressions see a real number.
func (o *op) countReal() {
	if o.form == nil {
		o.form = &form{filler: -1}
	}
	o.form.asReal = !o.float()
}

// noted is what expressions see of a field with this number and these bytes; of a real number the bits of a float64.
func (o *op) noted(num uint64, b []byte) uint64 {
	num = o.counted(num, b)
	switch {
	case o.form == nil || !o.form.asReal:
		return num
	case o.signed():
		return math.Float64bits(float64(int64(num)))
	}
	return math.Float64bits(float64(num))
}

// counted is noted for a field alone, whatever others of its name are.
func (o *op) counted(num uint64, b []byte) uint64 {
	switch {
	case o.float():
		return math.Float64bits(o.real(num))
	case o.code == opTime:
		return uint64(o.time.packed(b))
	case !o.wide():
		return num
	case len(b) > 8:
		return 0
	case o.form != nil && o.form.reversed:
		return loadLE(b)
	}
	return loadBE(b)
}

// boundsIn are the bounds of a number in so many bytes, if its definition does not say how many it has.
func (o *op) boundsIn(size int) (lo int64, hi uint64) {
	if o.size > 0 || o.code == opPart {
		return o.bounds()
	}
	sized := *o
	sized.size = min(max(size, 1), 8)
	return sized.bounds()
}
