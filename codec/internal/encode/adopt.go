package encode

import (
	"trama/codec/internal/program"
)

// Adopt makes s a session of p when it was one of another profile; see Profile.Adopt.
func (s *Session) Adopt(p *program.Program) {
	old := s.program
	if old == nil || old == p {
		return
	}
	was := *s
	*s = Session{program: p, values: make([]uint64, p.Slots), who: was.who}
	for i := range p.Ops {
		o := &p.Ops[i]
		if !o.InSession() {
			continue
		}
		for k := range old.Ops {
			before := &old.Ops[k]
			if !before.InSession() || before.Field.Key != o.Field.Key || before.Code != o.Code ||
				before.Size != o.Size || before.Mask != o.Mask {
				continue
			}
			num := was.values[before.Slot]
			if o.Numeric() && !o.Allows(num) {
				break
			}
			s.values[o.Slot] = num
			if was.known&(1<<before.Slot) != 0 {
				s.known |= 1 << o.Slot
			}
			break
		}
	}
}
