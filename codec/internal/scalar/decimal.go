package scalar

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// Numbers written in characters.  Their value follows from the characters, but not the other way round: "007" and "7"
// are the same.  Where the value alone would be written differently, JSON keeps the characters after a "=".

func (o *Op) base16() bool { return o.Form != nil && o.Form.Base == 16 }

// readDecimal checks a number; expressions see its whole part, or so many places behind the point as well.
func readDecimal(o *Op, b []byte) (v uint64, ok bool) {
	if o.base16() {
		return o.hexadecimal(b)
	}
	text := bytes.TrimLeft(b, " ")
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative, text = text[0] == '-', text[1:]
	}
	places := 0
	if o.Form != nil {
		places = o.Form.Places
	}
	digits, dot, cut := 0, false, false
	for i := range len(text) {
		switch c := text[i]; {
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
	passed := o.Hi // the bound that a number passes with more behind it
	if negative {
		v, passed = -v, o.Lo
	}
	return v, !cut || o.Check != CheckRange || o.Key(v) != passed
}

func (o *Op) hexadecimal(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		at := strings.IndexByte(HexDigits, c|0x20)
		if at < 0 || c < '0' || v>>59 != 0 {
			return 0, false
		}
		v = v<<4 | uint64(at)
	}
	return v, len(b) > 0
}

// DecimalExact says that expressions see all of the number.
func (o *Op) DecimalExact(num uint64, b []byte) bool {
	plain := *o
	plain.Scale = nil
	return plain.DecimalValue(b).Cmp(o.seenDecimal(num)) == 0
}

// seenDecimal is a number that expressions see, with its places behind the point.
func (o *Op) seenDecimal(num uint64) *big.Rat {
	seen := new(big.Rat).SetInt64(int64(num))
	if o.Form != nil {
		seen.Mul(seen, tenTo(-o.Form.Places))
	}
	return seen
}

// decimalShown is a number that expressions see as people write its value.
func (o *Op) decimalShown(num uint64) string {
	text := strconv.FormatUint(num, 16)
	if !o.base16() {
		places := 0
		if o.Form != nil {
			places = o.Form.Places
		}
		text = o.seenDecimal(num).FloatString(places)
	}
	return Value{Op: o, Num: num, Data: []byte(text)}.String()
}

// largestDecimal is the largest number that the characters of the field allow; limit when their number varies.
func (o *Op) largestDecimal(limit uint64) uint64 {
	if o.Size == 0 {
		return limit
	}
	base, most := uint64(10), uint64(1)
	if o.base16() {
		base = 16
	}
	for n := 0; n < o.Size && most < limit/base; n++ {
		most *= base
	}
	return most - 1
}

// DecimalValue is the exact value of the characters.
func (o *Op) DecimalValue(b []byte) *big.Rat {
	v := new(big.Rat)
	if o.base16() {
		num, _ := o.hexadecimal(b)
		v.SetInt64(int64(num))
	} else if _, ok := v.SetString(strings.TrimSpace(string(b))); !ok {
		return new(big.Rat)
	}
	if s := o.Scale; s != nil {
		v.Mul(v, big.NewRat(s.A, s.C))
		v.Add(v, big.NewRat(s.B, s.C))
	}
	return v
}

// valued says that the value of a decimal is written in other characters than its own.
func (o *Op) valued() bool {
	return o.Scale != nil || o.Field.Enum != nil || o.base16() || o.degrees()
}

func decimalText(v Value, dst []byte) []byte {
	o := v.Op
	switch label := v.Label(); {
	case label != "":
		return append(dst, label...)
	case o.degrees():
		return strconv.AppendFloat(dst, v.Float(), 'f', 9, 64)
	case !o.valued() || o.Field.Enum != nil && o.Scale == nil:
		return append(dst, v.Data...)
	}
	x := o.DecimalValue(v.Data)
	if places, exact := x.FloatPrec(); exact {
		return append(dst, x.FloatString(places)...)
	}
	f, _ := x.Float64()
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// parseDecimal writes a number in characters; after "=" they stand as they are.
func parseDecimal(o *Op, dst []byte, p given) ([]byte, uint64, error) {
	text, ok := TextOf(p.v)
	if !ok {
		return dst, 0, WrongType(p.v, "a number")
	}
	exact, asIs := strings.CutPrefix(text, "=")
	if asIs {
		text = exact
	} else {
		if num, ok := o.Enum[text]; ok {
			text = strconv.FormatInt(int64(num), 10)
		}
		var err error
		if text, err = o.decimalDigits(text); err != nil {
			return dst, 0, err
		}
		sign := len(text) - len(strings.TrimLeft(text, "+-"))
		if n := o.Size - len(text); n > 0 && len(text) > sign {
			text = text[:sign] + strings.Repeat("0", n) + text[sign:]
		}
	}
	if num, _, ok := o.Read([]byte(text)); ok {
		return append(dst, text...), num, nil
	}
	if o.Check != CheckNone && !asIs && text != "" {
		return dst, 0, o.outOfRange(text)
	}
	return dst, 0, fmt.Errorf("%w: %q is not a number", field.ErrValue, text)
}

// decimalDigits is how the number on the wire is written for a value.
func (o *Op) decimalDigits(text string) (string, error) {
	switch {
	case o.degrees():
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(x) > 360 {
			return "", fmt.Errorf("%w: %q, expected degrees", field.ErrValue, text)
		}
		digits := max(o.Form.Digits, 2)
		if o.Form.Digits == 0 {
			digits = 3
		}
		return degreeMinuteText(x, digits, o.Form.Places), nil
	case o.Scale != nil || o.base16():
		raw, err := o.rawInteger(strings.TrimSpace(text))
		if err != nil {
			return "", err
		}
		if o.base16() {
			return strings.ToUpper(raw.Text(16)), nil
		}
		return raw.String(), nil
	}
	return text, nil
}

func refuseDecimal(o *Op, b []byte) error {
	plain := *o
	plain.Check = CheckNone
	if num, ok := readDecimal(&plain, b); ok {
		return o.beyond(Value{Op: o, Num: num, Data: b})
	}
	return fmt.Errorf("%w: %s is not a number", field.ErrDigit, Printable(b))
}
