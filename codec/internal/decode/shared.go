package decode

import (
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// shared finds the frame that data begins with, when the mark that ended the frame before also begins this one: lead bytes
// of its n bytes.  It gets bytes of its own.
func shared(p *program.Program, d field.Direction, data []byte, around Around, f *frame.Frame) (lead, n int, v program.Verdict) {
	for _, a := range p.Tries(d) {
		lead = len(a.Start)
		if k := min(lead, len(data)); !a.Shares || string(data[:k]) == string(a.Start[:k]) { // it has a mark of its own
			continue
		}
		end, mark, v := a.FindEnd(data[:min(len(data), a.Max-lead)], true)
		switch {
		case v == program.Incomplete && around&(Quiet|Ended) == 0 && len(data) < a.Max-lead:
			return 0, 0, v
		case v != program.Complete:
			continue
		}
		raw := slices.Concat(a.Start, data[:end+len(mark)])
		if at, n := Next(p, d, raw, around&^Behind, f); at == 0 && n == len(raw) {
			return lead, n, program.Complete
		}
	}
	return 0, 0, program.Refused
}
