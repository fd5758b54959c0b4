package program

import (
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Attempt is a frame kind and a direction, as which a candidate is tried.
type Attempt struct {
	*FrameKind
	Way field.Direction
}

// Order lists the attempts of each direction, and the bytes that their frames begin with.
func (p *Program) Order() {
	for d := range p.attempts {
		p.attempts[d], p.Begins[d] = nil, scalar.ByteSet{}
		for _, way := range [2]field.Direction{field.Uplink, field.Downlink} {
			for _, f := range p.Kinds {
				asked := field.Direction(d) == field.Any || field.Direction(d) == way
				if asked && (f.Direction == field.Any || f.Direction == way) {
					p.attempts[d] = append(p.attempts[d], Attempt{f, way})
					p.Begins[d].Join(&f.First)
				}
			}
		}
	}
}

// Tries lists the attempts for bytes that travel in d, in their order.
func (p *Program) Tries(d field.Direction) []Attempt {
	if int(d) >= len(p.attempts) {
		return nil
	}
	return p.attempts[d]
}
