package codec

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parseForm is parse for the fields of a grammar.  exp is the power of ten that the value is multiplied with.
// Numbers are returned, everything else is appended to buf; so is a number that stands for "no value".
func (o *op) parseForm(buf []byte, v any, exp int, exact bool) (out []byte, num uint64, err error) {
	f := o.form
	if f == nil {
		return o.parse(buf, v, exact)
	}
	if v == nil {
		return o.noValue(buf)
	}
	text, isText := v.(string)
	if isText && f.missing != nil && strings.HasPrefix(text, "?") {
		b, err := hex.DecodeString(text[1:])
		if err != nil || !o.isMissing(b) {
			return buf, 0, fmt.Errorf("%w: %q does not stand for a missing value", ErrValue, text)
		}
		return append(buf, b...), loadBE(b[:min(8, len(b))]), nil
	}
	switch {
	case o.code == opVarint:
		return o.parseVarint(buf, v)
	case f.clock != nil:
		num, err = o.parseClock(v)
		return buf, num, err
	case o.code == opFloat32 || o.code == opFloat64:
		if exp != 0 {
			if text, ok := textOf(v); ok {
				if x, bad := strconv.ParseFloat(text, 64); bad == nil {
					v = strconv.FormatFloat(x/math.Pow10(exp), 'g', -1, 64)
				}
			}
		}
		num, err = o.parseFloat(v)
		return buf, num, err
	case o.numeric():
		num, err = o.parseNumber(v, exp)
		return buf, num, err
	}
	start := len(buf)
	if f.reversed && o.check == checkBytes {
		plain := *o
		plain.check = checkNone
		if buf, num, err = plain.parseForm(buf, v, exp, exact); err == nil && string(buf[start:]) != string(o.want) {
			return buf[:start], 0, fmt.Errorf("%w: %v", ErrConst, v)
		}
		return buf, num, err
	}
	if o.code == opASCII && isText && f.words != nil {
		if word, ok := f.words[text]; ok {
			return append(buf, word...), loadBE([]byte(word)), nil
		}
	}
	switch {
	case o.code == opDigits:
		if text, isText = textOf(v); !isText {
			return buf, 0, wrongType(v, "decimal digits")
		}
		buf, err = o.parseFormDigits(buf, text, o.size)
	case o.code == opDecimal:
		buf, err = o.parseDecimal(buf, v)
	case o.code == opBitset:
		buf, err = o.parseBitset(buf, v)
	case o.code == opASCII && isText && f.charset != nil && !strings.HasPrefix(text, "\x00"):
		if text, err = f.charset.NewEncoder().String(text); err == nil {
			buf, err = o.parseASCII(buf, []byte(text))
		} else {
			err = fmt.Errorf("%w: %w", ErrValue, err)
		}
	case o.code == opASCII && isText && f.charset != nil:
		var b []byte
		if b, err = hex.DecodeString(text[1:]); err == nil {
			buf = append(buf, b...)
		}
	case o.code == opASCII:
		buf, err = o.parseASCII(buf, v)
	case o.code == opTime:
		buf, err = o.parseTime(buf, v, exact)
	default:
		buf, _, err = o.parse(buf, v, exact)
	}
	if err != nil {
		return buf[:start], 0, err
	}
	b := buf[start:]
	if f.reversed {
		slices.Reverse(b)
	}
	if f.texts != nil && !f.oneOf(b) {
		return buf[:start], 0, fmt.Errorf("%w: %s, %s", ErrRange, printable(b), o.allowedTexts())
	}
	if o.size == 0 && o.most > 0 && len(b) > o.most {
		return buf[:start], 0, fmt.Errorf("%w: %d bytes, allowed %d", ErrLength, len(b), o.most)
	}
	if o.size > 0 && len(b) != o.size {
		return buf[:start], 0, fmt.Errorf("%w: %d bytes, expected %d", ErrLength, len(b), o.size)
	}
	if o.code == opDecimal {
		num, _ = o.decimal(b)
	} else if len(b) <= 8 {
		num = loadBE(b)
	}
	return buf, num, nil
}

// noValue writes the sign for "missing".
func (o *op) noValue(buf []byte) ([]byte, uint64, error) {
	if len(o.form.missing) == 0 || o.form.missing[0].bad {
		return buf, 0, fmt.Errorf("%w: null, but no bytes say that there is no value", ErrValue)
	}
	start := len(buf)
	if o.size == 0 || o.form.column {
		buf = append(buf, o.form.missing[0].bytes...)
	}
	for !o.form.column && len(buf)-start < o.size {
		buf = append(buf, o.form.missing[0].bytes...)
	}
	b := buf[start:]
	return buf, loadBE(b[:min(8, len(b))]), nil
}

