package codec

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// Frame is one decoded or built frame.  The zero value is ready; reuse it, and nothing is allocated once it is
// warm.  A decoded frame aliases the bytes it was decoded from.  It belongs to one goroutine at a time and must not
// be copied.
type Frame struct {
	program   *program
	layout    *layout
	direction Direction
	plan      *fixedPlan        // what cells, nums and roles are set up for; nil: for this frame alone
	decoded   bool              // data is what Decode was given
	data      []byte            // bytes of the cells
	raw       []byte            // what a grammar decoded; data may differ from it
	own       []byte            // memory of a built or changed frame
	cells     []cell            // every field in order; of the plan for a fixed layout, else own (memory)
	nums      []uint64          // value of each cell: numbers; the first bytes of short text
	memory    []cell            // what cells uses when it is not the plan's
	roles     [roleCount]uint16 // index of the cell + 1; the first of its role
	text      []byte            // Identity
	items     []Item
}

// cell is the place of one field.
type cell struct {
	op    uint16 // in Profile.ops
	depth uint8  // lists and groups around it
	exp   int8   // power of ten that the value is multiplied with; noValue: the field says that it has none
	off   uint32 // in Frame.data; for fields of bytes, and for all fields of a decoded frame
	size  uint32 // bytes on the wire
}

// noValue in cell.exp marks a field that holds the sign for "missing".
const noValue = -128

// Message is the layout the frame has; nil before the first Decode or Build.
func (f *Frame) Message() *Message {
	if f.layout == nil {
		return nil
	}
	return f.layout.message
}

// Kind names which of several kinds of frames on one stream this is; empty where there is only one.
func (f *Frame) Kind() string {
	if f.layout == nil || f.layout.shape == nil {
		return ""
	}
	return f.layout.shape.family.name
}

// Raw is the bytes of the frame: what Decode was given, or what Build and Set made.  Nil in a frame without message.
func (f *Frame) Raw() []byte {
	if !f.decoded {
		return nil
	}
	if f.raw != nil {
		return f.raw
	}
	return f.data
}

// Direction is the way the frame travels; Any when neither Decode nor the definition says.
func (f *Frame) Direction() Direction { return f.direction }

// From is who sent the frame.
func (f *Frame) From() Party {
	if f.layout == nil {
		return Anyone
	}
	if from := f.layout.message.From; from != Anyone {
		return from
	}
	switch f.direction {
	case Uplink:
		return Master
	case Downlink:
		return Server
	}
	return Anyone
}

// reset makes f an empty frame of p with room for its cells.
func (f *Frame) reset(p *program, d Direction) {
	if f.plan == nil && cap(f.cells) > cap(f.memory) {
		f.memory = f.cells // grown by frames that were none
	}
	f.program, f.layout, f.direction = p, nil, d
	f.plan, f.decoded, f.data, f.raw = nil, false, nil, nil
	f.cells, f.nums = f.memory[:0], f.nums[:0]
	f.roles = [roleCount]uint16{}
}

// adopt makes f a frame with fixed places.  What all such frames have in common is set here, once.
func (f *Frame) adopt(p *program, plan *fixedPlan) {
	if f.plan == nil && cap(f.cells) > cap(f.memory) {
		f.memory = f.cells
	}
	f.program, f.layout, f.plan = p, plan.layout, plan
	f.cells, f.roles = plan.cells, plan.roles
	f.nums = append(f.nums[:0], plan.nums...)
}

// grow makes room for n cells, and for as many again: what all growing costs is then at most twice the last.
func (f *Frame) grow(n int) {
	n = max(n, min(2*n, maxGrammarCells))
	f.cells = slices.Grow(f.cells, n-len(f.cells))
	f.nums = slices.Grow(f.nums, n-len(f.nums))
}

// extend makes f longer by n fields and returns them.
func (f *Frame) extend(n int) ([]cell, []uint64) {
	i := len(f.cells)
	n += i
	if n > cap(f.cells) || n > cap(f.nums) {
		f.grow(n)
	}
	f.cells, f.nums = f.cells[:n], f.nums[:n]
	return f.cells[i:n], f.nums[i:n]
}

// add appends a cell and notes its role.
func (f *Frame) add(c cell, num uint64, role Role) {
	cells, nums := f.extend(1)
	cells[0], nums[0] = c, num
	if role != NoRole {
		f.note(role, len(f.cells)-1)
	}
}

// note keeps which field is the first of a role.
func (f *Frame) note(role Role, i int) {
	if f.roles[role] == 0 {
		f.roles[role] = uint16(i + 1)
	}
}

