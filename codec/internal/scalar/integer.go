package scalar

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// Whole numbers of 1 to 8 bytes.

// LoadBE reads up to 8 bytes, most significant first.
func LoadBE(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 3:
		return uint64(b[0])<<16 | uint64(binary.BigEndian.Uint16(b[1:]))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 7:
		return uint64(binary.BigEndian.Uint32(b))<<24 | uint64(binary.BigEndian.Uint32(b[3:]))&0xffffff
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// LoadLE reads up to 8 bytes, least significant first.
func LoadLE(b []byte) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// StoreBE fills b, most significant first.
func StoreBE(b []byte, v uint64) {
	switch len(b) {
	case 1:
		b[0] = byte(v)
		return
	case 2:
		binary.BigEndian.PutUint16(b, uint16(v))
		return
	case 4:
		binary.BigEndian.PutUint32(b, uint32(v))
		return
	}
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte(v)
		v >>= 8
	}
}

// StoreLE fills b, least significant first.
func StoreLE(b []byte, v uint64) {
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
}

// firstWord is the number that up to 8 bytes make; 0 for more.
func firstWord(b []byte) uint64 {
	if len(b) > 8 {
		return 0
	}
	return LoadBE(b)
}

// WordOrder is the places of the bytes of a word, most significant first.
func WordOrder(name string, size int) []uint8 {
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

// Word is the number that the bytes make, in the order of the field.
func (o *Op) Word(b []byte) (v uint64) {
	if o.Form != nil && o.Form.Swap != nil && len(o.Form.Swap) == len(b) {
		for _, i := range o.Form.Swap {
			v = v<<8 | uint64(b[i])
		}
		return v
	}
	if o.Little {
		return LoadLE(b)
	}
	return LoadBE(b)
}

func readInteger(o *Op, b []byte) (num uint64, ok bool) {
	if len(b) > 8 {
		return 0, false
	}
	num = o.Word(b)
	if len(b) == 0 || o.Code != OpInt && (o.Form == nil || !o.Form.MinusBit) {
		return num, true
	}
	sign := uint64(1) << (uint(len(b))*8 - 1)
	if o.Code == OpInt {
		return (num ^ sign) - sign, true
	}
	if num&sign != 0 {
		num = -(num &^ sign)
	}
	return num, true
}

// writeInteger writes numbers and the bits of floats.
func writeInteger(o *Op, b []byte, num uint64) error {
	if o.Form != nil && o.Form.MinusBit && int64(num) < 0 {
		num = -num | 1<<(uint(len(b))*8-1)
	}
	switch {
	case o.Form != nil && len(o.Form.Swap) == len(b) && len(b) > 0:
		for n := len(b) - 1; n >= 0; n-- {
			b[o.Form.Swap[n]] = byte(num)
			num >>= 8
		}
	case o.Little:
		StoreLE(b, num)
	default:
		StoreBE(b, num)
	}
	return nil
}

// beginsInteger bounds a number from both sides by its first bytes, the most significant ones.
func beginsInteger(o *Op, b []byte) bool {
	if o.Little || !o.Form.Plain() {
		return true
	}
	left := uint(o.Size-len(b)) * 8
	lo := LoadBE(b) << left
	return o.overlaps(lo, lo|(1<<left-1))
}

// signBit of a number of the op's size.
func (o *Op) signBit() uint64 { return 1 << (uint(o.Size)*8 - 1) }

func boundsUint(o *Op) (lo int64, hi uint64) {
	switch {
	case o.Form != nil && o.Form.MinusBit:
		return -int64(o.signBit() - 1), o.signBit() - 1
	case o.Size >= 8:
		return 0, math.MaxUint64
	}
	return 0, 1<<(uint(o.Size)*8) - 1
}

func boundsInt(o *Op) (lo int64, hi uint64) { return -int64(o.signBit()-1) - 1, o.signBit() - 1 }

// boundsWhole are those of numbers without a size in bytes.
func boundsWhole(*Op) (lo int64, hi uint64) { return math.MinInt64, math.MaxInt64 }

func boundsComputed(o *Op) (lo int64, hi uint64) {
	if o.Form != nil && o.Form.Natural {
		return 0, math.MaxUint64
	}
	return math.MinInt64, math.MaxInt64
}

func computedText(v Value, dst []byte) []byte {
	switch {
	case v.Op.Float():
		return floatText(v, dst)
	case v.Op.Form != nil && v.Op.Form.Composed != nil:
		return append(dst, v.Data...)
	}
	return numberText(v, dst)
}

func parseComputed(o *Op, dst []byte, p given) ([]byte, uint64, error) {
	switch {
	case o.Float():
		return parseFloat(o, dst, p)
	case o.Form != nil && o.Form.Composed != nil:
		return dst, 0, fmt.Errorf("%w: it follows from other fields", field.ErrValue)
	}
	return parseNumber(o, dst, p)
}

func boundsRun(o *Op) (lo int64, hi uint64) { return 0, uint64(o.Most) }

// numberText writes a whole number as its definition shows it: letters, a time, degrees, a label, a scaled value.
func numberText(v Value, dst []byte) []byte {
	o := v.Op
	if f := o.Form; f != nil {
		switch {
		case f.Letters:
			return lettersText(dst, v.Num)
		case f.Hex && v.Label() == "":
			return o.hexNumber(dst, v.Num)
		case f.Clock != nil:
			return f.Clock.text(dst, v.Num)
		case f.Degrees:
			return strconv.AppendFloat(dst, v.Float(), 'f', 9, 64)
		}
	}
	if label := v.Label(); label != "" {
		return append(dst, label...)
	}
	switch {
	case v.Num == minusZero && o.Code == OpBCD:
		return append(dst, "-0"...)
	case o.Scale != nil:
		raw := new(big.Int).SetUint64(v.Num)
		if o.Signed() {
			raw.SetInt64(v.Whole())
		}
		return o.Scale.appendText(dst, raw)
	}
	return pointShifted(v.digits(dst), len(dst), int(v.Exp))
}

// parseNumber reads a whole number as numberText writes it, or as people type it.
func parseNumber(o *Op, dst []byte, p given) (out []byte, num uint64, err error) {
	f := o.Form
	if f != nil && f.Clock != nil {
		num, err = o.parseClock(p)
		return dst, num, err
	}
	text, ok := TextOf(p.v)
	if !ok {
		return dst, 0, WrongType(p.v, "a number")
	}
	text = strings.TrimSpace(text)
	switch {
	case f == nil:
	case o.Enum == nil && f.Minus != nil && strings.HasPrefix(text, "-") && strings.Trim(text, "-0.") == "":
		return dst, minusZero, nil
	case f.Letters && !IsDigits(text):
		num, err = parseLetters(text)
		text = strconv.FormatUint(num, 10)
	case f.Degrees && strings.HasPrefix(text, "="):
		plain := *o
		plain.Scale = nil
		num, err = plain.ParseInteger(text[1:])
		return dst, num, err
	case f.Degrees:
		num, err = o.parseDegrees(text)
		return dst, num, err
	case p.exp != 0:
		text, err = unscaled(text, p.exp)
	default:
		for _, r := range f.Labels {
			if r.Label == text && r.Lo == r.Hi {
				return dst, r.Lo, nil
			}
		}
	}
	if err == nil {
		num, err = o.ParseInteger(text)
	}
	return dst, num, err
}

// unscaled is the whole number that 10^exp times makes text.
func unscaled(text string, exp int) (string, error) {
	value, err := ParseRat(text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", field.ErrValue, err)
	}
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil))
	if exp > 0 {
		value.Quo(value, ten)
	} else {
		value.Mul(value, ten)
	}
	if !value.IsInt() {
		return "", fmt.Errorf("%w: %s has more digits than 10^%d", field.ErrValue, text, exp)
	}
	return value.Num().String(), nil
}

