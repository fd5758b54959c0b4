package codec

import (
	"fmt"
	"slices"
)

// enumOfTexts reads labels of short texts, such as A = "valid", V = "void".
func (c *compiler) enumOfTexts(def *fieldDef, o *op) {
	if o.form == nil {
		o.form = &form{filler: -1}
	}
	def.rich = true
	o.form.words = map[string]string{}
	for _, e := range def.enum {
		plain := *o
		plain.chars, plain.check = nil, checkNone
		out, num, err := plain.parse(nil, e.value, false)
		if err != nil || len(out) > 8 || len(out) == 0 {
			c.src.problem(e.path, quote(e.value), "a text of 1 to 8 characters that the field can hold")
			continue
		}
		if _, twice := o.form.words[e.label]; twice || e.label == "" {
			c.src.problem(e.path, quote(e.label), "a label that is not empty and not used twice")
			continue
		}
		o.form.words[e.label] = string(out)
		o.field.Enum = append(o.field.Enum, EnumLabel{Value: int64(num), Label: e.label, Text: e.value})
	}
	for _, e := range o.field.Enum { // a label that is another value's text would be taken for it
		if text, ok := o.form.words[e.Text]; ok && e.Text != e.Label && text != e.Text {
			c.src.problem(def.path+".enum", quote(e.Text)+" as a value and as the label of another one", "labels that are no values")
		}
	}
}

// texts are the values that `in` lists for a field of characters or bytes.
func (c *compiler) texts(def *fieldDef, o *op) {
	if o.form == nil {
		o.form = &form{filler: -1}
	}
	def.rich = true
	plain := *o
	plain.form = nil
	if o.code == opASCII {
		plain.most = hardMaxFrame
	}
	for i, v := range def.in {
		out, _, err := plain.parse(nil, inHex(&plain, v), false)
		if err != nil {
			c.src.problem(fmt.Sprintf("%s.in[%d]", def.path, i), describe(v)+" ("+err.Error()+")", "a value that the field can hold")
			continue
		}
		if slices.Contains(o.form.texts, string(out)) {
			c.src.problem(fmt.Sprintf("%s.in[%d]", def.path, i), describe(v)+" a second time", "values that differ")
		}
		o.form.texts = append(o.form.texts, string(out))
	}
}
