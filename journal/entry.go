package journal

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"trama/internal/words"
)

// Errors that callers branch on.
var (
	// ErrFailed: a write or a sync failed.  Nothing is stored any more; what was committed is safe and found by the
	// next start.
	ErrFailed = errors.New("the journal has failed")
	// ErrFull: the disk is nearly full.  Nothing is taken until there is room again.
	ErrFull = errors.New("the disk of the journal is nearly full")
	// ErrClosed: the journal has been closed.
	ErrClosed = errors.New("the journal is closed")
)

// Entry is what one sender wants on disk, committed as one: consecutive records of one master, and rows of any kind.
// It lies in what its sender pools; from Append until Committed it belongs to the engine.
type Entry struct {
	Records []byte    // encoded, one after the other (see AppendRecord); may be empty
	Count   int       // how many
	Subject *Subject  // the master of the records and rows; nil: none is known
	Rows    []Row     // beside the records
	Owner   Committer // told when it is on disk

	next *Entry
}

// Row is something beside frames that goes to disk with them.  The kinds are an open set: an engine knows those that
// were registered with it, by name, and how each is stored.
type Row interface{ RowKind() string }

// State is a Row: what is to be known of the entry's subject after a restart, everything appended before included.
type State []byte

// RowKind implements Row.
func (State) RowKind() string { return "state" }

// Window is a Row: what the entry's subject remembers beside its state, to recognise frames that come again.  All rows
// of a subject together are its window; the oldest of all subjects go when there are too many.
type Window []byte

// RowKind implements Row.
func (Window) RowKind() string { return "window" }

// Trust is a Row: what is known of the keys, epochs and counters of the entry's subject.  It has one, which is
// replaced; an empty one removes it.
type Trust []byte

// RowKind implements Row.
func (Trust) RowKind() string { return "trust" }

// Setting is a Row: a setting that is kept for the entry's subject, under its name.  It is replaced; an empty Body
// removes it.
type Setting struct {
	Name string
	Body []byte // as its owner writes it
}

// RowKind implements Row.
func (Setting) RowKind() string { return "setting" }

// Forget is a Row: the entry's subject is no master any more.  Its state, windows and settings go; its frames stay in the
// history until retention, and a start does not bring it back from them.  Its trust stays, unless an empty Trust goes
// with it: a key that is used again must not meet counters that were used.  Nothing is appended for the subject after
// it; a master of the same serial has a new one.
type Forget struct{}

// RowKind implements Row.
func (Forget) RowKind() string { return "forgotten" }

// OpenState is a State with places for positions that its subject does not know yet: of records that were appended
// before it and may not be on disk.  A subject has one at a time on its way.
type OpenState struct {
	State
	Open []Open
}

// Open is a place of 8 bytes in a state, for the position (little-endian) of the record which is Back before the last
// one of the subject.
type Open struct{ At, Back int }

// Fill writes the positions that are open, given those of the subject's last records.
func (s *OpenState) Fill(last *Positions) error {
	if len(s.Open) == 0 {
		return nil
	}
	all, err := ReadPositions(last.Bytes())
	for _, o := range s.Open {
		if o.Back < len(all) {
			binary.LittleEndian.PutUint64(s.State[o.At:], all[len(all)-1-o.Back])
		}
	}
	return err
}

// RowKind implements Row.
func (*Event) RowKind() string { return "event" }

// Committer is told what became of an entry.  Exactly once, in the order of Append, in a goroutine of the engine: it
// must not block, and should not fail: the engine survives that, and can do no more than count and report it. first
// is the sequence number of the first record, or of the next one to come when there is none.
type Committer interface {
	Committed(first uint64, err error)
}

// Subject is the engine's handle of one master.  It is made by its owner, which sets Serial and Owner before the
// first entry; the rest belongs to the engine.
type Subject struct {
	Serial string
	Owner  Snapshotter // asked for its state now and then

	Pending Positions // records since the last span that the index holds
	Listed  bool      // among those to be asked
	Gone    bool      // forgotten
}

// Snapshotter is asked, from a goroutine of the engine, to append an entry with its state soon.
type Snapshotter interface{ Snapshot() }

// Event is a Row: something that happened beside the frames that were accepted.
type Event struct {
	ID         uint64 // given by the engine
	At         time.Time
	Kind       string // one of the Event constants
	Master     string
	Listener   string
	Connection uint64
	Remote     string
	Reason     string
	Detail     string
	Raw        []byte // bytes of a frame that was not accepted
}

