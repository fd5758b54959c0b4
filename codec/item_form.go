package codec

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Items of a grammar: values that need more than the plain op.

// rich says that the value needs the functions of this file.
func (it *Item) rich() bool { return it.op != nil && (it.op.form != nil || it.op.code >= opDecimal) }

// signed is the number of the item as a whole number.
func (it *Item) signed() int64 {
	if it.op.code == opBCD && it.num == 1<<63 {
		return 0
	}
	return int64(it.num)
}

// float is the value as a real number.
func (it *Item) float() float64 {
	o := it.op
	var v float64
	switch {
	case it.missing:
		return math.NaN()
	case o.code == opDecimal:
		v, _ = o.decimalValue(it.data).Float64()
	case o.code == opFloat32:
		v = float64(math.Float32frombits(uint32(it.num)))
	case o.code == opFloat64:
		v = math.Float64frombits(it.num)
	case !o.numeric():
		return 0
	case o.scale != nil:
		v = o.scale.value(it.signed())
	case o.signed():
		v = float64(it.signed())
	default:
		v = float64(it.num)
	}
	switch {
	case it.exp > 0:
		v *= math.Pow10(int(it.exp))
	case it.exp < 0:
		v /= math.Pow10(int(-it.exp))
	}
	if o.form != nil && o.form.degrees {
		sign := 1.0
		if v < 0 {
			sign, v = -1, -v
		}
		degrees := math.Floor(v / 100)
		v = sign * (degrees + (v-degrees*100)/60)
	}
	return v
}

// appendForm writes the value as people do.
func (it *Item) appendForm(dst []byte) []byte {
	o, f := it.op, it.op.form
	switch {
	case it.missing:
		return it.appendMissing(dst)
	case o.code == opGroup:
		return hex.AppendEncode(dst, it.data)
	case o.code == opList:
		return dst
	case f != nil && f.letters:
		return it.appendLetters(dst)
	case o.code == opDecimal:
		return it.appendDecimal(dst)
	case o.code == opBitset:
		for i := range len(it.data) * 8 {
			dst = append(dst, '0'+it.data[i/8]>>(i%8)&1)
		}
		return dst
	case o.code == opChecksum:
		if it.Kind == KindText {
			return append(dst, it.data...)
		}
		return strconv.AppendUint(dst, it.num, 10)
	case o.code == opDigits && f != nil:
		return o.appendFormDigits(dst, it.data)
	case o.code == opHex && (f == nil || !f.reversed):
		return hex.AppendEncode(dst, it.data)
	case o.code == opHex:
		b := slices.Clone(it.data)
		slices.Reverse(b)
		return hex.AppendEncode(dst, b)
	case o.code == opASCII && f != nil:
		if label := it.Label(); label != "" {
			return append(dst, label...)
		}
		return it.appendCharset(dst)
	case f != nil && f.clock != nil:
		if t, ok := f.clock.time(it.num); ok {
			return appendTime(dst, t)
		}
		return strconv.AppendUint(dst, it.num, 10)
	case o.code == opTime:
		if t, ok := o.time.parse(it.data); ok {
			return appendTime(dst, t)
		}
		return o.time.appendRaw(dst, it.data)
	case f != nil && f.degrees:
		return strconv.AppendFloat(dst, it.float(), 'f', 9, 64)
	}
	if label := it.Label(); label != "" {
		return append(dst, label...)
	}
	if o.code == opFloat32 || o.code == opFloat64 {
		if it.exp == 0 || math.IsNaN(it.float()) || math.IsInf(it.float(), 0) {
			return appendFloat(dst, it.plainFloat(), it.num, o.size*8)
		}
		return strconv.AppendFloat(dst, it.float(), 'f', -1, 64)
	}
	if it.num == 1<<63 && o.code == opBCD {
		return append(dst, "-0"...)
	}
	if o.scale != nil {
		return it.appendScaled(dst)
	}
	start := len(dst)
	if o.signed() {
		dst = strconv.AppendInt(dst, int64(it.num), 10)
	} else {
		dst = strconv.AppendUint(dst, it.num, 10)
	}
	return pointShifted(dst, start, int(it.exp))
}

func (it *Item) plainFloat() float64 {
	if it.op.code == opFloat32 {
		return float64(math.Float32frombits(uint32(it.num)))
	}
	return math.Float64frombits(it.num)
}

