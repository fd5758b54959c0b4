package actors

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/admission"
	"trama/actors/connection"
	"trama/actors/known"
	"trama/actors/ledger"
	"trama/actors/master"
	"trama/actors/port"
	"trama/actors/profiles"
	"trama/actors/settings"
	"trama/actors/shadow"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
	"trama/keys"
	"trama/transport"
)

// ListenerOptions describes one port.
type ListenerOptions struct {
	Role     Role
	Profile  *codec.Profile
	Source   string // where the profile's definition comes from: "shipped", or a path
	Greeting string // name of the message that is sent to whoever dials in, see Greeting; "" is none
	// FrameNames: the identity in a frame counts before the registered one (Transport.Aside.Registration), which else
	// is that of every frame of the connection.
	FrameNames bool
	Outcomes   bool // integrators are told of outcomes without an answer
	MaxMasters int  // that may be identified on one connection (default 4,096)
	// DeliveryWindow is how long behind a frame commands reach its master; 0: it is learned, negative: always.
	DeliveryWindow time.Duration
	Policy         admission.Policy // who may speak
	// Name and Address are required; Cutter, MaxFrameBytes and Descriptors are set from the profile and by the gateway
	Transport transport.Options
}

// PollOptions is a poll, and the masters that it is for: all that fit what is said of them.
type PollOptions = master.PollOptions

// Options describes a gateway.  The zero value of every duration and count means its default.
type Options struct {
	Logger    hclog.Logger
	Listeners []ListenerOptions
	Polls     []PollOptions // beside those of the profiles of listeners
	// Journal is where frames go before they are acknowledged; nil: a journal.Memory, which keeps nothing.
	Journal Journal

	// AllowFaults lets Fault inject panics; for tests and drills.
	AllowFaults bool
	// CommandQueue bounds the commands that wait for one master behind the one in flight (default 16).
	CommandQueue int
	// QueuedPerSecond bounds how many commands go out in a second that have waited for their masters (default 500).
	QueuedPerSecond int
	// MaxMasters bounds the masters that are tracked (default 100,000); frames of further serials are refused.
	MaxMasters int
	// ResendBytes is the memory in which all masters together remember more than their last 64 frames (default 64 MiB;
	// negative: none).
	ResendBytes int
	// Keys are those of the masters; nil: none has a key.
	Keys *keys.Store
	// Known is what the operator has told of masters; nil: nothing.
	Known *known.Current
	// Acknowledged is told how long after the read that brought frames whole their acknowledgements were written, once
	// for all of a read; Answered how long after a command was sent its answer came.  nil: nobody is told.  Neither may
	// block: frames wait.
	Acknowledged, Answered func(took time.Duration)

	listen func(transport.Options) (port.Acceptor, error) // opens a port; nil: a TCP socket.  For tests
}

// Types of the rooms below; see there.
type (
	Role           = connection.Role
	ConnectionInfo = connection.Info
	Poison         = connection.Poison
	Stretch        = connection.Stretch

	CommandRequest = master.CommandRequest
	CommandResult  = master.CommandResult
	Link           = master.LinkInfo
	MasterInfo     = master.Info
	MasterQuery    = master.Query
	MasterSummary  = master.Summary
	Outcome        = master.Outcome
	PollInfo       = master.PollInfo
	Point          = master.Point
	Sample         = master.Sample

	Definition     = profiles.Definition
	KeptDefinition = profiles.Installed
	ProfileVersion = profiles.Version

	ListenerInfo = port.Info
	Swapped      = port.Swapped

	Setting = settings.Info

	Example         = shadow.Example
	FieldDifference = shadow.FieldDifference
	Refused         = shadow.Refused
	ShadowInfo      = shadow.Info

	Millis    = supervise.Millis
	Node      = supervise.NodeInfo
	NodeBusy  = supervise.NodeBusy
	NodeError = supervise.NodeError
	TreeQuery = supervise.TreeQuery

	SecurityInfo = master.SecurityInfo
	TrustInfo    = trust.Info
)

// The roles of a listener, and the outcomes of a command.
const (
	RoleMaster     = connection.RoleMaster
	RoleIntegrator = connection.RoleIntegrator

	OutcomeDone      = master.OutcomeDone
	OutcomeSent      = master.OutcomeSent
	OutcomeRefused   = master.OutcomeRefused
	OutcomeUnknown   = master.OutcomeUnknown
	OutcomeExpired   = master.OutcomeExpired
	OutcomeCancelled = master.OutcomeCancelled
)

