package frame

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Frame is one decoded or built frame.  The zero value is ready; reuse it, and nothing is allocated once it is
// warm.  A decoded frame aliases the bytes it was decoded from.  It belongs to one goroutine at a time and must not
// be copied.
type Frame struct {
	Program *program.Program
	Body    *program.Body
	Way     field.Direction
	Plan    *program.FastPath       // what cells, nums and roles are set up for; nil: for this frame alone
	Decoded bool                    // data is what Decode was given
	Data    []byte                  // bytes of the cells
	Wire    []byte                  // what a grammar decoded; data may differ from it
	Own     []byte                  // memory of a built or changed frame
	Cells   []program.Cell          // every field in order; of the plan for a fixed layout, else own (memory)
	Nums    []uint64                // value of each cell: numbers; the first bytes of short text
	Memory  []program.Cell          // what cells uses when it is not the plan's
	Roles   [field.RoleCount]uint16 // index of the cell + 1; the first of its role
	Bad     error                   // why it cannot be read whole; see Unreadable
	Shut    bool                    // protected, and not opened
	Opened  *Opened                 // what it came under; nil: it came plain
	opened  *Opened                 // its memory
	text    []byte                  // Identity
	items   []Item
	stamp   stamp
}

// NoValue in cell.exp marks a field that holds the sign for "missing".
const NoValue = -128

// Message is the layout the frame has; nil before the first Decode or Build.
func (f *Frame) Message() *field.Message {
	if f.Body == nil {
		return nil
	}
	return f.Body.Message
}

// Unreadable is why a frame whose marks, length and checksum are right cannot be read whole; nil when it can.  Its fields are
// those that could be read, and its message the one that its command names, or a stand-in named "unreadable".
func (f *Frame) Unreadable() error { return f.Bad }

// Kind names which of several kinds of frames on one stream this is; empty where there is only one.
func (f *Frame) Kind() string {
	if f.Body == nil {
		return ""
	}
	return f.Body.FrameKind.Name
}

// Raw is the bytes of the frame: what Decode was given, or what Build and Set made; of a protected frame those on the wire, or,
// once it is opened, those of the plain frame.  Nil in a frame that was never filled, or not with success.
func (f *Frame) Raw() []byte {
	if !f.Decoded {
		return nil
	}
	if f.Wire != nil {
		return f.Wire
	}
	return f.Data
}

// Direction is the way the frame travels; Any when neither Decode nor the definition says.
func (f *Frame) Direction() field.Direction { return f.Way }

// From is who sent the frame.
func (f *Frame) From() field.Party {
	if f.Body == nil {
		return field.Anyone
	}
	if from := f.Body.Message.From; from != field.Anyone {
		return from
	}
	switch f.Way {
	case field.Uplink:
		return field.Master
	case field.Downlink:
		return field.Server
	}
	return field.Anyone
}

// Reset makes f an empty frame of p with room for its cells.
func (f *Frame) Reset(p *program.Program, d field.Direction) {
	if f.Plan == nil && cap(f.Cells) > cap(f.Memory) {
		f.Memory = f.Cells // grown by frames that were none
	}
	f.Program, f.Body, f.Way = p, nil, d
	f.Plan, f.Decoded, f.Data, f.Wire, f.Bad = nil, false, nil, nil, nil
	f.Shut, f.Opened = false, nil
	f.Cells, f.Nums = f.Memory[:0], f.Nums[:0]
	f.Roles = [field.RoleCount]uint16{}
}

// Adopt makes f a frame with fixed places.  What all such frames have in common is set here, once.
func (f *Frame) Adopt(p *program.Program, plan *program.FastPath) {
	if f.Plan == nil && cap(f.Cells) > cap(f.Memory) {
		f.Memory = f.Cells
	}
	f.Program, f.Body, f.Plan, f.Bad, f.Shut = p, plan.Body, plan, nil, false
	f.Cells, f.Roles = plan.Cells, plan.Roles
	f.Nums = append(f.Nums[:0], plan.Nums...)
}

