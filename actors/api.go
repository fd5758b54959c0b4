package actors

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// Role says who dials in on a listener.
type Role uint8

// The roles of a listener.
const (
	RoleMaster     Role = iota // PLC masters
	RoleIntegrator             // integrators, who ask the server to ask a master
)

// String returns the role as the configuration spells it.
func (r Role) String() string {
	if r == RoleIntegrator {
		return "integrator"
	}
	return "master"
}

// ListenerOptions describes one port.
type ListenerOptions struct {
	Role     Role
	Profile  *codec.Profile
	Source   string // where the profile's definition comes from: "shipped", or a path
	Greeting string // name of the message that is sent to whoever dials in, see Greeting; "" is none
	// FrameNames: the identity in a frame counts before the registered one (Transport.Aside.Registration), which else is that of every
	// frame of the connection.
	FrameNames bool
	Transport  transport.Options // Name and Address are required; Split, MaxFrameBytes and Descriptors are set from the profile and by the gateway
}

// Options describes a gateway.  The zero value of every duration and count means its default.
type Options struct {
	Logger    hclog.Logger
	Listeners []ListenerOptions
	// Journal is where frames go before they are acknowledged; nil: a journal.Memory, which keeps nothing.
	Journal Journal

	// AllowFaults lets Fault inject panics; for tests and drills.
	AllowFaults bool
	// CommandQueue bounds the commands that wait for one master behind the one in flight (default 16).
	CommandQueue int
	// MaxMasters bounds the masters that are tracked (default 100,000); frames of further serials are refused.
	MaxMasters int
}

// Errors that callers branch on; each is wrapped with what and where.
var (
	ErrUnknownMaster     = errors.New("unknown master")
	ErrMasterOffline     = errors.New("master is offline")
	ErrUnknownListener   = errors.New("unknown listener")
	ErrUnknownConnection = errors.New("unknown connection")
	ErrUnknownActor      = errors.New("unknown actor")
	ErrNotRestartable    = errors.New("actor cannot be restarted")
	ErrFaultsForbidden   = errors.New("fault injection is not allowed by the configuration")
	ErrBadCommand        = errors.New("bad command") // a field missing, surplus or out of range: errors.As *codec.FieldError
	ErrBusy              = errors.New("too many commands wait for this master")
	ErrFault             = errors.New("the actor failed")
	ErrStopping          = errors.New("gateway is stopping")
)

// Outcome of a command to a master.
type Outcome string

// The outcomes of a command.
const (
	OutcomeDone    Outcome = "done"    // the master answered with response code 0
	OutcomeRefused Outcome = "refused" // the master answered with another response code
	OutcomeUnknown Outcome = "unknown" // it was sent and no answer came: it may have been executed
	OutcomeExpired Outcome = "expired" // it was never sent: the wait ended while it stood behind another command
)

// CommandRequest asks for one command to one master.
type CommandRequest struct {
	Serial   string         // the master's identity, digits as on the wire
	Command  string         // command letter, or the message's name in the profile
	Fields   map[string]any // fields by key: Go or JSON numbers, or strings as typed on a command line
	Wait     time.Duration  // how long to wait for the answer (default 10 s, at most 5 min)
	Listener string         // which link to use when the master has several; "" = the newest that knows the command
	Origin   string         // who asked, for the log
}

// CommandResult is what became of a command.
type CommandResult struct {
	Serial      string         `json:"serial"`
	Command     string         `json:"command"`
	Outcome     Outcome        `json:"outcome"`
	Code        *uint64        `json:"code,omitempty"`        // response code of the master
	Transaction *uint64        `json:"transaction,omitempty"` // NUT it was sent with
	Sent        string         `json:"sent,omitempty"`        // hex of the frame sent
	Answer      map[string]any `json:"answer,omitempty"`      // fields of the answer
	AnswerHex   string         `json:"answer_hex,omitempty"`
	Elapsed     Millis         `json:"elapsed_ms"`
	Listener    string         `json:"listener,omitempty"`
	Connection  uint64         `json:"connection,omitempty"`
	Detail      string         `json:"detail,omitempty"` // in words, when there is something to say
}

// Value is the last value seen of one field of a master.
type Value struct {
	Value   any       `json:"value"` // number, string or bool as codec's JSON gives it
	Unit    string    `json:"unit,omitempty"`
	At      time.Time `json:"at"` // when the server received it
	Device  time.Time `json:"device_time,omitzero"`
	Command string    `json:"command"`
	Message string    `json:"message"` // name of the message in the profile
}

