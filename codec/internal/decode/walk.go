package decode

import (
	"fmt"
	"sync"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Walker walks the tree of a program over bytes: for framing (F is nil) and for decoding (the fields go to F).  A
// walk looks at each byte once and allocates nothing; walkers are reused.
type Walker struct {
	P             *program.Program
	F             *frame.Frame // receives the fields; nil: the frame is only cut
	fields        int          // of a frame that is only cut
	Sink          sink         // receives what the fields do not say; nil: nobody asks
	Data          []byte       // what the fields are read from
	Wire          []byte       // what checksums are computed over
	Off           int
	End           int // of the part that is walked; -1 when it is not known yet
	Depth         uint8
	regs          []int64
	Marks         []int
	Late          []lateCheck // checksums over bytes that come later
	place         expr.Place
	AtEOF         bool   // nothing more will come
	Silent        bool   // nothing has come for a while: a frame may end for that
	total         int    // the size that the frame is to have; 0: as it says
	Marked        bool   // the marks around the frame say where it ends
	Size          int    // of the content, as the length field says; 0: not known
	inner         int    // plain bytes of the part walked last
	copied, plain []byte // memory for copies
	Kind          *program.FrameKind
	Near          *program.Body // the message that a body of the wrong size is nearest to; nil: not said
	awaited       bool          // the mark at the end has not come, and expressions ask for it
	written       []byte        // for bytes as they stand on the wire
	Hidden        []byte        // bytes of a part as they stand on the wire
	Asked         *frame.Frame  // the request that the frame answers, when that is known
	table         *program.Node // the group whose columns are walked
	later         bool          // a column of it has been walked
	spare         int           // bits of the byte before Off that no field has taken yet
	bitwise       *scalar.Op    // the field that left them
	Inside        int           // parts around whose bytes are not those of the wire
	Summed        int           // bits of the checksums that were right
	Lack          Lack
	listed        int  // lists around
	spares        bool // of a sealed frame: a field that does not read is passed over, and a wrong value taken
}

// Lack is the node and place at which a walk stopped that needs more bytes.
type Lack struct {
	Node     *program.Node
	At, Need int
	Depth    uint8
}

// lateCheck is a checksum over bytes that come later.
type lateCheck struct {
	Plan *program.ChecksumPlan
	Op   *scalar.Op
	Off  int
	Num  uint64
}

// Walkers is the pool of walkers.
var Walkers = sync.Pool{New: func() any { return new(Walker) }}

// sink receives what a walk finds beside the fields.
type sink interface {
	// refused tells why and where a walk ends.
	refused(m *Walker, o *scalar.Op, off int, err error)
	// Decided tells which way the walk went at a node.
	Decided(n *program.Node, of Aspect, k int)
	// Sum tells of a checksum; a sink that settles it lets the walk go on though it may be wrong.
	Sum(m *Walker, o *scalar.Op, c SumFound) (settled bool)
	// Reveal puts the plain bytes of a part, m.Hidden on the wire, into data, which begins at start.
	Reveal(m *Walker, n *program.Node, start int, data []byte) (size int, v program.Verdict)
}

// Aspect is a decision about a node.
type Aspect uint8

// Decisions that a walk makes.
const (
	AspectThere Aspect = iota // whether it is there: 1 or 0
	AspectCase                // which case is taken
	AspectCount               // how many elements it has
)

// SumFound is a checksum of a frame: its place, the bytes it covers, its value and the computed one.
type SumFound struct {
	Plan            *program.ChecksumPlan
	Off, From, To   int
	Found, Computed uint64
}

// Silent is a sink that ignores everything.
type Silent struct{}

func (Silent) refused(*Walker, *scalar.Op, int, error) {}
func (Silent) Decided(*program.Node, Aspect, int)      {}
func (Silent) Sum(*Walker, *scalar.Op, SumFound) bool  { return false }
func (Silent) Reveal(m *Walker, n *program.Node, start int, data []byte) (int, program.Verdict) {
	return m.transformed(n, start, data)
}

// Faults is a sink that keeps the first failure.
type Faults struct {
	Silent
	Bad   program.Failure
	Depth uint8
}

func (s *Faults) refused(m *Walker, o *scalar.Op, off int, err error) {
	if s.Bad.Err == nil {
		s.Bad, s.Depth = program.Failure{Op: o, Off: off, Err: err}, m.Depth
	}
}

// Start makes m ready to look for a frame of p.
func (m *Walker) Start(p *program.Program, f *frame.Frame, way field.Direction) {
	m.P, m.F, m.Off, m.Depth, m.Size, m.place.Uplink = p, f, 0, 0, 0, way == field.Uplink
	if f != nil {
		f.Reset(p, way)
		f.Decoded = true
	}
}

// clear forgets the values of the frame before.
func (m *Walker) clear() {
	g := m.P
	if cap(m.regs) < g.Regs {
		m.regs = make([]int64, g.Regs)
	}
	if cap(m.Marks) < g.Marks+1 {
		m.Marks = make([]int, g.Marks+1)
	}
	m.regs, m.Marks = m.regs[:g.Regs], m.Marks[:g.Marks+1]
	clear(m.regs)
	clear(m.Marks)
	m.Late, m.fields, m.Inside, m.Summed, m.table, m.later, m.awaited = m.Late[:0], 0, 0, 0, nil, false, false
	m.spare = 0
	m.place = expr.Place{Regs: m.regs, Uplink: m.place.Uplink, Tables: m.place.Tables}
	for i := range m.place.Tables { // of a list that this frame need not have
		m.place.Tables[i] = m.place.Tables[i][:0]
	}
	if m.Asked != nil {
		for _, a := range g.Asks {
			m.regs[a.Reg] = m.Asked.ValueAt(a.Key)
		}
	}
}

// Refuse tells the sink why the frame is refused, at node n and byte off.
func (m *Walker) Refuse(n *program.Node, off int, err error) program.Verdict {
	if n != nil {
		return m.refuseOp(n.Field, off, err)
	}
	return m.refuseOp(nil, off, err)
}

// refuseOp is Refuse for a field.
func (m *Walker) refuseOp(o *scalar.Op, off int, err error) program.Verdict {
	if m.Sink != nil {
		m.Sink.refused(m, o, off, err)
	}
	return program.Refused
}

// fail is Refuse with a text that is only made for a sink.
func (m *Walker) fail(n *program.Node, off int, err error, format string, args ...int64) program.Verdict {
	if m.Sink == nil {
		return program.Refused
	}
	boxed := []any{err}
	for _, a := range args {
		boxed = append(boxed, a)
	}
	return m.Refuse(n, off, fmt.Errorf("%w: "+format, boxed...))
}

// starve is the verdict when bytes are missing: incomplete, or at the end of the stream refused.
func (m *Walker) starve(n *program.Node, need int) program.Verdict {
	m.Lack = Lack{n, m.Off, need, m.Depth}
	if m.AtEOF {
		return m.fail(n, m.Off, field.ErrShort, "%d left, %d needed", int64(len(m.Data)-m.Off), int64(need))
	}
	return program.Incomplete
}

// decide tells the sink which way the walk went.
func (m *Walker) decide(n *program.Node, of Aspect, k int) {
	if m.Sink != nil {
		m.Sink.Decided(n, of, k)
	}
}

// eval computes an expression at this place; known is false while bytes that it looks at have not come.
func (m *Walker) eval(e *expr.Expr) (v int64, known bool) {
	if !e.Looks {
		return e.Eval(&m.place), true
	}
	m.place.Left, m.place.Short = -1, false
	if m.End >= 0 {
		m.place.Left = m.End - m.Off
	}
	m.place.Data = m.ahead()
	v = e.Eval(&m.place)
	return v, !m.place.Short || m.AtEOF
}

// ahead is the bytes from here on that have come of the part around.
func (m *Walker) ahead() []byte {
	end := len(m.Data)
	if m.End >= 0 {
		end = min(end, m.End)
	}
	return m.Data[min(m.Off, end):end]
}

// holds computes a condition; known is false while bytes or the mark that it depends on have not come.
func (m *Walker) holds(e *expr.Expr) (v, known bool) {
	num, known := m.eval(e)
	return num != 0, known && (!m.awaited || !m.awaits(e))
}

// Nodes walks nodes in their order.
func (m *Walker) Nodes(list []*program.Node) program.Verdict {
	for _, n := range list {
		if n.Guarded {
			there, v := m.guard(n)
			if v != program.Complete {
				return v
			}
			if !there {
				continue
			}
		}
		var v program.Verdict
		switch n.Step {
		case program.StepNumber:
			v = m.number(n)
		case program.StepLeaf:
			v = m.leaf(n)
		case program.StepComputed:
			v = m.computed(n)
		case program.StepSlice:
			v = m.slice(n)
		case program.StepRegion:
			v = m.region(n)
		case program.StepColumn:
			v = m.column(n)
		case program.StepAnnounced:
			v = m.announced(n)
		default:
			v = m.node(n)
		}
		if v != program.Complete {
			return v
		}
	}
	return program.Complete
}

// guard asks the condition of a node.
func (m *Walker) guard(n *program.Node) (there bool, v program.Verdict) {
	if n.Asks && m.Asked == nil { // it needs the request that the frame answers
		if m.absent(n); n.Field != nil {
			m.regs[n.Field.Reg] = 0
		}
		return false, program.Complete
	}
	if n.When == nil {
		return true, program.Complete
	}
	there, known := m.holds(n.When)
	if !known {
		return false, program.Incomplete
	}
	if !there || !n.Optional {
		m.decide(n, AspectThere, int(expr.Truth(there)))
	}
	if !there {
		m.absent(n)
	}
	return there, program.Complete
}

// absent clears the registers of a node that is not there.
func (m *Walker) absent(n *program.Node) {
	for _, reg := range n.Clear {
		m.regs[reg] = 0
	}
}

// announced walks a node with a text before it.
func (m *Walker) announced(n *program.Node) program.Verdict {
	have, v := m.literal(n, n.Before, n.Optional)
	if v != program.Complete {
		return v
	}
	if n.Optional {
		m.decide(n, AspectThere, int(expr.Truth(have)))
	}
	if !have {
		m.absent(n)
		return program.Complete
	}
	return m.node(n)
}

// node walks a node of any kind, and notes its place.
func (m *Walker) node(n *program.Node) (v program.Verdict) {
	if n.Mark > 0 {
		m.Marks[n.Mark] = m.Off
	}
	switch {
	case n.Kind != program.NodeLeaf:
		v = m.region(n)
	case n.Field.Code == scalar.OpComputed:
		v = m.computed(n)
	case n.Field.Code == scalar.OpChecksum:
		v = m.checksum(n)
	default:
		v = m.leaf(n)
	}
	if n.Mark > 0 {
		m.Marks[n.Mark+1] = m.Off
	}
	return v
}

// literal reads a text that stands before a field.
func (m *Walker) literal(n *program.Node, text []byte, optional bool) (have bool, v program.Verdict) {
	rest := m.ahead()
	k := min(len(text), len(rest))
	switch {
	case string(rest[:k]) != string(text[:k]) || k < len(text) && m.End >= 0 && m.End-m.Off < len(text):
		if optional {
			return false, program.Complete
		}
		if m.Sink == nil {
			return false, program.Refused
		}
		return false, m.Refuse(n, m.Off, fmt.Errorf("%w: found %x, expected %x", field.ErrConst, rest[:k], text))
	case k < len(text):
		return false, m.starve(n, len(text))
	}
	m.Off += len(text)
	return true, program.Complete
}

// count counts fields of a frame that is only cut: it is one by the same bytes as a frame that is decoded.
func (m *Walker) count(n *program.Node, fields int) program.Verdict {
	if m.fields += fields; m.fields > field.MaxGrammarCells {
		return m.fail(n, m.Off, field.ErrLong, "more than %d fields", int64(field.MaxGrammarCells))
	}
	return program.Complete
}

// cell notes a field in the frame.
func (m *Walker) cell(
	n *program.Node, op int, depth uint8, off, size int, num uint64, role field.Role,
) program.Verdict {
	f := m.F
	if f == nil {
		return m.count(n, 1)
	}
	i := len(f.Cells)
	if i >= field.MaxGrammarCells {
		return m.fail(n, m.Off, field.ErrLong, "more than %d fields", int64(field.MaxGrammarCells))
	}
	if i >= cap(f.Cells) || i >= cap(f.Nums) {
		f.Grow(i + 1)
	}
	f.Cells, f.Nums = f.Cells[:i+1], f.Nums[:i+1]
	to := &f.Cells[i]
	to.Op, to.Depth, to.Exp, to.Off, to.Size = uint16(op), depth, 0, uint32(off), uint32(size)
	if f.Nums[i] = num; role != field.NoRole {
		f.Note(role, i)
	}
	return program.Complete
}
