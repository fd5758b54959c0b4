package codec

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"time"
)

// value is a field with what a frame holds of it.  It aliases the frame.
type value struct {
	op      *op
	num     uint64
	data    []byte
	exp     int8 // power of ten
	missing bool
}

// whole is the number as a whole number.
func (v value) whole() int64 {
	if v.op.code == opBCD && v.num == minusZero {
		return 0
	}
	return int64(v.num)
}

// float is the value as a real number, after scaling.
func (v value) float() float64 {
	o := v.op
	var x float64
	switch {
	case v.missing:
		return math.NaN()
	case o.code == opDecimal:
		x, _ = o.decimalValue(v.data).Float64()
	case o.float():
		x = o.real(v.num)
	case !o.numeric():
		return 0
	case o.scale != nil && !o.signed() && v.num > math.MaxInt64:
		x, _ = o.scale.rat(new(big.Int).SetUint64(v.num)).Float64()
	case o.scale != nil:
		x = o.scale.value(v.whole())
	case o.signed():
		x = float64(v.whole())
	default:
		x = float64(v.num)
	}
	if v.exp > 0 {
		x *= math.Pow10(int(v.exp))
	} else if v.exp < 0 {
		x /= math.Pow10(int(-v.exp))
	}
	if o.degrees() {
		x = degreesOf(x)
	}
	return x
}

// time of a date and time; ok is false when it does not exist.
func (v value) time() (t time.Time, ok bool) {
	switch o := v.op; {
	case v.missing:
	case o.form != nil && o.form.clock != nil:
		return o.form.clock.time(v.num)
	case o.code == opTime:
		return o.time.parse(v.data)
	}
	return time.Time{}, false
}

// label is the name that the definition gives to the value; empty when it gives none.
func (v value) label() string {
	for _, e := range v.op.field.Enum {
		if e.Value == int64(v.num) {
			return e.Label
		}
	}
	if v.op.form != nil {
		for _, r := range v.op.form.labels {
			if r.lo <= v.num && v.num <= r.hi {
				return r.label
			}
		}
	}
	return ""
}

// digits writes a number without its label and scale.
func (v value) digits(dst []byte) []byte {
	if v.op.signed() {
		return strconv.AppendInt(dst, int64(v.num), 10)
	}
	return strconv.AppendUint(dst, v.num, 10)
}

// appendText writes the value as people do.
func (v value) appendText(dst []byte) []byte {
	if v.missing {
		return append(dst, '-')
	}
	return wireTypes[v.op.code].text(v, dst)
}

func (v value) string() string { return string(v.appendText(nil)) }

// unlabelled is the value without its label: a number, or a text.
func (v value) unlabelled() string {
	switch o := v.op; {
	case v.missing || v.label() == "":
		return v.string()
	case o.code == opDecimal:
		return strconv.FormatInt(int64(v.float()), 10)
	case o.numeric():
		return string(v.digits(nil))
	}
	return string(v.op.trim(v.data))
}

// same says that two fields have one value: of numbers in characters, however many zeros they are written with.
func (v value) same(other value) bool {
	if v.op == other.op && v.num == other.num && v.exp == other.exp && v.missing == other.missing && string(v.data) == string(other.data) {
		return true
	}
	if v.label() == "" && v.op.code == opDecimal && other.op.code == opDecimal && !v.missing && !other.missing {
		return v.op.decimalValue(v.data).Cmp(other.op.decimalValue(other.data)) == 0
	}
	if (v.label() == "") != (other.label() == "") { // one of the two has no names for its values
		return v.unlabelled() == other.unlabelled()
	}
	return v.string() == other.string()
}

// appendJSON writes the value so that parseForm gives back the same bytes: numbers bare, everything else in quotes, and
// a value that has a label as {"value":6,"label":"ACK"}.
func (v value) appendJSON(dst []byte) []byte {
	o := v.op
	if label := v.label(); label != "" && !v.missing {
		v.op = o.withoutLabels()
		dst = append(v.appendJSON(append(dst, `{"value":`...)), `,"label":`...)
		return append(appendQuoted(dst, label), '}')
	}
	switch {
	case v.missing && v.usualMissing():
		return append(dst, "null"...)
	case v.missing:
		return append(append(append(dst, `"?`...), v.missingText()...), '"')
	case v.longer():
		return append(hex.AppendEncode(append(dst, `"=`...), v.data), '"')
	case o.code == opASCII && (o.form == nil || o.form.charset == nil):
		return appendQuoted(dst, latin1(v.appendText(nil)))
	case o.code == opDecimal && !o.valued():
		return appendQuoted(dst, string(v.data))
	case o.code == opTime:
		return appendQuoted(dst, v.exactTime())
	}
	text := v.appendText(nil)
	if o.form != nil && (o.form.clock != nil || o.form.degrees || o.code == opDecimal) || o.code == opDecimal {
		back, num, err := wireTypes[o.code].parse(o, nil, given{v: string(text), exp: int(v.exp)})
		switch same := err == nil && (num == v.num || o.float() && math.IsNaN(v.float())); {
		case o.code == opDecimal && string(back) != string(v.data):
			return appendQuoted(dst, "="+string(v.data))
		case o.code == opDecimal || same:
		case o.form.clock != nil: // a time from which other bytes would be made is written as its number
			return strconv.AppendUint(dst, v.num, 10)
		case o.float():
			return appendQuoted(dst, "="+string(appendFloat(nil, o.real(v.num), v.num, o.floatBits())))
		default: // sixty minutes and more
			return appendQuoted(dst, "="+strconv.FormatInt(v.whole(), 10))
		}
	}
	if v.bare() {
		return append(dst, text...)
	}
	return appendQuoted(dst, string(text))
}

// withoutLabels is the op of a field whose values have no names.
func (o *op) withoutLabels() *op {
	plain, field := *o, *o.field
	field.Enum, plain.field = nil, &field
	if o.form != nil {
		form := *o.form
		form.labels, form.words, plain.form = nil, nil, &form
	}
	return &plain
}

// bare says that the text of the value is a number of JSON.
func (v value) bare() bool {
	o := v.op
	switch f := o.form; {
	case o.code == opChecksum && o.field.Kind == KindText:
		return false
	case o.code == opDecimal:
		return true
	case f != nil && f.clock != nil:
		_, exists := f.clock.time(v.num)
		return !exists
	case f != nil && (f.letters || f.hex):
		return false
	case o.float():
		x := v.float()
		return !math.IsNaN(x) && !math.IsInf(x, 0)
	}
	return o.numeric()
}

func appendQuoted(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
