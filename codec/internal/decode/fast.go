package decode

import (
	"encoding/binary"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// findFast finds the fast path of the frame that data begins with, and its direction; nil: the frame must be walked.
func findFast(p *program.Program, d field.Direction, data []byte) (*program.FastPath, field.Direction) {
	if len(data) < program.WordBytes || int(d) >= len(p.Fast) {
		return nil, field.Any
	}
	at := p.Fast[d][data[0]]
	if at == nil || len(data) < at.Off+at.Size {
		return nil, field.Any
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
			return nil, field.Any
		}
		command = at.Op.Noted(num, b)
	}
	for _, plan := range at.Plans[at.Commands.Class(command)] {
		if plan.Total <= len(data) && verify(plan, data[:plan.Total]) {
			return plan, at.Way
		}
	}
	return nil, field.Any
}

// word is the eight bytes at off.
func word(data []byte, off uint16) uint64 {
	return binary.BigEndian.Uint64(data[off : int(off)+program.WordBytes])
}

// verify reports whether data, of plan.Total bytes, is a frame of the fast path.
func verify(plan *program.FastPath, data []byte) bool {
	var wrong uint64
	for i := range plan.Words {
		w := &plan.Words[i]
		v := word(data, w.Off)
		wrong |= (v^w.Want)&w.Mask | v&(v<<1|v<<2)&w.Bcd
	}
	if wrong != 0 {
		return false
	}
	for i := range plan.Checked {
		r := &plan.Checked[i]
		num, _, ok := r.Op.Read(data[r.Off : r.Off+uint16(r.Size)])
		if r.Part != nil {
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
	f.Way, f.Data, f.Wire, f.Decoded, f.Opened = d, data, data, true, nil
	nums := f.Nums[:len(plan.Cells)]
	for i := range plan.Numbers {
		n := &plan.Numbers[i]
		num := word(data, n.Off) >> (n.Shift & 63) & n.Mask
		switch n.Code {
		case program.NumberPair:
			num -= num >> 4 * 6
		case program.NumberMany:
			num = scalar.UnpackBCD(num)
		}
		nums[n.Cell] = num
	}
	for i := range plan.Others {
		if r := &plan.Others[i]; r.Part != nil {
			nums[r.Cell] = r.Part.Bits(nums[r.Word])
		} else {
			nums[r.Cell], _, _ = r.Op.Read(data[r.Off : r.Off+uint16(r.Size)])
		}
	}
	for i := range plan.Sums {
		s := &plan.Sums[i]
		nums[s.Cell], _ = read(s.Plan, s.Op, data[s.Off:s.Off+s.Op.Size])
	}
}
