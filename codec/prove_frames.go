package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// frames makes a frame for each message and branch and tries everything with it.
func (v *prover) frames() {
	t := &trier{v: v, tries: map[[2]string]*tries{}, shown: map[branchKey]bool{}, kinds: map[*family]*Profile{}}
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
		t.alike(s)
		v.proof.Steps += s.steps
		t.count(s)
	}
	t.byExamples()
	t.judge()
	t.report()
	if !slices.ContainsFunc(v.ops, func(o op) bool { return o.role == RoleIdentity }) {
		v.find(SeverityWarning, "identity", "name", "no field of role identity: no master can be known", "that role on the field that says who speaks")
	}
}

// trier tries the frames of one profile.
type trier struct {
	v      *prover
	failed []*sample
	tries  map[[2]string]*tries // by rule and path of the message
	shown  map[branchKey]bool   // every way that something can go, and whether a frame shows it
	kinds  map[*family]*Profile // the profile with one kind of frame
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
					d := g.force[last]
					t.shown[d.branch()] = t.shown[d.branch()] || s.seen[d]
				}
			}
		}
	}
}

// report says for what no frame was found.
func (t *trier) report() {
	v := t.v
	for _, shown := range t.shown {
		v.proof.Branches++
		v.proof.Shown += int(truth(shown))
	}
	told := map[branchKey]bool{}
	for _, one := range t.failed {
		g := one.goal
		name := g.shape.layout.message.Name
		what := "message " + name
		last := len(g.force) - 1
		switch {
		case last >= 0:
			branch := g.force[last].branch()
			if t.shown[branch] || told[branch] {
				continue // another message, or an example, has shown it; or it is said of another message
			}
			told[branch] = true
			what = fmt.Sprintf("no frame was found in which %s, in %s", g.name, t.names(branch))
		case g.command != nil:
			what += ", of whose " + g.name + " no frame was found"
		default:
			if t.v.p.exampleOf(g.shape) {
				continue
			}
			what += ", of which no frame was found"
		}
		if slices.ContainsFunc(v.proof.Findings, func(f Finding) bool {
			return f.Severity == SeverityError && f.Key == g.path || f.Severity > SeverityNote && strings.HasPrefix(f.Key, g.path+".")
		}) {
			continue // which says why
		}
		if g.plain {
			if by := v.takenFor(one); by != "" {
				f := v.find(SeverityWarning, "ambiguous", g.path, fmt.Sprintf("%s: message %s takes them", what, by), "messages that something tells apart")
				if f.Witness == nil {
					f.Witness, f.Direction = one.tried, one.way
				}
				continue
			}
		}
		verdict, severity := "it may be unreachable", SeverityWarning
		if one.spent {
			verdict = "not proven"
		}
		if last >= 0 && g.force[last].of == aspectCount {
			severity = SeverityNote // a list need not be of any length
		}
		v.find(severity, "unreachable", g.path, fmt.Sprintf("%s (%s): %s", what, one.why, verdict), "")
	}
}

// names are the messages in which a branch was looked for.
func (t *trier) names(branch branchKey) string {
	var out []string
	for _, one := range t.failed {
		if last := len(one.goal.force) - 1; last >= 0 && one.goal.force[last].branch() == branch {
			if name := one.goal.shape.layout.message.Name; !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	switch n := len(out); {
	case n == 1:
		return "message " + out[0]
	case n > 4:
		return fmt.Sprintf("messages %s and %d more", strings.Join(out[:3], ", "), n-3)
	default:
		return fmt.Sprintf("messages %s and %s", strings.Join(out[:n-1], ", "), out[n-1])
	}
}

// takenFor says which message takes the frame that a message would have if it were alone; the frame is left in tried.
func (v *prover) takenFor(one *sample) string {
	if one.taken != nil {
		return one.taken.message.Name
	}
	alone := v.p.alone(one.goal.shape)
	if alone == nil {
		return ""
	}
	other := alone.sampler(one.way).make(&goal{shape: alone.onlyShape(one.goal.shape), plain: true})
	var f Frame
	if other.frame == nil || v.p.Decode(one.way, other.frame, &f) != nil {
		return ""
	}
	one.tried = other.frame
	return f.Message().Name
}

// frame sends one frame through everything there is.
func (t *trier) frame(one *sample) {
	v, p := t.v, t.v.p
	name := one.goal.shape.layout.message.Name
	var f Frame
	if p.Decode(one.way, one.frame, &f) != nil {
		return // the sampler has decoded it
	}
	err := p.throughJSON(&f, one.frame)
	t.note("encode", one, err, fmt.Sprintf("message %s, whose values do not make the same frame again (%v)", name, err))

	stream := slices.Concat(one.frame, one.frame)
	switch advance, token, _ := p.Splitter(one.way)(stream, false); {
	case token == nil:
		why := ""
		if other := t.waiting(one, stream); other != "" {
			why = fmt.Sprintf(": they begin like one of kind %s, which is tried at the same byte and waits for its end", other)
		}
		t.note("framing", one, errRegion, fmt.Sprintf("message %s, whose frames are not found in a stream%s", name, why))
	case !bytes.Equal(token, one.frame) || advance != len(one.frame):
		found := v.find(SeverityError, "framing", one.goal.shape.path, fmt.Sprintf("message %s, of whose frames %d of %d bytes are cut from a stream", name, len(token), len(one.frame)), "")
		if found.Witness == nil {
			found.Witness, found.Direction = one.frame, one.way
		}
	}
	_, due, err := p.Reply(nil, &f, Env{Now: sampleTime})
	t.note("reply", one, err, fmt.Sprintf("message %s, to which the reply cannot be made (%v)", name, err))
	v.proof.Replies += int(truth(due && err == nil))
	t.ambiguous(one)
}

// tries of one thing with the frames of one message.
type tries struct {
	good, bad int
	text      string // of the first that failed
	one       *sample
}

func (t *trier) note(rule string, one *sample, err error, text string) {
	key := [2]string{rule, one.goal.shape.path}
	all := t.tries[key]
	if all == nil {
		all = &tries{}
		t.tries[key] = all
	}
	if err == nil {
		all.good++
		return
	}
	if all.bad++; all.bad == 1 {
		all.text, all.one = text, one
	}
}

// judge reports what failed: with every frame of a message, or with some.
func (t *trier) judge() {
	for _, key := range slices.SortedFunc(keys(t.tries), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		all := t.tries[key]
		if all.bad == 0 {
			continue
		}
		severity, text := SeverityError, all.text
		if all.good > 0 {
			severity, text = SeverityWarning, fmt.Sprintf("%s: %d of %d frames", text, all.bad, all.bad+all.good)
		}
		found := t.v.find(severity, key[0], key[1], text, "")
		found.Witness, found.Direction = all.one.frame, all.one.way
	}
}
