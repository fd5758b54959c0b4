package codec

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// dispatch decides which layouts a command has in each direction, and refuses two that match the same bytes.
func (c *compiler) dispatch(d *definition) {
	p := c.p
	fallbacks := 0
	for i, l := range p.layouts {
		def := &d.messages[i]
		switch {
		case p.commandOp < 0 && (len(def.commands) > 0 || def.fallback):
			c.src.problem(def.path+".command", "a command", "none: no field of the header has the role command")
		case p.commandOp < 0:
		case def.fallback && len(def.commands) > 0:
			c.src.problem(def.path+".default", "it beside command", "one of them")
		case def.fallback:
			fallbacks++
		case len(def.commands) == 0:
			c.src.problem(def.path+".command", "nothing", "the command of the message, or default = true")
		default:
			l.commands = c.commandSet(def.path+".command", def.commands)
			if len(l.commands) == 1 && l.commands[0][0] == l.commands[0][1] {
				l.message.Command, _ = textOf(def.commands[0])
			}
		}
		if p.length.op < 0 && l.rest {
			c.src.problem(def.path, "a body of any size", "a frame.length, or bodies of fixed size: nothing else says where the frame ends")
		}
	}
	for i, l := range p.layouts {
		for n, other := range p.layouts[:i] {
			if c.clash(l, other) {
				c.src.problem(d.messages[i].path, fmt.Sprintf("the same direction, command and size as in message %s", other.message.Name),
					"messages that their direction, command or size tells apart")
			} else if p.length.op < 0 && sameWay(l, other) && meet(l.commands, other.commands) {
				c.src.problem(d.messages[i].path, fmt.Sprintf("the same direction and command as in message %s", d.messages[n].name),
					"other ones, because no length field tells the messages apart")
			}
		}
	}
	for _, way := range []Direction{Any, Uplink, Downlink} {
		p.dispatch[way] = c.directionDispatch(way)
	}
}

func sameWay(a, b *layout) bool {
	return a.direction == b.direction || a.direction == Any || b.direction == Any
}

func meet(a, b commandSet) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	for _, r := range a {
		for _, s := range b {
			if r[0] <= s[1] && s[0] <= r[1] {
				return true
			}
		}
	}
	return false
}

func (c *compiler) clash(a, b *layout) bool {
	if !sameWay(a, b) || !meet(a.commands, b.commands) {
		return false
	}
	return a.fits(b.fixed) || b.fits(a.fixed) || a.rest && b.rest && a.fixed <= b.fixed+b.most && b.fixed <= a.fixed+a.most
}

// commandSet reads commands: values, or ranges such as "a-z".
func (c *compiler) commandSet(path string, values []any) commandSet {
	o := &c.p.ops[c.p.commandOp]
	var set commandSet
	for i, v := range values {
		lo, hi, err := o.parseRange(v)
		if err != nil {
			if len(values) > 1 {
				path = fmt.Sprintf("%s[%d]", path, i)
			}
			c.src.problem(path, describe(v)+" ("+err.Error()+")", "a value that "+o.field.Key+" can hold, or a range of them")
			continue
		}
		set = append(set, [2]uint64{lo, hi})
	}
	return set
}

