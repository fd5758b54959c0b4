package compile

import (
	"fmt"

	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// Fields of bits that need not begin with a byte stand side by side, however deep in groups, lists and choices.  Such
// fields between two fields of whole bytes become a packed group, which begins and ends with a whole byte.

// slice compiles a field of bits that need not begin with a byte.
func (c *compiler) slice(def *schema.FieldDef) []scalar.Op {
	own := *def
	own.At = fmt.Sprintf("%d-0", def.SizeBits-1)
	if def.SizeBits == 1 {
		own.At = "0"
	}
	o, _ := c.part(&own, &scalar.Op{Size: 8})
	o.Code, o.Little = scalar.OpSlice, def.Order == "little"
	if def.Column {
		c.src.Problem(def.Path+".size_bits", "it between separators", "it in a part of a fixed size")
	}
	return []scalar.Op{o}
}

// packed makes the packed groups among nodes.
func (c *compiler) packed(nodes []*program.Node) (out []*program.Node) {
	for i := 0; i < len(nodes); {
		n, size := nodes[i], 1
		if loose, has := c.loose(n); !loose || !has {
			c.unpacked(n)
			out, i = append(out, n), i+1
			continue
		}
		for k := i + 1; k < len(nodes); k++ {
			loose, has := c.loose(nodes[k])
			if !loose {
				break
			} else if has {
				size = k - i + 1
			}
		}
		group := &program.Node{Kind: program.NodeGroup, Path: n.Path, Op: -1, Element: -1, Packed: true,
			Kids: nodes[i : i+size]}
		c.inOrder(group)
		out, i = append(out, group), i+size
	}
	return out
}

// unpacked looks for packed groups inside a node that is in none.
func (c *compiler) unpacked(n *program.Node) {
	if loose, has := c.looseAll(n.Kids); n.Kind == program.NodeList && loose && has {
		c.src.Problem(n.Path, "a list of items that are no whole bytes, without count",
			`a count and no size, such as count = "remaining * 8 / 12" in a part with a size`)
	}
	n.Kids = c.packed(n.Kids)
	for i := range n.Cases {
		n.Cases[i].Kids = c.packed(n.Cases[i].Kids)
	}
}

// inOrder checks that the fields of a packed group have one order of bits.
func (c *compiler) inOrder(group *program.Node) {
	var first *scalar.Op
	program.Each(group.Kids, func(n *program.Node) {
		if n.Kind != program.NodeLeaf || c.p.Ops[n.Op].Code != scalar.OpSlice {
			return
		}
		if first == nil {
			first = &c.p.Ops[n.Op]
		}
		if first.Little != c.p.Ops[n.Op].Little {
			c.src.Problem(n.Path+".order", "another order than that of the bits before it",
				"one order up to the next whole byte, or a part with a size around the others")
		}
	})
}

// unmarked refuses lengths and checksums that begin or end inside a packed group.
func (c *compiler) unmarked(group *program.Node) {
	program.Each(group.Kids, func(n *program.Node) {
		if n.Mark > 0 {
			c.src.Problem(n.Path, "a length or checksum from, after or to "+c.nameOf(n), "fields of whole bytes there")
		}
	})
}

// loose says that a node can stand in a packed group, and has fields of bits.
func (c *compiler) loose(n *program.Node) (loose, has bool) {
	switch {
	case n.Kind == program.NodeLeaf:
		code := c.p.Ops[n.Op].Code
		return code == scalar.OpSlice || code == scalar.OpComputed, code == scalar.OpSlice
	case n.Size != nil || n.Rest || n.Until != nil || n.Before != nil || n.Transform != nil || n.Separator != nil,
		n.Column,
		n.Kind == program.NodeList && n.Count == nil && n.Stop == nil:
		return false, false
	}
	loose, has = c.looseAll(n.Kids)
	for i := range n.Cases {
		l, h := c.looseAll(n.Cases[i].Kids)
		loose, has = loose && l, has || h
	}
	return loose, has
}

// looseAll says that nodes can stand in a packed group, and that one has fields of bits.
func (c *compiler) looseAll(nodes []*program.Node) (loose, has bool) {
	loose = true
	for _, n := range nodes {
		l, h := c.loose(n)
		loose, has = loose && l, has || h
	}
	return loose, has
}
