package codec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a finding means for the profile.
type Severity uint8

const (
	SeverityNote    Severity = iota // worth knowing; nothing is wrong
	SeverityWarning                 // right as it stands, but probably not what was meant; or not proven
	SeverityError                   // cannot be right: Compile refuses it, or what was tried has failed
)

func (s Severity) String() string {
	switch s {
	case SeverityError:
		return "error"
	case SeverityWarning:
		return "warning"
	}
	return "note"
}

// MarshalText makes it a word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing that Prove found.
type Finding struct {
	Severity Severity
	Rule     string // its name in docs/frame-language.md, such as "shadowed"
	Problem
	Witness   []byte // a frame that shows it; may be nil
	Direction Direction
}

func (f *Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	fmt.Fprintf(&b, ": %s: ", f.Severity)
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Found)
	if f.Expected != "" {
		b.WriteString("; expected " + f.Expected)
	}
	if f.Witness != nil {
		fmt.Fprintf(&b, "; witness (%s) %x", f.Direction, f.Witness)
	}
	return b.String()
}

// Proof is what Prove looked at and what it found.
type Proof struct {
	Messages int // in the definition
	Branches int // branches, conditions and lists, each way it can go
	Shown    int // of these, how many a frame was made for
	Frames   int // made, decoded, encoded back and cut from a stream
	Replies  int // made
	Examples int // in the definition; CheckExamples runs them
	Steps    int // spent of the budget
	Findings []Finding
}

// Count is how many findings are of a severity.
func (p *Proof) Count(s Severity) (n int) {
	for i := range p.Findings {
		n += int(truth(p.Findings[i].Severity == s))
	}
	return n
}

// Prove looks for what is wrong with a profile that compiled: by reasoning about the definition, and by making a frame
// for every message and every branch (see Samples) and sending it through everything there is.  It is bounded by a
// number of steps, not by time; where that does not do, a finding says "not proven".
func (p *Profile) Prove() *Proof {
	v := newProver(p)
	v.structure()
	v.frames()
	v.proof.Messages, v.proof.Examples = len(p.messages), len(p.examples)
	v.locate()
	slices.SortStableFunc(v.proof.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(rank(p, a.File), rank(p, b.File)), cmp.Compare(a.Line, b.Line))
	})
	return &v.proof
}

func rank(p *Profile, file string) int {
	if len(p.sources) > 0 && p.sources[0].Name == file {
		return 0
	}
	return 1
}

// prover holds what is known of a profile while it is looked at.
type prover struct {
	p       *Profile
	g       *grammar
	ops     []op
	proof   Proof
	extents []extent // by register
	places  *source
}

func newProver(p *Profile) *prover {
	return &prover{p: p, g: p.grammar, ops: p.ops}
}

func (v *prover) find(s Severity, rule, path, found, expected string) *Finding {
	for i := range v.proof.Findings { // a layout that is used twice is found twice
		if f := &v.proof.Findings[i]; f.Rule == rule && f.Key == path && f.Found == found {
			return f
		}
	}
	v.proof.Findings = append(v.proof.Findings, Finding{Severity: s, Rule: rule, Problem: Problem{Key: path, Found: found, Expected: expected}})
	return &v.proof.Findings[len(v.proof.Findings)-1]
}

// structure is what can be said without making a frame; it is quick, because every compilation does it.
func (v *prover) structure() {
	v.registers()
	for _, path := range v.g.unused {
		v.find(SeverityWarning, "unused", path, "a layout that nothing uses", "")
	}
	for _, f := range v.g.families {
		v.family(f)
		for _, s := range f.shapes {
			v.nodes(s.nodes, s.layout.message.Name)
		}
		v.nodes(f.header, "the header")
		v.nodes(f.trailer, "the trailer")
	}
}

// locate finds the lines of the paths.
func (v *prover) locate() {
	s := v.places
	if s == nil {
		s = &source{parts: map[string]*source{}}
		for i, text := range v.p.sources {
			if i == 0 {
				s.file, s.lines = text.Name, positions(string(text.Text))
			} else {
				s.parts[partPrefix(text.Name)] = &source{file: text.Name + ".toml", lines: positions(string(text.Text)), parts: s.parts}
			}
		}
	}
	for i := range v.proof.Findings {
		f := &v.proof.Findings[i]
		at, key := s.place(f.Key)
		f.File, f.Line, f.Key = at.file, at.line(key), key
	}
}

// proveStructure reports the errors that need no frame; those that one would show come with it.
func (c *compiler) proveStructure() {
	v := newProver(c.p)
	v.structure()
	for i := range v.proof.Findings {
		f := &v.proof.Findings[i]
		if f.Severity != SeverityError {
			continue
		}
		if f.Witness != nil {
			f.Found += fmt.Sprintf("; such a frame is %x", f.Witness)
		}
		c.src.problem(f.Key, f.Found, f.Expected)
	}
}
