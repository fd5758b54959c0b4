package codec

// stepKind says what the walk does at a node.
type stepKind uint8

const (
	stepNode      stepKind = iota // something refers to the place of the node, or it is a checksum
	stepNumber                    // an unsigned number of fixed size without any restriction
	stepLeaf                      // another field
	stepComputed                  // a value without bytes
	stepRegion                    // a group, a list or a choice
	stepAnnounced                 // a text stands before it
	stepColumn                    // it stands between separators
)

// prepare resolves what the walk needs of the nodes of a profile.
func (p *program) prepare() {
	visit := func(n *node) { n.prepare(p.ops) }
	p.order()
	for _, f := range p.families {
		each(f.header, visit)
		each(f.trailer, visit)
		for _, s := range f.shapes {
			each(s.nodes, visit)
		}
		p.index(f)
	}
}

// index makes the tables by which the message of a frame is found.
func (p *program) index(f *family) {
	f.byCommand = [2]picker{newShapePicker(f, true), newShapePicker(f, false)}
	p.makeFixed(f)
}

// bitField is a part of a number: which bits it is, and who wants them.
type bitField struct {
	op    *op
	mask  uint64
	reg   int32
	shift uint8
	role  Role
	plain bool // its value is the bits, which may all be, and nothing but a register keeps them
}

func (n *node) prepare(ops []op) {
	n.guarded = n.when != nil || n.asks
	if n.op >= 0 {
		n.field, n.bits = &ops[n.op], nil
		for i := n.op + 1; i <= n.op+n.parts; i++ {
			o := &ops[i]
			n.bits = append(n.bits, bitField{op: o, mask: o.mask, shift: o.shift, reg: int32(o.reg), role: o.role,
				plain: o.check == checkNone && o.fold == nil && o.table == 0 && (o.form == nil || o.form.plain() && !o.form.packed)})
		}
	}
	if n.kind == nodeChoice {
		n.byValue = newCasePicker(n)
	}
	if o := n.field; n.kind == nodeLeaf {
		n.varies = n.size != nil || n.rest || n.until != nil || o.code == opRun || o.code == opVarint || n.column
		n.noted = o.reg > 0 || o.fold != nil || o.table > 0
	}
	switch o := n.field; {
	case n.column:
		n.step = stepColumn
	case n.before != nil:
		n.step = stepAnnounced
	case n.mark > 0:
		n.step = stepNode
	case n.kind != nodeLeaf:
		n.step = stepRegion
	case o.code == opComputed:
		n.step = stepComputed
	case o.code == opChecksum:
		n.step = stepNode
	case o.code == opUint && o.size > 0 && o.form.plain() && o.fold == nil && o.table == 0 && o.check == checkNone &&
		n.value == nil && n.exponent == nil && n.size == nil && n.until == nil:
		n.step = stepNumber
	default:
		n.step = stepLeaf
	}
	if n.kind == nodeList && n.element < 0 && n.separator == nil && n.stop == nil && len(n.kids) == 1 {
		kid := n.kids[0]
		kid.prepare(ops)
		n.numbers = kid.step == stepNumber && !kid.guarded && kid.field.reg == 0
	}
}

// attempt is a kind of frame and a way it travels, as which bytes are tried.
type attempt struct {
	*family
	way Direction
}

// messages finds those of a command.
func (a *attempt) messages() *picker {
	if a.way == Downlink {
		return &a.byCommand[1]
	}
	return &a.byCommand[0]
}

// order lists what is tried for bytes that travel in a direction.
func (p *program) order() {
	for d := range p.attempts {
		p.attempts[d], p.begins[d] = nil, byteSet{}
		for _, way := range [2]Direction{Uplink, Downlink} {
			for _, f := range p.families {
				if (Direction(d) == Any || Direction(d) == way) && (f.direction == Any || f.direction == way) {
					p.attempts[d] = append(p.attempts[d], attempt{f, way})
					p.begins[d].join(&f.first)
				}
			}
		}
	}
}

// tries is what is tried for bytes that travel in d.
func (p *program) tries(d Direction) []attempt {
	if int(d) >= len(p.attempts) {
		return nil
	}
	return p.attempts[d]
}