// Grow makes room for n cells, and for as many again: what all growing costs is then at most twice the last.
func (f *Frame) Grow(n int) {
	n = max(n, min(2*n, field.MaxGrammarCells))
	f.Cells = slices.Grow(f.Cells, n-len(f.Cells))
	f.Nums = slices.Grow(f.Nums, n-len(f.Nums))
}

// Extend makes f longer by n fields and returns them.
func (f *Frame) Extend(n int) ([]program.Cell, []uint64) {
	i := len(f.Cells)
	n += i
	if n > cap(f.Cells) || n > cap(f.Nums) {
		f.Grow(n)
	}
	f.Cells, f.Nums = f.Cells[:n], f.Nums[:n]
	return f.Cells[i:n], f.Nums[i:n]
}

// Note keeps which field is the first of a role.
func (f *Frame) Note(role field.Role, i int) {
	if f.Roles[role] == 0 {
		f.Roles[role] = uint16(i + 1)
	}
}

// Role returns the index of the first field of a role, -1 when there is none, and its op.
func (f *Frame) Role(r field.Role) (int, *scalar.Op) {
	if i := int(f.Roles[r]) - 1; i >= 0 {
		return i, &f.Program.Ops[f.Cells[i].Op]
	}
	return -1, nil
}

// Bytes of a field of bytes.
func (f *Frame) Bytes(i int) []byte {
	c := &f.Cells[i]
	return f.Data[c.Off : c.Off+c.Size]
}

func (f *Frame) number(r field.Role) (uint64, bool) {
	i, o := f.Role(r)
	if i < 0 || !o.Numeric() && o.Code != scalar.OpDecimal || f.Cells[i].Exp == NoValue {
		return 0, false
	}
	return f.Nums[i], true
}

// Command is the value of the command field as the definition writes it.
func (f *Frame) Command() string {
	i, o := f.Role(field.RoleCommand)
	if i < 0 {
		return ""
	}
	if o.Code == scalar.OpASCII && o.Size == 1 {
		return oneByte[byte(f.Nums[i])]
	}
	if f.Body != nil && f.Body.Message.Command != "" {
		return f.Body.Message.Command
	}
	return f.ItemAt(i, o).Text()
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
	i, o := f.Role(field.RoleIdentity)
	if i < 0 {
		return nil
	}
	switch {
	case o.PlainDigits():
		f.text = scalar.AppendDigits(f.text[:0], f.Bytes(i))
	case o.Code == scalar.OpUint && o.Form == nil && o.Scale == nil && o.Field.Enum == nil:
		f.text = strconv.AppendUint(f.text[:0], f.Nums[i], 10)
	case o.Code == scalar.OpHex && o.Form == nil:
		f.text = hex.AppendEncode(f.text[:0], f.Bytes(i))
	default:
		f.text = f.ItemAt(i, o).AppendText(f.text[:0])
	}
	return f.text
}

// Transaction is the number that ties an answer to its request.
func (f *Frame) Transaction() (uint64, bool) { return f.number(field.RoleTransaction) }

// Result is how a command ended; 0 is success.
func (f *Frame) Result() (uint64, bool) { return f.number(field.RoleResult) }

// Alarm is what is wrong; 0 is nothing.
func (f *Frame) Alarm() (uint64, bool) { return f.number(field.RoleAlarm) }

// Timestamp is when the frame was made; ok is false when it does not say or names a time that does not exist.
func (f *Frame) Timestamp() (time.Time, bool) {
	i, o := f.Role(field.RoleTimestamp)
	if i < 0 {
		return time.Time{}, false
	}
	if o.Code == scalar.OpTime && o.Form == nil {
		return f.stamp.read(o.Time, f.Bytes(i))
	}
	return f.ItemAt(i, o).Time()
}

// stamp is the last timestamp that was read: of a frame it is asked for several times.
type stamp struct {
	by  *scalar.TimeLayout
	raw [16]byte
	n   int
	at  time.Time
	ok  bool
}

func (s *stamp) read(by *scalar.TimeLayout, b []byte) (time.Time, bool) {
	if s.by != by || string(s.raw[:s.n]) != string(b) {
		if len(b) > len(s.raw) {
			return by.Parse(b)
		}
		s.at, s.ok = by.Parse(b)
		s.by, s.n = by, copy(s.raw[:], b)
	}
	return s.at, s.ok
}

