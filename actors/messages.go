package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"trama/codec"
	"trama/transport"
)

// Messages, grouped by receiver.  All are sent, none is asked for: an answer is another message or one value on a channel of
// capacity one that the edge (HTTP handler, test) waits on.

// To a listener actor.
type (
	// accepted: from the accept loop, one per new connection.
	accepted struct{ conn *transport.Conn }
	// acceptEnded: from the accept loop when the port fails for good.
	acceptEnded struct {
		err     error
		attempt int
	}
	// listenAgain: from a timer of the listener itself.
	listenAgain struct{ attempt int }
	// control asks for a change of state; the answer is exactly one error or nil.
	control struct {
		do    controlVerb
		reply chan<- error
	}
)

type controlVerb uint8

const (
	doSuspend controlVerb = iota
	doResume
	doClose // no accept loop begins after this one
	doDrain
)

// To a connection actor.
type (
	// *uplink: from the reader goroutine, everything that one read brought.
	// identified: from the registry, once for each *route with a group; master is nil when it was refused.
	identified struct {
		serial string
		master *master
	}
	// transmit: from a master, bytes of a command to write; the answer to a failure is undelivered.
	transmit struct {
		master  *master
		command *command
	}
	// relayed: from a master to an integrator's connection, the answer to a request that it made.
	relayed struct {
		request *integratorRequest
		result  CommandResult
		err     error
		raw     []byte         // the answer as the master sent it
		profile *codec.Profile // of the master's link
	}
	// greet: from the listener, first message of every connection where there is a greeting.
	greet struct{}
	// ended: from the reader goroutine, last message of every connection.
	ended struct {
		reason transport.CloseReason
		detail string
	}
)

// To any actor; handled by its shell.
type (
	// injectFault makes the receiver fail, for drills and tests.
	injectFault struct{}
	// renew restarts the receiver on request: its behaviour is replaced by a fresh one.
	renew struct{ reply chan<- struct{} }
	// ping: from the liveness probe.
	ping struct{ reply chan<- struct{} }
)

// To the listeners actor.
type (
	// announce: from the root, once; the channel is closed when every listener runs.
	announce struct{ ready chan<- struct{} }
)

// To the registry.
type (
	// *route: from a connection that does not know the master of a group yet; forwarded to the master.
	route struct {
		serial string
		group  *group // or
		down   *link  // the link has ended
		passed bool   // the group has gone on to its master
		conn   *actor.PID
	}
)

// To a master actor.
type (
	// *group: from a connection (or the registry on its behalf), consecutive frames of this master.
	// linkDown: from a connection that has ended, after its last group.
	linkDown struct{ link *link }
	// *command: from the gateway's edge or an integrator's connection.
	// commandDue: from a timer of the master itself.
	commandDue struct{ id uint64 }
	// undelivered: from a connection that could not write.
	undelivered struct {
		id  uint64
		err error
	}
	// snapshot: from the journal, now and then.
	snapshot struct{}
	// describeMaster: from the gateway's edge; exactly one MasterInfo.
	describeMaster struct {
		at    int
		reply chan<- answer[MasterInfo]
	}
	// stopping: from the gateway, once, when it drains: outcomes are settled, further commands refused.
	stopping struct {
		at    int
		reply chan<- answer[struct{}]
	}
)

// orphan is a message that somebody waits for.  When its handler fails it is not handled again, and orphaned says so to who waits.
type orphan interface{ orphaned(f *fault) }

func (m *route) orphaned(f *fault) {
	if m.group == nil {
		return
	}
	gw := f.node.gw
	if !m.passed {
		m.group.refuse("fault in the registry")
	}
	gw.root.Send(m.conn, &identified{serial: m.serial, master: gw.masters.get(m.serial)})
}

func (c *command) orphaned(f *fault) { c.end(fmt.Errorf("%w: %w", ErrFault, f)) }

func (m *control) orphaned(f *fault) {
	select {
	case m.reply <- f:
	default: // it was answered before the fault
	}
}

func (m *ended) orphaned(f *fault) { f.node.gw.root.Send(f.node.pid.Load(), m) }
