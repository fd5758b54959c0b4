package decode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Next finds the frame of n bytes before which at bytes are noise, and decodes it into f, if there is one.  Without a
// frame, n is 0.
func Next(p *program.Program, d field.Direction, data []byte, atEOF bool, f *frame.Frame) (at, n int) {
	var m *Walker
	for ; at < len(data); at++ {
		if !p.Begins[d].Has(data[at]) {
			continue
		}
		rest := data[at:]
		if plan, way := findFast(p, d, rest); plan != nil {
			if n = plan.Total; f != nil {
				fill(plan, p, f, way, rest[:n])
			}
			break
		}
		if m == nil {
			m = Walkers.Get().(*Walker)
			m.AtEOF = false
		}
		var v program.Verdict
		if n, v = m.first(p, d, f, rest); v == program.Complete {
			m.settle(f, rest[:n])
			break
		}
		if n = 0; v == program.Incomplete && !atEOF {
			break
		}
	}
	if m != nil {
		m.release(f)
	}
	return at, n
}

// first walks the frame that data begins with; n is its size.
func (m *Walker) first(p *program.Program, d field.Direction, f *frame.Frame, data []byte) (n int, v program.Verdict) {
	for _, a := range p.Tries(d) {
		if !a.First.Has(data[0]) {
			continue
		}
		if n, v = m.frame(p, f, a, data); v != program.Refused && (v == program.Complete || len(data) < a.Max) {
			return n, v
		}
	}
	return 0, program.Refused
}

// settle makes f, which was walked, the frame that raw is.
func (m *Walker) settle(f *frame.Frame, raw []byte) {
	if f == nil {
		return
	}
	f.Wire = raw
	if m.Family.EndMarks == nil {
		f.Data = f.Data[:m.Off]
	}
	if m.P.Rewrites { // the frame has its own copy of the machine's bytes: they are another goroutine's next
		f.Own = append(f.Own[:0], f.Data...)
		f.Data = f.Own
	}
}

// release gives m back.
func (m *Walker) release(f *frame.Frame) {
	if f != nil && f.Plan == nil {
		f.Memory = f.Cells[:0]
	}
	m.F, m.Asked, m.Sink, m.Near = nil, nil, nil, nil
	Walkers.Put(m)
}
