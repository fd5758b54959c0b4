package program

import (
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Attempt is a kind of frame and a way it travels, as which bytes are tried.
type Attempt struct {
	*FrameKind
	Way field.Direction
}

// Order lists what is tried for bytes that travel in a direction.
func (p *Program) Order() {
	for d := range p.attempts {
		p.attempts[d], p.Begins[d] = nil, scalar.ByteSet{}
		for _, way := range [2]field.Direction{field.Uplink, field.Downlink} {
			for _, f := range p.Kinds {
				if (field.Direction(d) == field.Any || field.Direction(d) == way) && (f.Direction == field.Any || f.Direction == way) {
					p.attempts[d] = append(p.attempts[d], Attempt{f, way})
					p.Begins[d].Join(&f.First)
				}
			}
		}
	}
}

// Tries is what is tried for bytes that travel in d.
func (p *Program) Tries(d field.Direction) []Attempt {
	if int(d) >= len(p.attempts) {
		return nil
	}
	return p.attempts[d]
}
