package encode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Session is what a profile remembers between frames of one peer.  The zero value is ready.  It is owned by the
// caller and not safe for concurrent use; it holds a few words and no reference to any frame.
type Session struct {
	program *program.Program
	values  []uint64 // by slot: the bytes of the field, packed
	known   uint64   // bit per slot
	who     []byte   // identity of the last frame that carried one
}

// Remember keeps the values of f that later frames to the same peer default to (fields marked `remember`).
// Frames of the server itself are not remembered.
func Remember(p *program.Program, s *Session, f *frame.Frame) {
	if f.Body == nil || f.Way == field.Downlink {
		return
	}
	if id := f.Identity(); len(id) > 0 {
		s.own(p)
		s.who = append(s.who[:0], id...)
	}
	if p.Slots == 0 {
		return
	}
	s.own(p)
	for i := range f.Cells {
		o := &p.Ops[f.Cells[i].Op]
		if o.Flags&scalar.FlagRemember == 0 {
			continue
		}
		num := f.Nums[i]
		if !o.Numeric() {
			num = scalar.LoadBE(f.Bytes(i))
		}
		s.values[o.Slot] = num
		s.known |= 1 << o.Slot
	}
}

// own makes s a session of p.
func (s *Session) own(p *program.Program) {
	if s.program != p {
		*s = Session{program: p, values: make([]uint64, p.Slots)}
	}
}

// Identity is the identity of the last remembered frame that carried one: a protocol may say it in the login alone.
// Valid until the next Remember; empty when no frame carried one.
func (s *Session) Identity() []byte {
	if s == nil {
		return nil
	}
	return s.who
}

// peek is the next value of an own counter.
func (s *Session) peek(p *program.Program, o *scalar.Op) uint64 {
	if s.program != p {
		return 0
	}
	return s.values[o.Slot]
}

// advance makes a counter go on after num.
func (s *Session) advance(p *program.Program, o *scalar.Op, num uint64) {
	s.own(p)
	if num >= o.Largest() {
		s.values[o.Slot] = 0
	} else {
		s.values[o.Slot] = num + 1
	}
}

// recall returns the value last seen.
func (s *Session) recall(p *program.Program, o *scalar.Op) (num uint64, ok bool) {
	if s == nil || s.program != p || o.Flags&scalar.FlagRemember == 0 || s.known&(1<<o.Slot) == 0 {
		return 0, false
	}
	return s.values[o.Slot], true
}
