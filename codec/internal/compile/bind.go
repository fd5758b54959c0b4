package compile

import (
	"fmt"
	"maps"
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// bind notes what people and sessions need to know of the fields.
func (c *compiler) bind() {
	p := c.p
	type memory struct {
		key  string
		code scalar.Opcode
		size int
	}
	slots := map[memory]int{} // one field in the frames of both directions is remembered once
	for i := range p.Ops {
		o := &p.Ops[i]
		if c.all[o.Field.Key] == nil {
			c.all[o.Field.Key] = o
		}
		if o.Flags&scalar.FlagRemember != 0 || o.Form != nil && o.Form.Counter {
			same := memory{o.Field.Key, o.Code, o.Size}
			if _, known := slots[same]; !known {
				slots[same] = p.Slots
				p.Slots++
			}
			o.Slot = uint8(slots[same])
		}
	}
	for _, a := range c.p.Asks {
		if o := c.all[a.Key]; o == nil {
			c.src.Problem(a.Path, field.Quote("request."+a.Key), "a field of some message", slices.Sorted(maps.Keys(c.all))...)
		} else if o.Float() {
			c.src.Problem(a.Path, field.Quote("request."+a.Key)+", a real number", "a whole number")
		}
	}
	if p.Slots > program.MaxSlots || len(p.Ops) > 1<<16-1 {
		c.src.Problem("frame", fmt.Sprintf("%d fields, %d of them remembered or counted", len(p.Ops), p.Slots),
			fmt.Sprintf("at most 65535, %d", program.MaxSlots))
		return
	}
	for _, f := range c.p.Kinds {
		for _, s := range f.Bodies {
			for _, nodes := range [][]*program.Node{f.Header, s.Nodes, f.Trailer} {
				for _, n := range nodes {
					if n.Op >= 0 && n.When == nil && !n.Optional && n.Kind == program.NodeLeaf && c.needed(n) && s.Set(n.Op) == nil {
						s.Message.Required = append(s.Message.Required, p.Ops[n.Op].Field)
					}
					for i := n.Op + 1; c.plain && i <= n.Op+n.Parts; i++ { // elsewhere, parts that are not given are zero
						if c.required(&p.Ops[i]) {
							s.Message.Required = append(s.Message.Required, p.Ops[i].Field)
						}
					}
				}
			}
		}
	}
}

func (c *compiler) needed(n *program.Node) bool {
	o := &c.p.Ops[n.Op]
	return c.required(o) && n.Value == nil && n.Check == nil &&
		(o.Code < scalar.OpChecksum || o.Code == scalar.OpVarint) && !c.p.Derived[o.Reg] &&
		(o.Form == nil || !o.Form.Counter)
}
