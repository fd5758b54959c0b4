package scalar

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// Numbers as people write them, whatever bytes they have.

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
	if v.Exp == 0 {
		return v.digits(dst)
	}
	x, _ := new(big.Rat).SetString(string(v.digits(nil)))
	return append(dst, plainRat(x.Mul(x, tenTo(int(v.Exp))))...)
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
	if digits := strings.ToLower(strings.TrimPrefix(text, "-")); strings.HasPrefix(digits, "0x") && len(digits) > 2 {
		raw, ok := new(big.Int).SetString(digits[2:], 16)
		if !ok {
			return nil, o.notNumber(text)
		}
		if text[0] == '-' {
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

// tenTo is 10^exp.
func tenTo(exp int) *big.Rat {
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil))
	if exp < 0 {
		ten.Inv(ten)
	}
	return ten
}

// unscaled is the whole number that 10^exp times makes text.
func unscaled(text string, exp int) (string, error) {
	value, err := ParseRat(text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", field.ErrValue, err)
	}
	if value.Quo(value, tenTo(exp)); !value.IsInt() {
		return "", fmt.Errorf("%w: %s has more digits than 10^%d", field.ErrValue, text, exp)
	}
	return value.Num().String(), nil
}

// hexNumber writes a number in hexadecimal, with as many digits as its bytes have.
func (o *Op) hexNumber(dst []byte, num uint64) []byte {
	if o.Signed() && int64(num) < 0 {
		dst, num = append(dst, '-'), -num
	}
	digits := 2 * o.Size
	if o.Bitwise() {
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
