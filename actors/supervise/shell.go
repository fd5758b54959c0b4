package supervise

import (
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/internal/stack"
)

// Handler is one actor's own part: what it does with a message.
type Handler interface {
	Receive(ctx actor.Context)
}

// shell is the protoactor actor around every handler of this package. It keeps the node up to date, injects faults on
// demand and turns a panic into a *Fault that the supervisor understands.
//
// A shell that has children must not be restarted by protoactor, which would stop them all: its supervisor resumes
// it, and the shell has by then replaced the handler by a fresh one (restart in place).  State survives that fresh
// closes over.
type shell struct {
	node  *Node
	inner Handler
	fresh func() Handler
}

// Fault is the reason of every failure that a supervisor sees.
type Fault struct {
	Node    *Node
	At      time.Time
	Message string // kind of the message that was being handled
	Value   any    // what was thrown
	Stack   []byte
	gaveUp  bool // a supervisor below gave up: pass on upwards, do not restart
}

// Error names the actor, what was thrown and the message.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %v (while handling %s)", f.Node.Path(), f.Value, f.Message)
}

// injected is thrown by InjectFault.
type injected struct{}

func (injected) String() string { return "injected fault" }

// carry handles frames, with the same accounting and the same fate of a panic as Receive.  Frames come without a
// context, which nothing on their way needs: it would be the coldest memory of the whole way.
func (s *shell) carry(m Frames, waited bool) {
	s.node.begin(m.What(), m.Received().UnixNano())
	if waited {
		s.node.busySince.Store(time.Now().UnixNano())
	}
	defer s.guard(m)
	s.inner.(FrameHandler).Carry(m)
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
	case *InjectFault:
		panic(injected{})
	case *Renew:
		s.inner = s.fresh()
		s.node.restarts.Add(1)
		m.Reply <- struct{}{}
		return
	case *Ping:
		m.Reply <- struct{}{}
		return
	}
	s.inner.Receive(ctx)
	if _, ok := msg.(*actor.Stopped); ok {
		s.node.Leave()
	}
}

// guard ends the accounting of a message; after a panic it prepares the fresh handler and passes the fault on.
func (s *shell) guard(msg any) {
	thrown := recover()
	s.node.end()
	if thrown == nil {
		return
	}
	switch msg.(type) {
	case *actor.Stopping, *actor.Stopped: // a panic here would revive the actor
		s.node.Leave()
		return
	}
	f := s.node.Note(*describe(msg), thrown)
	s.inner = s.fresh()
	if m, ok := msg.(Orphan); ok {
		m.Orphaned(f)
	}
	panic(f)
}

var kinds sync.Map // reflect.Type → *string

// describe names a message for the tree.
func describe(msg any) *string {
	if m, yes := msg.(Frames); yes {
		return m.What()
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

// Note makes the fault of what was thrown and keeps it for the tree.
func (n *Node) Note(message string, thrown any) *Fault {
	f := &Fault{Node: n, At: time.Now(), Message: message, Value: thrown, Stack: stack.Trace()}
	n.fault.Store(&NodeError{At: f.At, Text: f.Error(), Stack: trimStack(f.Stack)})
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

// Orphan is a message that somebody waits for.  When its handler fails it is not handled again, and Orphaned says so
// to who waits.
type Orphan interface{ Orphaned(f *Fault) }

// props builds the description of an actor.  The supervisor of its children is explicit, also where there are none.
func props(n *Node, supervisor actor.SupervisorStrategy, fresh func() Handler) *actor.Props {
	n.shell = shell{node: n, fresh: fresh}
	return actor.PropsFromProducerWithActorSystem(n.produce, actor.WithMailbox(n.mailbox), actor.WithSupervisor(supervisor))
}

func (n *Node) mailbox() actor.Mailbox { return &n.box }

// produce makes the actor's handler, at its start and at each restart.
func (n *Node) produce(*actor.ActorSystem) actor.Actor {
	n.shell.inner = n.shell.fresh()
	return &n.shell
}

// To any actor; handled by its shell.
type (
	// InjectFault makes the receiver fail, for drills and tests.
	InjectFault struct{}
	// Renew restarts the receiver on request: its handler is replaced by a fresh one.
	Renew struct{ Reply chan<- struct{} }
	// Ping comes from the liveness probe.
	Ping struct{ Reply chan<- struct{} }
)

// Spawn starts the actor of n below the actor of ctx.
func Spawn(ctx actor.Context, n *Node, supervisor actor.SupervisorStrategy, fresh func() Handler) *actor.PID {
	pid, err := ctx.SpawnNamed(props(n, supervisor, fresh), n.name)
	if err != nil {
		n.Leave()
		panic(fmt.Errorf("spawn %s: %w", n.Path(), err))
	}
	n.pid.Store(pid)
	return pid
}

// Drill makes the handler of frames fail when that was asked for.
func (n *Node) Drill() {
	if n.armed.Load() && n.armed.CompareAndSwap(true, false) {
		panic(injected{})
	}
}
