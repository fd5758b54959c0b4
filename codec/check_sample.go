package codec

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// sampleTime is the clock of the samples.
var sampleTime = time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)

// sample is a frame that is wanted, and what came of it.
type sample struct {
	shape   *shape
	way     Direction
	name    string // what the frame shows beside the message; "" for the plain one
	path    string // of the definition, for its line
	force   []decision
	command *[2]uint64 // one of several
	dead    bool       // its times are no times

	frame []byte
	taken *shape // the message that it turned out to be instead
	fault error  // why there is no frame; with taken, why that message refuses it
}

// subject is what can be decided about a node, and decision how it was.
type subject struct {
	n  *node
	of aspect
}

type decision struct {
	subject
	k int
}

// branchKey is one way that something can go in the definition.  A layout that several messages use is there once.
type branchKey struct {
	path string
	of   aspect
	k    int
}

func (d decision) branch() branchKey { return branchKey{d.n.path, d.of, d.k} }

// branch is what the sample was made for; false for a plain one.
func (s *sample) branch() (branchKey, bool) {
	if len(s.force) == 0 {
		return branchKey{}, false
	}
	return s.force[len(s.force)-1].branch(), true
}

var errIndirect = errors.New("the values for it do not follow directly from the definition")

// samples makes a frame for each message that travels this way, and for each branch that none before it has shown.
func (c *checker) samples(way Direction, visit func(*sample) bool) bool {
	for _, f := range c.g.families {
		if f.direction != Any && f.direction != way {
			continue
		}
		for _, shape := range f.shapes {
			if !shape.travels(way) {
				continue
			}
			goals := c.goals(f, shape)
			for i := range goals {
				if b, is := goals[i].branch(); is {
					c.branches[b] = c.branches[b] || false
				}
			}
			for i := range goals {
				s := &goals[i]
				if b, is := s.branch(); is && c.branches[b] {
					continue
				}
				s.way = way
				if c.make(s); !visit(s) {
					return false
				}
			}
		}
	}
	return true
}

// make makes the frame of a sample, if that is easy.
func (c *checker) make(s *sample) {
	var from *sampleSource
	if from, s.fault = c.source(s); s.fault != nil {
		return
	}
	if s.frame, s.fault = c.write(s, from); s.fault != nil {
		return
	}
	var f Frame
	if err := c.p.Decode(s.way, s.frame, &f); err != nil || f.layout != s.shape.layout {
		s.fault, s.taken = err, c.taker(s.shape, f.layout, err)
		return
	}
	took := c.decides(s.way, s.frame, nil)
	for _, d := range s.force {
		if !took[d] && (d.of != aspectCount || d.k != 1 || !took[decision{d.subject, 2}]) {
			s.fault = errIndirect
			return
		}
	}
	for d := range took {
		c.branches[d.branch()] = true
	}
}

// taker is the message that takes a frame that was made for another one: it may refuse it.
func (c *checker) taker(own *shape, l *layout, err error) *shape {
	wrong := (*FieldError)(nil)
	for _, f := range c.g.families {
		for _, s := range f.shapes {
			if s != own && (s.layout == l || errors.As(err, &wrong) && wrong.Frame == s.layout.message.Name) {
				return s
			}
		}
	}
	return nil
}

// write makes the bytes of a sample, which are a frame of its message if there were no other.
func (c *checker) write(s *sample, from valueSource) ([]byte, error) {
	e := newEncoder(c.p.program, s.shape.layout, s.way, Env{Now: sampleTime})
	defer e.free()
	if err := e.write(from); err != nil {
		return nil, err
	}
	raw, err := e.wrapped(nil)
	if err != nil {
		return nil, err
	}
	var f Frame
	return raw, c.only(s.shape).Decode(s.way, raw, &f)
}

// goals of one message, the plain one first.
func (c *checker) goals(f *family, shape *shape) []sample {
	out := []sample{{shape: shape, path: shape.path}}
	add := func(name, path string, force []decision) {
		out = append(out, sample{name: name, shape: shape, path: path, force: force})
	}
	var visit func(nodes []*node, name string, on []decision)
	visit = func(nodes []*node, name string, on []decision) {
		for _, n := range nodes {
			here, label := slices.Clip(on), name
			if n.op >= 0 {
				label = join(name, c.ops[n.op].field.Key)
			}
			if (n.when != nil || n.optional) && !n.asks {
				add(label+" is not there", n.path, append(here, decision{subject{n, aspectThere}, 0}))
				here = slices.Clip(append(here, decision{subject{n, aspectThere}, 1}))
				add(label+" is there", n.path, here)
			}
			switch n.kind {
			case nodeChoice:
				for k := range n.cases {
					taken := append(here, decision{subject{n, aspectCase}, k})
					add(join(label, n.cases[k].text), n.cases[k].path, taken)
					visit(n.cases[k].kids, label, taken)
				}
			case nodeList:
				if n.count == nil || n.count.code != exConst {
					if n.stop == nil {
						add(label+" is empty", n.path, append(here, decision{subject{n, aspectCount}, 0}))
					}
					add(label+" has 2 elements", n.path, append(here, decision{subject{n, aspectCount}, 2}))
				}
				visit(n.kids, label, append(here, decision{subject{n, aspectCount}, 1}))
			case nodeGroup:
				visit(n.kids, label, here)
			}
		}
	}
	visit(f.header, "", nil)
	visit(shape.nodes, "", nil)
	visit(f.trailer, "", nil)
	for i, r := range shape.layout.commands {
		if i > 0 && i < 16 {
			out = append(out, sample{name: fmt.Sprintf("command %d", i+1), shape: shape, path: shape.path, command: &r})
		}
	}
	return out
}
