package check

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// try sends one frame through everything there is.
func (c *checker) try(s *sampleFrame) bool {
	name := s.body.Message.Name
	if s.taken != nil {
		taker := s.taken.Message.Name
		switch {
		case s.taken.When != nil:
			s.fault = fmt.Errorf("message %s takes the frame that was made", taker)
		case s.fault != nil:
			text := "message %s, whose frames are taken for message %s, which refuses them (%v)"
			c.ambiguous(s.body.Path, fmt.Sprintf(text, name, taker, s.fault), s)
			return true
		default:
			c.ambiguous(s.body.Path, fmt.Sprintf("message %s, whose frames message %s takes", name, taker), s)
			return true
		}
	}
	if s.fault != nil {
		c.untried = append(c.untried, s)
		return true
	}
	c.report.Frames++
	c.good[s.body] = true
	var f frame.Frame
	if c.p.Decode(s.way, s.frame, &f) != nil {
		return true // make has decoded it
	}
	err := throughJSON(c.p, &f, s.frame)
	c.note("encode", s, err, fmt.Sprintf("message %s, whose values do not make the same frame again (%v)", name, err))
	c.points(s, &f)
	if s.name == "" {
		c.commands(s, &f)
	}
	c.cut(s)
	_, due, err := c.p.Reply(nil, &f, encode.Env{Now: sampleTime})
	if c.p.TellsWaiting() && err == nil {
		_, _, err = c.p.Reply(nil, &f, encode.Env{Now: sampleTime, Waiting: true})
	}
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
func (c *checker) cut(s *sampleFrame) {
	twice := slices.Concat(s.frame, s.frame)
	streams := [][]byte{s.frame, twice}
	if k := s.body.FrameKind; k.Shares {
		streams = append(streams, slices.Concat(s.frame, s.frame[len(k.Start):]))
	}
	for n, stream := range streams {
		token, bad := misread(c.p, s.way, stream, [][]byte{s.frame, s.frame}[:min(n+1, 2)]...)
		text, expected := ", whose frames are not found in a stream", ""
		switch {
		case !bad:
			continue
		case token != nil:
			text = fmt.Sprintf(", of whose frames %d of %d bytes are cut from a stream", len(token), len(s.frame))
		default:
			if _, next, _ := c.p.Splitter(s.way)(twice, false); bytes.Equal(next, s.frame) {
				text, expected = ", whose frames end only when a byte comes behind them",
					"quiet beside the header, so that a silence ends them"
			}
			waits := func(k *program.FrameKind) bool { return k != s.body.FrameKind && c.waits(k, s.way, stream) }
			if i := slices.IndexFunc(c.g.Kinds, waits); i >= 0 {
				text += ": they begin like one of kind " + c.g.Kinds[i].Name +
					", which is tried at the same byte and waits for its end"
			}
		}
		severity := schema.SeverityError
		if n > 0 && s.body.FrameKind.Paused && !c.p.HasChecksum() {
			severity, text = schema.SeverityNote, ", whose frames nothing but a silence parts"
		}
		c.witnessed(severity, "framing", s.body.Path, "message "+s.body.Message.Name+text, expected, s)
		return
	}
}

// deadClock answers the frames of devices whose clock is dead, those that are accepted though they cannot be read too.
func (c *checker) deadClock(s *sampleFrame) {
	for k := range deadTimes {
		dead := &sampleFrame{body: s.body, way: s.way, path: s.path, dead: k + 1}
		c.make(dead)
		var f frame.Frame
		if err := c.p.Decode(s.way, dead.frame, &f); dead.taken != nil || err != f.Unreadable() || f.Body != s.body {
			continue
		}
		if _, _, err := c.p.Reply(nil, &f, encode.Env{Now: sampleTime}); err != nil {
			text := "message %s, to which the reply cannot be made when the clock of the device is not set (%v)"
			c.witnessed(schema.SeverityError, "reply", s.body.Path, fmt.Sprintf(text, s.body.Message.Name, err), "", dead)
			return
		}
	}
}

// deadTimes is how many times of a dead clock are tried.
const deadTimes = 3

// deadTime is a time of a dead clock: of zeros, of ones, or with the month 0.
func deadTime(o *scalar.Op, k int) []byte {
	b := make([]byte, o.Size)
	switch {
	case k == 2:
		return bytes.Repeat([]byte{0xff}, o.Size)
	case o.Time == nil:
	case k == 1:
		o.Time.Clear(b, scalar.UnitCount)
	default:
		b, _ = o.Time.Append(b[:0], sampleTime)
		o.Time.Clear(b, scalar.UnitMonth)
	}
	return b
}

// others looks for other kinds of frames and other messages that take the bytes too.
func (c *checker) others(s *sampleFrame) {
	var f frame.Frame
	own, name := s.body.FrameKind, s.body.Message.Name
	for _, k := range c.g.Kinds {
		if k == own || k.Direction != field.Any && k.Direction != s.way || decode.Decode(c.with(k), s.way, s.frame, &f) != nil {
			continue
		}
		text := fmt.Sprintf("frames that are also of kind %s (message %s), which is tried before it", own.Name, name)
		c.witnessed(schema.SeverityWarning, "ambiguous", k.Path, text, "kinds that their first bytes or checksums tell apart", s)
	}
	if s.body.When != nil {
		return
	}
	for _, b := range own.Bodies {
		if b == s.body || b.Fallback || b.When != nil || !b.Travels(s.way) || decode.Decode(c.only(b), s.way, s.frame, &f) != nil {
			continue
		}
		c.ambiguous(b.Path, fmt.Sprintf("message %s, whose frames may also be of message %s, which is tried before it",
			b.Message.Name, name), s)
	}
}

func (c *checker) ambiguous(path, text string, s *sampleFrame) {
	c.witnessed(schema.SeverityWarning, "ambiguous", path, text, "a condition that tells them apart", s)
}

func (c *checker) witnessed(severity schema.Severity, rule, path, found, expected string, s *sampleFrame) {
	if f := c.Add(severity, rule, path, found, expected); f.Witness == nil {
		f.Witness, f.Direction = s.frame, s.way
	}
}

// tries of one thing with the frames of one message.
type tries struct {
	good, bad int
	text      string // of the first that failed
	s         *sampleFrame
}

func (c *checker) note(rule string, s *sampleFrame, err error, text string) {
	key := [2]string{rule, s.body.Path}
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
			c.witnessed(schema.SeverityError, key[0], key[1], all.text, "", all.s)
		} else if all.bad > 0 {
			text := fmt.Sprintf("%s: %d of %d frames", all.text, all.bad, all.bad+all.good)
			c.witnessed(schema.SeverityWarning, key[0], key[1], text, "", all.s)
		}
	}
	for _, tried := range c.branches {
		c.report.Branches++
		c.report.Tried += int(expr.Truth(tried))
	}
	for _, s := range c.untried {
		b, is := s.branch()
		l := s.body
		wrong := slices.ContainsFunc(c.Findings, func(f schema.Finding) bool { // which says why
			return f.Severity > schema.SeverityNote && (f.Key == s.path || strings.HasPrefix(f.Key, s.path+"."))
		})
		switch {
		case wrong || is && (c.branches[b] || !c.good[l]):
		case is:
			c.branches[b] = true // told once
			c.Add(schema.SeverityNote, "untried", s.path, fmt.Sprintf("not tried: %s (%v)", strings.TrimSpace(s.name), s.fault), "")
		case !c.good[l]:
			text := fmt.Sprintf("not tried: message %s (%v)", l.Message.Name, s.fault)
			c.Add(schema.SeverityWarning, "untried", s.path, text, "an example")
		}
	}
	if !slices.ContainsFunc(c.ops, func(o scalar.Op) bool { return o.Role == field.RoleIdentity }) {
		c.Add(schema.SeverityWarning, "identity", "name", "no field of role identity: no master can be known",
			"that role on the field that says who speaks")
	}
}

// examples notes what those of the definition show.
func (c *checker) examples() {
	for i := range c.p.Examples() {
		e := &c.p.Examples()[i]
		var f frame.Frame
		var asked *frame.Frame
		if len(e.Request) > 0 {
			if request, err := requestOf(c.p, e); err == nil {
				asked = request
			}
		}
		if c.p.Decode(e.Direction, e.Frame, &f) == nil {
			c.good[f.Body] = true
			c.points(&sampleFrame{body: f.Body, way: f.Direction(), frame: e.Frame}, &f)
		}
		for d := range c.decides(e.Direction, e.Frame, asked) {
			if _, known := c.branches[d.branch()]; known {
				c.branches[d.branch()] = true
			}
		}
	}
}
