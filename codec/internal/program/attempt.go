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

// Order lists the attempts of each direction, the bytes that their frames begin with, and their fast paths.
func (p *Program) Order() {
	for d := range p.attempts {
		p.attempts[d], p.Begins[d], p.Fast[d] = nil, scalar.ByteSet{}, [256]*FastTable{}
		for _, way := range [2]field.Direction{field.Uplink, field.Downlink} {
			for _, f := range p.Kinds {
				asked := field.Direction(d) == field.Any || field.Direction(d) == way
				if asked && (f.Direction == field.Any || f.Direction == way) {
					p.attempts[d] = append(p.attempts[d], Attempt{f, way})
					for b := range p.Fast[d] {
						if f.First.Has(byte(b)) && !p.Begins[d].Has(byte(b)) {
							p.Fast[d][b] = f.Fast[way-field.Uplink]
						}
					}
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