// pointShifted multiplies the whole number in dst[start:] with 10^exp, exactly.
func pointShifted(dst []byte, start, exp int) []byte {
	if exp == 0 {
		return dst
	}
	digits := start
	if dst[start] == '-' {
		digits++
	}
	if exp > 0 {
		if string(dst[digits:]) == "0" {
			return dst
		}
		return append(dst, strings.Repeat("0", exp)...)
	}
	for len(dst)-digits <= -exp {
		dst = slices.Insert(dst, digits, '0')
	}
	dst = slices.Insert(dst, len(dst)+exp, '.')
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendMissing writes the bytes that say that there is no value.
func (it *Item) appendMissing(dst []byte) []byte {
	return append(dst, '-')
}

// usualMissing says that null is written as these bytes again.
func (it *Item) usualMissing() bool {
	m := it.op.form.missing
	if it.op.code == opPart {
		return it.op.form.none[0] == it.num&it.op.mask
	}
	return len(m) > 0 && !m[0].bad && m[0].matches(it.data) && (it.op.size > 0 || len(it.data) == len(m[0].bytes))
}

// appendCharset writes text in UTF-8; bytes that are none of the charset, as NUL and hexadecimal digits.
func (it *Item) appendCharset(dst []byte) []byte {
	o, b := it.op, it.data
	if o.form.reversed {
		b = slices.Clone(b)
		slices.Reverse(b)
	}
	trimmed := o.trim(b)
	if o.form.charset == nil {
		return append(dst, trimmed...)
	}
	text, err := o.form.charset.NewDecoder().Bytes(trimmed)
	if err == nil && validText(text) {
		if back, err := o.form.charset.NewEncoder().Bytes(text); err == nil && string(back) == string(trimmed) {
			return append(dst, text...)
		}
	}
	return hex.AppendEncode(append(dst, 0), b)
}

func validText(b []byte) bool {
	return len(b) == 0 || b[0] != 0 && !strings.ContainsRune(string(b), '\ufffd')
}

// appendLetters writes five bits a letter; a number that is none, in digits.
func (it *Item) appendLetters(dst []byte) []byte {
	var text [13]byte
	at := len(text)
	for v := it.num; v > 0; v >>= 5 {
		if c := v & 31; c == 0 || c > 26 {
			return strconv.AppendUint(dst, it.num, 10)
		}
		at--
		text[at] = byte('@' + v&31)
	}
	if at == len(text) {
		return append(dst, '0')
	}
	return append(dst, text[at:]...)
}

// longer says that the number is written in more bytes than it needs.
func (it *Item) longer() bool {
	return it.op.code == opVarint && len(it.data) > len(it.op.form.varint.append(nil, it.num))
}

// MissingText is what says that there is no value: the bytes in hexadecimal, of a part of bits the number that they make.
// It is empty when there is one.
func (it Item) MissingText() string {
	if !it.missing {
		return ""
	}
	if it.op.code == opPart {
		return fmt.Sprintf("%0*x", it.op.nibbles(), it.num&it.op.mask)
	}
	return fmt.Sprintf("%x", it.data)
}

// same says that two fields have one value: of numbers in characters, however many zeros they are written with.
func (it Item) same(other Item) bool {
	if it.Label() == "" && it.op.code == opDecimal && other.op.code == opDecimal && !it.missing && !other.missing {
		return it.op.decimalValue(it.data).Cmp(other.op.decimalValue(other.data)) == 0
	}
	if (it.Label() == "") != (other.Label() == "") { // one of the two has no names for its values
		return it.unlabelled() == other.unlabelled()
	}
	return it.Text() == other.Text()
}

// unlabelled is the value without its label: a number, or a text.
func (it Item) unlabelled() string {
	switch {
	case it.missing || it.Label() == "":
		return it.Text()
	case it.op.numeric() || it.op.code == opDecimal:
		if it.op.signed() || it.op.code == opDecimal {
			return strconv.FormatInt(it.Int(), 10)
		}
		return strconv.FormatUint(it.num, 10)
	}
	return string(it.op.trim(it.data))
}

// appendDecimal writes the value as people do.
func (it *Item) appendDecimal(dst []byte) []byte {
	o := it.op
	switch label := it.Label(); {
	case label != "":
		return append(dst, label...)
	case o.form != nil && o.form.degrees:
		return strconv.AppendFloat(dst, it.float(), 'f', 9, 64)
	case !o.valued() || o.field.Enum != nil && o.scale == nil:
		return append(dst, it.data...)
	}
	v := o.decimalValue(it.data)
	if places, exact := v.FloatPrec(); exact {
		return append(dst, v.FloatString(places)...)
	}
	f, _ := v.Float64()
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendDecimalJSON writes the value, or the characters where the value would be written in other ones.
func (it *Item) appendDecimalJSON(dst []byte) []byte {
	if !it.op.valued() {
		return appendQuoted(dst, string(it.data))
	}
	text := it.appendDecimal(nil)
	if back, err := it.op.parseDecimal(nil, string(text)); err != nil || string(back) != string(it.data) {
		return appendQuoted(dst, "="+string(it.data))
	}
	if it.Label() != "" {
		return appendQuoted(dst, string(text))
	}
	return append(dst, text...)
}
