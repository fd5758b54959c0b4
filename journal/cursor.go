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
)

// Cursor is a named consumer: it has worked off every frame up to Position, and reads on behind it after a restart.
type Cursor struct {
	Name     string    `json:"name"`
	Position uint64    `json:"position"`
	Moved    time.Time `json:"moved"`
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

// Stats are figures of an engine since it was opened, and of what it holds.
type Stats struct {
	Engine      string        `json:"engine"`
	Path        string        `json:"path,omitempty"`
	Volatile    bool          `json:"volatile,omitempty"` // nothing is kept
	Version     string        `json:"version,omitempty"`
	First       uint64        `json:"first_frame"` // oldest position kept; 0: none
	Last        uint64        `json:"last_frame"`
	Swept       uint64        `json:"swept"` // what a start need not read again
	Commits     uint64        `json:"commits"`
	Frames      uint64        `json:"frames"` // committed since the start
	Bytes       uint64        `json:"bytes"`
	CommitMean  time.Duration `json:"commit_mean_ns"`
	CommitWorst time.Duration `json:"commit_worst_ns"`
	Waiting     int           `json:"waiting"` // entries for the next commit
	Events      uint64        `json:"events"`  // kept
	Masters     uint64        `json:"masters"`
	FileBytes   int64         `json:"file_bytes"`
	LogBytes    int64         `json:"log_bytes"`
	UsedBytes   int64         `json:"used_bytes"` // of the file, by something that is kept
	DiskPercent float64       `json:"disk_percent"`
	Full        bool          `json:"full"`
	Removed     uint64        `json:"removed"` // rows, by retention
	Failure     string        `json:"failure,omitempty"`
	Damage      []Damage      `json:"damage,omitempty"` // found when it was opened
}
