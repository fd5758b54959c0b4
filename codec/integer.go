package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Whole numbers of 1 to 8 bytes.

// loadBE reads up to 8 bytes, most significant first.
func loadBE(b []byte) uint64 {
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

// loadLE reads up to 8 bytes, least significant first.
func loadLE(b []byte) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// storeBE fills b, most significant first.
func storeBE(b []byte, v uint64) {
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

// storeLE fills b, least significant first.
func storeLE(b []byte, v uint64) {
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
	return loadBE(b)
}

// wordOrder is the places of the bytes of a word, most significant first.
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

// word is the number that the bytes make, in the order of the field.
func (o *op) word(b []byte) (v uint64) {
	if o.form != nil && o.form.swap != nil && len(o.form.swap) == len(b) {
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

func readInteger(o *op, b []byte) (num uint64, ok bool) {
	if len(b) > 8 {
		return 0, false
	}
	num = o.word(b)
	if len(b) == 0 || o.code != opInt && (o.form == nil || !o.form.minusBit) {
		return num, true
	}
	sign := uint64(1) << (uint(len(b))*8 - 1)
	if o.code == opInt {
		return (num ^ sign) - sign, true
	}
	if num&sign != 0 {
		num = -(num &^ sign)
	}
	return num, true
}

// writeInteger writes numbers and the bits of floats.
func writeInteger(o *op, b []byte, num uint64) error {
	if o.form != nil && o.form.minusBit && int64(num) < 0 {
		num = -num | 1<<(uint(len(b))*8-1)
	}
	switch {
	case o.form != nil && len(o.form.swap) == len(b) && len(b) > 0:
		for n := len(b) - 1; n >= 0; n-- {
			b[o.form.swap[n]] = byte(num)
			num >>= 8
		}
	case o.little:
		storeLE(b, num)
	default:
		storeBE(b, num)
	}
	return nil
}

// beginsInteger bounds a number from both sides by its first bytes, the most significant ones.
func beginsInteger(o *op, b []byte) bool {
	if o.little || !o.form.plain() {
		return true
	}
	left := uint(o.size-len(b)) * 8
	lo := loadBE(b) << left
	return o.overlaps(lo, lo|(1<<left-1))
}

// signBit of a number of the op's size.
func (o *op) signBit() uint64 { return 1 << (uint(o.size)*8 - 1) }

func boundsUint(o *op) (lo int64, hi uint64) {
	switch {
	case o.form != nil && o.form.minusBit:
		return -int64(o.signBit() - 1), o.signBit() - 1
	case o.size >= 8:
		return 0, math.MaxUint64
	}
	return 0, 1<<(uint(o.size)*8) - 1
}

func boundsInt(o *op) (lo int64, hi uint64) { return -int64(o.signBit()-1) - 1, o.signBit() - 1 }

// boundsWhole are those of numbers without a size in bytes.
func boundsWhole(*op) (lo int64, hi uint64) { return math.MinInt64, math.MaxInt64 }

func boundsComputed(o *op) (lo int64, hi uint64) {
	if o.form != nil && o.form.natural {
		return 0, math.MaxUint64
	}
	return math.MinInt64, math.MaxInt64
}

func computedText(v value, dst []byte) []byte {
	if v.op.float() {
		return floatText(v, dst)
	}
	return numberText(v, dst)
}

func parseComputed(o *op, dst []byte, p given) ([]byte, uint64, error) {
	if o.float() {
		return parseFloat(o, dst, p)
	}
	return parseNumber(o, dst, p)
}

func boundsRun(o *op) (lo int64, hi uint64) { return 0, uint64(o.most) }

// numberText writes a whole number as its definition shows it: letters, a time, degrees, a label, a scaled value.
func numberText(v value, dst []byte) []byte {
	o := v.op
	if f := o.form; f != nil {
		switch {
		case f.letters:
			return lettersText(dst, v.num)
		case f.hex && v.label() == "":
			return o.hexNumber(dst, v.num)
		case f.clock != nil:
			return f.clock.text(dst, v.num)
		case f.degrees:
			return strconv.AppendFloat(dst, v.float(), 'f', 9, 64)
		}
	}
	if label := v.label(); label != "" {
		return append(dst, label...)
	}
	switch {
	case v.num == minusZero && o.code == opBCD:
		return append(dst, "-0"...)
	case o.scale != nil:
		raw := new(big.Int).SetUint64(v.num)
		if o.signed() {
			raw.SetInt64(v.whole())
		}
		return o.scale.appendText(dst, raw)
	}
	return pointShifted(v.digits(dst), len(dst), int(v.exp))
}

// parseNumber reads a whole number as numberText writes it, or as people type it.
func parseNumber(o *op, dst []byte, p given) (out []byte, num uint64, err error) {
	f := o.form
	if f != nil && f.clock != nil {
		num, err = o.parseClock(p)
		return dst, num, err
	}
	text, ok := textOf(p.v)
	if !ok {
		return dst, 0, wrongType(p.v, "a number")
	}
	text = strings.TrimSpace(text)
	switch {
	case f == nil:
	case o.enum == nil && f.minus != nil && strings.HasPrefix(text, "-") && strings.Trim(text, "-0.") == "":
		return dst, minusZero, nil
	case f.letters && !isDigits(text):
		num, err = parseLetters(text)
		text = strconv.FormatUint(num, 10)
	case f.degrees && strings.HasPrefix(text, "="):
		plain := *o
		plain.scale = nil
		num, err = plain.parseInteger(text[1:])
		return dst, num, err
	case f.degrees:
		num, err = o.parseDegrees(text)
		return dst, num, err
	case p.exp != 0:
		text, err = unscaled(text, p.exp)
	default:
		for _, r := range f.labels {
			if r.label == text && r.lo == r.hi {
				return dst, r.lo, nil
			}
		}
	}
	if err == nil {
		num, err = o.parseInteger(text)
	}
	return dst, num, err
}

// unscaled is the whole number that 10^exp times makes text.
func unscaled(text string, exp int) (string, error) {
	value, err := parseRat(text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrValue, err)
	}
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil))
	if exp > 0 {
		value.Quo(value, ten)
	} else {
		value.Mul(value, ten)
	}
	if !value.IsInt() {
		return "", fmt.Errorf("%w: %s has more digits than 10^%d", ErrValue, text, exp)
	}
	return value.Num().String(), nil
}

// parseInteger reads a number, before scaling, of any integer field.
func (o *op) parseInteger(v any) (uint64, error) {
	text, ok := textOf(v)
	if !ok {
		return 0, wrongType(v, "a number")
	}
	if num, ok := o.enum[text]; ok {
		return num, nil
	}
	text = strings.TrimSpace(text)
	raw, err := o.rawInteger(text)
	if err != nil {
		return 0, err
	}
	lo, hi := o.bounds()
	num := raw.Uint64()
	if raw.Sign() < 0 {
		num = uint64(raw.Int64())
	}
	if raw.Cmp(big.NewInt(lo)) < 0 || raw.Cmp(new(big.Int).SetUint64(hi)) > 0 || !o.allows(num) {
		return 0, o.outOfRange(text)
	}
	return num, nil
}

// rawInteger is the number on the wire that text stands for.
func (o *op) rawInteger(text string) (*big.Int, error) {
	if digits, negative := strings.CutPrefix(text, "-"); len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X") {
		raw, ok := new(big.Int).SetString(digits[2:], 16)
		if !ok {
			return nil, o.notNumber(text)
		}
		if negative {
			raw.Neg(raw)
		}
		if o.scale == nil {
			return raw, nil
		}
		return o.scale.raw(new(big.Rat).SetInt(raw))
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && o.scale == nil {
		return big.NewInt(n), nil
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil && !isDigits(text) {
		return nil, o.notNumber(text)
	}
	value, err := parseRat(text)
	if err != nil {
		return nil, o.outOfRange(text)
	}
	if o.scale != nil {
		return o.scale.raw(value)
	}
	if !value.IsInt() {
		return nil, fmt.Errorf("%w: %s is not a whole number", ErrValue, text)
	}
	return value.Num(), nil
}

// hexNumber writes a number in hexadecimal, with as many digits as its bytes have.
func (o *op) hexNumber(dst []byte, num uint64) []byte {
	if o.signed() && int64(num) < 0 {
		dst, num = append(dst, '-'), -num
	}
	digits := 2 * o.size
	if o.code == opPart {
		digits = o.nibbles()
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
			return 0, fmt.Errorf("%w: %q, expected letters A-Z", ErrValue, text)
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