// Link is one live connection of a master on one listener.
type Link struct {
	Listener   string    `json:"listener"`
	Connection uint64    `json:"connection"`
	Remote     string    `json:"remote"`
	Since      time.Time `json:"since"`
}

// MasterInfo is what is known of one master.
type MasterInfo struct {
	Serial      string           `json:"serial"`
	State       string           `json:"state"` // online, offline
	Profile     string           `json:"profile"`
	FirstSeen   time.Time        `json:"first_seen"`
	LastSeen    time.Time        `json:"last_seen"`
	LastCommand string           `json:"last_command"`
	LastMessage string           `json:"last_message"` // its name in the profile
	DeviceTime  time.Time        `json:"device_time,omitzero"`
	Alarm       *uint64          `json:"alarm,omitempty"`
	Links       []Link           `json:"links"`
	Values      map[string]Value `json:"values"`
	Frames      uint64           `json:"frames"` // without resends
	Duplicates  uint64           `json:"duplicates"`
	Bytes       uint64           `json:"bytes"`
	Connects    uint64           `json:"connects"`
	Takeovers   uint64           `json:"takeovers"`
	Commands    uint64           `json:"commands"`
	InFlight    string           `json:"in_flight,omitempty"` // command letter that waits for its answer
	Queued      int              `json:"queued,omitempty"`
}

// ConnectionInfo is what is known of one live connection.
type ConnectionInfo struct {
	ID           uint64    `json:"id"`
	Listener     string    `json:"listener"`
	Role         string    `json:"role"`
	Remote       string    `json:"remote"`
	Masters      []string  `json:"masters"`              // serials identified on it
	Registered   string    `json:"registered,omitempty"` // the name in its registration packet
	Opened       time.Time `json:"opened"`
	LastReceived time.Time `json:"last_received,omitzero"`
	Frames       uint64    `json:"frames"`
	Acknowledged uint64    `json:"acknowledged"`
	Rejected     uint64    `json:"rejected"`
	Poisoned     uint64    `json:"poisoned"`
	BytesIn      uint64    `json:"bytes_in"`
	BytesOut     uint64    `json:"bytes_out"`
	Skipped      uint64    `json:"skipped_bytes"`
	Heartbeats   uint64    `json:"heartbeats"`
	Restarts     uint64    `json:"restarts"`
}

// ListenerInfo is what is known of one port.  The byte and frame counters are totals over live and ended connections.
type ListenerInfo struct {
	Name         string            `json:"name"`
	Address      string            `json:"address"` // the real one, also for ":0"
	Role         string            `json:"role"`
	Profile      string            `json:"profile"`
	Definition   Definition        `json:"definition"`
	State        string            `json:"state"` // accepting, suspended, draining, failed
	Live         int               `json:"live"`
	Accepted     uint64            `json:"accepted"`
	Refused      uint64            `json:"refused"`
	Closed       map[string]uint64 `json:"closed"` // by close reason
	Frames       uint64            `json:"frames"`
	Acknowledged uint64            `json:"acknowledged"`
	Rejected     uint64            `json:"rejected"`
	Poisoned     uint64            `json:"poisoned"`
	BytesIn      uint64            `json:"bytes_in"`
	BytesOut     uint64            `json:"bytes_out"`
	InFrames     uint64            `json:"frame_bytes"` // of BytesIn, in frames
	Skipped      uint64            `json:"skipped_bytes"`
	Heartbeats   uint64            `json:"heartbeats"`    // between frames
	Aside        uint64            `json:"aside_bytes"`   // of heartbeats and registrations
	Pending      uint64            `json:"pending_bytes"` // the beginnings of frames whose rest is awaited
	CutOff       uint64            `json:"cut_off_bytes"` // the beginnings of frames that had not their rest when the connection ended
	Error        string            `json:"error,omitempty"`
}

