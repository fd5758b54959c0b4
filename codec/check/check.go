package check

import (
	"cmp"
	"slices"
	"trama/internal/tomlread"

	"trama/codec"
	"trama/codec/internal/compile"
	"trama/codec/internal/decode"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// Report is what CheckProfile looked at and what it found.
type Report struct {
	Messages int // in the definition
	Branches int // cases, conditions that hold or do not, lists that are empty or have two elements
	Tried    int // of these, how many a sample frame or an example goes through
	Frames   int // sample frames: made, decoded, encoded back and cut
	Replies  int // made
	Examples int // in the definition; CheckExamples runs them
	Findings []schema.Finding
}

// Count is how many findings are of a severity.
func (r *Report) Count(s schema.Severity) (n int) {
	for i := range r.Findings {
		n += int(expr.Truth(r.Findings[i].Severity == s))
	}
	return n
}

// Profile looks for what is wrong with a profile that compiled: by its structure (see inspect), and by sending a
// simple frame for each message and each branch (see SampleFrames) through everything there is.  A branch for which the values do
// not follow directly from the definition is not tried, and a finding says so.
func Profile(p *codec.Profile) *Report {
	c := newChecker(p)
	c.Findings = compile.Inspect(c.g, c.ops)
	for _, way := range []field.Direction{field.Uplink, field.Downlink} {
		c.sampleFrames(way, c.try)
	}
	c.examples()
	c.conclude()
	c.report.Messages, c.report.Examples = len(p.Messages()), len(p.Examples())
	c.report.Findings = c.locate(c.Findings)
	return &c.report
}

// SampleFrames calls yield with frames made from the definition alone: for each message that travels this way one plain
// frame, then one for each branch of a choice, each condition that holds or does not, each list that is empty or has
// two elements, which no frame before it has shown.  Only branches are made whose values follow directly: from a
// constant, a label, a comparison with a field or with some of its bits.  branch says what the frame shows; it is empty
// for the plain one.  Every frame decodes, in the direction, to the message it is said to be.
//
// The frames are the same every time, and belong to the caller.  With Any, the uplink comes first.  It ends when
// yield returns false.
func SampleFrames(p *codec.Profile, d field.Direction, yield func(message, branch string, frame []byte) bool) {
	c := newChecker(p)
	for _, way := range []field.Direction{field.Uplink, field.Downlink} {
		if d != field.Any && d != way {
			continue
		}
		if !c.sampleFrames(way, func(s *sampleFrame) bool {
			return s.fault != nil || s.taken != nil || yield(s.body.Message.Name, s.name, s.frame)
		}) {
			return
		}
	}
}

// checker holds what is known of a profile while it is checked.
type checker struct {
	p      *codec.Profile
	g      *program.Program
	ops    []scalar.Op
	report Report
	schema.Findings

	computed []*program.Node                         // by register: the field that gives its value
	places   []fieldPlace                            // by op
	alone    map[*program.Body]*program.FrameKind    // its kind of frame with one message
	kinds    map[*program.FrameKind]*program.Program // the program with one kind of frame
	branches map[branchKey]bool                      // each way that something can go, and whether a frame goes it
	untried  []*sampleFrame
	spent    int                    // fields written for sample frames
	good     map[*program.Body]bool // messages with a sample frame
	tries    map[[2]string]*tries
}

func newChecker(p *codec.Profile) *checker {
	c := &checker{p: p, g: p.Program(), ops: p.Program().Ops, alone: map[*program.Body]*program.FrameKind{},
		kinds:    map[*program.FrameKind]*program.Program{},
		branches: map[branchKey]bool{}, good: map[*program.Body]bool{}, tries: map[[2]string]*tries{}}
	c.computed, c.places = make([]*program.Node, c.g.Regs), make([]fieldPlace, len(c.ops))
	for _, f := range c.g.Kinds {
		c.mark(f.Header, fieldPlace{})
		c.mark(f.Trailer, fieldPlace{})
		for _, s := range f.Bodies {
			c.mark(s.Nodes, fieldPlace{})
		}
	}
	return c
}

// mark notes where fields stand; at is the place around them.
func (c *checker) mark(list []*program.Node, at fieldPlace) {
	for _, n := range list {
		here := at
		if n.Op >= 0 {
			here.node = n
			for i := n.Op; i <= n.Op+n.Parts; i++ {
				c.places[i] = here
			}
			if o := &c.ops[n.Op]; o.Code == scalar.OpComputed && o.Reg > 0 {
				c.computed[o.Reg] = n
			}
		}
		if n.Size != nil {
			here.region = n
		} else if n.Until != nil || n.Kind == program.NodeList {
			here.region = nil
		}
		if n.When != nil {
			here.around = append(slices.Clip(here.around), decision{subject{n, decode.AspectThere}, 1})
		}
		c.mark(n.Kids, here)
		for k := range n.Cases {
			in := here
			in.around = append(slices.Clip(here.around), decision{subject{n, decode.AspectCase}, k})
			c.mark(n.Cases[k].Kids, in)
		}
	}
}

// locate finds the lines of the paths, and puts what matters most first.
func (c *checker) locate(all []schema.Finding) []schema.Finding {
	s := schema.NewSource(c.p.Sources()[0].Name, nil)
	s.Parts = map[string]*tomlread.Source{}
	for i, text := range c.p.Sources() {
		part := s
		if i > 0 {
			part = schema.NewSource(text.Name+".toml", nil)
			s.Parts[schema.PartPrefix(text.Name)], part.Parts = part.Source, s.Parts
		}
		part.Parse(text.Text)
	}
	for i := range all {
		f := &all[i]
		at, key := s.Place(f.Key)
		f.File, f.Line, f.Key = at.File, at.Line(key), key
	}
	slices.SortStableFunc(all, func(a, b schema.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(expr.Truth(a.File != s.File), expr.Truth(b.File != s.File)),
			cmp.Compare(a.Line, b.Line))
	})
	return all
}
