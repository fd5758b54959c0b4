package codec

import (
	"bytes"
	"math/bits"
	"slices"
	"sync/atomic"
)

// Replies that look alike.  To weave a message from the request takes maps and several passes; but replies to requests
// of one layout differ in few places: what is echoed, a counter, the time, the checksums.  What was woven is kept with
// those places, and a later request that agrees in all else is answered by filling them.

// learnedReplies are those of one rule.
type learnedReplies struct {
	all    atomic.Pointer[[]*learnedReply]
	missed atomic.Uint32
}

const mostLearned = 16

// learnedReply is a reply with places to fill.
type learnedReply struct {
	asked   circumstances
	same    []sameCell // of the request: what the form of the reply follows from
	absent  []uint16   // ops that the request has no field of
	content []byte
	fills   []fill
	sums    []likeSum
	counts  []fill // counters, for the session
	family  *family
}

// circumstances must be the same for two replies to be alike.
type circumstances struct {
	layout                        *layout
	direction                     Direction
	hasResult, hasNow, hasSession bool
	result                        uint64
}

func circumstancesOf(f *Frame, env Env) circumstances {
	c := circumstances{layout: f.layout, direction: f.direction, hasResult: env.HasResult, hasNow: !env.Now.IsZero(), hasSession: env.Session != nil}
	if c.hasResult {
		c.result = env.Result
	}
	return c
}

// sameCell is a field of the request; its size, and its bytes when they matter.
type sameCell struct {
	at    int // where it was
	op    uint16
	size  uint32
	num   uint64
	bytes []byte
	value bool
}

// fill is a place of the reply.
type fill struct {
	kind      fillKind
	same      int // index in same, of what is echoed
	op        *op
	off, size int
	plus      int64
	modulus   uint64 // 0: none
	mask      uint64 // fillWord
}

type fillKind uint8

const (
	fillBytes   fillKind = iota // as they stand
	fillNumber                  // the number, and something more
	fillWord                    // the bits of the mask
	fillDigits                  // packed digits as text
	fillCounter                 // of the session
	fillNow
)

// likeSum is a checksum: its place, and the bytes that it covers.
type likeSum struct {
	plan          *checkPlan
	op            *op
	off, from, to int
}

// likeSums is a sink that keeps the checksums of a frame.
type likeSums struct {
	silent
	all       []likeSum
	rewritten bool // some bytes are not on the wire as they are read
}

func (s *likeSums) reveal(m *machine, n *node, start int, data []byte) (int, verdict) {
	s.rewritten = true
	return s.silent.reveal(m, n, start, data)
}

func (s *likeSums) sum(_ *machine, o *op, c sumFound) bool {
	s.all = append(s.all, likeSum{plan: c.plan, op: o, off: c.off, from: c.from, to: c.to})
	return false
}

// rare picks 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on: at most 64 numbers in all.
func rare(n uint32) bool {
	n >>= bits.TrailingZeros32(n)
	return n == 1 || n == 3
}

// cellOf finds the field of the request.
func (s *sameCell) cellOf(f *Frame) int {
	i := s.at
	if i >= len(f.cells) || f.cells[i].op != s.op {
		i = slices.IndexFunc(f.cells, func(c cell) bool { return c.op == s.op })
	}
	if i < 0 || f.cells[i].size != s.size || f.cells[i].exp == noValue {
		return -1
	}
	if s.value && (f.nums[i] != s.num || s.bytes != nil && !bytes.Equal(f.bytes(i), s.bytes)) {
		return -1
	}
	return i
}

// reply appends the reply of a rule as it was learned; false: it must be woven.
func (l *learnedReplies) reply(p *Profile, dst []byte, f *Frame, env Env) ([]byte, bool) {
	all := l.all.Load()
	if all == nil {
		return dst, false
	}
	asked := circumstancesOf(f, env)
	for _, r := range *all {
		if r.asked == asked {
			if out, ok := r.fillIn(p, dst, f, env); ok {
				return out, true
			}
		}
	}
	return dst, false
}

func (r *learnedReply) fillIn(p *Profile, dst []byte, f *Frame, env Env) ([]byte, bool) {
	var found [32]int
	for i := range r.same {
		if found[i] = r.same[i].cellOf(f); found[i] < 0 {
			return dst, false
		}
	}
	for i := range f.cells {
		if len(r.absent) > 0 && slices.Contains(r.absent, f.cells[i].op) {
			return dst, false
		}
	}
	m := machines.Get().(*machine)
	m.plain = append(m.plain[:0], r.content...)
	b := m.plain
	ok := true
	for i := range r.fills {
		ok = ok && r.fills[i].put(p, b, f, found[:], env)
	}
	if ok {
		for i := range r.sums {
			r.sums[i].write(b)
		}
		for i := range r.counts {
			c := &r.counts[i]
			num, _ := c.op.load(b[c.off : c.off+c.size])
			env.Session.advance(p, c.op, num)
		}
		dst = r.family.wrap(dst, b)
	}
	machines.Put(m)
	return dst, ok
}

// put fills one place.
func (w *fill) put(p *Profile, b []byte, f *Frame, found []int, env Env) bool {
	field := b[w.off : w.off+w.size]
	switch w.kind {
	case fillBytes:
		copy(field, f.bytes(found[w.same]))
	case fillNumber:
		num := f.nums[found[w.same]] + uint64(w.plus)
		if w.modulus > 0 {
			num = uint64((int64(num)%int64(w.modulus) + int64(w.modulus)) % int64(w.modulus))
		}
		if _, hi := w.op.bounds(); num > hi {
			return false
		}
		w.op.store(field, num)
	case fillWord:
		num, _ := w.op.load(field)
		w.op.store(field, num&^w.mask|f.nums[found[w.same]]&w.mask)
	case fillDigits:
		appendDigits(field[:0], f.bytes(found[w.same]))
	case fillCounter:
		w.op.store(field, env.Session.peek(p, w.op))
	case fillNow:
		if _, err := w.op.time.appendNow(field[:0], env.Now); err != nil {
			return false
		}
	}
	if _, missing, ok := w.op.read(field); !ok || missing {
		return false
	}
	if w.op.code == opTime { // a time that does not exist is not sent back
		_, ok := w.op.time.parse(field)
		return ok
	}
	return true
}

// write computes the checksum of b anew.
func (s *likeSum) write(b []byte) {
	num, field := s.plan.compute(b, s.off, s.from, s.to), b[s.off:s.off+s.op.size]
	switch {
	case s.plan.hex:
		const digits = "0123456789ABCDEF"
		for i := len(field) - 1; i >= 0; i-- {
			field[i] = digits[num&15]
			num >>= 4
		}
	case s.op.little:
		storeLE(field, num)
	default:
		storeBE(field, num)
	}
}
