package codec

import (
	"fmt"
	"maps"
	"slices"
)

// bind notes what people and sessions need to know of the fields.
func (c *compiler) bind() {
	p := c.p
	type memory struct {
		key  string
		code opcode
		size int
	}
	slots := map[memory]int{} // one field in the frames of both directions is remembered once
	for i := range p.ops {
		o := &p.ops[i]
		if c.all[o.field.Key] == nil {
			c.all[o.field.Key] = o
		}
		if o.flags&flagRemember != 0 || o.form != nil && o.form.counter {
			same := memory{o.field.Key, o.code, o.size}
			if _, known := slots[same]; !known {
				slots[same] = p.slots
				p.slots++
			}
			o.slot = uint8(slots[same])
		}
	}
	for _, a := range c.p.asks {
		if o := c.all[a.key]; o == nil {
			c.src.problem(a.path, quote("request."+a.key), "a field of some message", slices.Sorted(maps.Keys(c.all))...)
		} else if o.float() {
			c.src.problem(a.path, quote("request."+a.key)+", a real number", "a whole number")
		}
	}
	if p.slots > maxSlots || len(p.ops) > 1<<16-1 {
		c.src.problem("frame", fmt.Sprintf("%d fields, %d of them remembered or counted", len(p.ops), p.slots), fmt.Sprintf("at most 65535, %d", maxSlots))
		return
	}
	for _, f := range c.p.families {
		for _, s := range f.shapes {
			for _, nodes := range [][]*node{f.header, s.nodes, f.trailer} {
				for _, n := range nodes {
					if n.op >= 0 && n.when == nil && !n.optional && n.kind == nodeLeaf && c.needed(n) && s.set(n.op) == nil {
						s.layout.message.Required = append(s.layout.message.Required, p.ops[n.op].field)
					}
					for i := n.op + 1; c.plain && i <= n.op+n.parts; i++ { // elsewhere, parts that are not given are zero
						if c.required(&p.ops[i]) {
							s.layout.message.Required = append(s.layout.message.Required, p.ops[i].field)
						}
					}
				}
			}
		}
	}
}

func (c *compiler) needed(n *node) bool {
	o := &c.p.ops[n.op]
	return c.required(o) && n.value == nil && n.check == nil && (o.code < opChecksum || o.code == opVarint) && !c.p.derived[o.reg] &&
		(o.form == nil || !o.form.counter)
}
