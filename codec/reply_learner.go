package codec

import (
	"bytes"
	"slices"
)

// learn keeps a reply that was woven; the more were, the more rarely.  The session is a copy of what it was before.
func (l *learnedReplies) learn(p *Profile, rule *grammarReply, f *Frame, env Env, reply *Frame) {
	old := l.all.Load()
	if !rare(l.missed.Add(1)) || old != nil && len(*old) >= mostLearned {
		return
	}
	seen := &likeSums{}
	m := &machine{sink: seen}
	var again Frame
	if _, v := p.try(m, reply.direction, &again, reply.raw, true); v != whole || seen.rewritten {
		return
	}
	r := &learnedReply{asked: circumstancesOf(f, env), content: slices.Clone(again.data), family: again.layout.shape.family, sums: seen.all}
	if r.family.armour != nil || !r.find(p, rule, f, env, &again) || len(r.same) > 32 {
		return
	}
	// What it would say to the same request must be what was woven.
	if out, ok := r.fillIn(p, nil, f, env); !ok || !bytes.Equal(out, reply.raw) {
		return
	}
	now := []*learnedReply{r}
	if old != nil {
		now = append(slices.Clone(*old), r)
	}
	l.all.CompareAndSwap(old, &now)
}

// find tells where each field of the reply comes from.
func (r *learnedReply) find(p *Profile, rule *grammarReply, f *Frame, env Env, reply *Frame) bool {
	g := p.grammar
	word := -1 // the fill of the bits whose parts follow
	for i := range reply.cells {
		c := &reply.cells[i]
		o := &p.ops[c.op]
		if o.code != opPart {
			word = -1
		}
		if c.depth > 0 && !r.inside(p, rule, f, reply, i) {
			return false
		}
		if o.code == opGroup || o.code == opList || o.code == opComputed || o.code == opChecksum {
			continue
		}
		at := fill{op: o, off: int(c.off), size: int(c.size)}
		counter := o.form != nil && o.form.counter
		if counter && env.Session != nil {
			if o.code == opPart || o.code == opDecimal || o.size == 0 {
				return false
			}
			r.counts = append(r.counts, at)
		}
		key := o.field.Key
		set := slices.IndexFunc(rule.sets, func(s replySet) bool { return s.key == key })
		source := f.named(key, 0, len(f.cells), 0)
		if c.depth > 0 {
			set, source = -1, slices.IndexFunc(f.cells, func(from cell) bool { return from.op == c.op && from.depth == 1 })
		}
		switch {
		case o.role == RoleResult && env.HasResult && c.depth == 0:
			continue
		case set >= 0 && rule.sets[set].now:
			if env.Now.IsZero() || o.code != opTime || o.form != nil {
				return false
			}
			at.kind = fillNow
			r.fills = append(r.fills, at)
			continue
		case set >= 0 && rule.sets[set].count:
			source = -1
		case set >= 0 && rule.sets[set].echo != "":
			if source, at.plus = f.at(rule.sets[set].echo), rule.sets[set].plus; source < 0 || f.cells[source].depth > 0 {
				return false
			}
		case set >= 0:
			continue
		default:
			if source < 0 {
				r.lacks(p, f, key)
			} else if from := &p.ops[f.cells[source].op]; from.code >= opGroup || from.check != checkNone && c.depth == 0 || g.derived[from.reg] || rule.send.shape.fixes(key) {
				source = -1
			} else if from.flags&flagCommand != 0 {
				r.needs(f, source, true)
				if rule.send.message.Command != "" || !rule.send.commands.has(f.nums[source]) {
					source = -1
				}
			}
		}
		if source < 0 {
			switch {
			case g.derived[o.reg] || o.flags&flagCommand != 0 || o.code == opPart && word < 0:
			case o.code == opPart:
				if !rule.send.shape.fixes(key) && (o.preset == nil || o.check != checkRange || o.lo != o.hi) {
					r.fills[word].mask |= o.mask << o.shift
				}
			case counter && env.Session != nil:
				at.kind = fillCounter
				r.fills = append(r.fills, at)
			case o.flags&(flagRemember|flagNow) != 0:
				return false
			}
			continue
		}
		if g.derived[o.reg] {
			continue
		}
		if o.code == opBits && o.parts && p.ops[f.cells[source].op].code == opBits && o.form == nil {
			word, at.kind, at.mask = len(r.fills), fillWord, ^uint64(0)
			for k := int(c.op) + 1; k <= int(c.op)+g.nodeOf[c.op].parts; k++ {
				at.mask &^= p.ops[k].mask << p.ops[k].shift
			}
			at.mask &= 1<<(8*c.size) - 1
			at.same = r.needs(f, source, false)
			r.fills = append(r.fills, at)
			continue
		}
		if !r.echo(p, f, source, at, o.reg > 0 && g.control[o.reg] || g.nodeOf[c.op].value != nil) {
			return false
		}
	}
	return true
}

