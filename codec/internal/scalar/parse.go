package scalar

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// TextOf is the text form of the simple values that a JSON document, a TOML file or a program can hold.
func TextOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String: // json.Number
		return r.String(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(r.Int(), 10), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(r.Uint(), 10), true
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(r.Float(), 'g', -1, r.Type().Bits()), true
	case reflect.Bool:
		return map[bool]string{false: "0", true: "1"}[r.Bool()], true
	}
	return "", false
}

// WrongType is the error of a value of another kind than the field takes.
func WrongType(v any, want string) error {
	return fmt.Errorf("%w: a %T, expected %s", field.ErrValue, v, want)
}

// IsDigits says that s is decimal digits, and not empty.
func IsDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Parse turns a value as people or programs give it into what the frame holds.  exp is the power of ten that the
// value is multiplied with; exact takes the digits of a time that does not exist, as a decoded frame may hold them.
// Numbers are returned, everything else is appended to buf; so is a number that stands for "no value".
func (o *Op) Parse(buf []byte, v any, exp int, exact bool) (out []byte, num uint64, err error) {
	f := o.Form
	if both, ok := v.(map[string]any); ok && (len(o.Field.Enum) > 0 || f != nil && f.Labels != nil) {
		return o.parseBoth(buf, both, exp, exact)
	}
	if f != nil {
		if out, num, found, err := o.parseMissing(buf, v); found {
			return out, num, err
		}
	}
	out, num, err = wireTypes[o.Code].parse(o, buf, given{v, exp, exact})
	if err != nil || o.Numeric() {
		return out[:max(len(buf), len(out))], num, err
	}
	b := out[len(buf):]
	switch {
	case f != nil && f.Texts != nil && !slices.Contains(f.Texts, string(b)):
		err = fmt.Errorf("%w: %s, %s", field.ErrRange, Printable(b), o.allowedTexts())
	case o.Size == 0 && o.Most > 0 && len(b) > o.Most:
		err = fmt.Errorf("%w: %d bytes, allowed %d", field.ErrLength, len(b), o.Most)
	case o.Size > 0 && len(b) != o.Size:
		err = fmt.Errorf("%w: %d bytes, expected %d", field.ErrLength, len(b), o.Size)
	case o.Code == OpHex && f != nil && f.Reversed:
		num = o.Noted(0, b)
	case o.Code != OpDecimal:
		num = o.wordNumber(b)
	}
	if err != nil {
		return buf, 0, err
	}
	return out, num, nil
}

// parseBoth reads a value with its label, as appendJSON writes it; one of them will do.
func (o *Op) parseBoth(buf []byte, both map[string]any, exp int, exact bool) (out []byte, num uint64, err error) {
	v, given := both["value"]
	label, named := both["label"]
	if len(both) > 2 || !given && !named || len(both) == 2 && !(given && named) {
		return buf, 0, fmt.Errorf("%w: %v, expected a value and its label", field.ErrValue, both)
	}
	if !given {
		v = label
	}
	if out, num, err = o.Parse(buf, v, exp, exact); err != nil || !given || !named {
		return out, num, err
	}
	if is := (Value{Op: o, Num: num}).Label(); is != label {
		return buf, 0, fmt.Errorf("%w: label %v, but the value %v is %q; leave one of them out", field.ErrValue, label, v, is)
	}
	return out, num, nil
}

// ParseRange reads one value of a definition, or two with a dash between; long words are kept in Form.Long.
func (o *Op) ParseRange(v any) (lo, hi uint64, err error) {
	parse := func(v any) (uint64, error) {
		out, num, err := o.Parse(nil, v, 0, false)
		if f := o.Form; len(out) > 8 && f != nil && f.Long != nil {
			f.Long[num] = string(out)
		}
		return num, err
	}
	if text, ok := v.(string); ok && len(text) > 2 && !o.isOneValue(text) {
		if dash := strings.IndexByte(text[1:], '-') + 1; dash > 0 {
			lo, err = parse(text[:dash])
			if err != nil {
				return 0, 0, err
			}
			hi, err = parse(text[dash+1:])
			if err == nil && o.Key(lo) > o.Key(hi) {
				err = fmt.Errorf("%w: a range that ends before it begins", field.ErrRange)
			}
			return lo, hi, err
		}
	}
	lo, err = parse(v)
	return lo, lo, err
}

// isOneValue says that a text with a dash is a label, or a text that is no range: ranges of texts have two sides of
// the size of the field, or of digits where it has none.
func (o *Op) isOneValue(text string) bool {
	if _, ok := o.Enum[text]; ok {
		return true
	}
	if o.Form != nil {
		if _, ok := o.Form.Words[text]; ok {
			return true
		}
	}
	if o.Code != OpASCII {
		return false
	}
	lo, hi, _ := strings.Cut(text, "-")
	if o.Size > 0 {
		return len(lo) != o.Size || len(hi) != o.Size
	}
	return len(lo) != len(hi) || len(lo) > 1 && (!IsDigits(lo) || !IsDigits(hi))
}
