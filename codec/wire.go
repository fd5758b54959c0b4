package codec

import "golang.org/x/text/encoding"

// wireType is one wire type: what every operation on a field does for it.  A function that a type has no use for is nil.
type wireType struct {
	read   func(o *op, b []byte) (num uint64, ok bool)              // b is the whole field; restrictions of numbers are checked behind it
	begins func(o *op, b []byte) bool                               // whether the first bytes of a longer field may begin a value; nil: always
	write  func(o *op, b []byte, num uint64) error                  // a number into exactly the bytes of the field
	bounds func(o *op) (lo int64, hi uint64)                        // of numbers
	refuse func(o *op, b []byte) error                              // why read refused b; nil: see why
	text   func(v value, dst []byte) []byte                         // as people write it
	parse  func(o *op, dst []byte, p given) ([]byte, uint64, error) // bytes are appended, numbers returned
}

// given is a value as people or programs give it.
type given struct {
	v     any
	exp   int  // power of ten that the number is multiplied with
	exact bool // as a decoded frame holds it: a time that does not exist is taken
}

// wireTypes has a row for each type.
var wireTypes [opCount]wireType

func init() { // rows refer to functions that look rows up
	integer := wireType{read: readInteger, begins: beginsInteger, write: writeInteger, bounds: boundsUint, text: numberText, parse: parseNumber}
	float := wireType{read: readFloat, write: writeInteger, text: floatText, parse: parseFloat}
	none := wireType{read: readAny, text: func(_ value, dst []byte) []byte { return dst }}
	wireTypes = [opCount]wireType{
		opUint: integer, opBits: integer, opInt: integer, opFloat32: float, opFloat64: float,
		opBCD:      {readBCD, beginsBCD, writeBCD, boundsBCD, refuseDigits, numberText, parseNumber},
		opPart:     {read: readAny, bounds: boundsPart, text: numberText, parse: parseNumber},
		opDigits:   {readDigits, beginsDigits, nil, nil, refuseDigits, digitsText, parseDigits},
		opHex:      {readHex, beginsBytes, nil, nil, refuseBytes, hexText, parseHex},
		opASCII:    {readASCII, beginsBytes, nil, nil, refuseBytes, asciiText, parseASCII},
		opTime:     {readTime, beginsTime, nil, nil, refuseTime, timeText, parseTime},
		opDecimal:  {readDecimal, nil, nil, boundsWhole, refuseDecimal, decimalText, parseDecimal},
		opBitset:   {read: readAny, text: bitsetText, parse: parseBitset},
		opGroup:    {read: readAny, text: hexText},
		opList:     none,
		opChecksum: {read: readAny, text: checksumText, write: writeInteger, parse: parseNumber, bounds: boundsUint},
		opRun:      {read: readAny, bounds: boundsRun, text: numberText, parse: parseNumber},
		opComputed: {read: readAny, bounds: boundsComputed, text: computedText, parse: parseComputed},
		opVarint:   {read: readVarint, bounds: boundsVarint, text: numberText, parse: parseVarint},
	}
	wireTypes[opInt].begins, wireTypes[opInt].bounds = nil, boundsInt
}

// form is what a field has beyond its plain type.
type form struct {
	swap     []uint8   // order of bytes on the wire that is neither big nor little
	swapped  bool      // the low digit of each byte first
	minus    []byte    // digits that mean "negative" where the most significant ones stand, one a byte
	minusBit bool      // likewise, a bit: the highest
	missing  []pattern // bytes that mean that there is no value; the first is written
	filler   int       // digit that fills up; -1: none
	right    bool      // filled up on the left
	left     bool      // digits: what does not count stands behind those that do
	digits   int       // how many digits count; 0: all
	hexDigit bool
	charset  encoding.Encoding
	reversed bool
	clock    *clock
	degrees  bool // ddmm.mmm, shown in degrees
	letters  bool // five bits a letter, A is 1, the first one highest
	hex      bool // shown in hexadecimal
	packed   bool // opPart: packed BCD
	fill     byte // opRun
	counter  bool
	column   bool              // its bytes end where the next separator stands
	base     int               // opDecimal: 16 for hexadecimal digits
	places   int               // opDecimal: digits after the point that expressions see
	texts    []string          // the only texts there are
	words    map[string]string // label → text
	signed   bool              // opPart: two's complement
	varint   varint            // opVarint: how it is written
	none     []uint64          // opPart: bits that mean that there is no value; the first are written
	labels   []labelRange
	natural  bool // opComputed: without sign
	real     bool // opComputed: a float64
	asReal   bool // expressions see it as a real number, because another field of its name is one
	bounded  bool // expressions see it as a number: at most eight bytes
}

// labelRange is the label of several numbers.
type labelRange struct {
	lo, hi uint64
	label  string
}

// plain says that bytes are read as without the form: it is about writing and showing the value.
func (f *form) plain() bool {
	return f == nil || f.swap == nil && !f.swapped && f.minus == nil && !f.minusBit && f.missing == nil && f.filler < 0 && !f.hexDigit &&
		f.texts == nil && !f.signed && f.none == nil && !f.column && f.base == 0 && !f.asReal && !f.bounded
}

// oneOf says whether b is one of the texts that the definition lists.
func (f *form) oneOf(b []byte) bool {
	for _, text := range f.texts {
		if text == string(b) {
			return true
		}
	}
	return false
}

// read reads the value of a field from exactly its bytes.  missing: b says that there is no value, and num is b as it
// stands.  For fields of bytes num is the first eight packed, where dispatch compares them.
func (o *op) read(b []byte) (num uint64, missing, ok bool) {
	f := o.form
	if f != nil && f.missing != nil && o.isMissing(b) {
		return firstWord(b), true, true
	}
	if num, ok = wireTypes[o.code].read(o, b); !ok {
		if f != nil && f.missing != nil && f.badMissing(b) {
			return firstWord(b), true, true
		}
		return 0, false, false
	}
	if o.check != checkNone && !o.allows(num) {
		return 0, false, false
	}
	return num, false, true
}

// load is read for a field that always has a value.
func (o *op) load(b []byte) (num uint64, ok bool) {
	num, _, ok = o.read(b)
	return num, ok
}

// plausible says whether b, the first bytes of a field of which more are to come, can begin an accepted value.
func (o *op) plausible(b []byte) bool {
	begins := wireTypes[o.code].begins
	return begins == nil || begins(o, b)
}

// begins says whether b can be the first bytes of a field.
func (o *op) begins(b []byte) bool {
	if o.size == len(b) {
		_, ok := o.load(b)
		return ok
	}
	return o.plausible(b)
}

// store writes a number into exactly the bytes of the field.  It must fit (see bounds).
func (o *op) store(b []byte, num uint64) { _ = o.storeForm(b, num) }

// storeForm writes a number into exactly b.
func (o *op) storeForm(b []byte, num uint64) error { return wireTypes[o.code].write(o, b, num) }
