package codec

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// run is the plan of fields of fixed size that stand one after the other and depend on nothing else: where the first
// of them begins, all others are known, so their bytes are looked for once and their cells are copied.  A run
// accepts exactly what its nodes accept; when its bytes are not all there, or when what is wrong is wanted in words,
// the nodes are walked instead.
type run struct {
	size   int
	cells  []cell // as in the frame; places count from the beginning of the run
	words  []word // numbers, and what is nothing
	wide   int    // bytes that words may look at
	kept   []kept // those of words that expressions ask for
	others []slot // all other values, in order
	slots  []slot // how the value of each cell is read: words and others, where there is no room for words
	needed []slot // those that matter when no cells are wanted: checked, or asked for by an expression
	roles  []runRole
	marks  []runMark
	column bool // one number, which no expression asks for
}

// word is a number out of the eight bytes around it: shifted, masked, and its sign spread.
type word struct {
	off        uint32
	cell       uint16
	shift      uint8
	little     bool // least significant byte first
	mask, sign uint64
}

func (w *word) read(b []byte) uint64 {
	v := binary.BigEndian.Uint64(b[w.off:])
	if w.little {
		v = bits.ReverseBytes64(v)
	}
	v = v >> (w.shift & 63) & w.mask
	return (v ^ w.sign) - w.sign
}

// kept says which register keeps the value of a cell.
type kept struct {
	cell uint16
	reg  int32
}

// slot says how the value of one cell is read.
type slot struct {
	code  slotCode
	shift uint8
	cell  uint16
	reg   int32 // 0: nobody asks
	off   uint32
	size  uint32
	mask  uint64
	op    *op
	expr  *expr // of a computed value
}

type slotCode uint8

const (
	slotNone     slotCode = iota // bytes that may be anything
	slotByte                     // unsigned numbers
	slotBE2                      //
	slotBE4                      //
	slotLE2                      //
	slotLE4                      //
	slotInt2                     // signed, most significant byte first
	slotPart                     // bits of the number read last
	slotDigits                   // bytes of two digits
	slotComputed                 // follows from registers
	slotOp                       // anything else: op.read
)

type runRole struct {
	role Role
	cell int
}

type runMark struct{ mark, from, to int }

// fields reads a run so many times, from the place of m on: whole, refused, or begun when the nodes have to say.
func (m *machine) fields(r *run, times int) verdict {
	at := m.off
	end := at + times*r.size
	if end > len(m.data) || m.end >= 0 && end > m.end {
		return begun
	}
	b := m.data[at:end]
	if m.f == nil {
		for ; times > 0 && len(r.needed) > 0; times-- {
			if !m.slots(r.needed, b, nil, nil) {
				return refused
			}
			b = b[r.size:]
		}
	} else {
		f, n := m.f, len(m.f.cells)
		k := n + times*len(r.cells)
		if k > maxGrammarCells {
			return begun
		}
		if k > cap(f.cells) || k > cap(f.nums) {
			f.grow(k)
		}
		f.cells, f.nums = f.cells[:k], f.nums[:k]
		for _, role := range r.roles {
			if f.roles[role.role] == 0 {
				f.roles[role.role] = uint16(n + role.cell + 1)
			}
		}
		switch cells, nums := f.cells[n:k], f.nums[n:k]; {
		case r.column:
			r.numbers(cells, nums, b, uint32(at))
		case times == 1:
			copy(cells, r.cells)
			for i := range cells {
				cells[i].off += uint32(at)
			}
			if !m.values(r, nums, cells) {
				return refused
			}
		default:
			for off := uint32(at); times > 0; times-- {
				for i := range r.cells {
					c, to := &r.cells[i], &cells[i]
					to.op, to.depth, to.exp, to.off, to.size = c.op, c.depth, 0, off+c.off, c.size
				}
				if !m.slots(r.slots, b, nums, cells) {
					return refused
				}
				b, cells, nums, off = b[r.size:], cells[len(r.cells):], nums[len(r.cells):], off+uint32(r.size)
			}
		}
	}
	for _, k := range r.marks {
		m.marks[k.mark], m.marks[k.mark+1] = end-r.size+k.from, end-r.size+k.to
	}
	m.off = end
	return whole
}