// Kinds of events.
const (
	EventOnline       = "online"       // a master is there
	EventLate         = "late"         // no frame for two of its intervals
	EventOffline      = "offline"      // it is gone
	EventFlapping     = "flapping"     // it comes and goes: nothing is told until it is calm
	EventClockOff     = "clock off"    // the device's clock is wrong, or right again
	EventAlarmRaised  = "alarm raised" // by the device
	EventAlarmCleared = "alarm cleared"
	EventTakeover     = "takeover" // a newer connection of the same master
	EventKick         = "kick"     // an operator closed a connection
	EventRejected     = "rejected" // a frame that was not accepted, with its reason
	EventPoison       = "poison"   // a frame that made an actor fail
	// EventUnreadable is of an accepted frame, not all of whose fields can be read: its marks, length and checksum are right.
	EventUnreadable = "unreadable"
	EventAlarm      = "alarm" // somebody must look: an acknowledgement that cannot be made, AlarmTwoDevices
	// EventChange is of a change that somebody asked for at the admin endpoint, and of a refused one: the reason is what
	// came of it, the detail who, in which role, and what.
	EventChange      = "change"
	EventSetting     = "setting"      // one that is kept for a master: refused, or the master has something else; or it is right again
	EventCommand     = "command"      // it has ended: the reason is its outcome
	EventStray       = "stray"        // an answer of a master that answers no command
	EventPoll        = "poll"         // requests of a poll to a master begin to fail, or work again, as the reason says
	EventClockJumped = "clock jumped" // of the machine: it was set by more than a correction
	EventStart       = "start"        // of the process
	EventStop        = "stop"

	EventUnidentified = "unidentified" // a connection has ended on which no master was identified
	EventEpoch        = "new epoch"    // a device has begun another epoch of its key, or proven another key; without a master: all have
	// EventCounterReused: a device has used a counter for two frames.  Its counters do not survive a restart, or its key
	// is in two devices.
	EventCounterReused = "counter reused"
	// EventRestarted: a master has begun its transaction numbers anew.
	EventRestarted   = "counter restarted"
	EventQuarantined = "quarantined" // a serial that was never seen before waits to be approved
)

// AlarmTwoDevices is the reason of an alarm: two devices have one serial.
const AlarmTwoDevices = "two devices, one serial"

// EventKinds are the kinds of events.
var EventKinds = []string{EventOnline, EventLate, EventOffline, EventFlapping, EventClockOff, EventAlarmRaised,
	EventAlarmCleared, EventTakeover, EventKick, EventRestarted, EventEpoch, EventCounterReused, EventQuarantined,
	EventRejected, EventUnidentified, EventUnreadable, EventPoison, EventAlarm, EventChange, EventSetting, EventCommand, EventStray, EventPoll, EventClockJumped, EventStart, EventStop}

// KnownKind refuses a kind of events that there is not; the empty one stands for all.
func KnownKind(kind string) error {
	if kind == "" || slices.Contains(EventKinds, kind) {
		return nil
	}
	return words.OneOf(kind, EventKinds)
}

// Queue links entries in the order of Append.  The zero value is empty.
type Queue struct {
	first, last *Entry
	Len         int // entries
	Bytes       int // of records
}

// Push adds e at the end.
func (q *Queue) Push(e *Entry) {
	e.next = nil
	if q.last == nil {
		q.first = e
	} else {
		q.last.next = e
	}
	q.last = e
	q.Len++
	q.Bytes += len(e.Records)
}

// Pop takes the first entry; nil when there is none.
func (q *Queue) Pop() *Entry {
	e := q.first
	if e == nil {
		return nil
	}
	if q.first = e.next; q.first == nil {
		q.last = nil
	}
	e.next = nil
	q.Len--
	q.Bytes -= len(e.Records)
	return e
}

// All visits the entries in order; none may be popped meanwhile.
func (q *Queue) All(visit func(e *Entry)) {
	for e := q.first; e != nil; e = e.next {
		visit(e)
	}
}

// AppendEvent puts an event into a journal, with the time of now and a copy of its bytes.  Nobody waits for it.
func AppendEvent(to interface{ Append(e *Entry) }, e Event) {
	e.At = time.Now()
	e.Raw = append([]byte(nil), e.Raw...)
	to.Append(&Entry{Rows: []Row{&e}})
}
