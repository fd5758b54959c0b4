package check

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// sampleTime is the clock of the sample frames.
var sampleTime = time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)

// sampleFrame is a frame that is wanted, and what came of it.
type sampleFrame struct {
	body    *program.Body
	way     field.Direction
	name    string // what the frame shows beside the message; "" for the plain one
	path    string // of the definition, for its line
	force   []decision
	command *[2]uint64 // one of several
	dead    int        // its times are those of a device whose clock is dead, see deadTime; 0: they are not

	frame []byte
	taken *program.Body // the message that it turned out to be instead
	fault error         // why there is no frame; with taken, why that message refuses it
}

// subject is what can be decided about a node, and decision how it was.
type subject struct {
	n  *program.Node
	of decode.Aspect
}

type decision struct {
	subject
	k int
}

// branchKey is one way that something can go in the definition.  A layout that several messages use is there once.
type branchKey struct {
	path string
	of   decode.Aspect
	k    int
}

func (d decision) branch() branchKey { return branchKey{d.n.Path, d.of, d.k} }

// branch is what the sample frame was made for; false for a plain one.
func (s *sampleFrame) branch() (branchKey, bool) {
	if len(s.force) == 0 {
		return branchKey{}, false
	}
	return s.force[len(s.force)-1].branch(), true
}

// mostSampled is how many fields are written for sample frames: a definition of a megabyte is checked in seconds.
const mostSampled = 2_000_000

var errBudget = errors.New("the definition is too large for a frame for each of its ways")

var errIndirect = errors.New("the values for it do not follow directly from the definition")

// sampleFrames makes one for each message that travels this way, and for each branch that none before it has shown.
func (c *checker) sampleFrames(way field.Direction, visit func(*sampleFrame) bool) bool {
	for _, f := range c.g.Kinds {
		if f.Direction != field.Any && f.Direction != way {
			continue
		}
		for _, body := range f.Bodies {
			if !body.Travels(way) {
				continue
			}
			goals := c.goals(f, body)
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

// make makes the bytes of a sample frame, if that is easy.
func (c *checker) make(s *sampleFrame) {
	var from *sampleSource
	program.Each(s.body.Nodes, func(*program.Node) { c.spent++ })
	if c.spent > mostSampled {
		s.fault = errBudget
		return
	}
	if from, s.fault = c.source(s); s.fault != nil {
		return
	}
	if s.frame, s.fault = c.write(s, from); s.fault != nil {
		return
	}
	var f frame.Frame
	if err := c.p.Decode(s.way, s.frame, &f); err != nil || f.Body != s.body {
		s.fault, s.taken = err, c.taker(s.body, f.Body, err)
		return
	}
	took := c.decides(s.way, s.frame, nil)
	for _, d := range s.force {
		if !took[d] && (d.of != decode.AspectCount || d.k != 1 || !took[decision{d.subject, 2}]) {
			s.fault = errIndirect
			return
		}
	}
	for d := range took {
		c.branches[d.branch()] = true
	}
}

// taker is the message that takes a frame that was made for another one: it may refuse it.
func (c *checker) taker(own *program.Body, l *program.Body, err error) *program.Body {
	wrong := (*field.FieldError)(nil)
	for _, f := range c.g.Kinds {
		for _, s := range f.Bodies {
			if s != own && (s == l || errors.As(err, &wrong) && wrong.Frame == s.Message.Name) {
				return s
			}
		}
	}
	return nil
}

// write makes the bytes of a sample frame, which are a frame of its message if there were no other.
func (c *checker) write(s *sampleFrame, from encode.ValueSource) ([]byte, error) {
	e := encode.NewEncoder(c.g, s.body, s.way, encode.Env{Now: sampleTime})
	defer e.Free()
	if err := e.Write(from); err != nil {
		return nil, err
	}
	raw, err := e.Wrapped(nil)
	if err != nil {
		return nil, err
	}
	var f frame.Frame
	return raw, decode.Decode(c.only(s.body), s.way, raw, &f)
}

// goals of one message, the plain one first.
func (c *checker) goals(f *program.FrameKind, body *program.Body) []sampleFrame {
	out := []sampleFrame{{body: body, path: body.Path}}
	add := func(name, path string, force []decision) {
		out = append(out, sampleFrame{name: name, body: body, path: path, force: force})
	}
	var visit func(nodes []*program.Node, name string, on []decision)
	visit = func(nodes []*program.Node, name string, on []decision) {
		for _, n := range nodes {
			here, label := slices.Clip(on), name
			if n.Op >= 0 {
				label = schema.Join(name, c.ops[n.Op].Field.Key)
			}
			if (n.When != nil || n.Optional) && !n.Asks {
				add(label+" is not there", n.Path, append(here, decision{subject{n, decode.AspectThere}, 0}))
				here = slices.Clip(append(here, decision{subject{n, decode.AspectThere}, 1}))
				add(label+" is there", n.Path, here)
			}
			switch n.Kind {
			case program.NodeChoice:
				for k := range n.Cases {
					taken := append(here, decision{subject{n, decode.AspectCase}, k})
					add(schema.Join(label, n.Cases[k].Text), n.Cases[k].Path, taken)
					visit(n.Cases[k].Kids, label, taken)
				}
			case program.NodeList:
				if n.Count == nil || n.Count.Code != expr.Const {
					if n.Stop == nil {
						add(label+" is empty", n.Path, append(here, decision{subject{n, decode.AspectCount}, 0}))
					}
					add(label+" has 2 elements", n.Path, append(here, decision{subject{n, decode.AspectCount}, 2}))
				}
				visit(n.Kids, label, append(here, decision{subject{n, decode.AspectCount}, 1}))
			case program.NodeGroup:
				visit(n.Kids, label, here)
			}
		}
	}
	visit(f.Header, "", nil)
	visit(body.Nodes, "", nil)
	visit(f.Trailer, "", nil)
	for i, r := range body.Commands {
		if i > 0 && i < 16 {
			out = append(out, sampleFrame{name: fmt.Sprintf("command %d", i+1), body: body, path: body.Path, command: &r})
		}
	}
	return out
}
