package codec

import (
	"fmt"
)

// family looks at one kind of frame: its messages, its length and its checksums.
func (v *inspection) family(f *family) {
	for i, s := range f.shapes {
		v.condition(s.path+".when", s.when)
		for _, before := range f.shapes[:i] {
			if v.shadows(before, s) {
				text := "message %s, whose frames message %s takes, which is tried before it"
				v.add(SeverityError, "shadowed", s.path, fmt.Sprintf(text, s.layout.message.Name, before.layout.message.Name),
					"messages that direction, command, size or a condition tells apart")
				break
			}
		}
		v.lengthHolds(f, s)
	}
	v.checksums(f)
}

// shadows says that no frame of s gets past a, which is tried before it.
func (v *inspection) shadows(a, s *shape) bool {
	l, m := a.layout, s.layout
	if l.direction != Any && l.direction != m.direction {
		return false
	}
	if a.fallback != s.fallback && a.fallback {
		return false
	}
	if len(l.commands) > 0 {
		if len(m.commands) == 0 {
			return false
		}
		if left, _ := m.commands.without(l.commands); len(left) > 0 {
			return false
		}
	}
	if a.when != nil && !v.always(a.when) && !a.when.same(s.when) {
		return false
	}
	if bounded := s.family == nil || s.family.length != nil || s.family.closing != nil; !bounded {
		return true // nothing but its fields says how long a body is
	}
	return a.min <= s.min && (a.max < 0 || s.max >= 0 && s.max <= a.max)
}

// lengthHolds says whether the length field can say how long the frames of s are.
func (v *inspection) lengthHolds(f *family, s *shape) {
	header, headerMost := v.g.span(f.header)
	found := func(severity Severity, text string, n int, expected string, allowed int64) {
		name := s.layout.message.Name
		v.add(severity, "length", s.path, "message "+name+fmt.Sprintf(text, n), fmt.Sprintf(expected, allowed))
	}
	if size := header + s.min + f.tail + f.closing.around(f.start); size > f.max {
		found(SeverityError, ", whose frames have %d bytes or more", size, "at most %d (max of the frame)", int64(f.max))
		return
	}
	l := f.length
	if l == nil {
		return
	}
	counted, most := v.counted(f, l)
	lo, hi := int64(counted+s.min+f.tail+l.add-l.after), int64(-1)
	if most >= 0 && headerMost >= 0 && s.max >= 0 {
		hi = int64(most + s.max + f.tail + l.add - l.after)
	}
	switch field := v.extents[l.reg]; {
	case lo > field.hi:
		found(SeverityError, ", for which the length says %d or more", int(lo),
			"at most %d, which its field can hold", field.hi)
	case hi >= 0 && hi < max(field.lo, 0):
		found(SeverityError, ", for which the length says %d or less", int(hi), "at least %d", max(field.lo, 0))
	case hi > field.hi:
		found(SeverityWarning, ", for which the length may say %d", int(hi),
			"at most %d, which its field can hold", field.hi)
	}
}

// counted are the bytes of the header that the length counts, at least and at most.
func (v *inspection) counted(f *family, l *lengthPlan) (least, most int) {
	if l.mark < 0 {
		return 0, 0
	}
	at := 0
	if l.mark > 0 {
		at = v.position(f.header, l.mark)
	}
	return v.g.span(f.header[min(at, len(f.header)):])
}

// position is the index of the node at whose beginning a mark stands; a mark at its end is that of the next one.
func (v *inspection) position(nodes []*node, mark int) int {
	for i, n := range nodes {
		at := 0
		each([]*node{n}, func(inner *node) {
			if inner.mark == mark && at == 0 {
				at = 1
			} else if inner.mark > 0 && inner.mark+1 == mark {
				at = 2
			}
		})
		if at > 0 {
			return i + at - 1
		}
	}
	return len(nodes)
}
