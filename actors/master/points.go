package master

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"trama/actors/profiles"
	"trama/codec"
	"trama/journal"
)

// Bounds of what is kept of the points of one master; samples beyond are counted.
const (
	maxPoints = 512
	maxText   = 64 << 10 // bytes of names and of values that are texts
	smallText = 64       // of a value that is not worth adding up
)

// points are the last samples of a master, one for each point, in the order in which the points were first seen.
type points struct {
	list   []lastSample
	beyond uint64 // samples of points that are not kept

	recorded uint64     // records of this process that were handed to the journal
	placing  sync.Mutex // guards list between the actor and the journal's writer, which tells positions
}

// lastSample is the newest sample of one point.
type lastSample struct {
	name, unit string
	value      codec.Value
	device     int64  // Unix microseconds, or noTime
	received   int64  // Unix nanoseconds
	position   uint64 // of its frame in the journal; 0 as long as that is not known
	record     uint64 // counts the frames of this process; 0 as soon as position is known
	index      uint32
	quality    codec.Quality
	alarm      bool                // the device's own alarm: 0 is none
	by         *profiles.Installed // nil when its definition does not compile any more, or a poll has made it
}

// noTime is the device time of a sample that has none.
const noTime = math.MinInt64

// microseconds is a device time as a sample keeps it; no time on the wire is finer.
func microseconds(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixMicro()
}

// timeOf is the inverse of microseconds.
func timeOf(kept int64) time.Time {
	if kept == noTime {
		return time.Time{}
	}
	return time.UnixMicro(kept).UTC()
}

// scratch is memory for the samples of one frame.
type scratch struct {
	samples    codec.Samples
	polled     []byte // the samples, as they go to the journal; none when the frame answers no poll
	historical []byte // a bit for each sample, the lowest first; none when no sample is historical
	alarms     []alarmChange
}

