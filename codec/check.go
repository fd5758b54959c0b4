package codec

import (
	"cmp"
	"slices"
	"trama/internal/tomlread"
)

// Report is what CheckProfile looked at and what it found.
type Report struct {
	Messages int // in the definition
	Branches int // cases, conditions that hold or do not, lists that are empty or have two elements
	Tried    int // of these, how many a sample or an example goes through
	Frames   int // samples: made, decoded, encoded back and cut
	Replies  int // made
	Examples int // in the definition; CheckExamples runs them
	Findings []Finding
}

// Count is how many findings are of a severity.
func (r *Report) Count(s Severity) (n int) {
	for i := range r.Findings {
		n += int(truth(r.Findings[i].Severity == s))
	}
	return n
}

// CheckProfile looks for what is wrong with a profile that compiled: by its structure (see inspect), and by sending a
// simple frame for each message and each branch (see Samples) through everything there is.  A branch for which the values do
// not follow directly from the definition is not tried, and a finding says so.
func CheckProfile(p *Profile) *Report {
	c := newChecker(p)
	c.findings = inspect(c.g, c.ops)
	for _, way := range []Direction{Uplink, Downlink} {
		c.samples(way, c.try)
	}
	c.examples()
	c.conclude()
	c.report.Messages, c.report.Examples = len(p.messages), len(p.examples)
	c.report.Findings = c.locate(c.findings)
	return &c.report
}

// Samples calls yield with frames made from the definition alone: for each message that travels this way one plain
// frame, then one for each branch of a choice, each condition that holds or does not, each list that is empty or has
// two elements, which no frame before it has shown.  Only branches are made whose values follow directly: from a
// constant, a label, a comparison with a field or with some of its bits.  branch says what the frame shows; it is empty
// for the plain one.  Every frame decodes, in the direction, to the message it is said to be.
//
// The frames are the same every time, and belong to the caller.  With Any, the uplink comes first.  Samples ends when
// yield returns false.
func Samples(p *Profile, d Direction, yield func(message, branch string, frame []byte) bool) {
	c := newChecker(p)
	for _, way := range []Direction{Uplink, Downlink} {
		if d != Any && d != way {
			continue
		}
		if !c.samples(way, func(s *sample) bool {
			return s.fault != nil || s.taken != nil || yield(s.shape.layout.message.Name, s.name, s.frame)
		}) {
			return
		}
	}
}

// checker holds what is known of a profile while it is checked.
type checker struct {
	p      *Profile
	g      *program
	ops    []op
	report Report
	findings

	computed []*node              // by register: the field that gives its value
	places   []fieldPlace         // by op
	alone    map[*shape]*family   // its kind of frame with one message
	kinds    map[*family]*Profile // the profile with one kind of frame
	branches map[branchKey]bool   // each way that something can go, and whether a frame goes it
	untried  []*sample
	good     map[*layout]bool // messages with a sample
	tries    map[[2]string]*tries
}

func newChecker(p *Profile) *checker {
	c := &checker{p: p, g: p.program, ops: p.ops, alone: map[*shape]*family{}, kinds: map[*family]*Profile{},
		branches: map[branchKey]bool{}, good: map[*layout]bool{}, tries: map[[2]string]*tries{}}
	c.computed, c.places = make([]*node, c.g.regs), make([]fieldPlace, len(c.ops))
	for _, f := range c.g.families {
		c.mark(f.header, fieldPlace{})
		c.mark(f.trailer, fieldPlace{})
		for _, s := range f.shapes {
			c.mark(s.nodes, fieldPlace{})
		}
	}
	return c
}

// mark notes where fields stand; at is the place around them.
func (c *checker) mark(list []*node, at fieldPlace) {
	for _, n := range list {
		here := at
		if n.op >= 0 {
			here.node = n
			for i := n.op; i <= n.op+n.parts; i++ {
				c.places[i] = here
			}
			if o := &c.ops[n.op]; o.code == opComputed && o.reg > 0 {
				c.computed[o.reg] = n
			}
		}
		if n.size != nil {
			here.region = n
		} else if n.until != nil || n.kind == nodeList {
			here.region = nil
		}
		if n.when != nil {
			here.around = append(slices.Clip(here.around), decision{subject{n, aspectThere}, 1})
		}
		c.mark(n.kids, here)
		for k := range n.cases {
			in := here
			in.around = append(slices.Clip(here.around), decision{subject{n, aspectCase}, k})
			c.mark(n.cases[k].kids, in)
		}
	}
}

// locate finds the lines of the paths, and puts what matters most first.
func (c *checker) locate(all []Finding) []Finding {
	s := newSource(c.p.sources[0].Name, nil)
	s.Parts = map[string]*tomlread.Source{}
	for i, text := range c.p.sources {
		part := s
		if i > 0 {
			part = newSource(text.Name+".toml", nil)
			s.Parts[partPrefix(text.Name)], part.Parts = part.Source, s.Parts
		}
		part.Parse(text.Text)
	}
	for i := range all {
		f := &all[i]
		at, key := s.Place(f.Key)
		f.File, f.Line, f.Key = at.File, at.Line(key), key
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(truth(a.File != s.File), truth(b.File != s.File)),
			cmp.Compare(a.Line, b.Line))
	})
	return all
}
