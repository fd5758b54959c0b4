package program

import (
	"encoding/binary"
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// FastTable finds the fast paths of a frame kind that travels one way, by the command in its fixed place.
type FastTable struct {
	Way       field.Direction
	Plain     bool       // one byte, which is the command
	Op        *scalar.Op // nil: frames have no command
	Off, Size int
	Commands  *SwitchTable
	Plans     [][]*FastPath // by class of commands
}

// makeFast makes the fast paths of a frame kind.
func (p *Program) makeFast(f *FrameKind) {
	f.Fast = [2]*FastTable{}
	var at *FastTable
	plans := make([]*FastPath, len(f.Bodies))
	for i, b := range f.Bodies {
		if plans[i] = p.newFastPath(b); plans[i] == nil || at != nil {
			continue
		}
		at = &FastTable{}
		for _, c := range plans[i].Cells { // the header is the same in all
			if o := &p.Ops[c.Op]; int(c.Op) == f.CommandOp {
				oneByte := o.Size == 1 && (o.Code == scalar.OpUint || o.Code == scalar.OpASCII)
				*at = FastTable{Op: o, Off: int(c.Off), Size: int(c.Size), Plain: oneByte && o.Form.Plain()}
			}
		}
	}
	if at == nil || f.CommandOp >= 0 && at.Size == 0 { // a command of a few bits, or without a fixed place
		return
	}
	for i := range f.Fast {
		table := *at
		table.Way, table.Commands, f.Fast[i] = field.Uplink+field.Direction(i), &f.ByCommand[i], &table
		for _, class := range f.ByCommand[i].what {
			table.Plans = append(table.Plans, inTurn(f, plans, class))
		}
	}
}

// inTurn lists the fast paths of the messages of a class of commands, up to the first message that must be walked.
// Between messages without a condition, the size alone chooses.
func inTurn(f *FrameKind, plans []*FastPath, class []uint16) (out []*FastPath) {
	for _, i := range class {
		plan := plans[i]
		sameSize := func(other *FastPath) bool { return f.Length == nil || other.Total == plan.Total }
		if plan == nil || slices.ContainsFunc(out, sameSize) {
			break
		}
		out = append(out, plan)
	}
	return out
}

// FastReplies makes the fast paths of a reply, one for each frame kind whose header has fixed places.
func (p *Program) FastReplies(r *ReplyRule) (out []FastReply) {
	for _, f := range p.Kinds {
		if r.Send != nil || r.Whole || slices.ContainsFunc(f.Trailer, func(n *Node) bool { return n.Check == nil || n.Check.Hex }) {
			continue
		}
		q := FastReply{FastPath: p.newFastPath(&Body{FrameKind: f}), Header: -f.Tail}
		if q.FastPath != nil && !slices.ContainsFunc(q.Cells, func(c Cell) bool { return !p.fastReply(r, &q, c) }) {
			q.Header += q.Total
			out = append(out, q)
		}
	}
	return out
}

// fastReply adds a field to the fast path of a reply; false: its bytes in the reply are not those in the request.
func (p *Program) fastReply(r *ReplyRule, q *FastReply, c Cell) bool {
	o, at := &p.Ops[c.Op], int(r.ByOp[c.Op])-1
	if at < 0 || o.Code == scalar.OpGroup || o.Form != nil && o.Form.Counter {
		return false
	}
	now := r.Values[at].Kind == ReplyNow && o.Code == scalar.OpTime && o.Form == nil
	if now {
		q.Times = append(q.Times, FastTime{o.Time, int(c.Off)})
	}
	return now || r.Values[at].Kind == ReplySelf
}

// fastMaker gathers the fields of a fast path.
type fastMaker struct {
	p               *Program
	plan            *FastPath
	marks           map[int]int // places of the bytes that marks stand for
	mask, want, bcd []byte
}

// newFastPath makes the fast path of a message; nil when its fields have no fixed places.
func (p *Program) newFastPath(s *Body) *FastPath {
	f, body := s.FrameKind, 0
	if f.EndMarks != nil || f.Escape != nil || f.Armour != nil || f.Totals != nil {
		return nil
	}
	k := &fastMaker{p: p, plan: &FastPath{Body: s}, marks: map[int]int{}}
	for i, nodes := range [][]*Node{f.Header, s.Nodes, f.Trailer} {
		start := len(k.want)
		if s.When != nil || !k.nodes(nodes, 0) {
			return nil
		}
		if i == 1 {
			if body = start; f.Body.Mark > 0 {
				k.marks[f.Body.Mark], k.marks[f.Body.Mark+1] = start, len(k.want)
			}
		}
	}
	plan := k.plan
	if plan.Total = len(k.want); plan.Total < WordBytes || plan.Total > min(f.Max, 1<<12) {
		return nil
	}
	if l := f.Length; l != nil {
		from := body
		if l.Mark >= 0 {
			from = k.marks[l.Mark]
		}
		at, value := k.told(l.Reg), plan.Total-from+l.Add-l.After
		if at < 0 || value < 0 || !k.only(&p.Ops[plan.Cells[at].Op], at, uint64(value)) {
			return nil
		}
	}
	for i := range plan.Sums {
		c := &plan.Sums[i]
		if c.To = c.Off; c.Plan.To > 0 {
			c.To = k.marks[c.Plan.To]
		}
		if c.Plan.From > 0 {
			c.From = k.marks[c.Plan.From]
		}
		if c.From > c.To || c.To > c.Off { // bytes that the walk does not know yet
			return nil
		}
		if c.Plan.To < 0 {
			c.To = plan.Total
		}
	}
	if l := s; len(l.Commands) == 1 && l.Commands[0][0] == l.Commands[0][1] {
		if at := k.told(f.CommandReg); at >= 0 { // else the command is read before the plan is found
			k.only(&p.Ops[f.CommandOp], at, l.Commands[0][0])
		}
	}
	for i := range plan.Numbers {
		n := &plan.Numbers[i]
		off, size := int(n.Off), int(n.Shift)
		n.Off = uint16(min(off, plan.Total-WordBytes))
		n.Shift = uint8(8 * (int(n.Off) + WordBytes - off - size))
	}
	for at := 0; at < plan.Total; at += WordBytes {
		from := min(at, plan.Total-WordBytes)
		w := wordCheck{Off: uint16(from), Bcd: binary.BigEndian.Uint64(k.bcd[from:]),
			Mask: binary.BigEndian.Uint64(k.mask[from:]), Want: binary.BigEndian.Uint64(k.want[from:])}
		if w.Bcd != 0 || w.Mask != 0 {
			plan.Words = append(plan.Words, w)
		}
	}
	return plan
}

// nodes adds the fields of nodes in their order; false: their places are not fixed.
func (k *fastMaker) nodes(list []*Node, depth uint8) bool {
	for _, n := range list {
		if n.Guarded || n.Before != nil || n.Column {
			return false
		}
		start := len(k.want)
		switch {
		case n.Kind == NodeGroup && n.Size == nil && !n.Rest && n.Until == nil && n.Transform == nil &&
			n.Separator == nil && depth < 30:
			at, inside := len(k.plan.Cells), depth
			if n.Op >= 0 {
				k.field(n, depth)
				inside++
			}
			if !k.nodes(n.Kids, inside) {
				return false
			}
			if n.Op >= 0 {
				k.plan.Cells[at].Size = uint32(len(k.want) - start)
			}
		case n.Kind == NodeLeaf && n.Check != nil && n.Check.Wired == nil:
			k.plan.Sums = append(k.plan.Sums, fastSum{Plan: n.Check, Op: n.Field, Cell: len(k.plan.Cells), Off: start})
			k.field(n, depth)
		case n.Kind == NodeLeaf && n.Field.Size > 0 && n.Field.Code != scalar.OpComputed &&
			n.Field.Code != scalar.OpChecksum && !n.Varies && n.Exponent == nil && n.Value == nil:
			if !k.leaf(n, depth) {
				return false
			}
		default:
			return false
		}
		if n.Mark > 0 {
			k.marks[n.Mark], k.marks[n.Mark+1] = start, len(k.want)
		}
	}
	return true
}

// field adds the cell and the bytes of a field; at is the index of the cell.
func (k *fastMaker) field(n *Node, depth uint8) (at int) {
	o, plan := n.Field, k.plan
	if at = len(plan.Cells); o.Role != field.NoRole && plan.Roles[o.Role] == 0 {
		plan.Roles[o.Role] = uint16(at + 1)
	}
	plan.Cells = append(plan.Cells, Cell{Op: uint16(n.Op), Depth: depth, Off: uint32(len(k.want)), Size: uint32(o.Size)})
	plan.Nums = append(plan.Nums, 0)
	k.want = append(k.want, make([]byte, o.Size)...)
	k.mask = append(k.mask, make([]byte, o.Size)...)
	k.bcd = append(k.bcd, make([]byte, o.Size)...)
	return at
}

// leaf adds a field and its bits; false: its bytes have another form than the fast path reads.
func (k *fastMaker) leaf(n *Node, depth uint8) bool {
	o, plan := n.Field, k.plan
	if !o.Form.Plain() || o.Size > 255 {
		return false
	}
	at := k.field(n, depth)
	c := plan.Cells[at]
	bits := fastRead{Size: uint8(o.Size), Off: uint16(c.Off), Word: uint16(at), Op: o}
	if !k.value(o, at) {
		plan.Checked = append(plan.Checked, fastRead{Size: bits.Size, Off: bits.Off, Cell: uint16(at), Op: o})
	}
	for i := range n.Bits {
		part := n.Bits[i].Op
		if !part.Form.Plain() {
			return false
		}
		bits.Part, bits.Cell = part, uint16(len(plan.Cells))
		if part.Check != scalar.CheckNone {
			plan.Checked = append(plan.Checked, bits)
		}
		plan.Others = append(plan.Others, bits)
		if part.Role != field.NoRole && plan.Roles[part.Role] == 0 {
			plan.Roles[part.Role] = uint16(len(plan.Cells) + 1)
		}
		plan.Cells = append(plan.Cells, Cell{Op: uint16(n.Op + 1 + i), Depth: depth, Off: c.Off})
		plan.Nums = append(plan.Nums, 0)
	}
	return true
}

// value adds the tests and the read of the number of a field; false: wordChecks do not cover its restrictions.
func (k *fastMaker) value(o *scalar.Op, at int) (covered bool) {
	c := k.plan.Cells[at]
	digits := o.Code == scalar.OpBCD && o.Size <= scalar.MaxBCDNumber || o.Code == scalar.OpDigits ||
		o.Code == scalar.OpTime && o.Time.As == scalar.TimeBCD
	for i := c.Off; digits && i < c.Off+c.Size; i++ {
		k.bcd[i] = 0x88
	}
	switch {
	case o.Check == scalar.CheckBytes:
		return k.constant(at, o.Want)
	case o.Check == scalar.CheckRange && o.Lo == o.Hi && k.stores(o):
		return k.only(o, at, o.Key(o.Lo))
	case o.Check == scalar.CheckRanges && len(o.Ranges) == 1 && o.Ranges[0][0] == o.Ranges[0][1] && k.stores(o):
		return k.only(o, at, o.Key(o.Ranges[0][0]))
	}
	// Shift: see newFastPath
	number := fastNumber{Off: uint16(c.Off), Cell: uint16(at), Shift: uint8(o.Size), Mask: 1<<(8*o.Size) - 1}
	switch plain := o.Code == scalar.OpUint || o.Code == scalar.OpBits || o.Code == scalar.OpFloat32; {
	case o.Code == scalar.OpHex || o.Code == scalar.OpDigits || o.Code == scalar.OpTime ||
		o.Code == scalar.OpASCII && o.Size > WordBytes: // no number
		return o.Code == scalar.OpHex || digits || o.Code == scalar.OpASCII && o.Chars == nil
	case (plain || digits) && (!o.Little || o.Size == 1), o.Code == scalar.OpASCII && o.Size == 1:
		switch {
		case digits && o.Size == 1:
			number.Code = NumberPair
		case digits:
			number.Code = NumberMany
		}
		k.plan.Numbers = append(k.plan.Numbers, number)
	default:
		k.plan.Others = append(k.plan.Others, fastRead{Size: uint8(o.Size), Off: uint16(c.Off), Cell: uint16(at), Op: o})
	}
	switch o.Code {
	case scalar.OpUint, scalar.OpBits, scalar.OpInt, scalar.OpFloat32, scalar.OpFloat64:
		return o.Check == scalar.CheckNone
	case scalar.OpBCD:
		return digits && o.Check == scalar.CheckNone
	case scalar.OpASCII:
		return o.Chars == nil
	}
	return false
}

// constant fixes the bytes of a cell: frames of the fast path have these.
func (k *fastMaker) constant(at int, b []byte) bool {
	c := &k.plan.Cells[at]
	num, missing, ok := k.p.Ops[c.Op].Read(b)
	if !ok || missing || len(b) != int(c.Size) {
		return false
	}
	for i := range b {
		k.want[int(c.Off)+i], k.mask[int(c.Off)+i] = b[i], 0xff
	}
	k.plan.Nums[at] = num
	own := func(r fastRead) bool { return int(r.Cell) == at }
	k.plan.Others, k.plan.Checked = slices.DeleteFunc(k.plan.Others, own), slices.DeleteFunc(k.plan.Checked, own)
	k.plan.Numbers = slices.DeleteFunc(k.plan.Numbers, func(n fastNumber) bool { return int(n.Cell) == at })
	return true
}

// stores reports whether the number of a field determines its bytes.
func (k *fastMaker) stores(o *scalar.Op) bool {
	return o.Code == scalar.OpUint || o.Code == scalar.OpBits || o.Code == scalar.OpInt || o.Code == scalar.OpBCD ||
		o.Code == scalar.OpASCII && o.Size <= WordBytes
}

// only fixes the number of a cell.
func (k *fastMaker) only(o *scalar.Op, at int, num uint64) bool {
	b := make([]byte, o.Size)
	if o.Code == scalar.OpASCII {
		scalar.StoreBE(b, num)
	} else if o.Write(b, num) != nil {
		return false
	}
	back, _, ok := o.Read(b)
	return ok && back == num && k.constant(at, b)
}

// told finds the cell whose value is that of a register, if its number determines its bytes; -1: there is none.
func (k *fastMaker) told(reg int) int {
	return slices.IndexFunc(k.plan.Cells, func(c Cell) bool { o := &k.p.Ops[c.Op]; return o.Reg == reg && k.stores(o) })
}