// alarmChange is a device's alarm that was raised, changed or cleared.
type alarmChange struct {
	point       string
	before, now codec.Value
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// note is take for what the definition says of a frame.
func (p *points) note(by *profiles.Installed, f *codec.Frame, at time.Time, record, position uint64, clockOff bool, s *scratch) {
	s.polled = s.polled[:0]
	by.Profile.Samples(f, at, &s.samples)
	p.take(by, at, record, position, clockOff, s)
}

// take takes the samples in s of a frame in, under the number that the frame has among the records of this process or with
// its position.  In s are then also which of them are historical, and what has changed of the device's alarms.
// Samples of a device whose clock is wrong are ordered by when they were received.  A poll has made them when by is nil.
func (p *points) take(by *profiles.Installed, at time.Time, record, position uint64, clockOff bool, s *scratch) {
	s.historical, s.alarms = s.historical[:0], s.alarms[:0]
	received, next := at.UnixNano(), 0
	p.placing.Lock()
	defer p.placing.Unlock()
	for i := range s.samples.List {
		one := &s.samples.List[i]
		where := p.find(one.Point, next)
		if where >= 0 && p.list[where].hides(one, received, record, position, clockOff) {
			p.list[where].by, next = by, where+1
			for len(s.historical) <= i/8 {
				s.historical = append(s.historical, 0)
			}
			s.historical[i/8] |= 1 << (i % 8)
			continue
		}
		value := one.Value()
		if !p.fits(where, len(one.Point), value) {
			p.beyond++
			if where >= 0 { // an old value would be taken for the last one
				p.list = slices.Delete(p.list, where, where+1)
			}
			continue
		}
		if where < 0 {
			where = len(p.list)
			p.list = append(p.list, lastSample{name: string(one.Point)})
		}
		next = where + 1
		k := &p.list[where]
		k.by = by
		if k.alarm = one.Alarm(); k.alarm && value != k.value && (raised(value) || raised(k.value)) {
			s.alarms = append(s.alarms, alarmChange{k.name, k.value, value})
		}
		k.unit, k.value, k.device, k.received = one.Unit(), value, microseconds(one.Device), received
		k.position, k.record, k.index, k.quality = position, record, uint32(i), one.Quality
	}
	if by != nil {
		p.forget(by)
	}
}

// fits says whether a sample can be kept: in place of one, or of a new point when where is negative.
func (p *points) fits(where, name int, value codec.Value) bool {
	size := value.TextBytes()
	switch {
	case where < 0 && len(p.list) >= maxPoints:
		return false
	case where >= 0 && size <= smallText:
		return true
	}
	for i := range p.list {
		if k := &p.list[i]; i != where {
			size += len(k.name) + k.value.TextBytes()
		}
	}
	return size+name <= maxText
}

// hides says whether the sample that is kept is newer than another one.  A time that cannot be meant hides nothing, and a
// sample with one takes the place of none of its own frame that has a good one.
func (k *lastSample) hides(other *codec.Sample, received int64, record, position uint64, clockOff bool) bool {
	kept, new := k.quality == codec.SuspectTime, other.Quality == codec.SuspectTime
	if kept || new || clockOff {
		return received < k.received || new && !kept && k.record == record && k.position == position
	}
	return moment(other.Device, received) < moment(timeOf(k.device), k.received)
}

// raised says whether an alarm is one.
func raised(v codec.Value) bool {
	n, ok := v.Number()
	return ok && n != 0
}

// alarm is the first alarm that is raised; nil when the master tells none.
func (p *points) alarm() *uint64 {
	p.placing.Lock()
	defer p.placing.Unlock()
	var first *uint64
	for i := range p.list {
		if k := &p.list[i]; k.alarm {
			n, _ := k.value.Number()
			if first == nil || *first == 0 {
				v := uint64(n)
				first = &v
			}
		}
	}
	return first
}

// find looks a point up, beginning with the one that is expected: frames of one kind name their points in one order.
func (p *points) find(name []byte, expected int) int {
	for i := range p.list {
		at := expected + i
		if at >= len(p.list) {
			at -= len(p.list)
		}
		if p.list[at].name == string(name) {
			return at
		}
	}
	return -1
}

// forget drops the points that had their sample by an earlier version of a definition, which makes them no more.
func (p *points) forget(by *profiles.Installed) {
	for i := range p.list {
		if p.list[i].earlier(by) {
			p.list = slices.DeleteFunc(p.list, func(k lastSample) bool { return k.earlier(by) && !by.Makes(k.name) })
			for ; i < len(p.list); i++ {
				if k := &p.list[i]; k.earlier(by) {
					k.by = by
				}
			}
			return
		}
	}
}

// earlier says that k was made by another version of a definition.
func (k *lastSample) earlier(by *profiles.Installed) bool {
	return k.by != by && k.by != nil && k.by.Number != by.Number && k.by.Profile.Name() == by.Profile.Name()
}

// placed tells where in the journal some of the last records stand: count of them behind the first before ones.
func (p *points) placed(before uint64, count int, first uint64) {
	p.placing.Lock()
	defer p.placing.Unlock()
	for i := range p.list {
		if k := &p.list[i]; k.record > before && k.record <= before+uint64(count) {
			k.position, k.record = first+k.record-before-1, 0
		}
	}
}

// clear drops all samples.
func (p *points) clear() {
	p.placing.Lock()
	defer p.placing.Unlock()
	p.list, p.beyond = nil, 0
}

// moment is when a sample was made, for the order of samples, in Unix nanoseconds: its device time, or when it was
// received if it has none that can be meant.  A clock that runs ahead must not hide what comes when it is set right.
func moment(device time.Time, received int64) int64 {
	if s := received/1e9 - device.Unix(); s < -1 || s > 1+int64(codec.MostBehind/time.Second) { // perhaps too far for nanoseconds
		return received
	}
	if at := device.UnixNano(); at <= received && at >= received-int64(codec.MostBehind) {
		return at
	}
	return received
}

// utc is a time without the zone of its profile; the zero time stays zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// Time is a time that JSON has as text: encoding/json reads what MarshalJSON makes once more, byte by byte.
type Time time.Time

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) { return time.Time(t).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Time) UnmarshalText(text []byte) error { return (*time.Time)(t).UnmarshalText(text) }

