package frame

import (
	"slices"
	"strconv"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Quality is how far a sample can be trusted.
type Quality uint8

// Qualities of samples.
const (
	Good        Quality = iota
	SuspectTime         // its time does not exist, or lies more than ten years behind or a day ahead
	Historical          // older than the newest sample of its point; only the master knows
	Missing             // the device says that it has no value
	Implausible         // outside the limits of plausibility, or no finite number
)

func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return "unknown"
}

var qualityNames = [...]string{"good", "suspect time", "historical", "missing", "implausible"}

// Sample is one value of one point of a frame.
type Sample struct {
	Point   []byte    // stable name; valid until the Samples is used again, and not to be changed
	Item    Item      // without its place; valid as long as the frame is
	Device  time.Time // of the record that it stands in, else of the frame; zero when there is none
	Quality Quality

	cell, record int

	apart bool // of a poll: it has no Item
	value Value
	unit  string
}

// Place is the cell of the value, and that of the timestamp that dates it, -1 when none does; for package check.
func (s *Sample) Place() (cell, record int) { return s.cell, s.record }

// Samples are those of one frame, in the order of its fields.  Used again for each frame, it costs no memory once it has
// grown.
type Samples struct {
	List  []Sample
	names []byte

	f        *Frame
	received time.Time
	slots    []int             // by slot: the last cell of a field that names are made of; -1: none yet
	last     [maxDepth]int     // by depth: the last cell
	count    [maxDepth]int     // by depth: cells in the part around
	ahead    [maxDepth]lookout // by depth of an element: the first timestamp in it
	whole    int               // the first timestamp of the frame itself; -1: none yet
	looked   bool              // it was looked for behind a value
	inner    int               // the last timestamp in a list; -1: none yet
	cell     int               // what is known of the timestamp in this cell; -1: of none
	at       time.Time
	suspect  bool

	plan    *program.FastPath // of the frame that points are of; nil: of no frame
	numbers []uint64          // of its plan.Named
	points  [][]byte          // names of the samples of that frame
}

// maxDepth is one more than the depth of any cell.
const maxDepth = 40

// lookout is what was found in the element that begins at cell from.
type lookout struct{ from, cell int }

// Samples lists the values of f; received is when the frame came, or zero.
func (f *Frame) Samples(received time.Time, into *Samples) {
	into.List = into.List[:0]
	if f.Body == nil {
		return
	}
	points := &f.Program.Points
	into.f, into.received, into.cell = f, received, -1
	if f.Plan != nil {
		into.fixed(f.Plan)
		return
	}
	into.plan, into.names = nil, into.names[:0]
	into.whole, into.inner, into.looked = -1, -1, false
	into.count[0] = 0
	if cap(into.slots) <= points.Slots {
		into.slots = make([]int, points.Slots+1)
	}
	into.slots = into.slots[:points.Slots+1]
	for i := range into.slots {
		into.slots[i] = -1
	}
	if points.Lists {
		for i := range into.ahead {
			into.ahead[i].from = -1
		}
	}
	for i := range f.Cells {
		c := &f.Cells[i]
		if points.Lists {
			into.last[c.Depth] = i
			into.count[c.Depth]++
			into.count[c.Depth+1] = 0
		}
		at := &points.Fields[c.Op]
		if *at == (program.PointField{}) {
			continue
		}
		if at.Slot > 0 {
			into.slots[at.Slot] = i
		}
		switch {
		case at.Dates == program.DatesElement:
			into.inner = i
		case at.Dates == program.DatesFrame && into.whole < 0:
			into.whole = i
		}
		if at.Name > 0 {
			n := &points.Names[at.Name-1]
			into.add(i, into.timestamp(i, n), into.name(i, n))
		}
	}
}

