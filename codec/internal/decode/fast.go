package decode

import (
	"encoding/binary"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// fastPath finds the fast path of the frame that data begins with; nil: the frame must be walked.
func fastPath(a *program.Attempt, data []byte) *program.FastPath {
	at := a.Fast
	if at == nil || len(data) < at.Off+at.Size {
		return nil
	}
	command := uint64(0)
	switch {
	case at.Op == nil:
	case at.Plain:
		command = uint64(data[at.Off])
	default:
		b := data[at.Off : at.Off+at.Size]
		num, _, ok := at.Op.Read(b)
		if !ok {
			return nil
		}
		command = at.Op.Noted(num, b)
	}
	for _, plan := range at.Plans[a.Way-field.Uplink][a.ByCommand[a.Way-field.Uplink].Class(command)] {
		if plan.Total <= len(data) && verify(plan, data[:plan.Total]) {
			return plan
		}
	}
	return nil
}

// findFast finds the fast path of the frame that data begins with, and its direction; nil: the frame must be walked.
func findFast(p *program.Program, d field.Direction, data []byte) (*program.FastPath, field.Direction) {
	if len(data) >= program.WordBytes {
		tries := p.Tries(d)
		for i := range tries {
			if a := &tries[i]; a.First.Has(data[0]) {
				return fastPath(a, data), a.Way
			}
		}
	}
	return nil, field.Any
}

// verify reports whether data, of plan.Total bytes, is a frame of the fast path.
func verify(plan *program.FastPath, data []byte) bool {
	var wrong uint64
	for i := range plan.Words {
		w := &plan.Words[i]
		v := binary.BigEndian.Uint64(data[w.Off:])
		wrong |= (v^w.Want)&w.Mask | v&(v<<1|v<<2)&w.Bcd
	}
	if wrong != 0 {
		return false
	}
	for i := range plan.Checked {
		r := &plan.Checked[i]
		num, _, ok := r.Op.Read(data[r.Off : r.Off+uint16(r.Size)])
		if r.Code == program.ReadPart {
			ok = r.Part.Accepts(r.Part.Bits(num))
		}
		if !ok {
			return false
		}
	}
	for i := range plan.Sums {
		s := &plan.Sums[i]
		num, ok := read(s.Plan, s.Op, data[s.Off:s.Off+s.Op.Size])
		if !ok || num != Compute(s.Plan, data, s.Off, s.From, s.To) {
			return false
		}
	}
	return true
}

// fill decodes data, which is verified, into f.
func fill(plan *program.FastPath, p *program.Program, f *frame.Frame, d field.Direction, data []byte) {
	if f.Plan != plan || f.Program != p {
		f.Adopt(p, plan)
	}
	f.Way, f.Data, f.Wire, f.Decoded = d, data, data, true
	nums := f.Nums[:len(plan.Cells)]
	for i := range plan.Reads {
		r := &plan.Reads[i]
		switch r.Code {
		case program.ReadByte:
			nums[r.Cell] = uint64(data[r.Off])
		case program.ReadPair:
			b := data[r.Off]
			nums[r.Cell] = uint64(b - b>>4*6)
		case program.ReadBE2:
			nums[r.Cell] = uint64(binary.BigEndian.Uint16(data[r.Off:]))
		case program.ReadBE4:
			nums[r.Cell] = uint64(binary.BigEndian.Uint32(data[r.Off:]))
		case program.ReadMany:
			nums[r.Cell] = scalar.UnpackBCD(scalar.LoadBE(data[r.Off : r.Off+uint16(r.Size)]))
		case program.ReadPart:
			nums[r.Cell] = r.Part.Bits(nums[r.Word])
		default:
			nums[r.Cell], _, _ = r.Op.Read(data[r.Off : r.Off+uint16(r.Size)])
		}
	}
	for i := range plan.Sums {
		s := &plan.Sums[i]
		nums[s.Cell], _ = read(s.Plan, s.Op, data[s.Off:s.Off+s.Op.Size])
	}
}
