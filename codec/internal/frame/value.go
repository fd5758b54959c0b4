package frame

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// ValueKind is what a [Value] is.
type ValueKind uint8

// Kinds of values.
const (
	ValueMissing ValueKind = iota // the device has none
	ValueUint                     // a whole number
	ValueInt                      // a whole number that may be negative
	ValueFloat                    // a number with a fraction
	ValueText                     // text, digits, a date, a time that does not exist, bytes in hexadecimal
	ValueTime                     // a time of day of a date
	ValueWord                     // text of at most 8 bytes that has a label
	valueKinds
)

// Value is one value apart from its frame.  The zero value is a missing one.
type Value struct {
	Kind ValueKind
	zone int16  // ValueTime: minutes east of UTC
	bits uint64 // the number, microseconds since 1970, or the bytes of a ValueWord
	text string // of ValueText, else the label
}

// Value copies the value of a field.  Numbers, labels and times cost no memory.
func (it Item) Value() Value { return it.value() }

// Value is that of the sample's Item, or what a poll has made of the answer.
func (s *Sample) Value() Value {
	if s.apart {
		return s.value
	}
	return s.Item.value()
}

func (it *Item) value() Value {
	o := it.V.Op
	if o == nil || it.V.Missing || it.Kind == field.KindList || it.Kind == field.KindGroup {
		return Value{}
	}
	label := it.V.Label()
	switch {
	case o.Form != nil && o.Form.Letters:
		return Value{Kind: ValueText, text: it.Text()}
	case it.Kind == field.KindUint:
		return Value{Kind: ValueUint, bits: it.Uint(), text: label}
	case it.Kind == field.KindInt:
		return Value{Kind: ValueInt, bits: uint64(it.Int()), text: label}
	case it.Kind == field.KindFloat:
		return Value{Kind: ValueFloat, bits: math.Float64bits(it.Float()), text: label}
	case label != "" && len(it.V.Data) <= 8:
		return Value{Kind: ValueWord, bits: scalar.LoadBE(it.V.Data), text: label}
	case it.Kind == field.KindTime:
		if t, ok := it.Time(); ok && !it.DateOnly() {
			_, east := t.Zone()
			return Value{Kind: ValueTime, bits: uint64(t.UnixMicro()), zone: int16(east / 60)}
		}
	case it.Kind == field.KindBytes:
		return Value{Kind: ValueText, text: hex.EncodeToString(it.Bytes())}
	case it.Kind == field.KindText && !it.Unicode():
		return Value{Kind: ValueText, text: scalar.Latin1(it.AppendText(nil))}
	}
	return Value{Kind: ValueText, text: it.Text()}
}

// Missing says that the device has no value.
func (v Value) Missing() bool { return v.Kind == ValueMissing }

// TextBytes is the size of a text of its own; 0 for anything that is no text.
func (v Value) TextBytes() int {
	if v.Kind != ValueText {
		return 0
	}
	return len(v.text)
}

// Label is the name that the definition gives to the value; empty when it gives none.
func (v Value) Label() string {
	if v.Kind == ValueText {
		return ""
	}
	return v.text
}

// Number is the value of a number, as the decimal that it is shown as; ok is false when it is none.
func (v Value) Number() (x float64, ok bool) {
	switch v.Kind {
	case ValueUint:
		return float64(v.bits), true
	case ValueInt:
		return float64(int64(v.bits)), true
	case ValueFloat:
		x, err := strconv.ParseFloat(v.plain(), 64)
		return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
	}
	return 0, false
}

// Time is the value of a time, in the zone of its profile.
func (v Value) Time() (t time.Time, ok bool) {
	if v.Kind != ValueTime {
		return time.Time{}, false
	}
	t = time.UnixMicro(int64(v.bits)).UTC()
	if v.zone != 0 {
		t = t.In(time.FixedZone("", int(v.zone)*60))
	}
	return t, true
}

// String is the value as people read it: 21.5, "SOS (3)", an RFC 3339 time, "-" when it is missing.
func (v Value) String() string {
	plain := v.plain()
	if label := v.Label(); label != "" {
		return label + " (" + plain + ")"
	}
	return plain
}

