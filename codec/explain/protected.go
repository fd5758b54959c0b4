package explain

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"trama/codec"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/protect"
)

// Protected is what a protected frame is, beside the bytes that stand in clear.
type Protected struct {
	Head   protect.Head
	Opened *protect.Opened // nil: no key has opened it
	Plain  *Trace          // what it was before it was protected; nil: nobody knows
	tag    int             // index of the span that the verdict on the tag stands with
}

// closed explains bytes that begin a protected frame, as far as they need no key; nil: they begin none.
func closed(p *program.Program, d field.Direction, raw []byte) *Trace {
	if p.Security == nil {
		return nil
	}
	n, whole := p.Security.Find(raw)
	if n == 0 {
		return nil
	}
	if !whole {
		t := &Trace{Raw: raw, Direction: d, Outcome: Incomplete, Missing: n - len(raw), Exact: len(raw) > 1,
			Spans: []Span{{Kind: SpanPartial, Len: len(raw), Index: -1}}, score: score{class: classIncomplete}}
		if len(raw) > 11 { // else it may be the end of something else
			t.score.read = len(raw)
		}
		return t
	}
	h := p.Security.Head(raw)
	t := &Trace{Raw: raw[:n], Direction: d, Outcome: Closed, Protected: &Protected{Head: h}, sized: true,
		score: score{class: classAccepted}}
	if h.Suite.SaysWay() {
		t.Direction = wayOf(h)
	}
	t.Fault = &field.FieldError{Profile: p.Name, Field: p.Ops[p.Kinds[0].Header[2].Op].Field.Key, Offset: 3, Err: unopened(p, d, t)}
	t.clear(p, h)
	if h.Suite == protect.None {
		_ = t.open(p, &protect.Opening{}) // its CRC is right
	}
	return t
}

// unopened says why a gateway that has not found the frame did not.
func unopened(p *program.Program, d field.Direction, t *Trace) error {
	s := t.Protected.Head.Suite
	switch {
	case p.Security.Weak(t.Raw):
		return fmt.Errorf("protected by suite %v (%s), which a listener looks for only when its suites name it", s, s.Name())
	case s.SaysWay() && d != field.Any && d != t.Direction:
		return fmt.Errorf("protected, but %s: an echo", sentBy(t.Protected.Head))
	}
	return fmt.Errorf("protected by suite %v (%s), and not opened", s, s.Name())
}

// damaged explains bytes that begin a protected frame with a wrong CRC; nil: they begin none.
func damaged(p *program.Program, d field.Direction, raw []byte) *Trace {
	if p.Security == nil {
		return nil
	}
	n, found, computed := p.Security.Damaged(raw)
	if n == 0 {
		return nil
	}
	t := &Trace{Raw: raw[:n], Direction: d, sized: true, score: score{class: classDamaged, read: 11}}
	c := &Check{Algorithm: "CRC-24", To: n, Found: uint64(found), Computed: uint64(computed), Digits: 6, at: 4}
	t.Checks, t.Protected = []*Check{c}, &Protected{Head: p.Security.Head(raw[:n])}
	t.clear(p, t.Protected.Head)
	if t.Protected.tag > 0 {
		t.Spans[t.Protected.tag].About = "tag: not checked, the checksum is wrong"
	}
	t.Spans[3].About, t.Spans[3].Check = "", c
	t.Fault = &field.FieldError{Profile: p.Name, Field: t.Spans[3].Path, Offset: 4,
		Err: fmt.Errorf("%w: found %06x, computed %06x", field.ErrSum, found, computed)}
	return t
}

func wayOf(h protect.Head) field.Direction {
	if h.Server {
		return field.Downlink
	}
	return field.Uplink
}

// clear lists what stands in clear, and what does not.
func (t *Trace) clear(p *program.Program, h protect.Head) {
	say := func(n int, path, value, about string) {
		off := 0
		if k := len(t.Spans); k > 0 {
			off = t.Spans[k-1].Off + t.Spans[k-1].Len
		}
		if n > 0 {
			t.Spans = append(t.Spans, Span{Kind: SpanClear, Off: off, Len: n, Index: -1, Path: path, Text: value, About: about})
		}
	}
	key := func(i int) string { return p.Ops[p.Kinds[0].Header[i].Op].Field.Key }
	number := func(b []byte) string { n, _ := strconv.Atoi(hex.EncodeToString(b)); return strconv.Itoa(n) }
	integrity := "CRC-24: right"
	if h.Suite.TagBits() == 24 {
		integrity = notChecked
		t.Protected.tag = 3
	}
	say(2, key(0), number(t.Raw[:2]), "bytes behind "+key(3))
	say(1, key(1), number(t.Raw[2:3]), "version")
	say(1, key(2), h.Suite.String(), "suite "+h.Suite.Name())
	say(3, key(3), hex.EncodeToString(t.Raw[4:7]), integrity)
	say(4, key(4), h.Digits(), "serial")
	rest := len(t.Raw) - 11
	switch h.Suite {
	case protect.CCM8, protect.CCM16:
		tag := h.Suite.TagBits() / 8
		say(1, "SC", fmt.Sprintf("%02x", h.SC()), sentBy(h))
		say(4, "IC", strconv.FormatUint(uint64(h.Counter), 10), "counter")
		say(rest-5-tag, "", "", "encrypted")
		say(tag, "tag", "", notChecked)
		t.Protected.tag = len(t.Spans) - 1
	case protect.Enc24:
		say(p.Security.Result-10, "", "", "header in clear")
		say(2, "FC", strconv.FormatUint(uint64(h.Counter), 10), "low half of the counter")
		say(rest-p.Security.Result+8, "", "", "encrypted")
	default:
		say(rest, "", "", "in clear")
	}
}

const notChecked = "tag: not checked, no key is given"

// sentBy says who sent a frame under which key.
func sentBy(h protect.Head) string {
	by, key := "from the master", "epoch"
	if h.Server {
		by = "from the server"
	}
	if h.OfConnection {
		key = "key of the connection, epoch"
	}
	return fmt.Sprintf("%s, %s %d", by, key, h.Epoch)
}

// Open tries a key on a Closed frame.  With the right one, Protected.Opened and Plain are there, and the frame is Accepted if the
// plain one is; with another one the error is protect.ErrTag.
func (t *Trace) Open(p *codec.Profile, o *protect.Opening) error { return t.open(p.Program(), o) }

func (t *Trace) open(p *program.Program, by *protect.Opening) error {
	o, s := *by, &t.Spans[t.Protected.tag]
	o.Server = t.Direction == field.Downlink
	opened, err := p.Security.Open(nil, t.Raw, &o)
	if err != nil && t.Direction == field.Any {
		o.Server = true
		opened, err = p.Security.Open(nil, t.Raw, &o)
	}
	if err != nil {
		s.About, s.Wrong = "tag: WRONG: it is forged, or under another key", err
		t.Fault.Err = err
		return err
	}
	if s.Wrong = nil; opened.Suite != protect.None {
		s.About, t.Direction = "tag: right", wayOf(opened.Head)
	}
	t.Protected.Head, t.Protected.Opened = opened.Head, &opened
	plain := explain(p, t.Direction, opened.Plain, false)
	t.Protected.Plain, t.Outcome, t.Message, t.Also, t.Fault = plain, plain.Outcome, plain.Message, plain.Also, plain.Fault
	t.Direction = plain.Direction
	return nil
}
