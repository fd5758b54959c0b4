package journal

import (
	"errors"
	"time"
)

// Errors of cursors.
var (
	ErrNoCursor  = errors.New("no such cursor")
	ErrBackwards = errors.New("a cursor does not go back")
	ErrBeyond    = errors.New("there is no such frame yet")
	// ErrRestored: the consumer has not been told that what it has read may not be here.
	ErrRestored = errors.New("a backup was put in place of the journal since this cursor was moved")
)

// Cursor is a named consumer: it has worked off every frame up to Position, and reads on behind it after a restart.
type Cursor struct {
	Name     string    `json:"name"`
	Position uint64    `json:"position"`
	Epoch    string    `json:"epoch,omitempty"` // of the journal; empty: its consumer has not been told that a new one has begun
	Moved    time.Time `json:"moved,omitzero"`
	Lag      uint64    `json:"lag"`            // committed frames behind Position
	Lost     uint64    `json:"lost,omitempty"` // of these, gone by retention before they were read
}

// EventQuery chooses events of the past.
type EventQuery struct {
	Master       string
	Kind         string
	Since, Until time.Time
	After        uint64 // only behind this event (newest first: before it)
	Limit        int    // 0: DefaultLimit
	Newest       bool
}

// Brief is what an engine tells of itself at any moment without waiting for anything.
type Brief struct {
	Engine   string        `json:"engine"`
	Path     string        `json:"path,omitempty"`
	Volatile bool          `json:"volatile"` // nothing is kept
	Last     uint64        `json:"last_frame"`
	Waiting  int           `json:"waiting"` // entries for the next commit
	Commits  uint64        `json:"commits"`
	Frames   uint64        `json:"frames"` // committed since the start
	Bytes    uint64        `json:"bytes"`
	Took     time.Duration `json:"commits_took_ns"` // all commits together
	Worst    time.Duration `json:"commit_worst_ns"`
	Removed  uint64        `json:"removed"` // rows, by retention
	// OwnerFaults counts the owners of entries that failed when they were told of a commit: defects of ours that the
	// engine survives.
	OwnerFaults uint64        `json:"owner_faults,omitempty"`
	ClockJumps  uint64        `json:"clock_jumps,omitempty"` // steps of the clock of the machine since the start
	Busy        time.Duration `json:"busy_ns"`               // how long the commit that is being made takes already
	Full        bool          `json:"full"`
	Held        bool          `json:"held,omitempty"` // not even the frames in hand have room: they wait
	Disk        float64       `json:"disk_percent"`   // of the disk in use
	DiskFree    int64         `json:"disk_free_bytes"`
	Damaged     int           `json:"damaged"` // places found damaged when it was opened
	Failure     string        `json:"failure,omitempty"`
}

// Stats are figures of an engine since it was opened, and of what it holds.
type Stats struct {
	Brief
	Version   string   `json:"version,omitempty"`
	Epoch     string   `json:"epoch,omitempty"`
	First     uint64   `json:"first_frame"` // oldest position kept; 0: none
	Swept     uint64   `json:"swept"`       // what a start need not read again
	Events    uint64   `json:"events"`      // kept
	Masters   uint64   `json:"masters"`
	FileBytes int64    `json:"file_bytes"`
	LogBytes  int64    `json:"log_bytes"`
	UsedBytes int64    `json:"used_bytes"` // of the file, by something that is kept
	Damage    []Damage `json:"damage,omitempty"`
}
