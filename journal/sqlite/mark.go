package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"trama/journal"
)

// mark is a small file beside the database that says how far commits have come.  The mark is written after each commit
// and never synced, so it may be behind after a power cut, never ahead: a database that ends before it has lost
// something.  SQLite by itself takes a log with a damaged or missing end for one that just ends earlier.
type mark struct {
	file MarkFile // nil: there is none
	reached
	damage error // it could not be read
	slot   int64
	buf    [slotBytes]byte
}

// reached is how far commits have come.
type reached struct {
	last    uint64 // sequence number
	changes uint64 // transactions with more than frames: events, states, cursors, definitions, retention
	id      uint32 // of the database; 0: it is not known
}

// MarkFile is what the mark needs of a file.
type MarkFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// The file has two slots, written by turns, so that one that is torn does not take the other with it.  Each is last 8
// | changes 8 | crc 4, little-endian.  Behind them stands id 4 | crc 4.
const (
	markSuffix = "-mark"
	slotBytes  = 20
	idBytes    = 8
)

func openMark(o Options) (m *mark, err error) {
	m = &mark{}
	switch {
	case o.OpenMark != nil:
		m.file, err = o.OpenMark(o.Path + markSuffix)
	case o.VFS == "":
		m.file, err = os.OpenFile(o.Path+markSuffix, os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err != nil || m.file == nil {
		return m, err
	}
	m.reached, err = readMark(m.file)
	if errors.Is(err, journal.ErrDamaged) {
		m.damage, err = err, nil
	}
	return m, err
}

// peekMark reads the mark of a database that may be somebody else's; nothing when there is none.
func peekMark(o Options) (r reached, err error) {
	var f MarkFile
	switch {
	case o.OpenMark != nil:
		f, err = o.OpenMark(o.Path + markSuffix)
	case o.VFS == "":
		f, err = os.Open(o.Path + markSuffix)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil || f == nil {
		return r, err
	}
	r, err = readMark(f)
	return r, errors.Join(err, f.Close())
}

// readMark reads the newer slot.  A bad slot is a write that the power cut short, or damage that the other one
// makes up for; zeros are a slot that was not written, or not before the power went.
func readMark(f io.ReaderAt) (r reached, err error) {
	b := make([]byte, 2*slotBytes+idBytes)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return r, err
	}
	bad := 0
	if of := b[2*slotBytes:]; journal.Checksum(of[:4]) == binary.LittleEndian.Uint32(of[4:]) {
		r.id = binary.LittleEndian.Uint32(of)
	}
	for at := 0; at+slotBytes <= min(n, 2*slotBytes); at += slotBytes {
		s := b[at : at+slotBytes]
		switch {
		case journal.Checksum(s[:16]) == binary.LittleEndian.Uint32(s[16:]):
			r.last = max(r.last, binary.LittleEndian.Uint64(s))
			r.changes = max(r.changes, binary.LittleEndian.Uint64(s[8:]))
		case bytes.Count(s, []byte{0}) < slotBytes:
			bad++
		}
	}
	if bad == 2 {
		return r, fmt.Errorf("%w: the mark of the last commit is not what was written", journal.ErrDamaged)
	}
	return r, nil
}

// set notes what is committed.
func (m *mark) set(r reached) error {
	if m.file == nil {
		return nil
	}
	binary.LittleEndian.PutUint64(m.buf[:], r.last)
	binary.LittleEndian.PutUint64(m.buf[8:], r.changes)
	binary.LittleEndian.PutUint32(m.buf[16:], journal.Checksum(m.buf[:16]))
	if _, err := m.file.WriteAt(m.buf[:], m.slot); err != nil {
		return fmt.Errorf("write the mark: %w", err)
	}
	m.slot = slotBytes - m.slot
	return nil
}

// name notes which database the mark is of.
func (m *mark) name(id uint32) error {
	if m.file == nil || m.id == id {
		return nil
	}
	var b [idBytes]byte
	binary.LittleEndian.PutUint32(b[:], id)
	binary.LittleEndian.PutUint32(b[4:], journal.Checksum(b[:4]))
	if _, err := m.file.WriteAt(b[:], 2*slotBytes); err != nil {
		return fmt.Errorf("write the mark: %w", err)
	}
	m.id = id
	return nil
}

// belongsTo says whether the mark may be of the database that begins with head.
func (m reached) belongsTo(head []byte) bool {
	if len(head) < headBytes || m.id == 0 {
		return true
	}
	id := binary.BigEndian.Uint32(head[databaseID:])
	return id == 0 || id == m.id
}

func (m *mark) close() error {
	if m.file == nil {
		return nil
	}
	return m.file.Close()
}

// missing says what a database that has come to db lacks of what the mark knows.
func (m reached) missing(db reached) (damage []Damage) {
	const what = "committed once and gone: the end of the database or of its log was cut off or damaged"
	if m.last > db.last {
		damage = append(damage, Damage{Where: fmt.Sprintf("frames %d to %d", db.last+1, m.last), What: what})
	}
	if m.changes > db.changes {
		damage = append(damage,
			Damage{Where: fmt.Sprintf("changes %d to %d of events, states, cursors and definitions", db.changes+1,
				m.changes), What: what})
	}
	return damage
}
