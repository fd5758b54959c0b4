package master

import (
	"errors"
	"time"

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

// Outcome of a command to a master.
type Outcome string

// The outcomes of a command.
const (
	OutcomeDone    Outcome = "done"    // the master answered with response code 0
	OutcomeSent    Outcome = "sent"    // it was written; nobody answers it
	OutcomeRefused Outcome = "refused" // the master answered with another response code
	OutcomeUnknown Outcome = "unknown" // it was sent and no answer came: it may have been executed
	OutcomeExpired Outcome = "expired" // it was never sent: the wait ended while it waited behind another command
)

// CommandRequest asks for one command to one master.
type CommandRequest struct {
	Serial   string         // the master's identity, digits as on the wire
	Command  string         // command letter, or the message's name in the profile
	Fields   map[string]any // fields by key: Go or JSON numbers, or strings as typed on a command line
	Wait     time.Duration  // how long to wait for the answer (default 10 s, at most 5 min)
	Listener string         // which link to use when the master has several; "" = the newest that knows the command
	Origin   string         // who asked
	// Protected: it goes only to a link whose frames come under a tag of 64 bits or more.
	Protected bool
}

// CommandResult is what became of a command.
type CommandResult struct {
	Serial      string           `json:"serial"`
	Command     string           `json:"command"`
	By          string           `json:"by,omitempty"` // who asked
	Outcome     Outcome          `json:"outcome"`
	Code        *uint64          `json:"code,omitempty"`        // response code of the master
	Transaction *uint64          `json:"transaction,omitempty"` // NUT it was sent with
	Sent        string           `json:"sent,omitempty"`        // hex of the frame sent
	Suite       string           `json:"suite,omitempty"`       // that it was protected by; empty: it went out unprotected
	Answer      map[string]any   `json:"answer,omitempty"`      // fields of the answer
	AnswerHex   string           `json:"answer_hex,omitempty"`
	Elapsed     supervise.Millis `json:"elapsed_ms"`
	Listener    string           `json:"listener,omitempty"`
	Connection  uint64           `json:"connection,omitempty"`
	Detail      string           `json:"detail,omitempty"` // in words, when there is something to say
}

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

	LastEnd     *LinkEnd          `json:"last_link_ended,omitempty"`
	Refused     map[string]uint64 `json:"refused,omitempty"` // frames by reason, since the start of the process
	LastRefused *Refusal          `json:"last_refused,omitempty"`
	Unreadable  *Unreadable       `json:"unreadable,omitempty"` // since the start of the process

	Name     string   `json:"name,omitempty"` // these are what the operator has told
	Site     string   `json:"site,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Interval string   `json:"interval,omitempty"`         // how often it reports
	Learned  bool     `json:"interval_learned,omitempty"` // from its frames; else the operator has told it
	ClockOff bool     `json:"clock_off,omitempty"`        // its clock is wrong
	Flapping bool     `json:"flapping,omitempty"`         // its link comes and goes

	Security *SecurityInfo `json:"security,omitempty"` // when masters have keys

	Restarted time.Time `json:"counter_restarted,omitzero"` // when it last began its numbers anew, since the start of the process
}