// directionDispatch lists, for each command, the layouts it has one way.  When the way is not known, a command
// has its layouts of both ways, and the fallback too if it is undefined one way.
func (c *compiler) directionDispatch(way Direction) (out dispatch) {
	travels := func(l *layout, way Direction) bool {
		return way == Any || l.direction == Any || l.direction == way
	}
	var edges []uint64
	for _, l := range c.p.layouts {
		if !travels(l, way) {
			continue
		}
		if len(l.commands) == 0 {
			out.fallback = append(out.fallback, l)
		}
		for _, r := range l.commands {
			edges = append(edges, r[0])
			if r[1] != 1<<64-1 {
				edges = append(edges, r[1]+1)
			}
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i, lo := range edges {
		hi := uint64(1<<64 - 1)
		if i+1 < len(edges) {
			hi = edges[i+1] - 1
		}
		r := commandRange{lo: lo, hi: hi}
		defined := [3]bool{}
		for _, l := range c.p.layouts {
			if l.commands.has(lo) && travels(l, way) {
				r.layouts = append(r.layouts, l)
				defined[Uplink] = defined[Uplink] || travels(l, Uplink)
				defined[Downlink] = defined[Downlink] || travels(l, Downlink)
			}
		}
		if len(r.layouts) == 0 {
			continue
		}
		if way == Any && !(defined[Uplink] && defined[Downlink]) {
			r.layouts = append(r.layouts, out.fallback...)
		}
		out.ranges = append(out.ranges, r)
	}
	if c.p.commandOp >= 0 && c.p.ops[c.p.commandOp].size == 1 {
		out.table = &[256][]*layout{}
		for _, r := range out.ranges {
			for b := r.lo; b <= r.hi && b < 256; b++ {
				out.table[b] = r.layouts
			}
		}
	}
	return out
}

// forwards checks that each forwarded request becomes a command that exists.
func (c *compiler) forwards(d *definition) {
	var commands []string
	for _, m := range c.p.messages {
		if m.From == Server && m.Command != "" {
			commands = append(commands, m.Command)
		}
	}
	for _, def := range d.messages {
		if def.forward != "" && !slices.Contains(commands, def.forward) {
			c.src.problem(def.path+".forward", quote(def.forward), "the command of a message from the server", commands...)
		}
		if def.forward != "" && def.from != "integrator" {
			c.src.problem(def.path+".forward", "it in a message from "+def.from, `it with from = "integrator"`)
		}
	}
}

func (c *compiler) replies(d *definition) {
	p := c.p
	for _, def := range d.replies {
		if !contains(sendWords, def.send) {
			c.src.choice(def.path+".send", def.send, sendWords)
			continue
		}
		if p.commandOp < 0 {
			c.src.problem(def.path+".to", "a command", "no reply: no field of the header has the role command")
			continue
		}
		r := replyRule{from: Party(slices.Index(partyWords, def.from)), whole: def.send == "frame"}
		r.downlink = r.from == Server
		r.commands = c.commandSet(def.path+".to", def.to)
		for _, set := range def.set {
			i, ok := c.header[set.key]
			if !ok {
				c.src.problem(set.path, quote(set.key), "a field of the header", keysOf(c.header)...)
				continue
			}
			o := &p.ops[i]
			if set.value == "now" && o.code == opTime {
				r.ops = append(r.ops, replyOp{op: i, off: c.offset(i), source: sourceNow})
				continue
			}
			out, num, err := o.parse(nil, set.value, false)
			if err != nil || o.flags&flagLength != 0 || o.code == opPart {
				c.src.problem(set.path, describe(set.value), `a value that the field can hold, or "now" for a time`)
				continue
			}
			r.ops = append(r.ops, replyOp{op: i, off: c.offset(i), source: sourceValue, value: &preset{num: num, bytes: out}})
		}
		p.replies = append(p.replies, r)
	}
}

// offset of a field of the header.
func (c *compiler) offset(i int) (off int) {
	for n := range c.p.ops[:i] {
		off += c.p.ops[n].size
	}
	return off
}

func (c *compiler) answer(d *definition) {
	for i, key := range d.answerBy {
		n, ok := c.header[key]
		if !ok {
			c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field of the header", keysOf(c.header)...)
			continue
		}
		c.p.answer = append(c.p.answer, uint16(n))
	}
}

// examples checks that they can be run; whether they hold is said by CheckExamples.
func (c *compiler) examples(d *definition) {
	for _, def := range d.examples {
		e := example{file: c.src.file, line: c.src.line(def.path), path: def.path, title: def.title, expect: def.expect}
		e.direction = Direction(slices.Index(directionWords, def.direction))
		var err error
		if e.frame, err = hexBytes(def.hex); err != nil {
			c.src.problem(def.path+".hex", quote(def.hex), "hexadecimal digits, two for each byte")
		}
		if e.reply, err = hexBytes(def.reply); err != nil {
			c.src.problem(def.path+".reply", quote(def.reply), "hexadecimal digits, two for each byte")
		}
		if e.request, err = hexBytes(def.request); err != nil {
			c.src.problem(def.path+".request", quote(def.request), "hexadecimal digits, two for each byte")
		}
		if def.now != "" {
			if e.now, err = time.Parse(time.RFC3339, def.now); err != nil {
				e.now, err = time.ParseInLocation("2006-01-02T15:04:05", def.now, c.zone)
			}
			if err != nil {
				c.src.problem(def.path+".now", quote(def.now), "RFC 3339, with or without a zone")
			}
		}
		for _, key := range keysOf(def.expect) {
			if c.all[key] == nil {
				c.src.problem(def.path+".expect."+key, quote(key), "a field of a message", keysOf(c.all)...)
			}
		}
		c.p.examples = append(c.p.examples, e)
	}
}

// hexBytes reads hexadecimal digits; blanks between them are for the eye.
func hexBytes(text string) ([]byte, error) {
	return hex.DecodeString(strings.Join(strings.Fields(text), ""))
}
