package codec

// adopt makes s a session of p when it was one of another profile, such as an earlier version of the same: the identity
// stays, and so does what is remembered or counted in fields of the same key that are made the same way and allow the value.
func (s *Session) adopt(p *program) {
	old := s.program
	if old == nil || old == p {
		return
	}
	was := *s
	*s = Session{program: p, values: make([]uint64, p.slots), who: was.who}
	for i := range p.ops {
		o := &p.ops[i]
		if !o.inSession() {
			continue
		}
		for k := range old.ops {
			before := &old.ops[k]
			if !before.inSession() || before.field.Key != o.field.Key || before.code != o.code || before.size != o.size || before.mask != o.mask {
				continue
			}
			num := was.values[before.slot]
			if o.numeric() && !o.allows(num) {
				break
			}
			s.values[o.slot] = num
			if was.known&(1<<before.slot) != 0 {
				s.known |= 1 << o.slot
			}
			break
		}
	}
}
