package journal

import (
	"errors"
	"time"
)

// ErrNoCommand is that the journal has no command of this number.
var ErrNoCommand = errors.New("no such command")

// Command is a Row: a command to a master as it is now.  The command has one row, which is replaced.
type Command struct {
	ID      uint64 // given by who asks, above LastCommand
	Master  string
	State   string
	Name    string
	By      string // who asked
	Key     string // given by who asked, so that the same command is not taken twice; empty: none
	Asked   time.Time
	Changed time.Time
	Ended   bool
	Body    []byte // all that is known of it
}

// RowKind implements Row.
func (*Command) RowKind() string { return "command" }

// CommandQuery chooses commands, the newest first.
type CommandQuery struct {
	Master, State, By string
	Open              bool      // only those that have not ended
	Since, Until      time.Time // when they were asked for, Until not included
	Before            uint64    // only those with a smaller number; 0: no bound
	Limit             int       // 0: DefaultLimit
}