// values reads the values of a run at the place of m, which is known to be whole.
func (m *machine) values(r *run, nums []uint64, cells []cell) bool {
	if m.off+r.wide > len(m.data) || r.words == nil {
		return m.slots(r.slots, m.data[m.off:m.off+r.size], nums, cells)
	}
	b := m.data[m.off : m.off+r.wide]
	for i := range r.words {
		w := &r.words[i]
		nums[w.cell] = w.read(b)
	}
	for _, k := range r.kept {
		m.regs[k.reg] = int64(nums[k.cell])
	}
	return len(r.others) == 0 || m.slots(r.others, b, nums, cells)
}

// numbers reads a run of one number as often as cells has room.
func (r *run) numbers(cells []cell, nums []uint64, b []byte, off uint32) {
	c := &r.cells[0]
	for i := range cells {
		to := &cells[i]
		to.op, to.depth, to.exp, to.off, to.size = c.op, c.depth, 0, off, c.size
		off += c.size
	}
	r.slots[0].code.numbers(nums[:len(cells)], b)
}

// slots reads values from the bytes of a run; nums and cells are nil when nobody wants them.
func (m *machine) slots(slots []slot, b []byte, nums []uint64, cells []cell) bool {
	var word, num uint64
	for i := range slots {
		s := &slots[i]
		switch s.code {
		case slotNone:
			num = 0
		case slotByte:
			num = uint64(b[s.off])
			word = num
		case slotBE2:
			num = uint64(binary.BigEndian.Uint16(b[s.off:]))
			word = num
		case slotBE4:
			num = uint64(binary.BigEndian.Uint32(b[s.off:]))
			word = num
		case slotLE2:
			num = uint64(binary.LittleEndian.Uint16(b[s.off:]))
			word = num
		case slotLE4:
			num = uint64(binary.LittleEndian.Uint32(b[s.off:]))
			word = num
		case slotInt2:
			num = uint64(int16(binary.BigEndian.Uint16(b[s.off:])))
		case slotPart:
			num = word >> s.shift & s.mask
		case slotDigits:
			if num = 0; !allDigits(b[s.off : s.off+s.size]) {
				return false
			}
		case slotComputed:
			v, _ := m.eval(s.expr)
			num = uint64(v)
		default:
			var ok bool
			if num, ok = m.slot(s, b, word, cells); !ok {
				return false
			}
			if s.op.code != opPart {
				word = num
			}
		}
		if s.reg > 0 {
			m.regs[s.reg] = int64(num)
		}
		if nums != nil {
			nums[s.cell] = num
		}
	}
	return true
}

// slot reads a value of any kind.
func (m *machine) slot(s *slot, b []byte, word uint64, cells []cell) (num uint64, ok bool) {
	o := s.op
	if o.code == opPart || o.code == opComputed {
		if num = o.bits(word); o.code == opComputed {
			v, _ := m.eval(s.expr)
			num = uint64(v)
		}
		if !o.accepts(num) {
			return 0, false
		}
		if o.lacks(num) && cells != nil {
			cells[s.cell].exp = noValue
		}
		m.note(o, num, nil)
		return num, true
	}
	b = b[s.off : s.off+s.size]
	num, missing, ok := o.read(b)
	if !ok {
		return 0, false
	}
	if missing {
		if cells != nil {
			cells[s.cell].exp = noValue
		}
	}
	if o.reg > 0 || o.fold != nil {
		m.note(o, num, b)
	}
	return num, true
}

// newRun is the plan of nodes that can be part of a run.  around is the op of a group that begins with them, -1 when
// there is none.
func newRun(p *Profile, nodes []*node, around int, depth uint8) *run {
	r := &run{}
	if around >= 0 {
		r.cells = append(r.cells, cell{op: uint16(around), depth: depth - 1})
		r.slots = append(r.slots, slot{})
	}
	for _, n := range nodes {
		for i := n.op; i <= n.op+n.parts; i++ {
			o := &p.ops[i]
			c := cell{op: uint16(i), depth: depth, off: uint32(r.size), size: uint32(o.size)}
			if i > n.op {
				c.off, c.size = c.off+uint32(p.ops[n.op].size), 0
			}
			s := newSlot(o, c, len(r.cells))
			if o.code == opComputed {
				s.expr = n.value
			}
			r.slots = append(r.slots, s)
			if o.role != NoRole {
				r.roles = append(r.roles, runRole{o.role, len(r.cells)})
			}
			r.cells = append(r.cells, c)
		}
		if n.mark > 0 {
			r.marks = append(r.marks, runMark{n.mark, r.size, r.size + p.ops[n.op].size})
		}
		r.size += p.ops[n.op].size
	}
	r.seal()
	if len(r.slots) == 1 && len(r.marks) == 0 {
		s := &r.slots[0]
		r.column = s.reg == 0 && (s.code == slotByte || s.code == slotBE2 || s.code == slotBE4)
	}
	return r
}