// Items lists every field in order.  Valid until the next use of f.
func (f *Frame) Items() []Item {
	f.items = f.items[:0]
	off := 0
	for i := range f.Cells {
		it := f.ItemAt(i, &f.Program.Ops[f.Cells[i].Op])
		it.Off = off
		if f.Wire != nil {
			it.Off = f.begins(i)
		}
		f.items = append(f.items, it)
		off += it.Len
	}
	if f.Wire != nil {
		f.wireOffsets(f.items)
	}
	return f.items
}

// begins is where a field begins: a part where its field of bits does.
func (f *Frame) begins(i int) int {
	for i > 0 && f.Program.Ops[f.Cells[i].Op].Code == scalar.OpPart {
		i--
	}
	return int(f.Cells[i].Off)
}

// Item finds a field by its key.
func (f *Frame) Item(key string) (Item, bool) {
	if f.Wire != nil {
		i := f.At(key)
		if i < 0 {
			return Item{}, false
		}
		one := [1]Item{f.ItemAt(i, &f.Program.Ops[f.Cells[i].Op])}
		one[0].Off = f.begins(i)
		f.wireOffsets(one[:])
		return one[0], true
	}
	off := 0
	for i := range f.Cells {
		c := &f.Cells[i]
		if o := &f.Program.Ops[c.Op]; o.Field.Key == key {
			it := f.ItemAt(i, o)
			it.Off = off
			return it, true
		}
		off += int(c.Size)
	}
	return Item{}, false
}

// ItemAt is the field of cell i.
func (f *Frame) ItemAt(i int, o *scalar.Op) (it Item) {
	f.read(i, o, &it)
	return it
}

// read is ItemAt without a copy.
func (f *Frame) read(i int, o *scalar.Op, it *Item) {
	*it = Item{Field: o.Field, Kind: o.Field.Kind, Len: int(f.Cells[i].Size), V: scalar.Value{Op: o, Num: f.Nums[i]}}
	if !o.Numeric() {
		it.V.Data = f.Bytes(i)
	}
	if c := &f.Cells[i]; f.Wire != nil {
		it.Depth, it.V.Exp, it.V.Data = int(c.Depth), c.Exp, f.Bytes(i)
		if c.Exp == NoValue {
			it.V.Exp, it.V.Missing = 0, true
		}
	}
	if o.Form != nil && o.Form.Composed != nil {
		it.V.Data = f.composed(i, o)
	}
}

// composed is a text made of fields that stand before cell i, in the same part or around it; a field that is not there is
// empty.
func (f *Frame) composed(i int, o *scalar.Op) (text []byte) {
	for _, part := range o.Form.Composed {
		text = append(text, part.Fixed...)
		depth, outside := f.Cells[i].Depth, false
		for k := i - 1; k >= 0 && part.Ops != nil; k-- {
			c := &f.Cells[k]
			if c.Depth < depth {
				depth, outside = c.Depth, true
			}
			if (c.Depth == depth || !outside) && slices.Contains(part.Ops, int(c.Op)) {
				it := f.ItemAt(k, &f.Program.Ops[c.Op])
				if it.Kind == field.KindText && !it.Unicode() {
					text = append(text, scalar.Latin1(it.AppendText(nil))...)
				} else {
					text = it.AppendText(text)
				}
				break
			}
		}
	}
	return text
}

// ValueAt is the number of a field as expressions see it; 0 when it is not there.
func (f *Frame) ValueAt(key string) int64 {
	i := f.At(key)
	if i < 0 || f.Cells[i].Exp == NoValue {
		return 0
	}
	o := &f.Program.Ops[f.Cells[i].Op]
	if o.Code == scalar.OpList {
		n := int64(0)
		for k := i + 1; k < len(f.Cells) && f.Cells[k].Depth > f.Cells[i].Depth; k++ {
			n += expr.Truth(f.Cells[k].Depth == f.Cells[i].Depth+1)
		}
		return n
	}
	return int64(o.Counted(f.Nums[i], f.Bytes(i)))
}
