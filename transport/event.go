package transport

import (
	"net/netip"
	"time"
)

// EventKind says what an Event reports.
type EventKind uint8

// The kinds of events.  Refusing and Recovered come once per episode, not once per connection.
const (
	// accept failed for want of descriptors or memory; Err; tried again every 100 ms
	EventAcceptPaused  EventKind = iota + 1
	EventAcceptResumed           // accept works again; After is how long it did not
	EventRefusing                // the listener is full (Reason): connections are closed at the accept
	EventRecovered               // the listener takes connections again; Count were refused, within After
	// Count connections of networks that may not connect were closed, the last one Remote; at most once a minute
	EventForeign
	EventFault // a panic below Start: Conn, Err and Stack; the connection is closed
)

// String is the kind in words.
func (k EventKind) String() string {
	switch k {
	case EventAcceptPaused:
		return "accept paused"
	case EventAcceptResumed:
		return "accept resumed"
	case EventRefusing:
		return "refusing connections"
	case EventRecovered:
		return "taking connections again"
	case EventForeign:
		return "network not allowed"
	case EventFault:
		return "internal fault"
	}
	return "unknown event"
}

// Event is something an operator should read of and no caller gets as a return value.
type Event struct {
	Kind     EventKind
	Listener string         // Options.Name
	Reason   CloseReason    // of EventRefusing
	Err      error          // of EventAcceptPaused and EventFault
	Count    uint64         // of EventRecovered and EventForeign
	Remote   netip.AddrPort // of EventForeign
	After    time.Duration  // of EventAcceptResumed and EventRecovered
	Conn     uint64         // of EventFault
	Stack    []byte         // of EventFault
}
