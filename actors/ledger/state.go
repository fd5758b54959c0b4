package ledger

import "slices"

// State of a command.
type State string

// The states of a command.
const (
	Queued    State = "queued"    // it waits: for its turn, or for its master
	Claimed   State = "claimed"   // its bytes may be written from now on
	Sent      State = "sent"      // they were; with an end: nobody answers it
	Done      State = "done"      // the master answered with response code 0
	Refused   State = "refused"   // the master answered with another response code
	Unknown   State = "unknown"   // it was, or may have been, sent, and no answer came: it may have been executed
	Expired   State = "expired"   // it was never sent: its time was over
	Cancelled State = "cancelled" // it was never sent: somebody has withdrawn it
)

// States are all states, in the order of a life.
var States = []State{Queued, Claimed, Sent, Done, Refused, Unknown, Expired, Cancelled}

var ways = map[State][]State{
	"":      {Queued, Claimed},
	Queued:  {Claimed, Unknown, Expired, Cancelled},                     // unknown: in a copy of the journal, behind which it may have gone on
	Claimed: {Sent, Done, Refused, Unknown, Queued, Expired, Cancelled}, // the last three: the connection has not written it
	Sent:    {Done, Refused, Unknown},
	Unknown: {Done, Refused}, // late
}

// May says whether a command may come from s to another state.
func (s State) May(to State) bool { return slices.Contains(ways[s], to) }

// Final says whether a command in this state has ended.
func (s State) Final() bool { return s.NeverSent() || s == Done || s == Refused || s == Unknown }

// NeverSent says whether the bytes of a command that has ended so were never written.
func (s State) NeverSent() bool { return s == Expired || s == Cancelled }

// Class says what may happen to a command that was not answered.
type Class string

// The classes of commands.
const (
	Idempotent Class = "idempotent" // to send it twice is to send it once
	Verify     Class = "verify"     // after silence the master is asked whether it has obeyed
	Never      Class = "never"      // it is never sent again
)
