package codec

// Session is what a profile remembers between frames of one peer.  The zero value is ready.  It is owned by the
// caller and not safe for concurrent use; it holds a few words and no reference to any frame.
type Session struct {
	profile *Profile
	values  []uint64 // by slot: the bytes of the field, packed
	known   uint64   // bit per slot
}

// maxSlots is how many fields of a profile can be marked `remember`.
const maxSlots = 64

// Remember keeps the values of f that later frames to the same peer default to (fields marked `remember`).
// Frames of the server itself are not remembered.
func (p *Profile) Remember(s *Session, f *Frame) {
	if p.slots == 0 || f.layout == nil || f.direction == Downlink {
		return
	}
	if s.profile != p {
		*s = Session{profile: p, values: make([]uint64, p.slots)}
	}
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

// recall returns the value last seen.
func (s *Session) recall(p *Profile, o *op) (num uint64, ok bool) {
	if s == nil || s.profile != p || o.flags&flagRemember == 0 || s.known&(1<<o.slot) == 0 {
		return 0, false
	}
	return s.values[o.slot], true
}