// fixed lists the samples of a frame of a fast path.  The names are those of the frame before, if the same numbers are in them.
func (s *Samples) fixed(plan *program.FastPath) {
	same := s.plan == plan
	for i, cell := range plan.Named {
		same = same && s.numbers[i] == s.f.Nums[cell]
	}
	if !same {
		if s.plan, s.numbers, s.points = nil, s.numbers[:0], s.points[:0]; plan.Numbered {
			s.plan = plan
		}
		for _, cell := range plan.Named {
			s.numbers = append(s.numbers, s.f.Nums[cell])
		}
		s.names = s.names[:0]
		for i := range plan.Samples {
			s.points = append(s.points, s.name(plan.Samples[i].Cell, &plan.Samples[i].Name))
		}
	}
	for i := range plan.Samples {
		s.add(plan.Samples[i].Cell, plan.Samples[i].Record, s.points[i])
	}
}

// add appends the sample of cell i, which the timestamp in cell record dates.
func (s *Samples) add(i, record int, point []byte) {
	if len(s.List) == cap(s.List) {
		s.List = slices.Grow(s.List, 1)
	}
	s.List = s.List[:len(s.List)+1]
	one := &s.List[len(s.List)-1]
	one.Point, one.Device, one.Quality, one.cell, one.record, one.apart = point, time.Time{}, Good, i, record, false
	s.f.read(i, &s.f.Program.Ops[s.f.Cells[i].Op], &one.Item)
	if record >= 0 {
		s.read(record)
		if one.Device = s.at; s.suspect {
			one.Quality = SuspectTime
		}
	}
	if one.Item.Missing() {
		one.Quality = Missing
	} else if one.Item.V.Op.Float() {
		if x := one.Item.V.Float(); x-x != 0 { // not a number, or infinite
			one.Quality = Implausible
		}
	}
}

// timestamp is the cell that dates cell i; -1 when none does.  In the innermost list first, the last timestamp in the same
// element counts, else the first one behind the value there, else the last one in an element before; outside of lists
// that of the frame.
func (s *Samples) timestamp(i int, n *program.PointName) int {
	for k := len(n.Elements) - 1; k >= 0; k-- {
		e := &n.Elements[k]
		if !e.Dated {
			continue
		}
		element := s.last[e.Depth]
		if s.inner > element {
			return s.inner
		}
		ahead := &s.ahead[e.Depth]
		if ahead.from != element {
			*ahead = lookout{element, s.behind(i, e.Depth, func(op uint16) bool {
				return s.f.Program.Points.Fields[op].Dates == program.DatesElement
			})}
		}
		if ahead.cell >= 0 {
			return ahead.cell
		}
		if s.inner > s.last[e.Depth-1] {
			return s.inner
		}
	}
	if s.whole < 0 && !s.looked { // it may stand behind the value
		s.looked = true
		s.whole = s.behind(i, -1, func(op uint16) bool { return s.f.Program.Points.Fields[op].Dates == program.DatesFrame })
	}
	return s.whole
}

// behind finds a cell behind cell i, in the same element of a list at depth; -1: in the frame.  The result is -1 without one.
func (s *Samples) behind(i, depth int, is func(op uint16) bool) int {
	for k := i + 1; k < len(s.f.Cells) && int(s.f.Cells[k].Depth) > depth; k++ {
		if is(s.f.Cells[k].Op) {
			return k
		}
	}
	return -1
}

// Times that a device can mean, from when its frame was received.
const (
	MostBehind = 10 * 365 * 24 * time.Hour
	MostAhead  = 24 * time.Hour
)

// Meant says whether a time is one that a device can mean, in a frame that was received at a time; the zero time of
// receiving stands for any.
func Meant(device, received time.Time) bool {
	if received.IsZero() {
		return device.Year() >= 2000
	}
	ahead := device.Unix() - received.Unix()
	return -int64(MostBehind/time.Second) <= ahead && ahead <= int64(MostAhead/time.Second)
}

// read finds out what the timestamp in a cell says.
func (s *Samples) read(cell int) {
	if s.cell == cell {
		return
	}
	s.cell = cell
	if cell == int(s.f.Roles[field.RoleTimestamp])-1 {
		if at, ok := s.f.Timestamp(); ok {
			s.at, s.suspect = at, !Meant(at, s.received)
			return
		}
	}
	it := s.f.ItemAt(cell, &s.f.Program.Ops[s.f.Cells[cell].Op])
	if at, ok := it.Time(); ok {
		s.at, s.suspect = at, !Meant(at, s.received)
	} else {
		s.at, s.suspect = time.Time{}, !it.Missing() || it.V.Refused()
	}
}

