package master

import (
	"encoding/binary"
	"fmt"
	"time"

	"trama/actors/presence"
	"trama/actors/profiles"
	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
)

// The state of a master, as it survives a restart of the process:
//
//	version | first 8 | last 8 | 0 8 | frames, bytes, connects, takeovers, commands, duplicates, lastNumber: uvarint |
//	seenFrames: count uvarint, (number 8, content 8, at 4) each | latest: count uvarint, (definition uvarint, at 8, bytes) each |
//	samples beyond: uvarint |
//	points: count uvarint, (position 8, index uvarint, received 8, device: 0 or 1 and seconds varint and nanoseconds uvarint,
//	quality 1 (0x80 beside it: an alarm), definition uvarint, name, unit, value) each |
//	presence: state 1 | gaps between reports: count uvarint, seconds uvarint each
//
// Times are Unix nanoseconds, numbers little-endian; bytes and texts begin with their size as uvarint.  The last of latest
// is the newest.  Version 1 ends behind latest, and has in it the newest frame of each kind: samples are made of those.
const stateVersion = 2

// Snapshot implements journal.Snapshotter.  A start that reads for long may be asked before the master has its actor;
// it is asked again.
func (m *Master) Snapshot() {
	select {
	case <-m.dir.revived:
		m.send(&snapshot{})
	default:
	}
}

// snapshot has the journal keep what is known of the master: everything that it handled before this message.  One that
// is still on its way will do.
func (m handler) snapshot() {
	if m.telling.Load() || m.forgotten {
		return
	}
	rows := []journal.Row{m.encode()}
	if w := m.window(); w != nil {
		rows = append(rows, w)
	}
	var r trust.Reservation
	if m.peer != nil {
		var row journal.Trust
		row, r = m.peer.Row(true)
		rows = append(rows, row)
	}
	m.telling.Store(true)
	m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Rows: rows, Owner: told{m.Master, r}})
}

// told owns the state of a master on its way to the journal.
type told struct {
	m *Master
	r trust.Reservation
}

// Committed implements journal.Committer.
func (t told) Committed(_ uint64, err error) {
	if err == nil {
		t.r.Stored()
	}
	t.m.telling.Store(false)
}

func (m *Master) encode() *journal.OpenState {
	var b []byte
	b = append(b, stateVersion)
	for _, t := range []time.Time{m.first, m.last(), {}} {
		b = appendTime(b, t)
	}
	for _, n := range []uint64{m.frames, m.bytes, m.connects, m.takeovers, m.commands, m.duplicates, m.lastNumber} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendUvarint(b, uint64(min(m.recent.kept, recentFree)))
	for s := range m.recent.last(recentFree) {
		b = binary.LittleEndian.AppendUint64(b, s.number)
		b = binary.LittleEndian.AppendUint64(b, uint64(s.content))
		b = binary.LittleEndian.AppendUint32(b, s.at)
	}
	b = binary.AppendUvarint(b, uint64(len(m.latest)))
	for i := range m.latest {
		k := &m.latest[(m.lastFrame+1+i)%len(m.latest)]
		b = binary.AppendUvarint(b, uint64(k.installed.Number))
		b = appendTime(b, time.Unix(0, k.at))
		b = appendText(b, string(k.raw))
	}
	state := &journal.OpenState{State: b}
	m.points.encode(state)
	gaps := m.presence.Gaps()
	state.State = binary.AppendUvarint(append(state.State, byte(m.presence.State)), uint64(len(gaps)))
	for _, gap := range gaps {
		state.State = binary.AppendUvarint(state.State, uint64(gap))
	}
	return state
}

// encode appends the last samples.
func (p *points) encode(state *journal.OpenState) {
	p.placing.Lock()
	defer p.placing.Unlock()
	b := binary.AppendUvarint(state.State, p.beyond)
	b = binary.AppendUvarint(b, uint64(len(p.list)))
	for i := range p.list {
		k := &p.list[i]
		if k.record > 0 && k.record <= p.recorded { // that of a poison frame never is
			state.Open = append(state.Open, journal.Open{At: len(b), Back: int(p.recorded - k.record)})
		}
		b = binary.LittleEndian.AppendUint64(b, k.position)
		b = binary.AppendUvarint(b, uint64(k.index))
		b = binary.LittleEndian.AppendUint64(b, uint64(k.received))
		if k.device == noTime {
			b = append(b, 0)
		} else {
			device := timeOf(k.device)
			b = binary.AppendVarint(append(b, 1), device.Unix())
			b = binary.AppendUvarint(b, uint64(device.Nanosecond()))
		}
		number := uint32(0)
		if k.by != nil {
			number = k.by.Number
		}
		b = binary.AppendUvarint(append(b, byte(k.quality)|flag(k.alarm)), uint64(number))
		b = appendText(appendText(b, k.name), k.unit)
		b = k.value.AppendBinary(b)
	}
	state.State = b
}

