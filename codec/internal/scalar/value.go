package scalar

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"time"

	"trama/codec/internal/field"
)

// Value is a field with what a frame holds of it.  It aliases the frame.
type Value struct {
	Op      *Op
	Num     uint64
	Data    []byte
	Exp     int8 // power of ten
	Missing bool
}

// Whole is the number as a whole number.
func (v Value) Whole() int64 {
	if v.Op.Code == OpBCD && v.Num == minusZero {
		return 0
	}
	return int64(v.Num)
}

// Float is the value as a real number, after scaling.
func (v Value) Float() float64 {
	o := v.Op
	var x float64
	switch {
	case v.Missing:
		return math.NaN()
	case o.Code == OpDecimal:
		x, _ = o.DecimalValue(v.Data).Float64()
	case o.Float():
		x = o.real(v.Num)
	case !o.Numeric():
		return 0
	case o.Scale != nil && !o.Signed() && v.Num > math.MaxInt64:
		x, _ = o.Scale.rat(new(big.Int).SetUint64(v.Num)).Float64()
	case o.Scale != nil:
		x = o.Scale.value(v.Whole())
	case o.Signed():
		x = float64(v.Whole())
	default:
		x = float64(v.Num)
	}
	if v.Exp > 0 {
		x *= math.Pow10(int(v.Exp))
	} else if v.Exp < 0 {
		x /= math.Pow10(int(-v.Exp))
	}
	if o.degrees() {
		x = degreesOf(x)
	}
	return x
}

// Time of a date and time; ok is false when it does not exist.
func (v Value) Time() (t time.Time, ok bool) {
	switch o := v.Op; {
	case v.Missing:
	case o.Form != nil && o.Form.Clock != nil:
		return o.Form.Clock.time(v.Num)
	case o.Code == OpTime:
		return o.Time.Parse(v.Data)
	}
	return time.Time{}, false
}

// Label is the name that the definition gives to the value; empty when it gives none.
func (v Value) Label() string {
	for _, e := range v.Op.Field.Enum {
		if e.Value == int64(v.Num) {
			return e.Label
		}
	}
	if v.Op.Form != nil {
		for _, r := range v.Op.Form.Labels {
			if r.Lo <= v.Num && v.Num <= r.Hi {
				return r.Label
			}
		}
	}
	return ""
}

// digits writes a number without its label and scale.
func (v Value) digits(dst []byte) []byte {
	if v.Op.Signed() {
		return strconv.AppendInt(dst, int64(v.Num), 10)
	}
	return strconv.AppendUint(dst, v.Num, 10)
}

// AppendText writes the value as people do.
func (v Value) AppendText(dst []byte) []byte {
	if v.Missing {
		return append(dst, '-')
	}
	return wireTypes[v.Op.Code].text(v, dst)
}

// String is what AppendText appends.
func (v Value) String() string { return string(v.AppendText(nil)) }

// Unlabelled is the value without its label: a number, or a text.
func (v Value) Unlabelled() string {
	switch o := v.Op; {
	case v.Missing || v.Label() == "":
		return v.String()
	case o.Code == OpDecimal:
		return strconv.FormatInt(int64(v.Float()), 10)
	case o.Numeric():
		return string(v.digits(nil))
	}
	return string(v.Op.trim(v.Data))
}

// Same says that two fields have one value: of numbers in characters, however many zeros they are written with.
func (v Value) Same(other Value) bool {
	if v.Op == other.Op && v.Num == other.Num && v.Exp == other.Exp && v.Missing == other.Missing &&
		string(v.Data) == string(other.Data) {
		return true
	}
	if v.Label() == "" && v.Op.Code == OpDecimal && other.Op.Code == OpDecimal && !v.Missing && !other.Missing {
		return v.Op.DecimalValue(v.Data).Cmp(other.Op.DecimalValue(other.Data)) == 0
	}
	if (v.Label() == "") != (other.Label() == "") { // one of the two has no names for its values
		return v.Unlabelled() == other.Unlabelled()
	}
	return v.String() == other.String()
}

// AppendJSON writes the value so that Parse gives back the same bytes: numbers bare, everything else in quotes, and
// a value that has a label as {"value":6,"label":"ACK"}.
func (v Value) AppendJSON(dst []byte) []byte {
	o := v.Op
	if label := v.Label(); label != "" && !v.Missing {
		v.Op = o.withoutLabels()
		dst = append(v.AppendJSON(append(dst, `{"value":`...)), `,"label":`...)
		return append(AppendQuoted(dst, label), '}')
	}
	switch {
	case v.Missing && v.usualMissing():
		return append(dst, "null"...)
	case v.Missing:
		return append(append(append(dst, `"?`...), v.MissingText()...), '"')
	case v.longer():
		return append(hex.AppendEncode(append(dst, `"=`...), v.Data), '"')
	case o.Code == OpASCII && (o.Form == nil || o.Form.Charset == nil):
		return AppendQuoted(dst, Latin1(v.AppendText(nil)))
	case o.Code == OpDecimal && !o.valued():
		return AppendQuoted(dst, string(v.Data))
	case o.Code == OpTime:
		return AppendQuoted(dst, v.exactTime())
	}
	text := v.AppendText(nil)
	if o.Form != nil && (o.Form.Clock != nil || o.Form.Degrees || o.Code == OpDecimal) || o.Code == OpDecimal {
		back, num, err := wireTypes[o.Code].parse(o, nil, given{v: string(text), exp: int(v.Exp)})
		switch same := err == nil && (num == v.Num || o.Float() && math.IsNaN(v.Float())); {
		case o.Code == OpDecimal && string(back) != string(v.Data):
			return AppendQuoted(dst, "="+string(v.Data))
		case o.Code == OpDecimal || same:
		case o.Form.Clock != nil: // a time from which other bytes would be made is written as its number
			return strconv.AppendUint(dst, v.Num, 10)
		case o.Float():
			return AppendQuoted(dst, "="+string(appendFloat(nil, o.real(v.Num), v.Num, o.floatBits())))
		default: // sixty minutes and more
			return AppendQuoted(dst, "="+strconv.FormatInt(v.Whole(), 10))
		}
	}
	if v.bare() {
		return append(dst, text...)
	}
	return AppendQuoted(dst, string(text))
}

// withoutLabels is the op of a field whose values have no names.
func (o *Op) withoutLabels() *Op {
	plain, described := *o, *o.Field
	described.Enum, plain.Field = nil, &described
	if o.Form != nil {
		form := *o.Form
		form.Labels, form.Words, plain.Form = nil, nil, &form
	}
	return &plain
}

// bare says that the text of the value is a number of JSON.
func (v Value) bare() bool {
	o := v.Op
	switch f := o.Form; {
	case o.Code == OpChecksum && o.Field.Kind == field.KindText:
		return false
	case o.Code == OpDecimal:
		return true
	case f != nil && f.Clock != nil:
		_, exists := f.Clock.time(v.Num)
		return !exists
	case f != nil && (f.Letters || f.Hex || f.Composed != nil):
		return false
	case o.Float():
		x := v.Float()
		return !math.IsNaN(x) && !math.IsInf(x, 0)
	}
	return o.Numeric()
}

// AppendQuoted appends s as a string of JSON.
func AppendQuoted(dst []byte, s string) []byte {
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
