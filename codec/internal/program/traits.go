package program

import (
	"slices"

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
		f.Each(look)
	}
	return found
}

// alike is the number of bits that all frames of the kind have in common, in marks and in constants of header and
// trailer.
func (p *Program) alike(f *FrameKind) (bits int) {
	bits = 8 * len(f.Start)
	if f.EndMarks != nil {
		bits = 8 * f.EndMarks.Around(f.Start)
	}
	for _, n := range slices.Concat(f.Header, f.Trailer) {
		if n.Kind != NodeLeaf || n.When != nil || n.Optional {
			continue
		}
		bits += 8 * len(n.Before)
		if o := n.Field; o.Fixed() {
			bits += 8 * o.Size
		}
	}
	return bits
}

// proof is how many bits must be as they have to be for bytes to be a frame wherever they stand.
const proof = 16

// Proven reports whether bytes that are read as a frame of this kind are one beyond doubt: checksums of so many bits
// are right.
func (f *FrameKind) Proven(summed int) bool { return summed > 0 && summed+f.Alike >= proof }

// Proven is FrameKind.Proven for a frame of the fast path.
func (p *FastPath) Proven() bool {
	summed := 0
	for i := range p.Sums {
		summed += p.Sums[i].Plan.Sum.Width
	}
	return p.Body.FrameKind.Proven(summed)
}
