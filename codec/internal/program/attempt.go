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
		p.Lines[d] = !p.HasChecksum()
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
					p.Lines[d] = p.Lines[d] && f.line()
				}
			}
		}
		if p.Security != nil { // ML of a protected frame may be larger
			for hundreds := range p.Security.MaxBytes()/100 + 1 {
				p.Begins[d].Add(byte(hundreds/10<<4 | hundreds%10))
			}
		}
	}
}

// line reports whether frames of the kind have a mark at the end, and at the beginning neither a mark nor a constant.
func (f *FrameKind) line() bool {
	if f.EndMarks == nil || f.EndMarks.Behind > 0 || f.Start != nil || len(f.Header) == 0 {
		return false
	}
	first := f.Header[0]
	return first.Before == nil && (first.Field == nil || !first.Field.Fixed())
}

// LineEnd is the number of bytes up to the first mark at the end of a frame that travels in d, with the mark; 0: there
// is none.
func (p *Program) LineEnd(d field.Direction, data []byte) (n int) {
	for _, a := range p.Tries(d) {
		at, mark, v := a.FindEnd(data[:min(len(data), a.Max)], false)
		if v == Complete && (n == 0 || at+len(mark) < n) {
			n = at + len(mark)
		}
	}
	return n
}

// Tries lists the attempts for bytes that travel in d, in their order.
func (p *Program) Tries(d field.Direction) []Attempt {
	if int(d) >= len(p.attempts) {
		return nil
	}
	return p.attempts[d]
}