// alarmFlag stands beside the quality of a device's alarm.
const alarmFlag = 0x80

func flag(alarm bool) byte {
	if alarm {
		return alarmFlag
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime writes a time; the zero time is 0.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.LittleEndian.AppendUint64(b, 0)
	}
	return binary.LittleEndian.AppendUint64(b, uint64(t.UnixNano()))
}

// reading takes a state apart; bad says that it is not what encode makes.
type reading struct {
	b   []byte
	bad bool
}

func (r *reading) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reading) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reading) signed() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reading) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reading) text() string { return string(r.take(r.number())) }

func (r *reading) word() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reading) time() time.Time {
	if n := r.word(); n != 0 {
		return time.Unix(0, int64(n))
	}
	return time.Time{}
}

// decode is the inverse of encode.  Frames whose definition does not compile any more are left out.
func (m *Master) decode(b []byte, definition func(uint32) (*profiles.Installed, error)) error {
	if len(b) == 0 {
		return nil // a master without a state is as good as new
	}
	if b[0] != 1 && b[0] != stateVersion {
		return fmt.Errorf("version %d, this program knows 1 to %d", b[0], stateVersion)
	}
	r := reading{b: b[1:]}
	m.first = r.time()
	last := r.time()
	r.time() // of no use any more
	fresh := m.lastNumber
	for _, n := range []*uint64{&m.frames, &m.bytes, &m.connects, &m.takeovers, &m.commands, &m.duplicates,
		&m.lastNumber} {
		*n = r.number()
	}
	m.lastNumber = max(m.lastNumber, fresh) // commands may have gone out behind the state
	for n := r.number(); n > 0 && !r.bad; n-- {
		s := seenFrame{number: r.word(), content: uint32(r.word())}
		if b := r.take(4); b != nil {
			s.at = binary.LittleEndian.Uint32(b)
			m.recall(s)
		}
	}
	var f codec.Frame
	var s scratch
	for n := r.number(); n > 0 && !r.bad; n-- {
		number, at := uint32(r.number()), r.time()
		raw := r.take(r.number())
		e, err := definition(number)
		if err != nil {
			continue
		}
		kept := journal.Record{Raw: raw}
		if b[0] > 1 {
			kept.Flags = journal.Pointed
		}
		if e, err = e.Read(&kept, &f); err != nil {
			continue
		}
		m.keep(e, &f, raw, at)
		if b[0] == 1 {
			m.points.note(e, &f, at, 0, 0, false, &s)
		}
	}
	if b[0] > 1 {
		m.points.decode(&r, definition)
		there, gaps := presence.State(r.byte()), make([]uint32, 0, 16)
		for n := r.number(); n > 0 && !r.bad; n-- {
			gaps = append(gaps, uint32(r.number()))
		}
		since := time.Duration(0)
		if !last.IsZero() {
			since = m.dir.sinceStart(last)
		}
		m.presence.Restore(there, since, gaps)
	}
	if r.bad || len(r.b) > 0 {
		return fmt.Errorf("%w: its fields do not fit", journal.ErrDamaged)
	}
	if !last.IsZero() {
		m.seen.Store(last.UnixNano())
	}
	return nil
}

// decode reads what encode has written.
func (p *points) decode(r *reading, definition func(uint32) (*profiles.Installed, error)) {
	p.beyond = r.number()
	for n := r.number(); n > 0 && !r.bad; n-- {
		k := lastSample{position: r.word(), index: uint32(r.number()), received: int64(r.word()), device: noTime}
		if r.byte() != 0 {
			k.device = time.Unix(r.signed(), int64(r.number()%1e9)).UnixMicro()
		}
		quality := r.byte()
		k.quality, k.alarm = codec.Quality(quality&^alarmFlag), quality&alarmFlag != 0
		if number := r.number(); number > 0 {
			k.by, _ = definition(uint32(number)) // its samples are kept also without it
		}
		k.name, k.unit = r.text(), r.text()
		rest, err := k.value.DecodeBinary(r.b)
		r.bad, r.b = r.bad || err != nil, rest
		if !r.bad && len(p.list) < maxPoints {
			p.list = append(p.list, k)
		}
	}
}
