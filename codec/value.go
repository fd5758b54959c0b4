package codec

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parse turns a value as people or programs give it into what the frame holds: a number, or bytes appended to
// buf.  verbatim accepts the digits of a time that does not exist, as a decoded frame may hold them.
func (o *op) parse(buf []byte, v any, verbatim bool) (out []byte, num uint64, err error) {
	switch o.code {
	case opFloat32, opFloat64:
		num, err = o.parseFloat(v)
		return buf, num, err
	case opDigits:
		out, err = o.parseDigits(buf, v)
	case opHex:
		out, err = o.parseHex(buf, v)
	case opASCII:
		out, err = o.parseASCII(buf, v)
	case opTime:
		out, err = o.parseTime(buf, v, verbatim)
	default:
		num, err = o.parseInteger(v)
		return buf, num, err
	}
	if err != nil {
		return buf, 0, err
	}
	b := out[len(buf):]
	if o.size == 0 && len(b) > o.most {
		return buf, 0, fmt.Errorf("%w: %d bytes, allowed %d", ErrLength, len(b), o.most)
	}
	if len(b) <= 8 {
		num = loadBE(b)
	}
	return out, num, nil
}

// textOf is the text form of the simple values that a JSON document, a TOML file or a program can hold.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case int8:
		return strconv.FormatInt(int64(v), 10), true
	case int16:
		return strconv.FormatInt(int64(v), 10), true
	case int32:
		return strconv.FormatInt(int64(v), 10), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint:
		return strconv.FormatUint(uint64(v), 10), true
	case uint8:
		return strconv.FormatUint(uint64(v), 10), true
	case uint16:
		return strconv.FormatUint(uint64(v), 10), true
	case uint32:
		return strconv.FormatUint(uint64(v), 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		if v {
			return "1", true
		}
		return "0", true
	}
	return "", false
}