// name makes the name of the sample of cell i.
func (s *Samples) name(i int, n *program.PointName) []byte {
	if n.Whole != nil {
		return n.Whole
	}
	from := len(s.names)
	for _, segments := range [2][]program.NameSegment{n.Segments, n.Else} {
		for k := range segments {
			start := len(s.names)
			if start > from {
				s.names = append(s.names, '/')
			}
			if !s.segment(i, segments[k]) {
				s.names = s.names[:start]
			}
		}
		if len(s.names) > from {
			break
		}
	}
	return s.names[from:len(s.names):len(s.names)]
}

// segment appends a segment of the name of the sample of cell i; false: it is left out.
func (s *Samples) segment(i int, parts program.NameSegment) bool {
	for k := range parts {
		p := &parts[k]
		switch s.names = append(s.names, p.Fixed...); {
		case p.Index:
			s.names = strconv.AppendInt(s.names, int64(s.count[p.Depth]-1), 10)
		case len(p.Ops) > 0:
			cell := s.find(i, p)
			if cell < 0 || !s.part(cell, p) {
				return false
			}
		}
	}
	return true
}

// find is the cell of a field that the name of the sample of cell i is made of; -1 when it is not there.
func (s *Samples) find(i int, p *program.NamePart) int {
	if s.f.Plan != nil {
		return p.Cell
	}
	cell, element := -1, -1
	if p.Depth >= 0 {
		element = s.last[p.Depth]
	}
	for _, op := range p.Ops {
		if at := s.slots[s.f.Program.Points.Fields[op].Slot]; at > element {
			cell = max(cell, at)
		}
	}
	if cell < 0 && p.Behind {
		cell = s.behind(i, p.Depth, func(op uint16) bool { return slices.Contains(p.Ops, int(op)) })
		if cell >= 0 {
			s.slots[s.f.Program.Points.Fields[s.f.Cells[cell].Op].Slot] = cell
		}
	}
	return cell
}

// part appends the value of a field to a name; false: it has its usual value, or none.
func (s *Samples) part(cell int, p *program.NamePart) bool {
	c := &s.f.Cells[cell]
	o, from := &s.f.Program.Ops[c.Op], len(s.names)
	if o.Integer() && !o.Signed() && o.Form == nil && o.Scale == nil && o.Field.Enum == nil && c.Exp == 0 { // most are
		s.names = strconv.AppendUint(append(s.names, p.Key...), s.f.Nums[cell], 10)
		return !p.Sparse || string(s.names[from+len(p.Key):]) != p.Usual
	}
	it := s.f.ItemAt(cell, o)
	if it.Missing() {
		return false
	}
	label, after := it.Label(), p.After
	if p.Key != "" && label == "" && (it.Kind == field.KindUint || it.Kind == field.KindInt) {
		s.names, after = append(s.names, p.Key...), ""
		from = len(s.names)
	}
	s.names = it.AppendText(s.names)
	if len(s.names) == from || p.Sparse && (string(s.names[from:]) == p.Usual || label != "" && it.V.Unlabelled() == p.Usual) {
		return false
	}
	if it.Kind == field.KindText && label == "" {
		s.names = printable(s.names, from, it.Unicode())
	}
	s.names = append(s.names, after...)
	return true
}

// printable makes what is appended to a name from a place on fit for a table: in UTF-8, without control characters.
func printable(name []byte, from int, unicode bool) []byte {
	for k, c := range name[from:] {
		switch {
		case c < ' ' || c == 0x7f:
			name[from+k] = '_'
		case c >= 0x80 && !unicode:
			return printable(append(name[:from], scalar.Latin1(name[from:])...), from, true)
		}
	}
	return name
}
