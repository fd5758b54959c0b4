package decode

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// ended walks a frame begun that a silence ends: nothing follows.
func (m *Walker) ended(p *program.Program, f *frame.Frame, a program.Attempt, data []byte) (n int, v program.Verdict) {
	m.AtEOF = true
	n, v = m.frame(p, f, a, data)
	m.AtEOF = false
	return n, v
}

// sized walks a frame that has one of several sizes: the largest that a checksum proves, or behind which nothing or the
// beginning of a frame stands; else the largest that fits.
func (m *Walker) sized(p *program.Program, f *frame.Frame, a program.Attempt, data []byte) (n int, v program.Verdict) {
	defer func() { m.total = 0 }()
	if m.AtEOF { // data is the frame
		if m.total = len(data); !slices.Contains(a.Totals, m.total) && m.Sink != nil {
			return 0, m.Refuse(nil, 0, fmt.Errorf("%w: frame of %d bytes, expected %s", field.ErrLength, len(data), totals(a.Totals)))
		} else if !slices.Contains(a.Totals, m.total) {
			return 0, program.Refused
		}
		return m.frame(p, f, a, data)
	}
	fits := 0
	for _, size := range a.Totals {
		if m.total = size; size > len(data) {
			if m.Silent {
				continue
			}
			if _, v := m.frame(p, f, a, data); v == program.Refused {
				continue
			}
			return 0, program.Incomplete
		}
		switch n, v := m.ended(p, f, a, data[:size]); {
		case v != program.Complete:
		case m.Summed > 0, size == len(data) && m.Silent, size < len(data) && p.Begins[a.Way].Has(data[size]):
			return n, v
		case size == len(data):
			return 0, program.Incomplete
		case fits == 0:
			fits = size
		}
	}
	if m.total = fits; fits == 0 {
		return 0, program.Refused
	}
	return m.ended(p, f, a, data[:fits])
}

// totals lists sizes of frames, the smallest first.
func totals(sizes []int) string {
	var words []string
	for _, n := range slices.Backward(sizes) {
		words = append(words, fmt.Sprint(n))
	}
	return strings.Join(words, " or ")
}
