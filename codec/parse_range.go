package codec

import (
	"fmt"
	"strings"
)

// parseRange reads one value, or two with a dash between.
func (o *op) parseRange(v any) (lo, hi uint64, err error) {
	parse := func(v any) (uint64, error) {
		_, num, err := o.parseForm(nil, v, 0, false)
		return num, err
	}
	if text, ok := v.(string); ok && len(text) > 2 && !o.isOneValue(text) {
		if dash := strings.IndexByte(text[1:], '-') + 1; dash > 0 {
			lo, err = parse(text[:dash])
			if err != nil {
				return 0, 0, err
			}
			hi, err = parse(text[dash+1:])
			if err == nil && o.key(lo) > o.key(hi) {
				err = fmt.Errorf("%w: a range that ends before it begins", ErrRange)
			}
			return lo, hi, err
		}
	}
	lo, err = parse(v)
	return lo, lo, err
}

// isOneValue says that a text with a dash is a label, or a text that is no range: ranges of texts have two sides of
// the size of the field, or of digits where it has none.
func (o *op) isOneValue(text string) bool {
	if _, ok := o.enum[text]; ok {
		return true
	}
	if o.form != nil {
		if _, ok := o.form.words[text]; ok {
			return true
		}
	}
	if o.code != opASCII {
		return false
	}
	lo, hi, _ := strings.Cut(text, "-")
	if o.size > 0 {
		return len(lo) != o.size || len(hi) != o.size
	}
	return len(lo) != len(hi) || len(lo) > 1 && (!isDigits(lo) || !isDigits(hi))
}
