package codec

import (
	"fmt"
	"slices"
)

// Samples calls yield with frames made from the definition alone: for each message that travels this way one plain
// frame, then one for each branch of a choice, each condition that holds or does not, each list that is empty or has
// several elements, which no frame before it has shown.  branch says what the frame shows; it is empty for the plain
// one.  Every frame decodes, in the direction, to the message it is said to be.  A branch for which none was found is
// left out: Prove says which.
//
// The frames are the same every time, and belong to the caller.  With Any, those of the uplink come first.  It ends
// when yield returns false.
func (p *Profile) Samples(d Direction, yield func(message, branch string, frame []byte) bool) {
	for _, way := range [2]Direction{Uplink, Downlink} {
		if d != Any && d != way {
			continue
		}
		goOn := p.sampler(way).each(func(s *sample) bool {
			return s.frame == nil || yield(s.goal.shape.layout.message.Name, s.goal.name, s.frame)
		})
		if !goOn {
			return
		}
	}
}

// sample is what came of one goal.
type sample struct {
	goal  *goal
	way   Direction
	frame []byte // nil: none was found
	why   string // and what stood in the way
	spent bool   // it was given up for want of budget
	tried []byte // a frame that turned out to be another one,
	taken *layout
}

// goal is a frame that is wanted: a message, and decisions on the way.
type goal struct {
	name    string
	shape   *shape
	path    string // of the definition, for its line
	force   []decision
	command *[2]uint64 // one of several
	plain   bool
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

// Steps that may be spent: on one frame, and on all of one direction.  A step is one field or one expression.
const (
	goalSteps  = 40_000
	totalSteps = 1_500_000
)

// sampler makes the frames of one direction.
type sampler struct {
	p     *Profile
	g     *grammar
	ops   []op
	way   Direction
	seen  map[decision]bool
	steps int
}

func (p *Profile) sampler(way Direction) *sampler {
	return &sampler{p: p, g: p.grammar, ops: p.ops, way: way, seen: map[decision]bool{}}
}

// each makes a sample for each goal of which nothing was seen before.
func (s *sampler) each(visit func(*sample) bool) bool {
	for _, f := range s.g.families {
		if f.direction != Any && f.direction != s.way {
			continue
		}
		for _, shape := range s.shapesInOrder(f) {
			if way := shape.layout.direction; way != Any && way != s.way {
				continue
			}
			for i, g := range s.goals(f, shape) {
				if last := len(g.force) - 1; last >= 0 && s.seen[g.force[last]] {
					continue
				}
				one := s.make(&g)
				if !visit(one) {
					return false
				}
				if i == 0 && one.frame == nil {
					break // the plain frame failed: so would all others, for the same reason
				}
			}
		}
	}
	return true
}

// shapesInOrder are the messages of a family in the order of the definition.
func (s *sampler) shapesInOrder(f *family) []*shape {
	out := slices.Clone(f.shapes)
	slices.SortStableFunc(out, func(a, b *shape) int {
		return slices.Index(s.p.layouts, a.layout) - slices.Index(s.p.layouts, b.layout)
	})
	return out
}

// make tries to reach a goal.
func (s *sampler) make(g *goal) *sample {
	one := s.attempt(g, nil)
	if one.frame != nil || len(g.force) == 0 {
		return one
	}
	if n := g.around(); n != nil {
		if again := s.attempt(g, n); again.frame != nil {
			return again
		}
	}
	for _, d := range g.others() {
		more := *g
		more.force = append(slices.Clip(g.force), d)
		if again := s.attempt(&more, nil); again.frame != nil {
			again.goal = g
			return again
		}
	}
	return one
}

// others are the cases that the elements of a list of two may be: the first may be one that leaves no room.
func (g *goal) others() (out []decision) {
	last := g.force[len(g.force)-1]
	if last.of != aspectCount || last.k != 2 {
		return nil
	}
	for _, n := range last.n.kids {
		if n.kind == nodeChoice {
			for k := range min(len(n.cases), 8) {
				out = append(out, decision{subject{n, aspectCase}, k})
			}
			return out
		}
	}
	return nil
}

// around is the innermost list in which the goal decides something; nil when there is none.
func (g *goal) around() *node {
	for i := len(g.force) - 2; i >= 0; i-- {
		if d := g.force[i]; d.of == aspectCount {
			return d.n
		}
	}
	return nil
}

// attempt makes one frame.  What the goal asks for in the list last it is to show in the second element: there may be
// reasons why the first cannot.
func (s *sampler) attempt(g *goal, last *node) *sample {
	out := &sample{goal: g, way: s.way}
	w := &grower{p: s.p, g: s.g, ops: s.ops, way: s.way, goal: g, force: map[subject]int{}, last: last, inLast: map[subject]bool{}, wishes: map[spot]wish{}, changes: map[spot]int{}, soft: map[turn]int{},
		budget: min(goalSteps, totalSteps-s.steps)}
	inside := false
	for _, d := range g.force {
		w.force[d.subject], w.inLast[d.subject] = d.k, inside
		inside = inside || d.subject == subject{last, aspectCount}
	}
	out.frame, out.why = w.grow()
	out.spent, out.tried, out.taken = w.steps >= w.budget || w.walks >= growWalks, w.tried, w.taken
	s.steps += w.steps
	if out.frame != nil {
		for d := range w.took {
			s.seen[d] = true
		}
	}
	return out
}

// goals of one message, the plain one first.
func (s *sampler) goals(f *family, shape *shape) []goal {
	out := []goal{{shape: shape, path: shape.path, plain: true}}
	add := func(name, path string, force []decision) {
		out = append(out, goal{name: name, shape: shape, path: path, force: force})
	}
	var visit func(nodes []*node, name string, on []decision)
	visit = func(nodes []*node, name string, on []decision) {
		on = slices.Clip(on)
		for _, n := range nodes {
			here, label := on, name
			if n.op >= 0 {
				label = join(name, s.ops[n.op].field.Key)
			}
			if (n.when != nil || n.optional) && !n.asks {
				here = append(on, decision{subject{n, aspectThere}, 1})
				add(label+" is there", n.path, here)
				add(label+" is not there", n.path, append(on, decision{subject{n, aspectThere}, 0}))
				here = slices.Clip(here)
			}
			switch n.kind {
			case nodeChoice:
				for k := range n.cases {
					b := &n.cases[k]
					taken := append(here, decision{subject{n, aspectCase}, k})
					add(join(label, b.text), b.path, taken)
					visit(b.kids, label, taken)
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
			out = append(out, goal{name: fmt.Sprintf("command %d", i+1), shape: shape, path: shape.path, command: &r})
		}
	}
	return out
}
