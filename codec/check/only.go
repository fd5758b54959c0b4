package check

import (
	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// with is the program with one kind of frame.
func (c *checker) with(f *program.FrameKind) *program.Program {
	if c.kinds[f] == nil {
		g := *c.g
		g.Kinds = []*program.FrameKind{f}
		g.Order()
		c.kinds[f] = &g
	}
	return c.kinds[f]
}

// only is the program with one message.
func (c *checker) only(s *program.Body) *program.Program {
	if c.alone[s] == nil {
		f, own := *s.FrameKind, *s
		own.FrameKind, f.Bodies = &f, []*program.Body{&own}
		c.g.Index(&f)
		c.alone[s] = &f
	}
	return c.with(c.alone[s])
}

// decisions is the sink that keeps which ways a walk went.
type decisions struct {
	decode.Silent
	taken map[decision]bool
}

func (s decisions) Decided(n *program.Node, of decode.Aspect, k int) {
	s.taken[decision{subject{n, of}, k}] = true
}

// decides says how a frame goes through the definition; nil when it does not decode.
func (c *checker) decides(d field.Direction, raw []byte, asked *frame.Frame) map[decision]bool {
	var f frame.Frame
	m := &decode.Walker{Asked: asked, AtEOF: true}
	for _, a := range c.g.Tries(d) {
		s := decisions{taken: map[decision]bool{}}
		m.Sink = s
		if _, v := m.Exactly(c.g, &f, a, raw); v == program.Complete {
			return s.taken
		}
	}
	return nil
}

// waits says that a kind of frame takes the beginning of a stream for its own and waits for more.
func (c *checker) waits(k *program.FrameKind, way field.Direction, stream []byte) bool {
	if k.Direction != field.Any && k.Direction != way {
		return false
	}
	_, v := decode.Try(c.with(k), new(decode.Walker), way, nil, stream, false)
	return v == program.Incomplete
}
