package master

import (
	"errors"
	"time"

	"trama/actors/ledger"
	"trama/actors/supervise"
)

// Errors that callers branch on; each is wrapped with what and where.
var (
	ErrOffline    = errors.New("master is offline")
	ErrBadCommand = errors.New("bad command") // a field missing, surplus or out of range: errors.As *codec.FieldError
	ErrBusy       = errors.New("too many commands wait for this master")
	ErrFault      = errors.New("the actor failed")
	ErrStopping   = errors.New("gateway is stopping")
	ErrTooMany    = errors.New("too many masters")
)

// Outcome of a command to a master: its state once it has ended.
type Outcome = ledger.State

// The outcomes of a command.
const (
	OutcomeDone      = ledger.Done
	OutcomeSent      = ledger.Sent
	OutcomeRefused   = ledger.Refused
	OutcomeUnknown   = ledger.Unknown
	OutcomeExpired   = ledger.Expired
	OutcomeCancelled = ledger.Cancelled
)

// CommandRequest asks for one command to one master.
type CommandRequest struct {
	Serial   string         // the master's identity, digits as on the wire
	Command  string         // command letter, or the message's name in the profile
	Fields   map[string]any // fields by key: Go or JSON numbers, or strings as typed on a command line
	Wait     time.Duration  // how long to wait for the answer (default 10 s, at most 5 min)
	Listener string         // which link to use when the master has several; "" = the newest that knows the command
	Origin   string         // who asked
	From     string         // from where: an address, or a room of the gateway
	Queue    time.Duration  // how long it may wait for a master that is away, over restarts too; 0: it does not
	Key      string         // the same key of the same Origin is the same command; "": every request is one of its own
	Async    bool           // do not wait for the outcome: it is enough that the command is on disk
	Class    ledger.Class   // what may happen after silence; "": what the profile says
	Unkept   bool           // the ledger keeps nothing of it: it changes nothing, and comes again
	// Protected: it goes only to a link whose frames come under a tag of 64 bits or more.
	Protected bool
}

// CommandResult is what became of a command.
type CommandResult = ledger.Command

// Millis is a duration in milliseconds, as JSON has it.
type Millis = supervise.Millis

// LinkInfo is one live connection of a master on one listener.
type LinkInfo struct {
	Listener   string    `json:"listener"`
	Connection uint64    `json:"connection"`
	Remote     string    `json:"remote"`
	Since      time.Time `json:"since"`
}

// LinkEnd is the end of a link.
type LinkEnd struct {
	At         time.Time `json:"at"`
	Listener   string    `json:"listener"`
	Connection uint64    `json:"connection"`
	Remote     string    `json:"remote"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail,omitempty"`
}

// Unreadable is how many frames of a master were accepted though they cannot be read whole, and the last of them.
type Unreadable struct {
	Frames uint64    `json:"frames"`
	Reason string    `json:"reason"` // with the place
	At     time.Time `json:"at"`

	place string    // of the last event: message and field
	told  time.Time // when that was
}

// Info is what is known of one master.
type Info struct {
	Serial string `json:"serial"`
	// online, late, offline, away (no link, and expected back), stuck; ", refusing" behind it when what came last was
	// refused
	State       string     `json:"state"`
	Profile     string     `json:"profile"`
	FirstSeen   time.Time  `json:"first_seen"`
	LastSeen    time.Time  `json:"last_seen"`
	LastCommand string     `json:"last_command"`
	LastMessage string     `json:"last_message"` // its name in the profile
	DeviceTime  time.Time  `json:"device_time,omitzero"`
	Alarm       *uint64    `json:"alarm,omitempty"`
	Links       []LinkInfo `json:"links"`
	Points      []Point    `json:"points"`                   // the last sample of each, by name
	Beyond      uint64     `json:"samples_beyond,omitempty"` // of points that are too many to be kept
	Frames      uint64     `json:"frames"`                   // without resends
	Duplicates  uint64     `json:"duplicates"`
	Bytes       uint64     `json:"bytes"`
	Connects    uint64     `json:"connects"`
	Takeovers   uint64     `json:"takeovers"`
	Commands    uint64     `json:"commands"`
	InFlight    string     `json:"in_flight,omitempty"` // command letter that waits for its answer
	Queued      int        `json:"queued,omitempty"`
	Polls       []PollInfo `json:"polls,omitempty"` // what came of those that were asked

	LastEnd     *LinkEnd          `json:"last_link_ended,omitempty"`
	Refused     map[string]uint64 `json:"refused,omitempty"` // frames by reason, since the start of the process
	LastRefused *Refusal          `json:"last_refused,omitempty"`
	Unreadable  *Unreadable       `json:"unreadable,omitempty"` // since the start of the process

	Name          string   `json:"name,omitempty"` // these are what the operator has told
	Site          string   `json:"site,omitempty"`
	Tags          []string `json:"tags,omitempty"`
	Interval      string   `json:"interval,omitempty"`                // how often it reports
	Learned       bool     `json:"interval_learned,omitempty"`        // from its frames; else the operator has told it
	Window        string   `json:"delivery_window,omitempty"`         // how long behind a frame commands reach it
	WindowLearned bool     `json:"delivery_window_learned,omitempty"` // from commands that stayed unanswered
	ClockOff      bool     `json:"clock_off,omitempty"`               // its clock is wrong
	Flapping      bool     `json:"flapping,omitempty"`                // its link comes and goes

	Security *SecurityInfo `json:"security,omitempty"` // when masters have keys

	Restarted time.Time `json:"counter_restarted,omitzero"` // when it last began its numbers anew, since the start of the process
}
