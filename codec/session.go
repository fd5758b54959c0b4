package codec

// Session is what a profile remembers between frames of one peer.  The zero value is ready.  It is owned by the
// caller and not safe for concurrent use; it holds a few words and no reference to any frame.
type Session struct {
	program *program
	values  []uint64 // by slot: the bytes of the field, packed
	known   uint64   // bit per slot
	who     []byte   // identity of the last frame that carried one
}

// remember keeps the values of f that later frames to the same peer default to (fields marked `remember`).
// Frames of the server itself are not remembered.
func (p *program) remember(s *Session, f *Frame) {
	if f.layout == nil || f.direction == Downlink {
		return
	}
	if id := f.Identity(); len(id) > 0 {
		s.own(p)
		s.who = append(s.who[:0], id...)
	}
	if p.slots == 0 {
		return
	}
	s.own(p)
	for i := range f.cells {
		o := &p.ops[f.cells[i].op]
		if o.flags&flagRemember == 0 {
			continue
		}
		num := f.nums[i]
		if !o.numeric() {
			num = loadBE(f.bytes(i))
		}
		s.values[o.slot] = num
		s.known |= 1 << o.slot
	}
}

// own makes s a session of p.
func (s *Session) own(p *program) {
	if s.program != p {
		*s = Session{program: p, values: make([]uint64, p.slots)}
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
func (s *Session) peek(p *program, o *op) uint64 {
	if s.program != p {
		return 0
	}
	return s.values[o.slot]
}

// advance makes a counter go on after num.
func (s *Session) advance(p *program, o *op, num uint64) {
	s.own(p)
	if num >= o.largest() {
		s.values[o.slot] = 0
	} else {
		s.values[o.slot] = num + 1
	}
}

// recall returns the value last seen.
func (s *Session) recall(p *program, o *op) (num uint64, ok bool) {
	if s == nil || s.program != p || o.flags&flagRemember == 0 || s.known&(1<<o.slot) == 0 {
		return 0, false
	}
	return s.values[o.slot], true
}
