package codec

import "golang.org/x/text/encoding"

// form is what a field of the grammar has beyond its plain type.
type form struct {
	swap     []uint8   // order of bytes on the wire that is neither big nor little
	swapped  bool      // the low digit of each byte first
	minus    []byte    // digits that mean "negative" where the most significant ones stand, one a byte
	minusBit bool      // likewise, a bit: the highest
	missing  []pattern // bytes that mean that there is no value; the first is written
	filler   int       // digit that fills up; -1: none
	right    bool      // filled up on the left
	digits   int       // how many digits count; 0: all
	hexDigit bool
	charset  encoding.Encoding
	reversed bool
	clock    *clock
	degrees  bool // ddmm.mmm, shown in degrees
	letters  bool // five bits a letter, A is 1, the first one highest
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
}

// plain says that bytes are read as without the form: it is about writing and showing the value.
func (f *form) plain() bool {
	return f == nil || f.swap == nil && !f.swapped && f.minus == nil && !f.minusBit && f.missing == nil && f.filler < 0 && !f.hexDigit &&
		f.texts == nil && !f.signed && f.none == nil && !f.column && f.base == 0
}

// anyText says that every text is one.
func (o *op) anyText() bool {
	return o.code == opASCII && o.check == checkNone && o.form.plain() && (o.chars == nil || o.form != nil && o.form.charset != nil)
}

// pattern of bytes; one byte stands for as many as the field has.
type pattern struct {
	bytes []byte
	bad   bool // any digit that is none
}

type labelRange struct {
	lo, hi uint64
	label  string
}

func (p *pattern) matches(b []byte) bool {
	switch {
	case p.bad:
		return badNibble(b) >= 0
	case len(p.bytes) == 1:
		for _, c := range b {
			if c != p.bytes[0] {
				return false
			}
		}
		return len(b) > 0
	}
	return string(p.bytes) == string(b)
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

// isMissing says whether b means that there is no value.
func (o *op) isMissing(b []byte) bool {
	if o.form == nil {
		return false
	}
	for i := range o.form.missing {
		if o.form.missing[i].matches(b) {
			return true
		}
	}
	return false
}

// signed says that the number of a cell is in two's complement.
func (o *op) signed() bool {
	return o.code == opInt || o.code == opComputed || o.code == opDecimal || o.form != nil && (o.form.minus != nil || o.form.minusBit || o.form.signed)
}

// read is load for the fields of a grammar: any size, any form.  missing: b says that there is no value, and num
// is b as it stands.
func (o *op) read(b []byte) (num uint64, missing, ok bool) {
	f := o.form
	if f == nil && (o.size > 0 || o.code >= opDigits && o.code <= opTime) {
		num, ok = o.load(b)
		return num, false, ok
	}
	if f != nil && f.missing != nil && o.isMissing(b) {
		if len(b) <= 8 {
			num = loadBE(b)
		}
		return num, true, true
	}
	switch o.code {
	case opUint, opBits, opInt:
		if len(b) > 8 {
			return 0, false, false
		}
		num = o.word(b)
		switch {
		case len(b) == 0:
		case o.code == opInt:
			sign := uint64(1) << (uint(len(b))*8 - 1)
			num = (num ^ sign) - sign
		case f != nil && f.minusBit:
			if sign := uint64(1) << (uint(len(b))*8 - 1); num&sign != 0 {
				num = -(num &^ sign)
			}
		}
	case opFloat32, opFloat64:
		return o.word(b), false, len(b) == o.size
	case opBCD:
		if num, ok = o.digitsNumber(b); !ok {
			return 0, false, false
		}
	case opDigits:
		if o.check == checkBytes && string(b) != string(o.want) {
			return 0, false, false
		}
		if f.texts != nil && !f.oneOf(b) {
			return 0, false, false
		}
		if f.hexDigit || o.form.filler >= 0 {
			return 0, false, o.fillersFit(b)
		}
		return 0, false, allDigits(b)
	case opHex:
		if f.texts != nil && !f.oneOf(b) {
			return 0, false, false
		}
		num, ok = o.load(b)
		return num, false, ok
	case opDecimal:
		num, ok = o.decimal(b)
		return num, false, ok
	case opVarint:
		if num, ok = f.varint.read(b); !ok {
			return 0, false, false
		}
	case opBitset:
		return 0, false, true
	case opASCII:
		if o.check == checkBytes && string(b) != string(o.want) {
			return 0, false, false
		}
		if o.chars != nil && f.charset == nil {
			for _, c := range b {
				if !o.chars.has(c) {
					return 0, false, false
				}
			}
		}
		if f.texts != nil && !f.oneOf(b) {
			return 0, false, false
		}
		if len(b) <= 8 {
			num = loadBE(b)
		}
		return num, false, true
	default:
		num, ok = o.load(b)
		return num, false, ok
	}
	if o.check != checkNone && !o.allows(num) {
		return 0, false, false
	}
	return num, false, true
}

// word is the number that the bytes make, in the order of the field.
func (o *op) word(b []byte) uint64 {
	if o.form != nil && o.form.swap != nil && len(o.form.swap) == len(b) {
		var v uint64
		for _, i := range o.form.swap {
			v = v<<8 | uint64(b[i])
		}
		return v
	}
	if o.little {
		return loadLE(b)
	}
	return loadBE(b)
}

// wordOrders are the places of the bytes of a word, most significant first.
func wordOrder(name string, size int) []uint8 {
	var out []uint8
	for i := 0; i+1 < size; i += 2 {
		if name == "cdab" { // words of two bytes, the last one first
			out = append(out, uint8(size-2-i), uint8(size-1-i))
		} else { // badc: the bytes of each word exchanged
			out = append(out, uint8(i+1), uint8(i))
		}
	}
	return out
}

// storeWord is the inverse of word.
func (o *op) storeWord(b []byte, v uint64) {
	if o.form != nil && o.form.swap != nil && len(o.form.swap) == len(b) {
		for n := len(b) - 1; n >= 0; n-- {
			b[o.form.swap[n]] = byte(v)
			v >>= 8
		}
		return
	}
	if o.little {
		storeLE(b, v)
	} else {
		storeBE(b, v)
	}
}
