package codec

import (
	"bytes"
	"fmt"
	"slices"
)

// frames makes a frame for each message and branch and tries everything with it.
func (v *prover) frames() {
	t := &trier{v: v, wanted: map[decision]*sample{}, kinds: map[*family]*Profile{}, shapes: map[*shape]*Profile{}}
	for _, way := range []Direction{Uplink, Downlink} {
		s := v.p.sampler(way)
		s.each(func(one *sample) bool {
			if one.frame != nil {
				v.proof.Frames++
				t.frame(one)
			} else {
				t.failed = append(t.failed, one)
			}
			return true
		})
		v.proof.Steps += s.steps
		t.count(s)
	}
	t.report()
	if !slices.ContainsFunc(v.ops, func(o op) bool { return o.role == RoleIdentity }) {
		v.find(SeverityWarning, "identity", "name", "no field of role identity: no master can be known", "that role on the field that says who speaks")
	}
}

// trier tries the frames of one profile.
type trier struct {
	v      *prover
	failed []*sample
	wanted map[decision]*sample // every way that something can go; nil: it was shown
	kinds  map[*family]*Profile // the profile with one kind of frame
	shapes map[*shape]*Profile  // with one message
}

// count notes what one direction has shown.
func (t *trier) count(s *sampler) {
	for _, f := range s.g.families {
		if f.direction != Any && f.direction != s.way {
			continue
		}
		for _, shape := range f.shapes {
			if way := shape.layout.direction; way != Any && way != s.way {
				continue
			}
			for _, g := range s.goals(f, shape) {
				if last := len(g.force) - 1; last >= 0 {
					if d := g.force[last]; s.seen[d] {
						t.wanted[d] = nil
					} else if _, known := t.wanted[d]; !known {
						t.wanted[d] = &sample{}
					}
				}
			}
		}
	}
}

// report says for what no frame was found.
func (t *trier) report() {
	v := t.v
	for _, one := range t.wanted {
		v.proof.Branches++
		v.proof.Shown += int(truth(one == nil))
	}
	for _, one := range t.failed {
		g := one.goal
		what := "message " + g.shape.layout.message.Name
		if last := len(g.force) - 1; last >= 0 {
			if t.wanted[g.force[last]] == nil {
				continue // another message has shown it
			}
			what = fmt.Sprintf("no frame was found in which %s", g.name)
		} else if g.command != nil {
			what += ", of whose " + g.name + " no frame was found"
		} else {
			what += ", of which no frame was found"
		}
		if slices.ContainsFunc(v.proof.Findings, func(f Finding) bool { return f.Key == g.path && f.Severity == SeverityError }) {
			continue
		}
		verdict := "it may be unreachable"
		if one.spent {
			verdict = "not proven"
		}
		severity := SeverityWarning
		if last := len(g.force) - 1; last >= 0 && g.force[last].of == aspectCount {
			severity = SeverityNote // a list need not be of any length
		}
		f := v.find(severity, "unreachable", g.path, fmt.Sprintf("%s (%s): %s", what, one.why, verdict), "")
		if one.taken != nil {
			f.Witness, f.Direction = one.tried, one.way
		}
	}
}

// frame sends one frame through everything there is.
func (t *trier) frame(one *sample) {
	v, p := t.v, t.v.p
	name := one.goal.shape.layout.message.Name
	var f Frame
	if p.Decode(one.way, one.frame, &f) != nil {
		return // the sampler has decoded it
	}
	report := func(s Severity, rule, text string) {
		for i := range v.proof.Findings {
			if g := &v.proof.Findings[i]; g.Rule == rule && g.Key == one.goal.shape.path {
				return // once for a message
			}
		}
		found := v.find(s, rule, one.goal.shape.path, text, "")
		found.Witness, found.Direction = one.frame, one.way
	}
	if err := p.throughJSON(&f, one.frame); err != nil {
		severity := SeverityWarning
		if f.layout.direction != Uplink {
			severity = SeverityError
		}
		report(severity, "encode", fmt.Sprintf("message %s, whose values do not make the same frame again (%v)", name, err))
	}
	stream := slices.Concat(one.frame, one.frame)
	switch advance, token, _ := p.Splitter(one.way)(stream, false); {
	case token == nil:
		report(SeverityWarning, "framing", fmt.Sprintf("message %s, whose frames are not found in a stream", name))
	case !bytes.Equal(token, one.frame) || advance != len(one.frame):
		report(SeverityError, "framing", fmt.Sprintf("message %s, of whose frames %d of %d bytes are cut from a stream", name, len(token), len(one.frame)))
	}
	if _, due, err := p.Reply(nil, &f, Env{Now: sampleTime}); err != nil {
		report(SeverityError, "reply", fmt.Sprintf("message %s, to which the reply cannot be made (%v)", name, err))
	} else if due {
		v.proof.Replies++
	}
	t.ambiguous(one)
}

// ambiguous looks for other kinds of frames and other messages that take the bytes too.
func (t *trier) ambiguous(one *sample) {
	v, own := t.v, one.goal.shape
	if v.p.grammar == nil {
		return // Compile knows
	}
	var f Frame
	for _, k := range v.g.families {
		if k == own.family || k.direction != Any && k.direction != one.way || !k.first.has(one.frame[0]) {
			continue
		}
		p := t.kinds[k]
		if p == nil {
			p = v.p.onlyKind(k)
			t.kinds[k] = p
		}
		if p.Decode(one.way, one.frame, &f) != nil {
			continue
		}
		found := v.find(SeverityWarning, "ambiguous", k.path, fmt.Sprintf("frames that are also of kind %s (message %s), which is tried before it", own.family.name, own.layout.message.Name),
			"kinds that their first bytes or checksums tell apart")
		found.Witness, found.Direction = one.frame, one.way
	}
	at := slices.Index(own.family.shapes, own)
	for _, s := range own.family.shapes[at+1:] {
		way := s.layout.direction
		if s.fallback || s.when != nil || own.when != nil || way != Any && way != one.way {
			continue
		}
		p := t.shapes[s]
		if p == nil {
			p = v.p.alone(s)
			t.shapes[s] = p
		}
		if p.Decode(one.way, one.frame, &f) != nil {
			continue
		}
		found := v.find(SeverityWarning, "ambiguous", s.path, fmt.Sprintf("message %s, whose frames may also be of message %s, which is tried before it", s.layout.message.Name, own.layout.message.Name),
			"a condition that tells them apart")
		found.Witness, found.Direction = one.frame, one.way
	}
}

// onlyKind is the profile with one kind of frame.
func (p *Profile) onlyKind(f *family) *Profile {
	g, out := *p.grammar, *p
	g.families, out.grammar = []*family{f}, &g
	return &out
}