// Node is one actor of the tree as the debug endpoint shows it.
type Node struct {
	Name      string         `json:"name"`
	Path      string         `json:"path"`  // "trama/listeners/field/conn-41"
	Kind      string         `json:"kind"`  // root, registry, master, listeners, listener, connection, …
	State     string         `json:"state"` // running, idle, stuck, restarting, stopping, stopped, suspended
	Since     time.Time      `json:"since"`
	Mailbox   int            `json:"mailbox"`
	Messages  uint64         `json:"messages"`
	Restarts  uint64         `json:"restarts"`
	LastError *NodeError     `json:"last_error,omitempty"`
	Busy      *NodeBusy      `json:"busy,omitempty"` // what it works on now
	Detail    map[string]any `json:"detail,omitempty"`
	Total     int            `json:"total_children"`   // children there are
	Folded    int            `json:"folded,omitempty"` // of these, not shown here (depth or limit)
	Children  []*Node        `json:"children,omitempty"`
}

// NodeError is the last fault of an actor.
type NodeError struct {
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
	Stack string    `json:"stack,omitempty"` // first lines
}

// NodeBusy says what an actor works on.
type NodeBusy struct {
	Message string `json:"message"`
	For     Millis `json:"for_ms"`
}

// TreeQuery chooses a part of the tree.
type TreeQuery struct {
	Under  string // path of the node to start from; "" = root
	Depth  int    // levels below it; 0 = all
	Limit  int    // children shown per node (default 100; <0 = all)
	Offset int    // children of the Under node to pass over (paging)
}

// Poison is a frame that made an actor fail.  It was not acknowledged.
type Poison struct {
	At         time.Time `json:"at"`
	Listener   string    `json:"listener"`
	Connection uint64    `json:"connection"`
	Remote     string    `json:"remote"`
	Serial     string    `json:"serial,omitempty"`
	Frame      string    `json:"frame"` // hex
	Cause      string    `json:"cause"`
}

// Totals are the counters of the whole gateway.
type Totals struct {
	Frames        uint64            `json:"frames"`       // whole frames cut from the streams
	Stored        uint64            `json:"stored"`       // of these, on disk
	Duplicates    uint64            `json:"duplicates"`   // resends of frames that are: acknowledged again, not stored again
	Acknowledged  uint64            `json:"acknowledged"` // acknowledgements handed to the socket
	NoReplyDue    uint64            `json:"no_reply_due"` // accepted, and no acknowledgement is owed
	Unsent        uint64            `json:"unsent"`       // accepted, but the connection had ended before the acknowledgement
	Rejected      map[string]uint64 `json:"rejected"`     // by reason; not acknowledged
	Poisoned      uint64            `json:"poisoned"`
	CutOff        uint64            `json:"cut_off_bytes"` // of frames that never became whole
	Alarms        map[string]uint64 `json:"alarms"`        // by reason
	Journal       journal.Brief     `json:"journal"`
	Commands      map[string]uint64 `json:"commands"` // by outcome
	Masters       int               `json:"masters"`
	MastersOnline int               `json:"masters_online"`
	Connections   int               `json:"connections"`
	Restarts      uint64            `json:"restarts"`
	SettleFaults  uint64            `json:"settle_faults"` // failures while acknowledgements were settled; each cost its connection
	Goroutines    int               `json:"goroutines"`
}

// Gateway is the running program below the command line: the actor tree and its ports.
type Gateway interface {
	// Listeners, Connections and Masters list what there is, sorted by name, id and serial.
	Listeners() []ListenerInfo
	Connections() []ConnectionInfo
	Masters() []MasterInfo
	Master(serial string) (MasterInfo, error)
	Tree(q TreeQuery) (*Node, error)
	Poisoned() []Poison
	Totals() Totals

	// Send carries a command to a master and waits for its outcome, at most req.Wait.
	Send(ctx context.Context, req CommandRequest) (CommandResult, error)
	Suspend(ctx context.Context, listener string) error
	Resume(ctx context.Context, listener string) error
	Reloading
	Shadowing
	Kick(ctx context.Context, connection uint64) error
	Restart(ctx context.Context, path string) error
	// Fault makes an actor fail: at once, or (onFrame, connections and masters only) with the next frame it handles.
	Fault(ctx context.Context, path string, onFrame bool) error

	// Ready is nil while every listener that is not suspended on purpose accepts; Live is nil while root, registry, listeners and every port
	// answer in time.
	Ready() error
	Live(ctx context.Context) error

	// Done is closed when the gateway has ended by itself; Err then says why.
	Done() <-chan struct{}
	Err() error
	// Drain stops accepting, lets frames in hand finish, closes every connection with reason "shutdown" and stops the tree.  ctx bounds it, but for
	// a second to cut off what is late.  The first call does it; others wait for nothing and return nil.
	Drain(ctx context.Context) error
}
