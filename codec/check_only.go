package codec

// with is the profile with one kind of frame.
func (c *checker) with(f *family) *Profile {
	if c.kinds[f] == nil {
		g, out := *c.g, *c.p
		g.families, out.program = []*family{f}, &g
		g.order()
		c.kinds[f] = &out
	}
	return c.kinds[f]
}

// only is the profile with one message.
func (c *checker) only(s *shape) *Profile {
	if c.alone[s] == nil {
		f, own := *s.family, *s
		own.family, f.shapes = &f, []*shape{&own}
		c.g.index(&f)
		c.alone[s] = &f
	}
	return c.with(c.alone[s])
}

// decisions is the sink that keeps which ways a walk went.
type decisions struct {
	silent
	taken map[decision]bool
}

func (s decisions) decided(n *node, of aspect, k int) { s.taken[decision{subject{n, of}, k}] = true }

// decides says how a frame goes through the definition; nil when it does not decode.
func (c *checker) decides(d Direction, raw []byte, asked *Frame) map[decision]bool {
	var f Frame
	m := &machine{asked: asked, atEOF: true}
	for _, a := range c.g.tries(d) {
		s := decisions{taken: map[decision]bool{}}
		m.sink = s
		if _, v := m.exactly(c.p.program, &f, a, raw); v == whole {
			return s.taken
		}
	}
	return nil
}

// waits says that a kind of frame takes the beginning of a stream for its own and waits for more.
func (c *checker) waits(k *family, way Direction, stream []byte) bool {
	if k.direction != Any && k.direction != way {
		return false
	}
	_, v := c.with(k).try(new(machine), way, nil, stream, false)
	return v == begun
}
