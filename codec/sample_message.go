package codec

// chosen sees to it that the body is the one the machine chooses.
func (w *grower) chosen(f *family, s *shape, body *zone) bool {
	start := len(w.out)
	var levers []lever
	if f.commandOp >= 0 {
		e := &expr{code: exReg, reg: f.commandReg}
		var hints []int64
		for _, other := range f.shapes {
			for _, r := range other.layout.commands {
				hints = append(hints, int64(r[0]), int64(r[1]), int64(r[1])+1, int64(r[0])-1)
			}
		}
		if all := s.layout.commands; len(all) > 0 {
			hints = []int64{int64(all[0][0])}
		}
		levers = w.levers(e, w.scene(e), hints)
	}
	scenes := map[*shape]*scene{}
	looks := false
	for _, other := range f.shapes {
		if other.when != nil {
			scenes[other] = w.scene(other.when)
			levers = append(levers, w.levers(other.when, scenes[other], nil)...)
			looks = looks || other.when.looks
		}
	}
	command := &expr{code: exReg, reg: f.commandReg}
	sc := w.scene(command)
	picked := func(t *trial, size int, sure bool) *shape {
		value := uint64(0)
		if f.commandOp >= 0 {
			value = uint64(w.eval(command, sc, t))
		}
		known := false
		for _, other := range f.shapes {
			l := other.layout
			if l.direction != Any && l.direction != w.way || len(l.commands) > 0 && !l.commands.has(value) || other.fallback && known {
				continue
			}
			known = known || !other.fallback && len(l.commands) > 0
			if other == s && sure {
				return s
			}
			if size >= 0 && (size < other.min || other.max >= 0 && size > other.max) || size < 0 && sure && other.max != other.min {
				continue
			}
			if other.when != nil && (sure && other.when.looks || w.eval(other.when, scenes[other], t) == 0) {
				continue
			}
			if sure && body.bounded {
				continue // its size may still tell it apart
			}
			return other
		}
		return nil
	}
	// What no byte to come can change is settled at once, before anything depends on it.
	first := func(t *trial) bool {
		return picked(t, -1, true) == s && (s.when == nil || s.when.looks || w.eval(s.when, scenes[s], t) != 0)
	}
	if !first(nil) {
		if w.solve(first, levers, true) || s.when != nil && w.oneTerm(s.when, scenes[s]) {
			return w.restart()
		}
		return w.fail(nil, "another message is chosen")
	}
	left := lever{at: spot{spotLeft, body.id, start}, domain: sizesOfShapes(f)}
	body.looks = append(body.looks, look{levers: append(levers, left), what: "another message is chosen", test: func(t *trial) bool {
		size := -1
		if body.bounded {
			size = int(t.of(left.at, int64(body.end-start)))
		}
		return picked(t, size, false) == s
	}})
	return true
}

func sizesOfShapes(f *family) (out []int64) {
	for _, s := range f.shapes {
		out = append(out, int64(s.min), int64(s.max+1))
	}
	return out
}