// IsZero says whether there is no time.
func (t Time) IsZero() bool { return time.Time(t).IsZero() }

// Sample is one value of one point.
type Sample struct {
	Name     string `json:"point"`
	Title    string `json:"title,omitempty"` // as the operator calls the point
	Value    any    `json:"value"`           // number, text, null where the device has none, {"value":3,"label":"SOS"}
	Unit     string `json:"unit,omitempty"`
	Device   Time   `json:"device_time,omitzero"` // of its record, else of its frame
	Received Time   `json:"received"`
	Quality  string `json:"quality"`
	// Position of the frame in the journal; absent while it is on its way there, and of a sample that a version
	// before points has kept.  With Index, the place inside the frame, it is the identity of the sample.
	Position uint64 `json:"position,omitempty"`
	Index    int    `json:"index"`

	Plain codec.Value `json:"-"`
}

// When is the time of the sample: its device time, or when it was received if it has none that can be meant.
func (s *Sample) When() time.Time {
	return time.Unix(0, moment(time.Time(s.Device), time.Time(s.Received).UnixNano())).UTC()
}

// Point is the last sample of a point.
type Point struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"` // as the operator calls it
	Value    any    `json:"value"`
	Unit     string `json:"unit,omitempty"`
	Device   Time   `json:"device_time,omitzero"`
	Received Time   `json:"received"`
	Quality  string `json:"quality"`
	Position uint64 `json:"position,omitempty"`
	Index    int    `json:"index"`

	Plain codec.Value `json:"-"`
}

// When is the time of the last sample of the point, likewise.
func (p *Point) When() time.Time { return (*Sample)(p).When() }

// shown makes a sample as people see it.
func shown(name, unit string, value codec.Value, device, received time.Time, quality codec.Quality, position uint64,
	index int) Sample {
	return Sample{Name: name, Value: value.Any(), Unit: unit, Device: Time(utc(device)), Received: Time(received.UTC()),
		Quality:  quality.String(),
		Position: position, Index: index, Plain: value}
}

// SamplesOf lists the samples of a frame that stands in the journal at a position, with its definition.  Those that were
// historical when it came are marked, unless it is read by another definition now.
func SamplesOf(p *codec.Profile, f *codec.Frame, r *journal.Record, position uint64, other bool) []Sample {
	var samples codec.Samples
	received, historical := r.Received, r.Historical
	if !readPolled(r, &samples) {
		p.Samples(f, received, &samples)
		if other {
			historical = nil
		}
	}
	out := make([]Sample, len(samples.List))
	for i, s := range samples.List {
		if i/8 < len(historical) && historical[i/8]>>(i%8)&1 != 0 && s.Quality == codec.Good {
			s.Quality = codec.Historical
		}
		out[i] = shown(string(s.Point), s.Unit(), s.Value(), s.Device, received, s.Quality, position, i)
	}
	return out
}

// readPolled reads the samples that a poll has made of a frame; false: there are none.
func readPolled(r *journal.Record, into *codec.Samples) bool {
	if len(r.Polled) == 0 {
		return false
	}
	var device time.Time
	if r.Flags&journal.Dated != 0 {
		device = r.Device
	}
	return into.DecodeBinary(r.Polled, device) == nil
}

// show lists the last samples by the names of their points.
func (p *points) show() []Point {
	p.placing.Lock()
	out := make([]Point, len(p.list))
	for i := range p.list {
		k := &p.list[i]
		out[i] = Point(shown(k.name, k.unit, k.value, timeOf(k.device), time.Unix(0, k.received), k.quality, k.position, int(k.index)))
	}
	p.placing.Unlock()
	slices.SortFunc(out, func(a, b Point) int { return strings.Compare(a.Name, b.Name) })
	return out
}
