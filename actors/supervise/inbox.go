package supervise

import (
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// inbox is the mailbox of every actor here: unbounded (readers are bounded by credits), and small, because there is
// one for each connection and each master.  Frames that come to an idle actor are handled in the goroutine that posts
// them, so that they pass from their reader to their master without a wake-up.  Any other message to an idle actor
// starts a goroutine, which lives as long as there are messages: a handler that is stuck stops its actor and the
// readers that bring it frames, and nobody who asks. While the actor runs, a message waits, and the goroutine that
// runs it takes it.
//
// The AfterHandler that a handler leaves in after is applied when it has returned, still before the actor's next
// message: the next stage of a frame's way is not called from inside the one before it, so the way needs a small
// stack, and each of thousands of readers has one.
//
// Frames go to the actor's shell directly; everything else takes protoactor's way through the context.
//
// The zero value is an idle inbox.
type inbox struct {
	invoker actor.MessageInvoker
	owner   *Node
	after   AfterHandler // set by the handler, taken by the goroutine that runs the actor

	mu        sync.Mutex // guards all that follows; never held while the actor runs
	running   bool
	suspended bool
	user      []any
	system    []any
}

// AfterHandler is what remains to be done for a message after its handler.
type AfterHandler interface {
	Apply()
	Origin() Origin
}

// Origin is where frames have come from.
type Origin interface{ Failed(f *Fault) } // an effect has failed; how far it came cannot be known

// Frames is a message that carries frames on their way.  An idle actor handles it in the goroutine that posts it.
type Frames interface {
	What() *string // as the tree names the message
	Received() time.Time
}

// FrameHandler is the handler of an actor that frames are posted to.
type FrameHandler interface {
	Handler
	Carry(m Frames)
}

// adoptedMost is how many messages the goroutine that posts frames to an idle actor handles before the rest gets a
// goroutine of its own: a reader is not to be kept by the frames of others.
const adoptedMost = 64

// isFrames says whether msg carries frames.
func isFrames(msg any) bool {
	_, yes := msg.(Frames)
	return yes
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

// run handles msg and whatever has come meanwhile, system messages first.  A goroutine that is adopted, and has work
// of its own, goes on with frames only.
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
		if m, yes := msg.(Frames); yes {
			b.owner.shell.carry(m, waited)
		} else {
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

// applied is e.Apply with the same net below it as a handler has.
func (b *inbox) applied(e AfterHandler) {
	from := e.Origin() // of now: e may be another's when it has been applied
	defer func() {
		if thrown := recover(); thrown != nil {
			f := b.owner.Note("what follows a message", thrown)
			from.Failed(f)
			b.invoker.EscalateFailure(f, nil)
		}
	}()
	e.Apply()
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
