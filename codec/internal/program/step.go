package program

import (
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// stepKind is the kind of work that the walk does at a node.
type stepKind uint8

// Steps of the walk.
const (
	stepNode      stepKind = iota // a node whose place is referred to, or a checksum
	StepNumber                    // an unsigned number of fixed size without any restriction
	StepLeaf                      // another field
	StepSlice                     // bits that need not begin with a byte
	StepComputed                  // a value without bytes
	StepRegion                    // a group, a list or a choice
	StepAnnounced                 // a node with a text before it
	StepColumn                    // a node between separators
)

// Prepare fills the parts of the nodes that follow from others, and the tables of the frame kinds.
func (p *Program) Prepare() {
	visit := func(n *Node) { n.prepare(p.Ops) }
	for _, f := range p.Kinds {
		f.Each(visit)
		f.Alike = p.alike(f)
		p.Index(f)
		f.Seal = p.seals(f)
	}
	p.Order()
}

// Index makes the switch tables and the fast paths of a frame kind.
func (p *Program) Index(f *FrameKind) {
	f.ByCommand = [2]SwitchTable{newBodyTable(f, true), newBodyTable(f, false)}
	p.makeFast(f)
}

// bitField is a field of bits in a number, with its register and role.
type bitField struct {
	Op    *scalar.Op
	Mask  uint64
	Reg   int32
	Shift uint8
	Role  field.Role
	Plain bool // every value is allowed, and nothing but a register keeps it
}

// prepare fills the parts of a node that follow from others.
func (n *Node) prepare(ops []scalar.Op) {
	n.Guarded = n.When != nil || n.Asks
	if n.Op >= 0 {
		n.Field, n.Bits = &ops[n.Op], nil
		for i := n.Op + 1; i <= n.Op+n.Parts; i++ {
			o := &ops[i]
			plain := o.Check == scalar.CheckNone && o.Fold == nil && o.Table == 0 &&
				(o.Form == nil || o.Form.Plain() && !o.Form.Packed)
			n.Bits = append(n.Bits, bitField{
				Op: o, Mask: o.Mask, Shift: o.Shift, Reg: int32(o.Reg), Role: o.Role, Plain: plain,
			})
		}
	}
	if n.Kind == NodeChoice {
		n.ByValue = newCaseTable(n)
	}
	if o := n.Field; n.Kind == NodeLeaf {
		n.Varies = n.Size != nil || n.Rest || n.Until != nil || n.Column ||
			o.Code == scalar.OpRun || o.Code == scalar.OpVarint
		n.Noted = o.Reg > 0 || o.Fold != nil || o.Table > 0
	}
	switch o := n.Field; {
	case n.Column:
		n.Step = StepColumn
	case n.Before != nil:
		n.Step = StepAnnounced
	case n.Mark > 0:
		n.Step = stepNode
	case n.Kind != NodeLeaf:
		n.Step = StepRegion
	case o.Code == scalar.OpSlice:
		n.Step = StepSlice
	case o.Code == scalar.OpComputed:
		n.Step = StepComputed
	case o.Code == scalar.OpChecksum:
		n.Step = stepNode
	case o.Code == scalar.OpUint && o.Size > 0 && o.Form.Plain() && o.Fold == nil && o.Table == 0 &&
		o.Check == scalar.CheckNone && n.Value == nil && n.Exponent == nil && n.Size == nil && n.Until == nil:
		n.Step = StepNumber
	default:
		n.Step = StepLeaf
	}
}