// Errors that callers branch on; each is wrapped with what and where.
var (
	ErrUnknownMaster     = errors.New("unknown master")
	ErrUnknownListener   = errors.New("unknown listener")
	ErrUnknownConnection = errors.New("unknown connection")
	ErrUnknownActor      = errors.New("unknown actor")
	ErrUnknownCommand    = errors.New("unknown command")
	ErrNotQueued         = errors.New("the command does not wait any more")
	ErrKeyUsed           = errors.New("the idempotency key is that of another command")
	ErrNotRestartable    = errors.New("actor cannot be restarted")
	ErrFaultsForbidden   = errors.New("fault injection is not allowed by the configuration")

	ErrMasterOffline = master.ErrOffline
	ErrBadCommand    = master.ErrBadCommand // a field missing, surplus or out of range: errors.As *codec.FieldError
	ErrBusy          = master.ErrBusy
	ErrUnprotected   = master.ErrUnprotected
	ErrFault         = master.ErrFault
	ErrStopping      = master.ErrStopping
	ErrTooMany       = master.ErrTooMany
	ErrNotWaiting    = master.ErrNotWaiting
	ErrNoSetting     = master.ErrNoSetting
	ErrUnfit         = port.ErrUnfit
	ErrNoShadow      = shadow.ErrNone
)

// CompileKept makes the profile of a definition that a journal has kept.
func CompileKept(row journal.ProfileRow) (*KeptDefinition, error) { return profiles.CompileKept(row) }

// Greeting builds the message that a listener sends to whoever dials in.
func Greeting(p *codec.Profile, name string, session *codec.Session) ([]byte, error) {
	return connection.Greeting(p, name, session)
}

// SmallestFrame is the size of the smallest frame that can come in, in bytes; parts that vary count as empty.
func SmallestFrame(p *codec.Profile) int { return port.SmallestFrame(p) }

// ApplyKnown shows samples of a master as the operator has told of their points.
func ApplyKnown(samples []Sample, k known.Master) { master.Apply(samples, k) }

// SamplesOf lists the samples of a frame that stands in the journal at a position, with its definition.  Those that were
// historical when it came are marked, unless it is read by another definition now.
func SamplesOf(p *codec.Profile, f *codec.Frame, r *journal.Record, position uint64, other bool) []Sample {
	return master.SamplesOf(p, f, r, position, other)
}

// Journal is where frames go before they are acknowledged.  [journal.Memory] keeps nothing; journal/sqlite is the one
// for use.
type Journal interface {
	profiles.Journal
	master.Journal     // Append and Restore
	connection.Journal // Append and Accepting

	// Failed is closed when the journal has failed for good; Err then says why.
	Failed() <-chan struct{}
	Err() error
	// Brief tells how it does, at once.
	Brief() journal.Brief
	// Sweep has the states of all masters written, and returns when they are.
	Sweep(ctx context.Context) error
}

// Totals are the counters of the whole gateway.
type Totals struct {
	Frames uint64 `json:"frames"` // whole frames cut from the streams
	Stored uint64 `json:"stored"` // of these, on disk
	// resends of frames that are: acknowledged again, not stored again
	Duplicates   uint64 `json:"duplicates"`
	Acknowledged uint64 `json:"acknowledged"` // acknowledgements handed to the socket
	NoReplyDue   uint64 `json:"no_reply_due"` // accepted, and no acknowledgement is owed
	Unreadable   uint64 `json:"unreadable"`   // accepted, though not all of their fields can be read
	// accepted, but the connection had ended before the acknowledgement
	Unsent   uint64            `json:"unsent"`
	Rejected map[string]uint64 `json:"rejected"` // by reason; not acknowledged
	// why frames were unreadable, and why bytes that came in one piece were no frame
	UnreadableBy map[string]uint64 `json:"unreadable_by"`
	Skipped      map[string]uint64 `json:"skipped"`
	Poisoned     uint64            `json:"poisoned"`
	CutOff       uint64            `json:"cut_off_bytes"` // of frames that never became whole
	WrongTags    uint64            `json:"wrong_tags"`    // of protected frames: forged, or under another key
	// masters with a live connection whose newest frame came under no key; where masters have keys
	Unprotected   int               `json:"masters_unprotected,omitempty"`
	Alarms        map[string]uint64 `json:"alarms"` // by reason
	Journal       journal.Brief     `json:"journal"`
	Commands      map[string]uint64 `json:"commands"`  // by outcome
	Takeovers     map[string]uint64 `json:"takeovers"` // by where they came from: the same address, another address
	Masters       int               `json:"masters"`
	MastersBy     map[string]int    `json:"masters_by_state"` // those that never reported among them
	Refusing      int               `json:"masters_refusing"` // their newest frame was refused
	Keys          int               `json:"keys"`             // masters that have one
	Rotating      int               `json:"keys_rotating"`    // of these, with a next key that no frame has proven
	MastersOnline int               `json:"masters_online"`
	Connections   int               `json:"connections"`
	Restarts      uint64            `json:"restarts"`
	// failures while acknowledgements were settled; each cost its connection
	SettleFaults uint64 `json:"settle_faults"`
	Caught       uint64 `json:"caught_faults"` // panics outside of any actor; each cost what was in hand
	// events that strangers and new masters caused and that were too many to be written
	EventsDropped uint64 `json:"events_dropped"`
	Goroutines    int    `json:"goroutines"`
}

