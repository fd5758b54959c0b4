package master

import (
	"encoding/binary"
	"fmt"
	"time"

	"trama/actors/profiles"
	"trama/codec"
	"trama/journal"
)

// The state of a master, as it survives a restart of the process:
//
//	version 1 | first 8 | last 8 | 0 8 | frames, bytes, connects, takeovers, commands, duplicates, lastNumber: uvarint |
//	seenFrames: count uvarint, (number 8, content 8, at 4) each | latest: count uvarint, (definition uvarint, at 8, size uvarint, bytes) each
//
// Times are Unix nanoseconds, numbers little-endian.  The last of latest is the newest.
const stateVersion = 1

// Snapshot implements journal.Snapshotter.  A start that reads for long may be asked before the master has its actor;
// it is asked again.
func (m *Master) Snapshot() {
	select {
	case <-m.dir.revived:
		m.send(&snapshot{})
	default:
	}
}

// snapshot has the journal keep what is known of the master: everything that it handled before this message.
func (m handler) snapshot() {
	rows := []journal.Row{journal.State(m.encode(nil))}
	if w := m.window(); w != nil {
		rows = append(rows, w)
	}
	m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Rows: rows})
}

func (m *Master) encode(b []byte) []byte {
	b = append(b, stateVersion)
	for _, t := range []time.Time{m.first, m.last, {}} {
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
		b = appendTime(b, k.at)
		b = binary.AppendUvarint(b, uint64(len(k.raw)))
		b = append(b, k.raw...)
	}
	return b
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
	if b[0] != stateVersion {
		return fmt.Errorf("version %d, this program knows %d", b[0], stateVersion)
	}
	r := reading{b: b[1:]}
	for _, t := range []*time.Time{&m.first, &m.last, new(time.Time)} {
		*t = r.time()
	}
	for _, n := range []*uint64{&m.frames, &m.bytes, &m.connects, &m.takeovers, &m.commands, &m.duplicates,
		&m.lastNumber} {
		*n = r.number()
	}
	for n := r.number(); n > 0 && !r.bad; n-- {
		s := seenFrame{number: r.word(), content: uint32(r.word())}
		if b := r.take(4); b != nil {
			s.at = binary.LittleEndian.Uint32(b)
			m.recall(s)
		}
	}
	var f codec.Frame
	for n := r.number(); n > 0 && !r.bad; n-- {
		number, at := uint32(r.number()), r.time()
		raw := r.take(r.number())
		if e, err := definition(number); err == nil && e.Profile.Decode(codec.Uplink, raw, &f) == nil {
			m.keep(f.Message(), e, raw, at)
		}
	}
	if r.bad || len(r.b) > 0 {
		return fmt.Errorf("%w: its fields do not fit", journal.ErrDamaged)
	}
	if !m.last.IsZero() {
		m.seen.Store(m.last.UnixNano())
	}
	return nil
}
