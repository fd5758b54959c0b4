package codec

import (
	"encoding/hex"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"time"
)

// Item is one field of a frame with its value.  It aliases the frame: valid until the frame's next use.
type Item struct {
	Field *Field
	Kind  Kind
	Depth int // 0 for fields of the frame itself, one more inside each list and group
	Off   int // bytes from the start of the frame
	Len   int // bytes on the wire; 0 for a part of a bit field

	op      *op
	num     uint64
	data    []byte
	exp     int8 // power of ten
	missing bool
}

// Follows says that the value is no news: it is always the same, or follows from the rest of the frame, as a checksum, a
// length and a count do.
func (it Item) Follows() bool {
	o := it.op
	return o != nil && (o.flags&(flagLength|flagBound) != 0 || o.code == opChecksum || o.check == checkBytes || o.check == checkRange && o.lo == o.hi)
}

// Uint is the value of a number; a fraction is cut off, a negative value is 0.
func (it Item) Uint() uint64 {
	switch {
	case it.op == nil || it.missing:
		return 0
	case it.op.code == opDecimal:
		return uint64(max(it.Int(), 0))
	case !it.op.numeric():
		return 0
	case it.Kind == KindFloat:
		if v := it.Float(); v > 0 {
			return uint64(v)
		}
		return 0
	case it.op.signed() && it.signed() < 0:
		return 0
	}
	return it.num
}

// Int is the value of a number; a fraction is cut off.
func (it Item) Int() int64 {
	if it.op == nil || !it.op.numeric() && it.op.code != opDecimal || it.missing {
		return 0
	}
	if it.Kind == KindFloat || it.op.code == opDecimal {
		return int64(it.Float())
	}
	return it.signed()
}

// Float is the value of a number, after scaling.
func (it Item) Float() float64 {
	if it.op == nil {
		return 0
	}
	if it.rich() {
		return it.float()
	}
	switch it.op.code {
	case opFloat32:
		return float64(math.Float32frombits(uint32(it.num)))
	case opFloat64:
		return math.Float64frombits(it.num)
	}
	if !it.op.numeric() {
		return 0
	}
	if it.op.scale != nil {
		if it.op.code != opInt && it.num > math.MaxInt64 {
			f, _ := it.op.scale.rat(new(big.Int).SetUint64(it.num)).Float64()
			return f
		}
		return it.op.scale.value(int64(it.num))
	}
	if it.op.code == opInt {
		return float64(int64(it.num))
	}
	return float64(it.num)
}

// Bytes are the bytes of a field of bytes, as they stand in the frame; nil for a number.
func (it Item) Bytes() []byte { return it.data }

// Time of a date and time; ok is false when it names one that does not exist, or when this is no time.
func (it Item) Time() (t time.Time, ok bool) {
	if it.op != nil && it.op.form != nil && it.op.form.clock != nil && !it.missing {
		return it.op.form.clock.time(it.num)
	}
	if it.op == nil || it.op.code != opTime || it.missing {
		return time.Time{}, false
	}
	return it.op.time.parse(it.data)
}

// Suspect says that the bytes have the right form but no meaning: a date that does not exist.
func (it Item) Suspect() bool {
	if it.op == nil || it.Kind != KindTime || it.missing {
		return false
	}
	_, ok := it.Time()
	return !ok
}

// Missing says that the field holds the mark for "no value".
func (it Item) Missing() bool { return it.missing }

// Label is the name that the definition gives to the value; empty when it gives none.
func (it Item) Label() string {
	if it.Field == nil {
		return ""
	}
	for _, e := range it.Field.Enum {
		if e.Value == int64(it.num) {
			return e.Label
		}
	}
	if it.op != nil && it.op.form != nil {
		for _, r := range it.op.form.labels {
			if r.lo <= it.num && it.num <= r.hi {
				return r.label
			}
		}
	}
	return ""
}

// Text is the value as people write it: digits, text, hexadecimal, RFC 3339, a number.  It allocates.
func (it Item) Text() string { return string(it.AppendText(nil)) }

// AppendText appends what Text returns.
func (it Item) AppendText(dst []byte) []byte {
	if it.op == nil {
		return dst
	}
	if it.rich() {
		return it.appendForm(dst)
	}
	switch it.op.code {
	case opDigits:
		return it.appendDigits(dst)
	case opHex:
		return hex.AppendEncode(dst, it.data)
	case opASCII:
		return append(dst, it.op.trim(it.data)...)
	case opTime:
		if t, ok := it.op.time.parse(it.data); ok {
			return t.AppendFormat(dst, time.RFC3339)
		}
		if it.op.time.last {
			return it.op.time.appendRaw(dst, it.data)
		}
		return appendDigits(dst, it.data)
	case opFloat32:
		return appendFloat(dst, float64(math.Float32frombits(uint32(it.num))), it.num, 32)
	case opFloat64:
		return appendFloat(dst, math.Float64frombits(it.num), it.num, 64)
	}
	if len(it.Field.Enum) > 0 {
		if label := it.Label(); label != "" {
			return append(dst, label...)
		}
	}
	if it.op.scale != nil {
		return it.appendScaled(dst)
	}
	if it.op.code == opInt {
		return strconv.AppendInt(dst, int64(it.num), 10)
	}
	return strconv.AppendUint(dst, it.num, 10)
}

func (it *Item) appendScaled(dst []byte) []byte {
	raw := new(big.Int).SetUint64(it.num)
	if it.op.signed() {
		raw.SetInt64(it.signed())
	}
	return it.op.scale.appendText(dst, raw)
}

func (it Item) appendDigits(dst []byte) []byte {
	if !it.op.little {
		return appendDigits(dst, it.data)
	}
	for i := len(it.data) - 1; i >= 0; i-- {
		dst = appendDigits(dst, it.data[i:i+1])
	}
	return dst
}

// appendFloat writes the shortest text that reads back as the same bits.  The numbers that are none are written
// as NaN, +Inf, -Inf; a NaN with other bits than the usual carries them: NaN(7fc00001).
func appendFloat(dst []byte, v float64, bits uint64, size int) []byte {
	switch {
	case math.IsNaN(v):
		dst = append(dst, "NaN"...)
		if bits != usualNaN(size) {
			dst = append(dst, '(')
			dst = strconv.AppendUint(dst, bits, 16)
			dst = append(dst, ')')
		}
		return dst
	case math.IsInf(v, 1):
		return append(dst, "+Inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-Inf"...)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, size)
}

func usualNaN(size int) uint64 {
	if size == 32 {
		return 0x7fc00000
	}
	return 0x7ff8000000000000
}

// trim cuts the padding off.
func (o *op) trim(b []byte) []byte {
	if o.padded {
		for len(b) > 0 && b[len(b)-1] == o.pad {
			b = b[:len(b)-1]
		}
	}
	return b
}

// Bits says which bits of the field before it a part of a bit field has, the lowest bit being 0.
func (it Item) Bits() (hi, lo int, ok bool) {
	if it.op == nil || it.op.code != opPart {
		return 0, 0, false
	}
	lo = int(it.op.shift)
	return lo + bits.Len64(it.op.mask) - 1, lo, true
}

// Computed says that the value follows from other fields and has no bytes.
func (it Item) Computed() bool { return it.op != nil && it.op.code == opComputed }

// Unicode says that Text is in UTF-8, because the definition names the character set.  Other text is one byte a character.
func (it Item) Unicode() bool {
	return it.op != nil && it.op.form != nil && it.op.form.charset != nil
}
