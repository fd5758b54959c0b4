package journal

import "time"

// Frame is a record with its place in the journal.
type Frame struct {
	Seq  uint64
	Boot int64 // of the process that received it; connection numbers are unique within it
	Record
}

// Page is a part of what was asked for.
type Page struct {
	Frames []Frame
	Next   uint64   // position to go on behind; that of the question when there is nothing more
	Damage []Damage // rows that are not what was written; nothing of them is among the frames
}

// Damage is a row that is not what was written.
type Damage struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// Query chooses frames of the past.
type Query struct {
	Master       string    // serial; empty: all
	Since, Until time.Time // when they were received, Until not included; zero: no bound
	After        uint64    // only behind this position (newest first: before it); 0: no bound
	Limit        int       // frames at the most; 0: DefaultLimit
	Newest       bool      // newest first
}

// DefaultLimit is how many frames a Query without Limit returns.
const DefaultLimit = 1000

// MasterRow is the state of a master as the journal has it; State is empty when it has told its trust only.
type MasterRow struct {
	Serial  string
	State   []byte   // as the master gave it
	Windows []Window // likewise, the oldest first
	// Settings are those that are kept for it, in the order of their names.
	Settings []Setting
	Trust    []byte // likewise
	// TrustThrough is the position of the last frame that Trust covers.
	TrustThrough uint64
	Forgotten    bool   // it is no master: nothing but its trust is there
	Through      uint64 // position that it covers
	Pending      []byte // see Positions
	From, Until  time.Time
}

// Adopt makes s the subject of the row.
func (r *MasterRow) Adopt(s *Subject) error { return s.Pending.Restore(r.Pending, r.From, r.Until) }

// ProfileRow is a definition that frames were received with.
type ProfileRow struct {
	ID      uint32
	Name    string
	Hash    []byte
	Sources []byte
}
