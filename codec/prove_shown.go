package codec

import "slices"

// branchKey is one way that something can go in the definition.  A layout that several messages use is there once, and
// each of its ways is shown when one of them shows it.
type branchKey struct {
	path string
	of   aspect
	k    int
}

func (d decision) branch() branchKey { return branchKey{d.n.path, d.of, d.k} }

// decisions is the sink that keeps which ways a walk went.
type decisions struct {
	silent
	shown map[decision]bool
}

func (s decisions) decided(n *node, of aspect, k int) { s.shown[decision{subject{n, of}, k}] = true }

// shows says how a frame goes through the definition; nil when it does not decode.
func (p *Profile) shows(d Direction, raw []byte, asked *Frame) map[decision]bool {
	var f Frame
	m := &machine{asked: asked, atEOF: true}
	for _, a := range p.grammar.tries(d) {
		s := decisions{shown: map[decision]bool{}}
		m.sink = s
		if _, v := m.exactly(p, &f, a, raw); v == whole {
			return s.shown
		}
	}
	return nil
}

// waiting is the other kind of frame that takes the beginning of a stream for its own and waits for more; "" when there
// is none.
func (t *trier) waiting(one *sample, stream []byte) string {
	for _, k := range t.v.g.families {
		if k == one.goal.shape.family || k.direction != Any && k.direction != one.way {
			continue
		}
		if _, v := t.v.p.onlyKind(k).try(new(machine), one.way, nil, stream, false); v == begun {
			return k.name
		}
	}
	return ""
}

// showsAll says whether decisions were all taken, each somewhere in the frame.
func showsAll(shown map[decision]bool, wanted []decision) bool {
	return !slices.ContainsFunc(wanted, func(d decision) bool {
		more := d
		more.k = 2
		return !shown[d] && (d.of != aspectCount || d.k != 1 || !shown[more])
	})
}

// exampleOf says whether an example is a frame of this message.
func (p *Profile) exampleOf(s *shape) bool {
	return slices.ContainsFunc(p.examples, func(e example) bool {
		var f Frame
		return p.Decode(e.direction, e.frame, &f) == nil && f.layout == s.layout
	})
}

// byExamples notes what the examples of the definition show.
func (t *trier) byExamples() {
	p := t.v.p
	for i := range p.examples {
		e := &p.examples[i]
		var asked *Frame
		if request := new(Frame); len(e.request) > 0 && p.Decode(e.asks(), e.request, request) == nil {
			asked = request
		}
		for d := range p.shows(e.direction, e.frame, asked) {
			if _, known := t.shown[d.branch()]; known {
				t.shown[d.branch()] = true
			}
		}
	}
}
