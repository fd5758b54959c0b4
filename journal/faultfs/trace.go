package faultfs

import (
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"
)

// Call is one entry of the trace.
type Call struct {
	Sequence int // of all calls and marks on the disk, from 1
	Kind     Kind
	File     string // or the text of a mark
	Offset   int    // of a read or write; the size of a truncation; the slot of a lock
	Bytes    int    // asked for
	Result   int32  // SQLite's code: 0 done
}

func (c Call) String() string {
	return fmt.Sprintf("%d %s %s %d+%d: %d", c.Sequence, c.Kind, c.File, c.Offset, c.Bytes, c.Result)
}

// Record begins a trace, an empty one.
func (d *Disk) Record() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recording, d.trace = true, nil
}

// Trace returns what happened since Record.
func (d *Disk) Trace() []Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Call(nil), d.trace...)
}

// Mark puts a note of the test into the trace, such as "acknowledged 17", and returns its sequence number.  Entries
// in the trace before it have happened before it.
func (d *Disk) Mark(text string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.note(Call{Kind: Mark, File: text})
}

// note is called with the mutex held.
func (d *Disk) note(c Call) int {
	d.sequence++
	c.Sequence = d.sequence
	if d.recording {
		d.trace = append(d.trace, c)
	}
	return c.Sequence
}

// call is the way of every call: counted, traced, and done by do unless the power is off or a fault is due.  spoil is
// what the fault does to the file; nil: nothing.  Called with the mutex held.
func (d *Disk) call(c Call, do func() int32, spoil func(*Fault)) int32 {
	d.calls[Any]++
	d.calls[c.Kind]++
	switch f := d.due(c.Kind, c.File); {
	case d.off:
		c.Result = sqlite3.SQLITE_IOERR
	case f == nil:
		c.Result = do()
	case f.Failure == Lost && (c.Kind == Write || c.Kind == Truncate || c.Kind == Sync):
	default:
		if spoil != nil {
			spoil(f)
		}
		c.Result = f.Failure.code(c.Kind)
		if f.Failure == PowerCut {
			d.off = true
			c.Result = sqlite3.SQLITE_IOERR
		}
	}
	d.note(c)
	return c.Result
}
