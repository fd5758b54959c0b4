package supervise

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Kind names what an actor is, in the words of the tree.
type Kind string

const (
	KindRoot       Kind = "root"
	KindJournal    Kind = "journal"
	KindRegistry   Kind = "registry"
	KindMaster     Kind = "master"
	KindListeners  Kind = "listeners"
	KindListener   Kind = "listener"
	KindConnection Kind = "connection"
)

// phase is where an actor stands in its life.
type phase uint32

const (
	phaseStarting phase = iota
	phaseRunning
	phaseRestarting
	phaseStopped
)

// StuckAfter is how long one message may take before the tree calls the actor stuck.
const StuckAfter = 5 * time.Second

// Node is the passive record of one actor: written by the actor's shell and its supervisor, read by the debug
// endpoint. Reading it sends no message, so an actor that is stuck or flooded shows as such.
//
// The record outlives a restart of its actor.  Everything but the immutable head is atomic or guarded by children.mu.
// It lies inside the link or master it belongs to, with the mailbox and the shell, so that a message touches little
// memory.
type Node struct {
	sys    *System
	name   string
	kind   Kind
	parent *Node
	born   int64    // Unix nanoseconds
	detail Detailer // nil: nothing to add

	box   inbox
	shell shell

	pid       atomic.Pointer[actor.PID]
	phase     atomic.Uint32
	restarts  atomic.Uint32
	messages  atomic.Uint64
	busyWith  atomic.Pointer[string]
	busySince atomic.Int64 // Unix nanoseconds; 0 = idle
	fault     atomic.Pointer[NodeError]
	armed     atomic.Bool // the next frame it handles makes it fail (drills)

	recent *[]time.Time // faults inside the strategy's window, nil before the first; touched by the supervisor's goroutine only

	children *family // nil for actors that never have any
}

// Detailer adds what is particular to one kind of actor; it is called from any goroutine and must not block.
type Detailer interface{ TreeDetail() map[string]any }

// family is the set of children of one node.
type family struct {
	mu sync.RWMutex // guards by
	by map[string]*Node
}

// NewNode makes a record below parent.
func NewNode(parent *Node, name string, k Kind, d Detailer) *Node {
	n := new(Node)
	n.Enter(parent, name, k, d)
	return n
}

// NewRoot makes the record of the root of a tree.
func NewRoot(s *System, name string) *Node {
	n := &Node{sys: s}
	n.Enter(nil, name, KindRoot, nil)
	return n
}

// Enter fills in a new record and puts it into the tree.
func (n *Node) Enter(parent *Node, name string, k Kind, d Detailer) {
	n.name, n.kind, n.parent, n.born, n.detail = name, k, parent, time.Now().UnixNano(), d
	if parent != nil {
		n.sys = parent.sys
	}
	n.box.owner = n
	if k != KindConnection && k != KindMaster {
		n.children = &family{by: make(map[string]*Node)}
	}
	if parent != nil {
		parent.children.add(n)
	}
}

// Leave takes the node out of the tree when its actor has stopped for good.
func (n *Node) Leave() {
	n.phase.Store(uint32(phaseStopped))
	if n.parent != nil {
		n.parent.children.remove(n)
	}
}

// Path names the actor from the root on, such as "trama/listeners/gsm".
func (n *Node) Path() string {
	if n.parent == nil {
		return n.name
	}
	return n.parent.Path() + "/" + n.name
}

// Names are those of the children.
func (n *Node) Names() (names []string) {
	for _, child := range n.children.list() {
		names = append(names, child.name)
	}
	return names
}

// Find walks a path such as "trama/listeners/gsm"; nil when there is no such actor.
func (n *Node) Find(path string) *Node {
	head, rest, more := strings.Cut(path, "/")
	if head != n.name {
		return nil
	}
	if !more {
		return n
	}
	next, _, _ := strings.Cut(rest, "/")
	child := n.children.get(next)
	if child == nil {
		return nil
	}
	return child.Find(rest)
}

// Each visits n and everything below it.
func (n *Node) Each(visit func(*Node)) {
	visit(n)
	for _, child := range n.children.list() {
		child.Each(visit)
	}
}