// ParseInteger reads a number, before scaling, of any integer field.
func (o *Op) ParseInteger(v any) (uint64, error) {
	text, ok := TextOf(v)
	if !ok {
		return 0, WrongType(v, "a number")
	}
	if num, ok := o.Enum[text]; ok {
		return num, nil
	}
	text = strings.TrimSpace(text)
	raw, err := o.rawInteger(text)
	if err != nil {
		return 0, err
	}
	lo, hi := o.Bounds()
	num := raw.Uint64()
	if raw.Sign() < 0 {
		num = uint64(raw.Int64())
	}
	if raw.Cmp(big.NewInt(lo)) < 0 || raw.Cmp(new(big.Int).SetUint64(hi)) > 0 || !o.Allows(num) {
		return 0, o.outOfRange(text)
	}
	return num, nil
}

// rawInteger is the number on the wire that text stands for.
func (o *Op) rawInteger(text string) (*big.Int, error) {
	if digits, negative := strings.CutPrefix(text, "-"); len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X") {
		raw, ok := new(big.Int).SetString(digits[2:], 16)
		if !ok {
			return nil, o.notNumber(text)
		}
		if negative {
			raw.Neg(raw)
		}
		if o.Scale == nil {
			return raw, nil
		}
		return o.Scale.raw(new(big.Rat).SetInt(raw))
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && o.Scale == nil {
		return big.NewInt(n), nil
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil && !IsDigits(text) {
		return nil, o.notNumber(text)
	}
	value, err := ParseRat(text)
	if err != nil {
		return nil, o.outOfRange(text)
	}
	if o.Scale != nil {
		return o.Scale.raw(value)
	}
	if !value.IsInt() {
		return nil, fmt.Errorf("%w: %s is not a whole number", field.ErrValue, text)
	}
	return value.Num(), nil
}

// hexNumber writes a number in hexadecimal, with as many digits as its bytes have.
func (o *Op) hexNumber(dst []byte, num uint64) []byte {
	if o.Signed() && int64(num) < 0 {
		dst, num = append(dst, '-'), -num
	}
	digits := 2 * o.Size
	if o.Code == OpPart {
		digits = o.Nibbles()
	}
	return fmt.Appendf(dst, "0x%0*x", digits, num)
}

// lettersText writes five bits a letter; a number that is none, in digits.
func lettersText(dst []byte, num uint64) []byte {
	var text [13]byte
	at := len(text)
	for v := num; v > 0; v >>= 5 {
		if c := v & 31; c == 0 || c > 26 {
			return strconv.AppendUint(dst, num, 10)
		}
		at--
		text[at] = byte('@' + v&31)
	}
	if at == len(text) {
		return append(dst, '0')
	}
	return append(dst, text[at:]...)
}

func parseLetters(text string) (num uint64, err error) {
	for i := range len(text) {
		if text[i] < 'A' || text[i] > 'Z' || num>>59 != 0 {
			return 0, fmt.Errorf("%w: %q, expected letters A-Z", field.ErrValue, text)
		}
		num = num<<5 | uint64(text[i]-'@')
	}
	return num, nil
}

// pointShifted multiplies the whole number in dst[start:] with 10^exp, exactly.
func pointShifted(dst []byte, start, exp int) []byte {
	digits := start
	if exp != 0 && dst[start] == '-' {
		digits++
	}
	switch zero := string(dst[digits:]) == "0"; {
	case exp == 0 || exp > 0 && zero:
		return dst
	case exp > 0:
		return append(dst, strings.Repeat("0", exp)...)
	}
	text := strings.Repeat("0", max(0, 1-exp-(len(dst)-digits))) + string(dst[digits:])
	text = text[:len(text)+exp] + "." + text[len(text)+exp:]
	return append(dst[:digits], strings.TrimRight(strings.TrimRight(text, "0"), ".")...)
}
