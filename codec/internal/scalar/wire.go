package scalar

import "golang.org/x/text/encoding"

// wireType is one wire type: what every operation on a field does for it.  A function that a type has no use for is
// nil.
type wireType struct {
	read   func(o *Op, b []byte) (num uint64, ok bool)              // Read checks restrictions of numbers
	begins func(o *Op, b []byte) bool                               // whether b may be its first bytes; nil: always
	write  func(o *Op, b []byte, num uint64) error                  // a number into exactly the bytes of the field
	bounds func(o *Op) (lo int64, hi uint64)                        // of numbers
	refuse func(o *Op, b []byte) error                              // why read refused b; nil: see Refusal
	text   func(v Value, dst []byte) []byte                         // as people write it
	parse  func(o *Op, dst []byte, p given) ([]byte, uint64, error) // bytes are appended, numbers returned
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
	integer := wireType{readInteger, beginsInteger, writeInteger, boundsUint, nil, numberText, parseNumber}
	float := wireType{read: readFloat, write: writeInteger, text: floatText, parse: parseFloat}
	none := wireType{read: readAny, text: func(_ Value, dst []byte) []byte { return dst }}
	wireTypes = [opCount]wireType{
		OpUint: integer, OpBits: integer, OpInt: integer, OpFloat32: float, OpFloat64: float,
		OpBCD:      {readBCD, beginsBCD, writeBCD, boundsBCD, refuseDigits, numberText, parseNumber},
		OpPart:     {read: readAny, bounds: boundsPart, text: numberText, parse: parseNumber},
		OpSlice:    {read: readAny, bounds: boundsPart, text: numberText, parse: parseNumber},
		OpDigits:   {readDigits, beginsDigits, nil, nil, refuseDigits, digitsText, parseDigits},
		OpHex:      {readHex, beginsBytes, nil, nil, refuseBytes, hexText, parseHex},
		OpASCII:    {readASCII, beginsBytes, nil, nil, refuseBytes, asciiText, parseASCII},
		OpTime:     {readTime, beginsTime, nil, nil, refuseTime, timeText, parseTime},
		OpDecimal:  {readDecimal, nil, nil, boundsWhole, refuseDecimal, decimalText, parseDecimal},
		OpBitset:   {read: readAny, text: bitsetText, parse: parseBitset},
		OpGroup:    {read: readAny, text: hexText},
		OpList:     none,
		OpChecksum: {read: readAny, text: checksumText, write: writeInteger, parse: parseNumber, bounds: boundsUint},
		OpRun:      {read: readAny, bounds: boundsRun, text: numberText, parse: parseNumber},
		OpComputed: {read: readAny, bounds: boundsComputed, text: computedText, parse: parseComputed},
		OpVarint:   {read: readVarint, bounds: boundsVarint, text: numberText, parse: parseVarint},
	}
	wireTypes[OpInt].begins, wireTypes[OpInt].bounds = nil, boundsInt
}

// TextPart is a piece of a text made of fields: fixed characters, and one of a few fields behind them.
type TextPart struct {
	Fixed string
	Ops   []int // of the program
}

// Form is what a field has beyond its plain type.
type Form struct {
	Swap     []uint8   // order of bytes on the wire that is neither big nor little
	Swapped  bool      // the low digit of each byte first
	Minus    []byte    // digits that mean "negative" where the most significant ones stand, one a byte
	MinusBit bool      // likewise, a bit: the highest
	Missing  []Pattern // bytes that mean that there is no value; the first is written
	Filler   int       // digit that fills up; -1: none
	Right    bool      // filled up on the left
	Left     bool      // digits: what does not count stands behind those that do
	Digits   int       // how many digits count; 0: all
	HexDigit bool
	Charset  encoding.Encoding
	Reversed bool
	Clock    *Clock
	Degrees  bool // ddmm.mmm, shown in degrees
	Letters  bool // five bits a letter, A is 1, the first one highest
	Hex      bool // shown in hexadecimal
	Packed   bool // of bits: packed BCD
	Fill     byte // OpRun
	Counter  bool
	Column   bool              // its bytes end where the next separator stands
	Base     int               // OpDecimal: 16 for hexadecimal digits
	Places   int               // OpDecimal: digits after the point that expressions see
	Texts    []string          // the only texts there are
	Words    map[string]string // label → text
	Signed   bool              // of bits: two's complement
	Varint   Varint            // OpVarint: how it is written
	None     []uint64          // of bits: those that mean that there is no value; the first are written
	Labels   []LabelRange
	Composed []TextPart        // OpComputed: a text made of fields
	Natural  bool              // opComputed: without sign
	Real     bool              // opComputed: a float64
	asReal   bool              // expressions see it as a real number, because another field of its name is one
	Bounded  bool              // expressions see it as a number: at most eight bytes
	Long     map[uint64]string // of a word that is compared: those of more than 8 bytes in the definition, by number
}

// LabelRange is the label of several numbers.
type LabelRange struct {
	Lo, Hi uint64
	Label  string
}

// Plain says that bytes are read as without the form: it is about writing and showing the value.
func (f *Form) Plain() bool {
	return f == nil || f.Swap == nil && !f.Swapped && f.Minus == nil && !f.MinusBit && f.Missing == nil && f.Filler < 0 &&
		!f.HexDigit && f.Texts == nil && !f.Signed && f.None == nil && !f.Column && f.Base == 0 && !f.asReal && !f.Bounded
}

// Read reads the value of a field from exactly its bytes.  missing: b says that there is no value, and num is b as it
// stands.  For characters num is the number by which words are compared.
func (o *Op) Read(b []byte) (num uint64, missing, ok bool) {
	f := o.Form
	if f != nil && f.Missing != nil && o.IsMissing(b) {
		return o.wordNumber(b), true, true
	}
	if num, ok = wireTypes[o.Code].read(o, b); !ok {
		if f != nil && f.Missing != nil && f.badMissing(b) {
			return o.wordNumber(b), true, true
		}
		return 0, false, false
	}
	if o.Check != CheckNone && !o.Allows(num) {
		return 0, false, false
	}
	return num, false, true
}

// Load is read for a field that always has a value.
func (o *Op) Load(b []byte) (num uint64, ok bool) {
	num, _, ok = o.Read(b)
	return num, ok
}

// Plausible says whether b, the first bytes of a field of which more are to come, can begin an accepted value.
func (o *Op) Plausible(b []byte) bool {
	begins := wireTypes[o.Code].begins
	return begins == nil || begins(o, b)
}

// Begins says whether b can be the first bytes of a field.
func (o *Op) Begins(b []byte) bool {
	if o.Size == len(b) {
		_, ok := o.Load(b)
		return ok
	}
	return o.Plausible(b)
}

// Write writes a number into exactly b.
func (o *Op) Write(b []byte, num uint64) error { return wireTypes[o.Code].write(o, b, num) }