// inside says whether field i of the reply stands in a group that is that of the request.
func (r *learnedReply) inside(p *Profile, rule *grammarReply, f, reply *Frame, i int) bool {
	group := i
	for group > 0 && reply.cells[group].depth > 0 {
		group--
	}
	op := reply.cells[group].op
	return reply.cells[i].depth == 1 && p.ops[op].code == opGroup && p.ops[reply.cells[i].op].code < opGroup &&
		!slices.ContainsFunc(rule.sets, func(s replySet) bool { return s.key == p.ops[op].field.Key }) &&
		slices.ContainsFunc(f.cells, func(c cell) bool { return c.op == op && c.depth == 0 }) &&
		slices.ContainsFunc(f.cells, func(c cell) bool { return c.op == reply.cells[i].op && c.depth == 1 })
}

// needs notes a field of the request; value: what it says matters too.
func (r *learnedReply) needs(f *Frame, i int, value bool) int {
	c := &f.cells[i]
	s := sameCell{at: i, op: c.op, size: c.size, num: f.nums[i], value: value}
	if value && c.size > 0 {
		s.bytes = slices.Clone(f.bytes(i))
	}
	r.same = append(r.same, s)
	return len(r.same) - 1
}

// lacks notes the fields that the request could have had under a key.
func (r *learnedReply) lacks(p *Profile, f *Frame, key string) {
	for i := range p.ops {
		if o := &p.ops[i]; o.field.Key == key && slices.Contains(f.layout.message.Fields, o.field) {
			r.absent = append(r.absent, uint16(i))
		}
	}
}

// echo notes a field that comes from one of the request.
func (r *learnedReply) echo(p *Profile, f *Frame, source int, at fill, decides bool) bool {
	to, from, c := at.op, &p.ops[f.cells[source].op], &f.cells[source]
	if c.exp == noValue {
		return false
	}
	for i := range p.ops { // a key of several fields is not followed
		if o := &p.ops[i]; o != from && o.field.Key == from.field.Key && slices.Contains(f.layout.message.Fields, o.field) {
			return false
		}
	}
	if decides || to.code == opPart {
		r.needs(f, source, true)
		return true
	}
	plain := from.form == nil && to.form == nil && from.scale == nil && to.scale == nil && from.enum == nil && to.enum == nil
	switch {
	case at.plus == 0 && c.size == uint32(at.size) && from.verbatim() && (from == to || plain && from.code == to.code && from.little == to.little && (from.code != opTime || from.time.text == to.time.text && from.time.as == to.time.as && from.time.last == to.time.last)):
		at.kind = fillBytes
	case from.bare() && to.bare():
		at.kind = fillNumber
		if at.plus != 0 {
			if _, hi := to.bounds(); hi < 1<<62 {
				at.modulus = hi + 1
			}
		}
	case from.plainDigits() && to.code == opASCII && at.size == 2*int(c.size):
		at.kind = fillDigits
	default:
		at.kind = fillBytes
		r.needs(f, source, true) // as it was woven, for this value alone
		return true
	}
	at.same = r.needs(f, source, false)
	r.fills = append(r.fills, at)
	return true
}

// bare says that the value of an unsigned number is what its bytes say, and nothing else.
func (o *op) bare() bool {
	f := o.form
	return o.code == opUint && o.size > 0 && o.scale == nil && o.enum == nil &&
		(f == nil || f.swap == nil && f.missing == nil && f.labels == nil && f.clock == nil && !f.minusBit && !f.letters && !f.degrees)
}

// verbatim says that a value, read and written again, has the same bytes.
func (o *op) verbatim() bool {
	f := o.form
	simple := f == nil || f.missing == nil && f.texts == nil && f.words == nil && f.labels == nil && f.charset == nil && f.clock == nil && !f.degrees && !f.letters
	switch o.code {
	case opUint:
		return o.bare()
	case opInt, opBCD:
		return f == nil && o.scale == nil
	case opHex, opASCII:
		return simple
	case opDigits:
		return o.plainDigits()
	case opTime:
		return f == nil && o.time.whole
	}
	return false
}