func (o *op) parseClock(v any) (uint64, error) {
	if t, ok := v.(time.Time); ok {
		return o.form.clock.number(t)
	}
	text, ok := textOf(v)
	if !ok {
		return 0, wrongType(v, "a time")
	}
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return o.form.clock.number(t)
	}
	for _, layout := range timeTexts {
		if t, err := time.ParseInLocation(layout, text, o.form.clock.zone); err == nil {
			return o.form.clock.number(t)
		}
	}
	return o.parseInteger(v)
}

// parseNumber reads a whole number that may have an exponent, a sign or degrees and minutes.
func (o *op) parseNumber(v any, exp int) (uint64, error) {
	text, ok := textOf(v)
	if !ok {
		return 0, wrongType(v, "a number")
	}
	text = strings.TrimSpace(text)
	if o.enum == nil && strings.HasPrefix(text, "-") && o.form.minus != nil && strings.Trim(text, "-0.") == "" {
		return 1 << 63, nil // minus zero
	}
	plain := *o
	if plain.size > 8 {
		plain.size = 8
	}
	switch {
	case o.form.letters && !isDigits(text):
		var num uint64
		for i := range len(text) {
			if text[i] < 'A' || text[i] > 'Z' {
				return 0, fmt.Errorf("%w: %q, expected letters A-Z", ErrValue, text)
			}
			num = num<<5 | uint64(text[i]-'@')
		}
		return plain.parseInteger(num)
	case o.form.degrees && strings.HasPrefix(text, "="):
		plain.scale = nil
		return plain.parseInteger(text[1:])
	case o.form.degrees:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, fmt.Errorf("%w: %q is not a number", ErrValue, text)
		}
		return plain.parseDegrees(x)
	case exp != 0:
		value, err := parseRat(text)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrValue, err)
		}
		ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil))
		if exp > 0 {
			value.Quo(value, ten)
		} else {
			value.Mul(value, ten)
		}
		if !value.IsInt() {
			return 0, fmt.Errorf("%w: %s has more digits than 10^%d", ErrValue, text, exp)
		}
		return plain.parseInteger(value.Num().String())
	}
	if l := o.form.labels; l != nil {
		for _, r := range l {
			if r.label == text && r.lo == r.hi {
				return r.lo, nil
			}
		}
	}
	return plain.parseInteger(text)
}

// parseDegrees turns degrees into ddmm.mmmm.
func (o *op) parseDegrees(x float64) (uint64, error) {
	sign := ""
	if x < 0 {
		sign, x = "-", -x
	}
	scale := big.NewRat(1, 1)
	if o.scale != nil {
		scale.SetFrac64(o.scale.a, o.scale.c)
	}
	step, _ := scale.Float64()
	degrees := math.Floor(x)
	minutes := math.Round((x - degrees) * 60 / step)
	whole := new(big.Rat).SetInt64(int64(degrees) * 100)
	whole.Quo(whole, scale)
	if !whole.IsInt() {
		return 0, fmt.Errorf("%w: %v degrees", ErrValue, x)
	}
	raw := new(big.Int).Add(whole.Num(), big.NewInt(int64(minutes)))
	plain := *o
	plain.scale = nil
	return plain.parseInteger(sign + raw.String())
}

// parseBitset reads flags: "1011…", or a list of 0, 1, true and false.
func (o *op) parseBitset(buf []byte, v any) ([]byte, error) {
	text, ok := textOf(v)
	if list, isList := v.([]any); isList {
		text, ok = "", true
		for _, e := range list {
			one, _ := textOf(e)
			text += one
		}
	}
	if !ok || strings.Trim(text, "01") != "" {
		return buf, fmt.Errorf("%w: %v, expected flags such as \"1011\"", ErrValue, v)
	}
	start := len(buf)
	buf = append(buf, make([]byte, (len(text)+7)/8)...)
	for i := range text {
		if text[i] == '1' {
			buf[start+i/8] |= 1 << (i % 8)
		}
	}
	return buf, nil
}

// storeForm writes a number into exactly b.
func (o *op) storeForm(b []byte, num uint64) error {
	switch o.code {
	case opBCD:
		return o.storeDigits(b, num)
	case opUint, opBits:
		if o.form != nil && o.form.minusBit && int64(num) < 0 {
			num = -num | 1<<(uint(len(b))*8-1)
		}
	}
	if o.form != nil && o.form.swap != nil {
		o.storeWord(b, num)
	} else if o.little {
		storeLE(b, num)
	} else {
		storeBE(b, num)
	}
	return nil
}