func wrongType(v any, want string) error {
	return fmt.Errorf("%w: a %T, expected %s", ErrValue, v, want)
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
	if raw.Cmp(big.NewInt(lo)) < 0 || raw.Cmp(new(big.Int).SetUint64(hi)) > 0 {
		return 0, o.outOfRange(text)
	}
	num := raw.Uint64()
	if raw.Sign() < 0 {
		num = uint64(raw.Int64())
	}
	if !o.allows(num) {
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

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (o *op) notNumber(text string) error {
	if len(o.field.Enum) == 0 {
		return fmt.Errorf("%w: %q is not a number", ErrValue, text)
	}
	labels := make([]string, len(o.field.Enum))
	for i, e := range o.field.Enum {
		labels[i] = e.Label
	}
	err := fmt.Errorf("%w: %q, expected a number or one of %s", ErrValue, text, strings.Join(labels, ", "))
	if near := nearest(text, labels); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return err
}

func (o *op) outOfRange(text string) error {
	return fmt.Errorf("%w: %s, allowed %s", ErrRange, text, o.allowed())
}

// allowed is the range of a field as people write it.
func (o *op) allowed() string {
	show := func(key uint64) string {
		if o.code == opDecimal {
			return o.decimalShown(o.key(key))
		}
		it := Item{Field: &Field{}, op: o, num: o.key(key)}
		return it.Text()
	}
	switch o.check {
	case checkRange:
		if o.lo == o.hi {
			return show(o.lo)
		}
		return show(o.lo) + ".." + show(o.hi)
	case checkRanges:
		parts := make([]string, len(o.ranges))
		for i, r := range o.ranges {
			parts[i] = show(r[0])
			if r[1] > r[0] {
				parts[i] += ".." + show(r[1])
			}
		}
		return strings.Join(parts, ", ")
	}
	lo, hi := o.bounds()
	return show(o.key(uint64(lo))) + ".." + show(o.key(hi))
}

func (o *op) parseFloat(v any) (uint64, error) {
	text, ok := textOf(v)
	if !ok {
		return 0, wrongType(v, "a number")
	}
	text = strings.TrimSpace(text)
	size := o.size * 8
	if bits, found := strings.CutPrefix(text, "NaN("); found {
		n, err := strconv.ParseUint(strings.TrimSuffix(bits, ")"), 16, size)
		if err != nil {
			return 0, fmt.Errorf("%w: %q is not a number", ErrValue, text)
		}
		return n, nil
	}
	f, err := strconv.ParseFloat(text, size)
	switch {
	case err != nil && math.IsInf(f, 0):
		return 0, fmt.Errorf("%w: %s does not fit %d bits", ErrRange, text, size)
	case err != nil:
		return 0, fmt.Errorf("%w: %q is not a number", ErrValue, text)
	case math.IsNaN(f):
		return usualNaN(size), nil
	case size == 32:
		return uint64(math.Float32bits(float32(f))), nil
	}
	return math.Float64bits(f), nil
}

// parseDigits packs decimal digits, with zeros on the left to fill the field.
func (o *op) parseDigits(buf []byte, v any) ([]byte, error) {
	text, ok := textOf(v)
	if !ok {
		return buf, wrongType(v, "decimal digits")
	}
	if !isDigits(text) {
		return buf, fmt.Errorf("%w: %q", ErrDigit, text)
	}
	if len(text) > 2*o.size {
		return buf, fmt.Errorf("%w: %q has %d digits, allowed %d", ErrRange, text, len(text), 2*o.size)
	}
	start := len(buf)
	for i := 0; i < o.size; i++ {
		buf = append(buf, 0)
	}
	field := buf[start:]
	for i := 0; i < len(text); i++ {
		place := len(text) - 1 - i // from the right
		at := o.size - 1 - place/2
		if o.little {
			at = place / 2
		}
		field[at] |= (text[i] - '0') << (4 * (place % 2))
	}
	return buf, nil
}

func (o *op) parseHex(buf []byte, v any) ([]byte, error) {
	b, isBytes := v.([]byte)
	if !isBytes {
		text, ok := v.(string)
		if !ok {
			return buf, wrongType(v, "hexadecimal digits")
		}
		text = strings.TrimPrefix(text, "0x")
		var err error
		if b, err = hex.DecodeString(text); err != nil {
			return buf, fmt.Errorf("%w: %q is not hexadecimal", ErrValue, text)
		}
	}
	if o.size > 0 && len(b) != o.size {
		return buf, fmt.Errorf("%w: %d bytes, expected %d", ErrLength, len(b), o.size)
	}
	if o.check == checkBytes && string(b) != string(o.want) {
		return buf, fmt.Errorf("%w: %x, expected %x", ErrConst, b, o.want)
	}
	return append(buf, b...), nil
}

func (o *op) parseASCII(buf []byte, v any) ([]byte, error) {
	text, ok := textOf(v)
	if !ok {
		return buf, wrongType(v, "text")
	}
	if _, isBytes := v.([]byte); !isBytes {
		if text, ok = fromLatin1(text); !ok {
			return buf, fmt.Errorf("%w: %q has a character that is not one byte", ErrValue, text)
		}
	}
	if o.size > 0 {
		if len(text) > o.size || len(text) < o.size && !o.padded {
			return buf, fmt.Errorf("%w: %q has %d characters, expected %d", ErrLength, text, len(text), o.size)
		}
		text += strings.Repeat(string([]byte{o.pad}), o.size-len(text))
	}
	if o.check == checkBytes && text != string(o.want) {
		return buf, fmt.Errorf("%w: %q, expected %q", ErrConst, text, o.want)
	}
	if o.chars != nil {
		for i := 0; i < len(text); i++ {
			if !o.chars.has(text[i]) {
				return buf, fmt.Errorf("%w: %q, allowed %s", ErrRange, text, o.chars)
			}
		}
	}
	return append(buf, text...), nil
}

// Times are also understood without a zone; they are then in the zone of the profile.
var timeTexts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

func (o *op) parseTime(buf []byte, v any, verbatim bool) ([]byte, error) {
	if t, ok := v.(time.Time); ok {
		return o.time.append(buf, t)
	}
	text, ok := textOf(v)
	if !ok {
		return buf, wrongType(v, "a time")
	}
	text = strings.TrimSpace(text)
	if isDigits(text) && len(text) == 2*o.size {
		start := len(buf)
		buf, err := o.parseDigits(buf, text)
		if err == nil && o.time.last {
			slices.Reverse(buf[start:])
		}
		if err == nil && !verbatim {
			if _, exists := o.time.parse(buf[start:]); !exists && o.time.whole {
				return buf[:start], fmt.Errorf("%w: %s does not exist", ErrTime, text)
			}
		}
		return buf, err
	}
	if raw, ok := o.time.parseRaw(text); ok {
		if _, exists := o.time.parse(raw); !exists && !verbatim && o.time.whole {
			return buf, fmt.Errorf("%w: %s does not exist", ErrTime, text)
		}
		return append(buf, raw...), nil
	}
	if !o.time.whole {
		return buf, fmt.Errorf("%w: %q, expected %s", ErrTime, text, o.time.text)
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return o.time.append(buf, t)
	}
	for _, layout := range timeTexts {
		if t, err := time.ParseInLocation(layout, text, o.time.zone); err == nil {
			return o.time.append(buf, t)
		}
	}
	return buf, fmt.Errorf("%w: %q, expected RFC 3339 or %s", ErrTime, text, o.time.text)
}