// Kind is what the actor is.
func (n *Node) Kind() Kind { return n.kind }

// PID is the address of the actor; nil until it was spawned.
func (n *Node) PID() *actor.PID { return n.pid.Load() }

// Detail is what Enter was given.
func (n *Node) Detail() Detailer { return n.detail }

// Post hands frames to the actor, in this goroutine when it is idle: what Send comes to, without looking up an
// address at every hop.
func (n *Node) Post(m Frames) { n.box.PostUserMessage(m) }

// After has a handler leave what is to be done when it has returned, before the next message.
func (n *Node) After(what AfterHandler) { n.box.after = what }

// Waiting counts the messages that wait, without the one being handled.
func (n *Node) Waiting() int { return n.box.UserMessageCount() }

// AtRest says whether nobody runs the actor and nothing waits for it.
func (n *Node) AtRest() bool {
	n.box.mu.Lock()
	defer n.box.mu.Unlock()
	return !n.box.running && len(n.box.user) == 0
}

// Stopped says whether the actor has stopped for good.
func (n *Node) Stopped() bool { return phase(n.phase.Load()) == phaseStopped }

// Arm makes the next frame that the actor handles fail, or not after all.
func (n *Node) Arm(yes bool) { n.armed.Store(yes) }

// Messages is how many messages the actor has handled.
func (n *Node) Messages() uint64 { return n.messages.Load() }

// Restarts is how often the actor was restarted.
func (n *Node) Restarts() uint64 { return uint64(n.restarts.Load()) }

// LastError is the last fault; nil when there was none.
func (n *Node) LastError() *NodeError { return n.fault.Load() }

// SetRunning marks the record of something that is no actor and runs.
func (n *Node) SetRunning() { n.phase.Store(uint32(phaseRunning)) }

// begin and end bracket the handling of one message.
func (n *Node) begin(what *string, at int64) {
	n.messages.Add(1)
	n.busyWith.Store(what)
	n.busySince.Store(at)
}

func (n *Node) end() { n.busySince.Store(0) }

// failed records a fault and returns how many fell into the window, this one included.
func (n *Node) failed(now time.Time, window time.Duration) int {
	if n.recent == nil {
		n.recent = new([]time.Time)
	}
	*n.recent = append(slices.DeleteFunc(*n.recent, func(t time.Time) bool { return now.Sub(t) > window }), now)
	n.restarts.Add(1)
	return len(*n.recent)
}

// Condition is the state as the tree shows it.
func (n *Node) Condition(now time.Time) (state string, busy *NodeBusy) {
	switch phase(n.phase.Load()) {
	case phaseStarting:
		state = "starting"
	case phaseRestarting:
		state = "restarting"
	case phaseStopped:
		state = "stopped"
	default:
		state = "idle"
	}
	since := n.busySince.Load()
	if since == 0 {
		return state, nil
	}
	took := now.Sub(time.Unix(0, since))
	busy = &NodeBusy{For: Millis(max(took, 0))}
	if what := n.busyWith.Load(); what != nil {
		busy.Message = *what
	}
	if state == "idle" {
		state = "running"
		if took > StuckAfter {
			state = "stuck"
		}
	}
	return state, busy
}

func (f *family) add(n *Node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by[n.name] = n
}

func (f *family) remove(n *Node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by[n.name] == n {
		delete(f.by, n.name)
	}
}

func (f *family) get(name string) *Node {
	if f == nil {
		return nil
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.by[name]
}

// list returns the children: the root's in the order of the way of a frame, others by name with numbers in their
// order (conn-9 before conn-10).
func (f *family) list() []*Node {
	if f == nil {
		return nil
	}
	f.mu.RLock()
	all := make([]*Node, 0, len(f.by))
	for _, n := range f.by {
		all = append(all, n)
	}
	f.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Node) int {
		if a.kind != b.kind {
			return cmp.Compare(a.born, b.born)
		}
		if len(a.name) != len(b.name) && a.kind == KindConnection {
			return len(a.name) - len(b.name)
		}
		return strings.Compare(a.name, b.name)
	})
	return all
}

func (f *family) size() int {
	if f == nil {
		return 0
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.by)
}
