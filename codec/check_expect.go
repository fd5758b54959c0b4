package codec

import (
	"bytes"
	"fmt"
)

// expectAt compares a field of a frame of a grammar by its path; tables and arrays are compared field by field, and
// need not name all.
func (p *Profile) expectAt(f *Frame, path string, want any) error {
	switch want := want.(type) {
	case map[string]any:
		for _, key := range keysOf(want) {
			if err := p.expectAt(f, path+"."+key, want[key]); err != nil {
				return err
			}
		}
		return nil
	case []map[string]any:
		for i := range want {
			if err := p.expectAt(f, fmt.Sprintf("%s[%d]", path, i), want[i]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		for i := range want {
			if err := p.expectAt(f, fmt.Sprintf("%s[%d]", path, i), want[i]); err != nil {
				return err
			}
		}
		return nil
	}
	i := f.at(path)
	if i < 0 {
		return fmt.Errorf("%w in message %s: %s", ErrUnknownField, f.layout.message.Name, path)
	}
	o := &p.ops[f.cells[i].op]
	it := f.item(i, o)
	text, _ := textOf(want)
	if it.Text() == text || it.v.missing && (text == "" || text == "-") {
		return nil
	}
	if o.code == opDecimal && !it.v.missing { // the same number in other characters is the same
		if x, err := parseRat(text); err == nil && it.Label() == "" && (o.form == nil || !o.form.degrees) && x.Cmp(o.decimalValue(it.v.data)) == 0 {
			return nil
		}
	}
	plain := *o
	if o.code == opGroup || o.code == opList {
		return fmt.Errorf("%s: found %s, expected %v", path, it.Text(), want)
	}
	if plain.size == 0 {
		plain.size = int(f.cells[i].size)
	}
	if plain.code == opComputed || plain.code == opChecksum {
		plain.size = 8
	}
	if plain.form == nil {
		plain.form = &form{filler: -1}
	}
	parse := plain.parseForm
	if plain.code == opChecksum {
		plain.code = opUint
	}
	b, num, err := parse(nil, want, int(it.v.exp), true)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if o.numeric() && num != f.nums[i] || !o.numeric() && !bytes.Equal(b, it.v.data) {
		return fmt.Errorf("%s: found %s, expected %v", path, it.Text(), want)
	}
	return nil
}
