package actors

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"trama/transport"
)

// inbox is the mailbox of every actor here: unbounded (readers are bounded by credits), and small, because there is one for each
// connection and each master.  Frames (*uplink, *group) that come to an idle actor are handled in the goroutine that posts them, so that
// they pass from their reader to their master without a wake-up.  Any other message to an idle actor starts a goroutine, which lives as
// long as there are messages: a handler that is stuck stops its actor and the readers that bring it frames, and nobody who asks.
// While the actor runs, a message waits, and the goroutine that runs it takes it.
//
// What a handler leaves in after is applied when it has returned, still before the actor's next message: the next stage of a frame's
// way is not called from inside the one before it, so the way needs a small stack, and each of thousands of readers has one.
//
// Frames go to the actor's shell directly; everything else takes protoactor's way through the context.
//
// The zero value is an idle inbox.
type inbox struct {
	invoker actor.MessageInvoker
	owner   *node
	after   effect // set by the handler, taken by the goroutine that runs the actor

	mu        sync.Mutex // guards all that follows; never held while the actor runs
	running   bool
	suspended bool
	user      []any
	system    []any
}

// effect is what remains to be done for a message after its handler.
type effect interface {
	apply()
	origin() *link // whose frames it concerns
}

// adoptedMost is how many messages the goroutine that posts frames to an idle actor handles before the rest gets a goroutine of its own: a
// reader is not to be kept by the frames of others.
const adoptedMost = 64

// isFrames says whether msg carries frames on their way.
func isFrames(msg any) bool {
	switch msg.(type) {
	case *uplink, *group:
		return true
	}
	return false
}

// PostUserMessage implements actor.Mailbox.
func (b *inbox) PostUserMessage(msg any) {
	b.mu.Lock()
	if b.running || b.suspended || len(b.user) > 0 {
		b.user = append(b.user, msg)
		b.mu.Unlock()
		return
	}
	b.running = true
	b.mu.Unlock()
	if isFrames(msg) {
		b.run(msg, false, true)
		return
	}
	go b.run(msg, false, false)
}

// PostSystemMessage implements actor.Mailbox.
func (b *inbox) PostSystemMessage(msg any) {
	b.mu.Lock()
	if b.running {
		b.system = append(b.system, msg)
		b.mu.Unlock()
		return
	}
	b.running = true
	b.mu.Unlock()
	go b.run(msg, true, false)
}

// run handles msg and whatever has come meanwhile, system messages first.  A goroutine that is adopted, and has work of its own, goes on with
// frames only.
func (b *inbox) run(msg any, system, adopted bool) {
	for n := 0; ; n++ {
		b.invoke(msg, system, n > 0)
		if e := b.after; e != nil {
			b.after = nil
			b.applied(e)
		}
		b.mu.Lock()
		switch {
		case len(b.system) > 0:
			msg, b.system = pop(b.system)
			system = true
		case len(b.user) > 0 && !b.suspended:
			msg, b.user = pop(b.user)
			system = false
		default:
			b.running = false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		if adopted && (n == adoptedMost || system || !isFrames(msg)) {
			go b.run(msg, system, false)
			return
		}
	}
}

// pop takes the first message; an emptied queue gives its memory back.
func pop(queue []any) (any, []any) {
	msg := queue[0]
	queue[0] = nil
	if len(queue) == 1 {
		return msg, nil
	}
	return msg, queue[1:]
}

// invoke hands one message to the actor; a panic goes to its supervisor.
func (b *inbox) invoke(msg any, system, waited bool) {
	defer func() {
		if thrown := recover(); thrown != nil {
			b.invoker.EscalateFailure(thrown, msg)
		}
	}()
	if !system {
		switch m := msg.(type) {
		case *uplink, *group:
			b.owner.shell.carry(m, waited)
		default:
			b.invoker.InvokeUserMessage(msg)
		}
		return
	}
	switch msg.(type) {
	case *actor.SuspendMailbox:
		b.suspend(true)
	case *actor.ResumeMailbox:
		b.suspend(false)
	default:
		b.invoker.InvokeSystemMessage(msg)
	}
}

// applied is e.apply with the same net below it as a handler has.  How far it came cannot be known, so the connection is closed.
func (b *inbox) applied(e effect) {
	l := e.origin()
	defer func() {
		if thrown := recover(); thrown != nil {
			f := b.owner.note("what follows a message", thrown)
			l.conn.Close(transport.CloseFault, f.Error())
			b.invoker.EscalateFailure(f, nil)
		}
	}()
	e.apply()
}

func (b *inbox) suspend(yes bool) {
	b.mu.Lock()
	b.suspended = yes
	b.mu.Unlock()
}

// RegisterHandlers implements actor.Mailbox; the inbox is its own dispatcher.
func (b *inbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	b.invoker = invoker
}

// Start implements actor.Mailbox.
func (b *inbox) Start() {}

// UserMessageCount implements actor.Mailbox: the messages that wait, without the one being handled.
func (b *inbox) UserMessageCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.user)
}
