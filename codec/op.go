package codec

import (
	"bytes"
	"math"
)

// opcode says how the bytes of a field are read and written.
type opcode uint8

const (
	opUint    opcode = iota // unsigned integer, 1–8 bytes
	opInt                   // signed integer, two's complement, 1–8 bytes
	opFloat32               // IEEE 754
	opFloat64               //
	opBCD                   // packed BCD as a number, 1–8 bytes
	opBits                  // unsigned integer whose parts follow
	opPart                  // bits of the opBits before it; has no bytes of its own
	opDigits                // packed BCD as digits
	opHex                   // bytes
	opASCII                 // one byte a character, padded
	opTime                  // date and time in packed BCD

	// Of the grammar only.
	opDecimal  // a number written in characters
	opBitset   // one bit a flag, the lowest bit of the first byte first
	opGroup    // fields that belong together; has no bytes of its own
	opList     // repeated fields; likewise
	opChecksum // number over other bytes
	opRun      // how often one byte is repeated
	opComputed // follows from other fields; no bytes
	opVarint   // a number that says itself how many bytes it has
)

// What an op has to do beyond its plain work.
const (
	flagLength   uint8 = 1 << iota // counts bytes of the frame; filled when the frame is made
	flagCommand                    // chooses the layout
	flagNow                        // filled with the time when not given
	flagRemember                   // defaults to the value seen last
	flagBound                      // a length or count, or what value says: it follows from the rest of the frame
)

// checkKind says how a value is restricted.
type checkKind uint8

const (
	checkNone   checkKind = iota
	checkRange            // lo ≤ value ≤ hi
	checkRanges           // in one of ranges
	checkBytes            // the bytes of want, nothing else
	checkChars            // every byte in chars
)

// op is one step of a plan: one field.  Ops are shared by all frames of a profile and never change.
type op struct {
	code   opcode
	flags  uint8
	check  checkKind
	little bool // least significant byte first
	role   Role
	shift  uint8  // opPart: lowest bit
	slot   uint8  // flagRemember: place in the session
	size   int    // bytes; 0 when the field takes what is left (or for opPart)
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

	reg   int   // where the grammar keeps the value for expressions; 0: nobody asks
	form  *form // what the grammar knows beyond the above
	fold  *fold // collects bits over a list
	table int   // keeps the values of all elements of a list; 0: nobody asks
}

// preset is the default or the constant of a field, ready to be written.
type preset struct {
	num   uint64
	bytes []byte
}

// numeric says that the value lives in the number of a cell, not in bytes.
func (o *op) numeric() bool { return o.code <= opPart || o.code >= opChecksum }

// signBit of a signed integer of the op's size.
func (o *op) signBit() uint64 { return 1 << (uint(o.size)*8 - 1) }

// load reads the value of a field from exactly its bytes.  For fields of bytes it checks them and returns the
// first eight packed, which is what dispatch compares.
func (o *op) load(b []byte) (num uint64, ok bool) {
	switch o.code {
	case opUint, opBits:
		if o.little {
			num = loadLE(b)
		} else {
			num = loadBE(b)
		}
	case opBCD:
		if o.little {
			num = loadLE(b)
		} else {
			num = loadBE(b)
		}
		if !packedDigits(num) {
			return 0, false
		}
		if num > 9 {
			num = unpackBCD(num)
		}
	case opInt:
		if o.little {
			num = loadLE(b)
		} else {
			num = loadBE(b)
		}
		sign := o.signBit()
		num = (num ^ sign) - sign
	case opFloat32, opFloat64:
		if o.little {
			num = loadLE(b)
		} else {
			num = loadBE(b)
		}
		return num, true
	case opDigits, opTime:
		if o.check == checkBytes && !bytes.Equal(b, o.want) {
			return 0, false
		}
		if o.code == opTime && o.time.as != timeBCD {
			return 0, o.time.fits(b)
		}
		return 0, allDigits(b)
	case opHex:
		if o.check == checkBytes && !bytes.Equal(b, o.want) {
			return 0, false
		}
		return 0, true
	case opASCII:
		if o.check == checkBytes && !bytes.Equal(b, o.want) {
			return 0, false
		}
		if o.chars != nil {
			for _, c := range b {
				if !o.chars.has(c) {
					return 0, false
				}
			}
		}
		if len(b) <= 8 {
			num = loadBE(b)
		}
		return num, true
	}
	if o.check != checkNone && !o.allows(num) {
		return 0, false
	}
	return num, true
}