// role returns the index of the first field of a role, -1 when there is none, and its op.
func (f *Frame) role(r Role) (int, *op) {
	if i := int(f.roles[r]) - 1; i >= 0 {
		return i, &f.program.ops[f.cells[i].op]
	}
	return -1, nil
}

// bytes of a field of bytes.
func (f *Frame) bytes(i int) []byte {
	c := &f.cells[i]
	return f.data[c.off : c.off+c.size]
}

func (f *Frame) number(r Role) (uint64, bool) {
	i, o := f.role(r)
	if i < 0 || !o.numeric() && o.code != opDecimal || f.cells[i].exp == noValue {
		return 0, false
	}
	return f.nums[i], true
}

// Command is the value of the command field as the definition writes it.
func (f *Frame) Command() string {
	i, o := f.role(RoleCommand)
	if i < 0 {
		return ""
	}
	if o.code == opASCII && o.size == 1 {
		return oneByte[byte(f.nums[i])]
	}
	if f.layout != nil && f.layout.message.Command != "" {
		return f.layout.message.Command
	}
	return f.item(i, o).Text()
}

// oneByte holds every string of one byte, so that Command need not allocate.
var oneByte = func() (t [256]string) {
	for i := range t {
		t[i] = string([]byte{byte(i)})
	}
	return t
}()

// Identity is the identity of the master as text, leading zeros kept.  Valid until the next use of f; empty when
// the frame carries none.
func (f *Frame) Identity() []byte {
	i, o := f.role(RoleIdentity)
	if i < 0 {
		return nil
	}
	switch {
	case o.plainDigits():
		f.text = appendDigits(f.text[:0], f.bytes(i))
	case o.code == opUint && o.form == nil && o.scale == nil && o.field.Enum == nil:
		f.text = strconv.AppendUint(f.text[:0], f.nums[i], 10)
	case o.code == opHex && o.form == nil:
		f.text = hex.AppendEncode(f.text[:0], f.bytes(i))
	default:
		f.text = f.item(i, o).AppendText(f.text[:0])
	}
	return f.text
}

// Transaction is the number that ties an answer to its request.
func (f *Frame) Transaction() (uint64, bool) { return f.number(RoleTransaction) }

// Result is how a command ended; 0 is success.
func (f *Frame) Result() (uint64, bool) { return f.number(RoleResult) }

// Alarm is what is wrong; 0 is nothing.
func (f *Frame) Alarm() (uint64, bool) { return f.number(RoleAlarm) }

// Timestamp is when the frame was made; ok is false when it does not say or names a time that does not exist.
func (f *Frame) Timestamp() (time.Time, bool) {
	i, o := f.role(RoleTimestamp)
	if i < 0 {
		return time.Time{}, false
	}
	if o.code == opTime && o.form == nil {
		return o.time.parse(f.bytes(i))
	}
	return f.item(i, o).Time()
}

// Items lists every field in order.  Valid until the next use of f.
func (f *Frame) Items() []Item {
	f.items = f.items[:0]
	off := 0
	for i := range f.cells {
		it := f.item(i, &f.program.ops[f.cells[i].op])
		it.Off = off
		if f.raw != nil {
			it.Off = f.begins(i)
		}
		f.items = append(f.items, it)
		off += it.Len
	}
	if f.raw != nil {
		f.wireOffsets(f.items)
	}
	return f.items
}

// begins is where a field begins: a part where its field of bits does.
func (f *Frame) begins(i int) int {
	for i > 0 && f.program.ops[f.cells[i].op].code == opPart {
		i--
	}
	return int(f.cells[i].off)
}

// Item finds a field by its key.
func (f *Frame) Item(key string) (Item, bool) {
	if f.raw != nil {
		i := f.at(key)
		if i < 0 {
			return Item{}, false
		}
		one := [1]Item{f.item(i, &f.program.ops[f.cells[i].op])}
		one[0].Off = f.begins(i)
		f.wireOffsets(one[:])
		return one[0], true
	}
	off := 0
	for i := range f.cells {
		c := &f.cells[i]
		if o := &f.program.ops[c.op]; o.field.Key == key {
			it := f.item(i, o)
			it.Off = off
			return it, true
		}
		off += int(c.size)
	}
	return Item{}, false
}

// item is the field of cell i.
func (f *Frame) item(i int, o *op) Item {
	it := Item{Field: o.field, Kind: o.field.Kind, Len: int(f.cells[i].size), v: value{op: o, num: f.nums[i]}}
	if !o.numeric() {
		it.v.data = f.bytes(i)
	}
	if c := &f.cells[i]; f.raw != nil {
		it.Depth, it.v.exp, it.v.data = int(c.depth), c.exp, f.bytes(i)
		if c.exp == noValue {
			it.v.exp, it.v.missing = 0, true
		}
	}
	return it
}