// plain is the value without its label.
func (v Value) plain() string {
	switch v.Kind {
	case ValueUint:
		return strconv.FormatUint(v.bits, 10)
	case ValueInt:
		return strconv.FormatInt(int64(v.bits), 10)
	case ValueFloat:
		return formatFloat(math.Float64frombits(v.bits))
	case ValueText:
		return v.text
	case ValueTime:
		t, _ := v.Time()
		return t.Format(time.RFC3339Nano)
	case ValueWord:
		return scalar.Latin1(v.word())
	}
	return "-"
}

// word is the bytes of a ValueWord.
func (v Value) word() []byte {
	b := binary.BigEndian.AppendUint64(nil, v.bits)
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// Any is the value as JSON shows it: a number, text, an RFC 3339 time, nil when it is missing; with a label
// {"value":3,"label":"SOS"}.  JSON has no number for NaN and the infinities: "NaN", "+Inf", "-Inf" as text.
func (v Value) Any() any {
	var plain any
	switch _, number := v.Number(); {
	case v.Kind == ValueMissing:
		return nil
	case number:
		plain = json.Number(v.plain())
	default:
		plain = v.plain()
	}
	if label := v.Label(); label != "" {
		return labelled{plain, label}
	}
	return plain
}

// labelled is a value that has a name, in JSON.
type labelled struct {
	Value any    `json:"value"`
	Label string `json:"label"`
}

// formatFloat gives the shortest decimal that is the same float32, or float64 when it is none, without an exponent as
// long as it has few zeros.
func formatFloat(x float64) string {
	bits, format := 64, byte('f')
	if float64(float32(x)) == x {
		bits = 32
	}
	if abs := math.Abs(x); abs != 0 && (abs < 1e-12 || abs >= 1e21) {
		format = 'g'
	}
	return strconv.FormatFloat(x, format, -1, bits)
}

// errValue is told of bytes that AppendBinary has not made.
var errValue = errors.New("not a value")

// AppendBinary appends the value in a few bytes, for [Value.DecodeBinary].
func (v Value) AppendBinary(dst []byte) []byte {
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case ValueInt, ValueTime:
		dst = binary.AppendVarint(dst, int64(v.bits))
	case ValueFloat:
		dst = binary.BigEndian.AppendUint64(dst, v.bits)
	case ValueUint, ValueWord:
		dst = binary.AppendUvarint(dst, v.bits)
	}
	if v.Kind == ValueTime {
		dst = binary.AppendVarint(dst, int64(v.zone))
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.text)))
	return append(dst, v.text...)
}

// DecodeBinary reads what AppendBinary wrote at the beginning of src, and returns what stands behind it.
func (v *Value) DecodeBinary(src []byte) (rest []byte, err error) {
	if len(src) == 0 || src[0] >= byte(valueKinds) {
		return src, errValue
	}
	in := binaryReader{rest: src[1:]}
	got := Value{Kind: ValueKind(src[0])}
	switch got.Kind {
	case ValueInt, ValueTime:
		got.bits = uint64(in.varint())
	case ValueFloat:
		if len(in.rest) < 8 {
			return src, errValue
		}
		got.bits, in.rest = binary.BigEndian.Uint64(in.rest), in.rest[8:]
	case ValueUint, ValueWord:
		got.bits = in.uvarint()
	}
	if got.Kind == ValueTime {
		got.zone = int16(in.varint())
	}
	n := in.uvarint()
	if in.bad || n > uint64(len(in.rest)) {
		return src, errValue
	}
	got.text = string(in.rest[:n])
	*v = got
	return in.rest[n:], nil
}

// binaryReader reads numbers of varying width.
type binaryReader struct {
	rest []byte
	bad  bool
}

func (r *binaryReader) uvarint() uint64 {
	x, n := binary.Uvarint(r.rest)
	r.skip(n)
	return x
}

func (r *binaryReader) varint() int64 {
	x, n := binary.Varint(r.rest)
	r.skip(n)
	return x
}

func (r *binaryReader) skip(n int) {
	if n <= 0 {
		r.bad, n = true, 0
	}
	r.rest = r.rest[n:]
}

// FloatValue is a number that stands in no frame.
func FloatValue(v float64) Value { return Value{Kind: ValueFloat, bits: math.Float64bits(v)} }