// Commanding is what may be done with commands to masters.
type Commanding interface {
	// Send carries a command to a master and waits until it has ended; with req.Async until it is on disk.  A request
	// with the key of another one of the same Origin is that one.
	Send(ctx context.Context, req CommandRequest) (CommandResult, error)
	// Commands lists commands, the newest first; those that have not ended as they are now.  With next as Before the list
	// goes on; 0: it is at its end.
	Commands(ctx context.Context, q journal.CommandQuery) (all []ledger.Command, next uint64, err error)
	// Command is one command; with after >= 0 as soon as it has changed more than so many times, or has ended, and at the
	// end of ctx as it is.
	Command(ctx context.Context, id uint64, after int) (ledger.Command, error)
	// Cancel ends a command that waits; ErrNotQueued when it does not.
	Cancel(ctx context.Context, id uint64, by string) (ledger.Command, error)
	// DryRun makes the frame of a command, in Sent, and sends nothing.
	DryRun(ctx context.Context, req CommandRequest) (ledger.Command, error)
}

// Reloading changes what listeners speak while connections live.
type Reloading interface {
	// Swap gives each listener named its profile, all of them or none.  From then on new bytes are cut and decoded by
	// it, on the port and on every live connection; frames in hand and commands in flight go on under the profile
	// that they began with.  A listener that has this very definition already keeps it.  The answer names every
	// listener asked for.
	Swap(ctx context.Context, profiles map[string]ProfileVersion) ([]Swapped, error)
	// ReloadTLS reads the certificates of all listeners again, for the connections to come.  A listener whose files do not
	// fit keeps what it has.
	ReloadTLS() error
}

// Shadowing tries a profile on live traffic before it is swapped in.
type Shadowing interface {
	// Shadow starts comparing a candidate with the profile of the listener; an earlier one ends.
	Shadow(ctx context.Context, listener string, candidate ProfileVersion) error
	// ShadowInfo tells what it has found so far, also when it has ended by itself.
	ShadowInfo(listener string) (ShadowInfo, error)
	// EndShadow stops it and tells what it has found.
	EndShadow(listener string) (ShadowInfo, error)
	// Candidate is the profile that is tried on the listener.
	Candidate(listener string) (ProfileVersion, error)
}

// Gateway is the running program below the command line: the actor tree and its ports.
type Gateway interface {
	// Listeners, Connections and Masters list what there is, sorted by name, id and serial.
	Listeners() []ListenerInfo
	Connections() []ConnectionInfo
	Masters() []MasterInfo
	// FindMasters describes the masters of a page only, as it is read, and counts all that the query keeps.
	FindMasters(q MasterQuery) (page iter.Seq[MasterInfo], total int)
	Master(serial string) (MasterInfo, error)
	// Trust is what the frames of a master with a key have shown; false when none has come.
	Trust(serial string) (TrustInfo, bool)
	Tree(q TreeQuery) (*Node, error)
	Poisoned() []Poison
	// Refused lists bytes that were refused, the oldest first: the last of each listener, of one listener, or of one
	// master; "" is all.
	Refused(of string) ([]Stretch, error)
	Totals() Totals

	Commanding
	// Settings lists what is kept for a master, and what it asks for in vain.
	Settings(ctx context.Context, serial string) ([]Setting, error)
	// SetSetting keeps a setting, or removes it; it is on disk when this returns.  sent says that the master is told at once.
	SetSetting(ctx context.Context, req SettingRequest) (setting Setting, sent bool, err error)
	Suspend(ctx context.Context, listener string) error
	Resume(ctx context.Context, listener string) error
	Reloading
	Shadowing
	// Polls are those in force; SetPolls puts others in force, beside those of the profiles of listeners.
	Polls() []PollStatus
	SetPolls(polls []PollOptions)
	Kick(ctx context.Context, connection uint64) error
	// Approve makes a master of a serial that is in quarantine; Forget ends one, or takes it out of the quarantine.  Both
	// are on disk when they return.
	Approve(ctx context.Context, serial string) error
	Forget(ctx context.Context, serial string) error
	// Forgettable lists the masters of a choice; ForgetAll forgets them, but those that have spoken meanwhile.
	Forgettable(c MasterChoice) []string
	ForgetAll(ctx context.Context, c MasterChoice) ([]string, error)
	Restart(ctx context.Context, path string) error
	// Fault makes an actor fail: at once, or (onFrame, connections and masters only) with the next frame it handles.
	Fault(ctx context.Context, path string, onFrame bool) error

	// Ready is nil while every listener that is not suspended on purpose accepts; Live is nil while root, registry,
	// listeners and every port answer in time.
	Ready() error
	Live(ctx context.Context) error

	// Done is closed when the gateway has ended by itself; Err then says why.
	Done() <-chan struct{}
	Err() error
	// Drain stops accepting, lets frames in hand finish, closes every connection with reason "shutdown" and stops the
	// tree.  ctx bounds it, but for a second to cut off what is late.  The first call does it; others wait for
	// nothing and return nil.
	Drain(ctx context.Context) error
}