// bits is the value of a part of word.
func (o *op) bits(word uint64) uint64 {
	v := word >> o.shift & o.mask
	if o.form != nil && o.form.signed && v > o.mask>>1 {
		v |= ^o.mask
	}
	return v
}

// key makes signed values comparable as unsigned ones.
func (o *op) key(num uint64) uint64 {
	if o.code == opInt || o.form != nil && o.signed() {
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

// plausible says whether b, the first bytes of a field of which more are to come, can begin an accepted value.
func (o *op) plausible(b []byte) bool {
	switch o.code {
	case opBCD, opDigits, opTime:
		if (o.code != opTime || o.time.as == timeBCD) && !allDigits(b) {
			return false
		}
	case opHex, opASCII:
		if o.check == checkBytes && !bytes.HasPrefix(o.want, b) {
			return false
		}
		if o.chars != nil {
			for _, c := range b {
				if !o.chars.has(c) {
					return false
				}
			}
		}
		return true
	}
	if o.little || (o.code != opUint && o.code != opBits && o.code != opBCD) {
		return true
	}
	// Most significant byte first: the bytes so far bound the value from both sides.
	var low, high [8]byte
	copy(low[:o.size], b)
	copy(high[:o.size], b)
	for i := len(b); i < o.size; i++ {
		high[i] = 0xff
		if o.code == opBCD {
			high[i] = 0x99
		}
	}
	lo, hi := loadBE(low[:o.size]), loadBE(high[:o.size])
	if o.code == opBCD {
		lo, hi = unpackBCD(lo), unpackBCD(hi)
	}
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

// store writes a number into exactly the bytes of the field.  It must fit (see bounds).
func (o *op) store(b []byte, num uint64) {
	if o.code == opBCD {
		num = packBCD(num)
	}
	if o.little {
		storeLE(b, num)
	} else {
		storeBE(b, num)
	}
}

// bounds are the smallest and the largest raw value that the bytes of an integer field can hold.
func (o *op) bounds() (lo int64, hi uint64) {
	switch o.code {
	case opBCD:
		hi = pow100[min(o.size, maxBCDNumber)] - 1
		if o.form != nil && o.signed() {
			lo = -int64(hi)
		}
		return lo, hi
	case opRun:
		return 0, uint64(o.most)
	case opVarint:
		return 0, o.form.varint.largest(o.most)
	case opComputed, opDecimal:
		return math.MinInt64, math.MaxInt64
	case opInt:
		return -int64(o.signBit()-1) - 1, o.signBit() - 1
	case opPart:
		if o.form != nil && o.form.signed {
			return -int64(o.mask>>1) - 1, o.mask >> 1
		}
		return 0, o.mask
	}
	if o.size == 8 {
		return 0, math.MaxUint64
	}
	if o.form != nil && o.form.minusBit {
		return -int64(o.signBit() - 1), o.signBit() - 1
	}
	return 0, 1<<(uint(o.size)*8) - 1
}

// bytesNoted says that expressions see another number than that of the cell.
func (o *op) bytesNoted() bool { return o.code == opHex || o.code == opDigits || o.code == opTime }

// noted is what expressions see of a field with this number and these bytes.
func (o *op) noted(num uint64, b []byte) uint64 {
	switch {
	case o.code == opTime:
		return uint64(o.time.packed(b))
	case !o.bytesNoted():
		return num
	case len(b) <= 8:
		return loadBE(b)
	}
	return 0
}

// integer says that the field holds a whole number on the wire.
func (o *op) integer() bool {
	return o.code == opUint || o.code == opInt || o.code == opBCD || o.code == opBits || o.code == opPart ||
		o.code == opRun || o.code == opComputed || o.code == opVarint
}

// begins says whether b can be the first bytes of a field.
func (o *op) begins(b []byte) bool {
	if o.size == len(b) {
		_, ok := o.load(b)
		return ok
	}
	return o.plausible(b)
}

// inSession says whether a session keeps something for the field.
func (o *op) inSession() bool { return o.flags&flagRemember != 0 || o.form != nil && o.form.counter }
