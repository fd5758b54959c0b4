package codec

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Numbers written in characters.  Their value follows from the characters, but not the other way round: "007" and
// "7" are the same.  Where the value alone would be written differently, JSON keeps the characters after a "=".

// decimal checks a number; what expressions see of it is the whole part, or with so many places behind the point.
func (o *op) decimal(b []byte) (uint64, bool) {
	f := o.form
	if f != nil && f.base == 16 {
		return o.hexadecimal(b)
	}
	text := b
	for len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative, text = text[0] == '-', text[1:]
	}
	places := 0
	if f != nil {
		places = f.places
	}
	var v uint64
	digits, dot, cut := 0, false, false
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
			if dot {
				places--
			}
			if dot && places < 0 {
				cut = cut || c != '0'
			} else if v < math.MaxInt64/100 {
				v = v*10 + uint64(c-'0')
			}
		case c == '.' && !dot && !o.numbered():
			dot = true
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 30 {
		return 0, false
	}
	for ; places > 0 && v < math.MaxInt64/100; places-- {
		v *= 10
	}
	if negative {
		v = -v
	}
	if o.check != checkNone && !o.allows(v) || cut && o.check == checkRange && o.key(v) == beyond(o, negative) {
		return 0, false
	}
	return v, true
}

// beyond is the bound that a number with more behind it passes.
func beyond(o *op, negative bool) uint64 {
	if negative {
		return o.lo
	}
	return o.hi
}

// decimalExact says that expressions see all of the number.
func (o *op) decimalExact(num uint64, b []byte) bool {
	plain := *o
	plain.scale = nil
	seen := new(big.Rat).SetInt64(int64(num))
	if o.form != nil {
		for range o.form.places {
			seen.Mul(seen, big.NewRat(1, 10))
		}
	}
	return plain.decimalValue(b).Cmp(seen) == 0
}

// decimalShown is a number that expressions see as people write its value.
func (o *op) decimalShown(num uint64) string {
	text := strconv.FormatInt(int64(num), 10)
	if f := o.form; f != nil && f.base == 16 {
		text = strconv.FormatUint(num, 16)
	} else if f != nil && f.places > 0 {
		text = big.NewRat(int64(num), int64(math.Pow10(f.places))).FloatString(f.places)
	}
	it := Item{Field: o.field, Kind: o.field.Kind, op: o, num: num, data: []byte(text)}
	return it.Text()
}

// largest is the largest number that the field can hold and the definition allows: of one in characters what their number
// allows, and without a number of them what fits eight bytes.
func (o *op) largest() uint64 {
	_, hi := o.bounds()
	if o.code == opDecimal && o.size > 0 {
		base, most := uint64(10), uint64(1)
		if o.form != nil && o.form.base == 16 {
			base = 16
		}
		for n := 0; n < o.size && most < hi/base; n++ {
			most *= base
		}
		hi = most - 1
	}
	if o.check == checkRange {
		if top := o.key(o.hi); o.code != opInt || int64(top) >= 0 {
			hi = min(hi, top)
		}
	}
	return hi
}

// numbered says that the number in characters plays a role of numbers, so that it has no fraction.
func (o *op) numbered() bool {
	return o.role == RoleCommand || o.role == RoleTransaction || o.role == RoleResult || o.role == RoleAlarm
}

func (o *op) hexadecimal(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		at := strings.IndexByte(hexDigits, c|0x20)
		if at < 0 || c < '0' || v>>59 != 0 {
			return 0, false
		}
		v = v<<4 | uint64(at)
	}
	return v, len(b) > 0 && (o.check == checkNone || o.allows(v))
}

// decimalValue is the exact value of the characters.
func (o *op) decimalValue(b []byte) *big.Rat {
	v := new(big.Rat)
	if o.form != nil && o.form.base == 16 {
		num, _ := o.hexadecimal(b)
		v.SetInt64(int64(num))
	} else if _, ok := v.SetString(strings.TrimSpace(string(b))); !ok {
		return new(big.Rat)
	}
	if s := o.scale; s != nil {
		v.Mul(v, big.NewRat(s.a, s.c))
		v.Add(v, big.NewRat(s.b, s.c))
	}
	return v
}

// valued says that the value of a decimal is not what its characters say at once.
func (o *op) valued() bool {
	return o.scale != nil || o.field.Enum != nil || o.form != nil && (o.form.base == 16 || o.form.degrees)
}

// parseDecimal writes a number in characters; after "=" they stand as they are.
func (o *op) parseDecimal(buf []byte, v any) ([]byte, error) {
	text, ok := textOf(v)
	if !ok {
		return buf, wrongType(v, "a number")
	}
	if exact, ok := strings.CutPrefix(text, "="); ok {
		if _, ok := o.decimal([]byte(exact)); !ok {
			return buf, fmt.Errorf("%w: %q is not a number", ErrValue, exact)
		}
		return append(buf, exact...), nil
	}
	if num, ok := o.enum[text]; ok {
		text = strconv.FormatInt(int64(num), 10)
	}
	text, err := o.decimalText(text)
	if err != nil {
		return buf, err
	}
	if n := o.size - len(text); n > 0 {
		at := 0
		if text[0] == '-' || text[0] == '+' {
			at = 1
		}
		text = text[:at] + strings.Repeat("0", n) + text[at:]
	}
	if _, ok := o.decimal([]byte(text)); !ok {
		if o.check != checkNone {
			return buf, o.outOfRange(text)
		}
		return buf, fmt.Errorf("%w: %q is not a number", ErrValue, text)
	}
	return append(buf, text...), nil
}

// decimalText is how the number on the wire is written for a value.
func (o *op) decimalText(text string) (string, error) {
	switch f := o.form; {
	case f != nil && f.degrees:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(x) > 360 {
			return "", fmt.Errorf("%w: %q, expected degrees", ErrValue, text)
		}
		return degreeMinuteText(x, max(f.digits, 2+int(truth(f.digits == 0))), f.places), nil
	case o.scale != nil || f != nil && f.base == 16:
		raw, err := o.rawInteger(strings.TrimSpace(text))
		if err != nil {
			return "", err
		}
		if f != nil && f.base == 16 {
			return strings.ToUpper(raw.Text(16)), nil
		}
		return raw.String(), nil
	}
	return text, nil
}

// degreeMinuteText writes degrees as dddmm.mmmm, with so many digits of degrees and places of minutes.
func degreeMinuteText(x float64, digits, places int) string {
	if places == 0 {
		places = 4
	}
	sign := ""
	if x < 0 {
		sign, x = "-", -x
	}
	ten := math.Pow10(places)
	steps := math.Round(x * 60 * ten) // of the last place of a minute
	degrees := math.Floor(steps / (60 * ten))
	return fmt.Sprintf("%s%0*d%0*.*f", sign, digits, int(degrees), places+3, places, (steps-degrees*60*ten)/ten)
}
