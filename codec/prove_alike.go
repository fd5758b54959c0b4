package codec

import "fmt"

// ambiguous looks for other kinds of frames that take the bytes too.
func (t *trier) ambiguous(one *sample) {
	v, own := t.v, one.goal.shape
	var f Frame
	for _, k := range v.g.families {
		if k == own.family || k.direction != Any && k.direction != one.way || !k.first.has(one.frame[0]) {
			continue
		}
		p := t.kinds[k]
		if p == nil {
			p = v.p.onlyKind(k)
			t.kinds[k] = p
		}
		if p.Decode(one.way, one.frame, &f) != nil {
			continue
		}
		found := v.find(SeverityWarning, "ambiguous", k.path, fmt.Sprintf("frames that are also of kind %s (message %s), which is tried before it", own.family.name, own.layout.message.Name),
			"kinds that their first bytes or checksums tell apart")
		if found.Witness == nil {
			found.Witness, found.Direction = one.frame, one.way
		}
	}
}

// alike looks for frames that two messages of a kind take, of which no condition stands before the other.
func (t *trier) alike(s *sampler) {
	for _, f := range s.g.families {
		if f.direction != Any && f.direction != s.way {
			continue
		}
		for i, b := range f.shapes {
			for _, a := range f.shapes[:i] {
				if b.fallback || a.when != nil || b.when != nil || !a.travels(s.way) || !b.travels(s.way) {
					continue
				}
				t.pair(s, a, b)
			}
		}
	}
}

func (s *shape) travels(way Direction) bool {
	return s.layout.direction == Any || s.layout.direction == way
}

// pair tries frames of either message, with the commands that both have, on the other one.
func (t *trier) pair(s *sampler, a, b *shape) {
	shared := commandSet{{}}
	if len(a.layout.commands) > 0 && len(b.layout.commands) > 0 {
		if _, shared = b.layout.commands.without(a.layout.commands); len(shared) == 0 {
			return
		}
	}
	if a.max >= 0 && a.max < b.min || b.max >= 0 && b.max < a.min {
		return
	}
	onlyA, onlyB := t.v.p.alone(a), t.v.p.alone(b)
	for _, r := range shared {
		for _, from := range []*Profile{onlyA, onlyB} {
			g := &goal{shape: from.grammar.families[0].shapes[0], plain: true}
			if len(a.layout.commands) > 0 && len(b.layout.commands) > 0 {
				g.command = &r
			}
			alone := from.sampler(s.way)
			one := alone.make(g)
			s.steps += alone.steps
			var f Frame
			if one.frame == nil || onlyA.Decode(s.way, one.frame, &f) != nil || onlyB.Decode(s.way, one.frame, &f) != nil {
				continue
			}
			found := t.v.find(SeverityWarning, "ambiguous", b.path, fmt.Sprintf("message %s, whose frames may also be of message %s, which is tried before it", b.layout.message.Name, a.layout.message.Name),
				"a condition that tells them apart")
			if found.Witness == nil {
				found.Witness, found.Direction = one.frame, s.way
			}
			return
		}
	}
}

// onlyKind is the profile with one kind of frame.
func (p *Profile) onlyKind(f *family) *Profile {
	g, out := *p.grammar, *p
	g.families, out.grammar = []*family{f}, &g
	g.order()
	return &out
}

// alone is the profile with one message and its kind of frame.
func (p *Profile) alone(s *shape) *Profile {
	f, only, g, out := *s.family, *s, *p.grammar, *p
	only.family, f.shapes = &f, []*shape{&only}
	f.byCommand = [2]picker{newShapePicker(&f, true), newShapePicker(&f, false)}
	g.families, out.grammar = []*family{&f}, &g
	g.order()
	return &out
}

func (p *Profile) onlyShape(s *shape) *shape {
	if p == nil {
		return s
	}
	return p.grammar.families[0].shapes[0]
}
