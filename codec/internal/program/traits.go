package program

import (
	"trama/codec/internal/scalar"
)

// HasChecksum reports whether frames of the profile carry a checksum, of their own or after blocks of bytes.
func (p *Program) HasChecksum() bool {
	for i := range p.Ops {
		if p.Ops[i].Code == scalar.OpChecksum {
			return true
		}
	}
	found := false
	look := func(n *Node) { found = found || n.Transform != nil && n.Transform.Block > 0 }
	for _, f := range p.Kinds {
		for _, nodes := range append([][]*Node{f.Header, f.Trailer}, Bodies(f)...) {
			Each(nodes, look)
		}
	}
	return found
}
