package compile

import (
	"fmt"
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// enumOfTexts reads labels of short texts, such as A = "valid", V = "void".
func (c *compiler) enumOfTexts(def *schema.FieldDef, o *scalar.Op) {
	o.Special().Words = map[string]string{}
	for _, e := range def.Enum {
		plain := *o
		plain.Chars, plain.Check = nil, scalar.CheckNone
		out, num, err := plain.Parse(nil, e.Value, 0, false)
		if err != nil || len(out) > 8 || len(out) == 0 {
			c.src.Problem(e.Path, field.Quote(e.Value), "a text of 1 to 8 characters that the field can hold")
			continue
		}
		if _, twice := o.Form.Words[e.Label]; twice || e.Label == "" {
			c.src.Problem(e.Path, field.Quote(e.Label), "a label that is not empty and not used twice")
			continue
		}
		o.Form.Words[e.Label] = string(out)
		o.Field.Enum = append(o.Field.Enum, field.EnumLabel{Value: int64(num), Label: e.Label, Text: e.Value})
	}
	for _, e := range o.Field.Enum { // a label that is another value's text would be taken for it
		if text, ok := o.Form.Words[e.Text]; ok && e.Text != e.Label && text != e.Text {
			c.src.Problem(def.Path+".enum", field.Quote(e.Text)+" as a value and as the label of another one", "labels that are no values")
		}
	}
}

// texts are the values that `in` lists for a field of characters or bytes.
func (c *compiler) texts(def *schema.FieldDef, o *scalar.Op) {
	f, plain := o.Special(), *o
	plain.Form = nil
	if o.Code == scalar.OpASCII {
		plain.Most = field.HardMaxFrame
	}
	for i, v := range def.In {
		out, _, err := plain.Parse(nil, inHex(&plain, v), 0, false)
		if err != nil {
			c.src.Problem(fmt.Sprintf("%s.in[%d]", def.Path, i), schema.Describe(v)+" ("+err.Error()+")",
				"a value that the field can hold")
			continue
		}
		if slices.Contains(f.Texts, string(out)) {
			c.src.Problem(fmt.Sprintf("%s.in[%d]", def.Path, i), schema.Describe(v)+" a second time", "values that differ")
		}
		f.Texts = append(f.Texts, string(out))
	}
}
