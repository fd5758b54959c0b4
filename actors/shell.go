package actors

import (
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// behaviour is one actor's own part: what it does with a message.
type behaviour interface {
	receive(ctx actor.Context)
}

// shell is the protoactor actor around every behaviour of this package.
// It keeps the node up to date, injects faults on demand and turns a panic into a *fault that the supervisor understands.
//
// A shell that has children must not be restarted by protoactor, which would stop them all: its supervisor resumes it, and the
// shell has by then replaced the behaviour by a fresh one (restart in place).  What survives is what fresh closes over.
type shell struct {
	node  *node
	inner behaviour
	fresh func() behaviour
}

// fault is the reason of every failure that a supervisor sees.
type fault struct {
	node    *node
	at      time.Time
	message string // kind of the message that was being handled
	value   any    // what was thrown
	stack   []byte
	gaveUp  bool // a supervisor below gave up: pass on upwards, do not restart
}

func (f *fault) Error() string {
	return fmt.Sprintf("%s: %v (while handling %s)", f.node.path(), f.value, f.message)
}

// injected is thrown by injectFault.
type injected struct{}

func (injected) String() string { return "injected fault" }

// carry handles frames, with the same accounting and the same fate of a panic as Receive.  They come without a context, which nothing
// on their way needs: it would be the coldest memory of the whole way.
func (s *shell) carry(msg any, waited bool) {
	switch m := msg.(type) {
	case *uplink:
		s.node.begin(&uplinkKind, m.batch.Received.UnixNano())
	case *group:
		s.node.begin(&groupKind, m.up.batch.Received.UnixNano())
	}
	if waited {
		s.node.busySince.Store(time.Now().UnixNano())
	}
	defer s.guard(msg)
	switch m := msg.(type) {
	case *uplink:
		if phase(s.node.phase.Load()) == phaseStopped {
			m.abandon("connection stopped")
			return
		}
		s.inner.(connection).uplink(m)
	case *group:
		s.inner.(masterActor).handle(m)
	}
}

// Receive implements actor.Actor.
func (s *shell) Receive(ctx actor.Context) {
	msg := ctx.Message()
	s.node.begin(describe(msg), time.Now().UnixNano())
	defer s.guard(msg)
	switch m := msg.(type) {
	case *actor.Started:
		s.node.pid.Store(ctx.Self())
		s.node.phase.Store(uint32(phaseRunning))
	case *actor.Restarting:
		s.node.phase.Store(uint32(phaseRestarting))
	case *injectFault:
		panic(injected{})
	case *renew:
		s.inner = s.fresh()
		s.node.restarts.Add(1)
		m.reply <- struct{}{}
		return
	case *ping:
		m.reply <- struct{}{}
		return
	}
	s.inner.receive(ctx)
	if _, ok := msg.(*actor.Stopped); ok {
		s.node.leave()
	}
}

// guard ends the accounting of a message; after a panic it prepares the fresh behaviour and passes the fault on.
func (s *shell) guard(msg any) {
	thrown := recover()
	s.node.end()
	if thrown == nil {
		return
	}
	switch msg.(type) {
	case *actor.Stopping, *actor.Stopped: // a panic here would revive the actor
		s.node.leave()
		return
	}
	f := s.node.note(*describe(msg), thrown)
	s.inner = s.fresh()
	if m, ok := msg.(orphan); ok {
		m.orphaned(f)
	}
	panic(f)
}

var kinds sync.Map // reflect.Type → *string

// describe names a message for the tree.
func describe(msg any) *string {
	switch msg.(type) {
	case *uplink:
		return &uplinkKind
	case *group:
		return &groupKind
	}
	t := reflect.TypeOf(msg)
	if known, ok := kinds.Load(t); ok {
		return known.(*string)
	}
	name := "nothing"
	if t != nil {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name = t.Name()
	}
	kinds.Store(reflect.TypeOf(msg), &name)
	return &name
}

var (
	uplinkKind = "uplink"
	groupKind  = "group"
)

// note makes the fault of what was thrown and keeps it for the tree.
func (n *node) note(message string, thrown any) *fault {
	f := &fault{node: n, at: time.Now(), message: message, value: thrown, stack: debug.Stack()}
	n.fault.Store(&NodeError{At: f.at, Text: f.Error(), Stack: trimStack(f.stack)})
	return f
}

// trimStack keeps the frames from the panic on, at most about 2 KiB.
func trimStack(stack []byte) string {
	const most = 2048
	if len(stack) > most {
		stack = stack[:most]
	}
	return string(stack)
}

// props builds the description of an actor.  What supervises its children is explicit, also where there are none.
func props(n *node, supervisor actor.SupervisorStrategy, fresh func() behaviour) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor {
		n.shell = shell{node: n, inner: fresh(), fresh: fresh}
		return &n.shell
	}, actor.WithMailbox(func() actor.Mailbox { return &n.box }), actor.WithSupervisor(supervisor))
}