// seal finishes a run whose slots are known.
func (r *run) seal() {
	for i := len(r.slots) - 1; i >= 0; i-- {
		// A part needs the number before it.
		s := &r.slots[i]
		word := len(r.needed) > 0 && r.needed[len(r.needed)-1].isPart() && !s.isPart()
		if s.code == slotOp && (s.op.code != opComputed || s.op.check != checkNone) || s.code == slotDigits || s.reg > 0 || word {
			r.needed = append(r.needed, *s)
		}
	}
	slices.Reverse(r.needed)
	r.split()
}

// split tells the slots that are words from the others.  A number and its parts stay together.
func (r *run) split() {
	regs := map[int]bool{}
	r.wide = max(r.size, wordBytes)
	for all := r.slots; len(all) > 0; {
		n := 1
		for n < len(all) && all[n].isPart() {
			n++
		}
		first := len(r.words)
		for i := range all[:n] {
			w, ok := all[i].word(&all[0], r.wide)
			if !ok {
				r.words = r.words[:first]
				break
			}
			r.words = append(r.words, w)
		}
		if len(r.words) == first {
			r.others = append(r.others, all[:n]...)
		}
		for i, w := range r.words[first:] {
			if all[i].op == nil || all[i].op.reg == 0 {
				continue
			}
			reg := all[i].op.reg
			r.kept = append(r.kept, kept{w.cell, int32(reg)})
			if regs[reg] {
				r.words, r.others = nil, nil // which of the two comes last counts
				return
			}
			regs[reg] = true
		}
		all = all[n:]
	}
}

// word is the slot as a word of a run of so many bytes; of is the number that it may be a part of.
func (s *slot) word(of *slot, size int) (w word, ok bool) {
	w = word{off: of.off, cell: s.cell}
	back := max(0, int(of.off)+wordBytes-size) // a word ends with the run at the latest
	if w.off -= uint32(back); s.code == slotNone {
		return w, true
	}
	o, whole := s.op, of.op
	if whole == nil || whole.size == 0 || !o.form.plain() || !whole.form.plain() || o.check != checkNone || o.fold != nil || of.size > 8 {
		return w, false
	}
	w.little, w.mask = whole.little, ^uint64(0)>>(64-8*of.size)
	if w.shift = uint8(64 - 8*of.size - 8*uint32(back)); w.little {
		w.shift = uint8(8 * back)
	}
	switch {
	case o.code == opUint || o.code == opBits || o.code == opFloat32 || o.code == opFloat64 || o.anyText():
	case o.code == opInt:
		w.sign = o.signBit()
	case o.code == opPart:
		w.shift, w.mask = w.shift+o.shift, o.mask
	default:
		return w, false
	}
	return w, true
}

func (s *slot) isPart() bool { return s.code == slotPart || s.code == slotOp && s.op.code == opPart }

func newSlot(o *op, c cell, at int) slot {
	s := slot{code: slotOp, cell: uint16(at), off: c.off, size: c.size, op: o, shift: o.shift, mask: o.mask}
	if !o.form.plain() && o.code != opComputed || o.check != checkNone || o.fold != nil {
		return s
	}
	switch o.code {
	case opUint, opBits:
		switch {
		case o.size == 1:
			s.code = slotByte
		case o.size == 2 && !o.little:
			s.code = slotBE2
		case o.size == 4 && !o.little:
			s.code = slotBE4
		case o.size == 2:
			s.code = slotLE2
		case o.size == 4:
			s.code = slotLE4
		}
	case opInt:
		if o.size == 2 && !o.little {
			s.code = slotInt2
		}
	case opPart:
		s.code = slotPart
	case opComputed:
		s.code = slotComputed
	case opHex:
		if o.reg == 0 {
			s.code = slotNone
		}
	case opDigits, opTime:
		if o.reg == 0 && (o.code == opDigits || o.time.as == timeBCD) {
			s.code = slotDigits
		}
	}
	if s.code != slotOp {
		s.reg = int32(o.reg)
	}
	return s
}
