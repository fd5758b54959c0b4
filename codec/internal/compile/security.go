package compile

import (
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
	"trama/codec/protect"
)

// security compiles [security]: it checks that frames begin as protected ones do, and finds the fields that matter behind.
func (c *compiler) security(d *schema.Definition) {
	def := d.Security
	if def == nil || len(c.src.Problems) > 0 {
		return
	}
	if !c.plain || len(c.p.Kinds) != 1 || c.d.Length == nil {
		c.src.Problem(def.Path, "it with frames of variable parts, or without length",
			"one header of fields with fixed sizes, which holds the length of the frame, and bodies of plain fields")
		return
	}
	f := c.p.Kinds[0]
	l := &protect.Layout{Max: f.Max}
	l.Header, _ = c.p.Span(f.Header)
	var first []*scalar.Op // of the frame, as protected frames begin
	identity, command := (*scalar.Op)(nil), &c.p.Ops[max(f.CommandOp, 0)]
	for _, n := range f.Header {
		o := &c.p.Ops[n.Op]
		at := c.offset(n.Op)
		first = append(first, o)
		switch o.Role {
		case field.RoleIdentity:
			identity = o
		case field.RoleCommand:
			l.Command = at
			l.Result = max(l.Result, at)
		case field.RoleResult:
			l.Result = max(l.Result, at+o.Size-1)
		case field.RoleTransaction:
			l.Number = at
			if o.Code != scalar.OpBCD || o.Size != 4 {
				c.src.Problem(def.Path, fmt.Sprintf("it with %s of type %s and %d bytes", o.Field.Key, o.Field.Type,
					o.Size), "a transaction number of type bcd and 4 bytes, or none")
			}
		}
	}
	decimal := func(o *scalar.Op) bool { return o.Code == scalar.OpBCD || o.Code == scalar.OpDigits }
	want := []struct {
		what string
		ok   func(o *scalar.Op) bool
	}{
		{"the length of the frame, type bcd, 2 bytes, which counts what is behind the integrity", func(o *scalar.Op) bool {
			return o.Code == scalar.OpBCD && !o.Little && o.Size == 2 && o.Reg > 0 && o.Reg == f.Length.Reg &&
				f.Sizes.Length.Start == 7 && f.Sizes.Length.Add == 0
		}},
		{"the version of the frame, type bcd, 1 byte", func(o *scalar.Op) bool { return o.Code == scalar.OpBCD && o.Size == 1 }},
		{def.Suite + ", the suite, type bcd, 1 byte, which is 0 in plain frames", func(o *scalar.Op) bool {
			return o.Field.Key == def.Suite && o.Code == scalar.OpBCD && o.Size == 1 && zero(o)
		}},
		{def.Integrity + ", the integrity, 3 bytes, which are 0 in plain frames", func(o *scalar.Op) bool {
			return o.Field.Key == def.Integrity && o.Size == 3 && o.Check == scalar.CheckBytes && string(o.Want) == "\x00\x00\x00"
		}},
		{`the serial, role identity, type bcd, 4 bytes, as = "digits"`, func(o *scalar.Op) bool {
			return o == identity && o.Code == scalar.OpDigits && o.Size == 4 && (o.Form == nil || !o.Form.Reversed)
		}},
	}
	for i, w := range want {
		if i >= len(first) || !w.ok(first[i]) {
			found := "nothing"
			if i < len(first) {
				found = fmt.Sprintf("%s of type %s", first[i].Field.Key, first[i].Field.Type)
			}
			c.src.Problem(def.Path, fmt.Sprintf("%s as field %d of the header", found, i+1), w.what)
			return
		}
	}
	if f.CommandOp < 0 || command.Size != 1 || l.Command < 11 {
		c.src.Problem(def.Path, "frames without a command of one byte in the header", "one, behind the serial")
		return
	}
	if most := 9_999 + 7; l.MaxBytes() > most {
		c.src.Problem(def.Path, fmt.Sprintf("protected frames of %d bytes", l.MaxBytes()),
			fmt.Sprintf("at most %d: their length has four digits", most))
		return
	}
	for _, n := range f.Header {
		o := &c.p.Ops[n.Op]
		for at := c.offset(n.Op); decimal(o) && at > 10 && at <= l.Result && at < c.offset(n.Op)+o.Size; at++ {
			l.Digits = append(l.Digits, at)
		}
	}
	c.carriers(def, f, l)
	c.p.Security = l
}

// zero says that a field of two digits is 0 and nothing else.
func zero(o *scalar.Op) bool {
	for v := range uint64(100) {
		if o.Allows(v) != (v == 0) {
			return false
		}
	}
	return true
}

// carriers finds the commands whose frames carry a reference: answers of masters, and acknowledgements of the server.
func (c *compiler) carriers(def *schema.SecurityDef, f *program.FrameKind, l *protect.Layout) {
	o := &c.p.Ops[f.CommandOp]
	for b := range 256 {
		num, _, ok := o.Read([]byte{byte(b)})
		if !ok {
			continue
		}
		command := o.Noted(num, []byte{byte(b)})
		l.Letters[b] = true
		for way, purpose := range [2]field.Purpose{field.PurposeAnswer, field.PurposeAcknowledgement} {
			carry, not := "", ""
			for _, body := range f.Bodies {
				if m := body.Message; !body.Commands.Has(command) || m.From == field.Anyone || (m.From == field.Server) != (way == 1) {
					continue
				} else if m.Purpose == purpose {
					carry = m.Name
				} else {
					not = m.Name
				}
			}
			if carry != "" && not != "" {
				c.src.Problem(def.Path, fmt.Sprintf("message %s, which carries a reference, with a command of %s, which carries none", carry, not),
					"commands that differ: a frame must say by its command whether it carries one")
				return
			}
			l.Answers[way][b] = carry != ""
		}
	}
}
