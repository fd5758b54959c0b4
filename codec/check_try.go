package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// try sends one frame through everything there is.
func (c *checker) try(s *sample) bool {
	name := s.shape.layout.message.Name
	if s.taken != nil {
		taker := s.taken.layout.message.Name
		switch {
		case s.taken.when != nil:
			s.fault = fmt.Errorf("message %s takes the frame that was made", taker)
		case s.fault != nil:
			text := "message %s, whose frames are taken for message %s, which refuses them (%v)"
			c.ambiguous(s.shape.path, fmt.Sprintf(text, name, taker, s.fault), s)
			return true
		default:
			c.ambiguous(s.shape.path, fmt.Sprintf("message %s, whose frames message %s takes", name, taker), s)
			return true
		}
	}
	if s.fault != nil {
		c.untried = append(c.untried, s)
		return true
	}
	c.report.Frames++
	c.good[s.shape.layout] = true
	var f Frame
	if c.p.Decode(s.way, s.frame, &f) != nil {
		return true // make has decoded it
	}
	err := throughJSON(c.p, &f, s.frame)
	c.note("encode", s, err, fmt.Sprintf("message %s, whose values do not make the same frame again (%v)", name, err))
	c.cut(s)
	_, due, err := c.p.Reply(nil, &f, Env{Now: sampleTime})
	c.note("reply", s, err, fmt.Sprintf("message %s, to which the reply cannot be made (%v)", name, err))
	if due && err == nil {
		if c.report.Replies++; s.name == "" {
			c.deadClock(s)
		}
	}
	c.others(s)
	return true
}

// cut finds the frame in a stream: alone, and before another one.
func (c *checker) cut(s *sample) {
	twice := slices.Concat(s.frame, s.frame)
	for _, stream := range [][]byte{s.frame, twice} {
		advance, token, _ := c.p.Splitter(s.way)(stream, false)
		text := ", whose frames are not found in a stream"
		switch {
		case bytes.Equal(token, s.frame) && advance == len(s.frame):
			continue
		case token != nil:
			text = fmt.Sprintf(", of whose frames %d of %d bytes are cut from a stream", len(token), len(s.frame))
		default:
			if _, next, _ := c.p.Splitter(s.way)(twice, false); bytes.Equal(next, s.frame) {
				text = ", whose frames end only when a byte comes behind them"
			}
			waits := func(k *family) bool { return k != s.shape.family && c.waits(k, s.way, stream) }
			if i := slices.IndexFunc(c.g.families, waits); i >= 0 {
				text += ": they begin like one of kind " + c.g.families[i].name +
					", which is tried at the same byte and waits for its end"
			}
		}
		c.witnessed(SeverityError, "framing", s.shape.path, "message "+s.shape.layout.message.Name+text, "", s)
		return
	}
}

// deadClock answers the frame of a device whose clock is not set.
func (c *checker) deadClock(s *sample) {
	dead := &sample{shape: s.shape, way: s.way, path: s.path, dead: true}
	var f Frame
	if c.make(dead); dead.fault != nil || dead.taken != nil || c.p.Decode(s.way, dead.frame, &f) != nil {
		return
	}
	if _, _, err := c.p.Reply(nil, &f, Env{Now: sampleTime}); err != nil {
		text := "message %s, to which the reply cannot be made when the clock of the device is not set (%v)"
		c.witnessed(SeverityError, "reply", s.shape.path, fmt.Sprintf(text, s.shape.layout.message.Name, err), "", dead)
	}
}

// others looks for other kinds of frames and other messages that take the bytes too.
func (c *checker) others(s *sample) {
	var f Frame
	own, name := s.shape.family, s.shape.layout.message.Name
	for _, k := range c.g.families {
		if k == own || k.direction != Any && k.direction != s.way || c.with(k).Decode(s.way, s.frame, &f) != nil {
			continue
		}
		text := fmt.Sprintf("frames that are also of kind %s (message %s), which is tried before it", own.name, name)
		c.witnessed(SeverityWarning, "ambiguous", k.path, text, "kinds that their first bytes or checksums tell apart", s)
	}
	if s.shape.when != nil {
		return
	}
	for _, b := range own.shapes {
		if b == s.shape || b.fallback || b.when != nil || !b.travels(s.way) || c.only(b).Decode(s.way, s.frame, &f) != nil {
			continue
		}
		c.ambiguous(b.path, fmt.Sprintf("message %s, whose frames may also be of message %s, which is tried before it",
			b.layout.message.Name, name), s)
	}
}

func (c *checker) ambiguous(path, text string, s *sample) {
	c.witnessed(SeverityWarning, "ambiguous", path, text, "a condition that tells them apart", s)
}

func (c *checker) witnessed(severity Severity, rule, path, found, expected string, s *sample) {
	if f := c.add(severity, rule, path, found, expected); f.Witness == nil {
		f.Witness, f.Direction = s.frame, s.way
	}
}

// tries of one thing with the frames of one message.
type tries struct {
	good, bad int
	text      string // of the first that failed
	s         *sample
}

func (c *checker) note(rule string, s *sample, err error, text string) {
	key := [2]string{rule, s.shape.path}
	all := c.tries[key]
	if all == nil {
		all = &tries{}
		c.tries[key] = all
	}
	if err == nil {
		all.good++
	} else if all.bad++; all.bad == 1 {
		all.text, all.s = text, s
	}
}

// conclude reports what failed, with every frame of a message or with some, and what was not tried.
func (c *checker) conclude() {
	for key, all := range c.tries {
		if all.bad > 0 && all.good == 0 {
			c.witnessed(SeverityError, key[0], key[1], all.text, "", all.s)
		} else if all.bad > 0 {
			text := fmt.Sprintf("%s: %d of %d frames", all.text, all.bad, all.bad+all.good)
			c.witnessed(SeverityWarning, key[0], key[1], text, "", all.s)
		}
	}
	for _, tried := range c.branches {
		c.report.Branches++
		c.report.Tried += int(truth(tried))
	}
	for _, s := range c.untried {
		b, is := s.branch()
		l := s.shape.layout
		wrong := slices.ContainsFunc(c.findings, func(f Finding) bool { // which says why
			return f.Severity > SeverityNote && (f.Key == s.path || strings.HasPrefix(f.Key, s.path+"."))
		})
		switch {
		case wrong || is && (c.branches[b] || !c.good[l]):
		case is:
			c.branches[b] = true // told once
			c.add(SeverityNote, "untried", s.path, fmt.Sprintf("not tried: %s (%v)", strings.TrimSpace(s.name), s.fault), "")
		case !c.good[l]:
			text := fmt.Sprintf("not tried: message %s (%v)", l.message.Name, s.fault)
			c.add(SeverityWarning, "untried", s.path, text, "an example")
		}
	}
	if !slices.ContainsFunc(c.ops, func(o op) bool { return o.role == RoleIdentity }) {
		c.add(SeverityWarning, "identity", "name", "no field of role identity: no master can be known",
			"that role on the field that says who speaks")
	}
}

// examples notes what those of the definition show.
func (c *checker) examples() {
	for i := range c.p.examples {
		e := &c.p.examples[i]
		var f Frame
		var asked *Frame
		if len(e.request) > 0 {
			if request, err := requestOf(c.p, e); err == nil {
				asked = request
			}
		}
		if c.p.Decode(e.direction, e.frame, &f) == nil {
			c.good[f.layout] = true
		}
		for d := range c.decides(e.direction, e.frame, asked) {
			if _, known := c.branches[d.branch()]; known {
				c.branches[d.branch()] = true
			}
		}
	}
}
