package compile

import (
	"fmt"
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// family looks at one kind of frame: its messages, its length and its checksums.
func (v *inspection) family(f *program.FrameKind) {
	for i, s := range f.Bodies {
		v.condition(s.Path+".when", s.When)
		for _, before := range f.Bodies[:i] {
			if v.shadows(before, s) {
				text := "message %s, whose frames message %s takes, which is tried before it"
				v.Add(schema.SeverityError, "shadowed", s.Path, fmt.Sprintf(text, s.Message.Name, before.Message.Name),
					"messages that direction, command, size or a condition tells apart")
				break
			}
		}
		v.lengthHolds(f, s)
	}
	v.checksums(f)
}

// shadows says that no frame of s gets past a, which is tried before it.
func (v *inspection) shadows(a, s *program.Body) bool {
	l, m := a, s
	if l.Direction != field.Any && l.Direction != m.Direction {
		return false
	}
	if a.Fallback != s.Fallback && a.Fallback {
		return false
	}
	if len(l.Commands) > 0 {
		if len(m.Commands) == 0 {
			return false
		}
		if left, _ := m.Commands.Without(l.Commands); len(left) > 0 {
			return false
		}
	}
	if a.When != nil && !v.always(a.When) && !a.When.Same(s.When) {
		return false
	}
	if bounded := s.FrameKind == nil || s.FrameKind.Length != nil || s.FrameKind.EndMarks != nil ||
		s.FrameKind.Totals != nil; !bounded {
		return true // nothing but its fields says how long a body is
	}
	return a.Min <= s.Min && (a.Max < 0 || s.Max >= 0 && s.Max <= a.Max)
}

// lengthHolds says whether the length field can say how long the frames of s are.
func (v *inspection) lengthHolds(f *program.FrameKind, s *program.Body) {
	header, headerMost := v.g.Span(f.Header)
	found := func(severity schema.Severity, text string, n int, expected string, allowed int64) {
		name := s.Message.Name
		v.Add(severity, "length", s.Path, "message "+name+fmt.Sprintf(text, n), fmt.Sprintf(expected, allowed))
	}
	if size := header + s.Min + f.Tail + f.EndMarks.Around(f.Start); size > f.Max {
		found(schema.SeverityError, ", whose frames have %d bytes or more", size, "at most %d (max of the frame)", int64(f.Max))
		return
	}
	if f.Totals != nil {
		least, most := header+s.Min+f.Tail, headerMost+s.Max+f.Tail
		fits := func(size int) bool { return size >= least && (headerMost < 0 || s.Max < 0 || size <= most) }
		if !slices.ContainsFunc(f.Totals, fits) {
			found(schema.SeverityError, ", whose frames have %d bytes or more", least,
				"one of the sizes of the frame, at most %d", int64(f.Totals[0]))
		}
	}
	l := f.Length
	if l == nil {
		return
	}
	counted, most := v.counted(f, l)
	lo, hi := int64(counted+s.Min+f.Tail+l.Add-l.After), int64(-1)
	if most >= 0 && headerMost >= 0 && s.Max >= 0 {
		hi = int64(most + s.Max + f.Tail + l.Add - l.After)
	}
	switch size := v.extents[l.Reg]; {
	case lo > size.hi:
		found(schema.SeverityError, ", for which the length says %d or more", int(lo),
			"at most %d, which its field can hold", size.hi)
	case hi >= 0 && hi < max(size.lo, 0):
		found(schema.SeverityError, ", for which the length says %d or less", int(hi), "at least %d", max(size.lo, 0))
	case hi > size.hi:
		found(schema.SeverityWarning, ", for which the length may say %d", int(hi),
			"at most %d, which its field can hold", size.hi)
	}
}

// counted are the bytes of the header that the length counts, at least and at most.
func (v *inspection) counted(f *program.FrameKind, l *program.LengthPlan) (least, most int) {
	if l.Mark < 0 {
		return 0, 0
	}
	at := 0
	if l.Mark > 0 {
		at = v.position(f.Header, l.Mark)
	}
	return v.g.Span(f.Header[min(at, len(f.Header)):])
}

// position is the index of the node at whose beginning a mark stands; a mark at its end is that of the next one.
func (v *inspection) position(nodes []*program.Node, mark int) int {
	for i, n := range nodes {
		at := 0
		program.Each([]*program.Node{n}, func(inner *program.Node) {
			if inner.Mark == mark && at == 0 {
				at = 1
			} else if inner.Mark > 0 && inner.Mark+1 == mark {
				at = 2
			}
		})
		if at > 0 {
			return i + at - 1
		}
	}
	return len(nodes)
}
