package actors

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// kind names what an actor is, in the words of the tree.
type kind string

const (
	kindRoot       kind = "root"
	kindJournal    kind = "journal"
	kindRegistry   kind = "registry"
	kindMaster     kind = "master"
	kindListeners  kind = "listeners"
	kindListener   kind = "listener"
	kindConnection kind = "connection"
)

// phase is where an actor stands in its life.
type phase uint32

const (
	phaseStarting phase = iota
	phaseRunning
	phaseRestarting
	phaseStopped
)

// stuckAfter is how long one message may take before the tree calls the actor stuck.
const stuckAfter = 5 * time.Second

// node is the passive record of one actor: written by the actor's shell and its supervisor, read by the debug endpoint.
// Reading it sends no message, so an actor that is stuck or flooded shows as such.
//
// The record outlives a restart of its actor.  Everything but the immutable head is atomic or guarded by children.mu.  It lies inside
// the link or master it belongs to, with the mailbox and the shell, so that a message touches little memory.
type node struct {
	gw     *gateway
	name   string
	kind   kind
	parent *node
	born   time.Time
	detail detailer // nil: nothing to add

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

	recent []time.Time // faults inside the strategy's window; touched by the supervisor's goroutine only

	children *family // nil for actors that never have any
}

// detailer adds what is particular to one kind of actor; it is called from any goroutine and must not block.
type detailer interface{ treeDetail() map[string]any }

// family is the set of children of one node.
type family struct {
	mu sync.RWMutex // guards by
	by map[string]*node
}

func newNode(parent *node, name string, k kind, d detailer) *node {
	n := new(node)
	n.enter(parent, name, k, d)
	return n
}

// enter fills in a new record and puts it into the tree.
func (n *node) enter(parent *node, name string, k kind, d detailer) {
	n.name, n.kind, n.parent, n.born, n.detail = name, k, parent, time.Now(), d
	if parent != nil {
		n.gw = parent.gw
	}
	n.box.owner = n
	if k != kindConnection && k != kindMaster {
		n.children = &family{by: make(map[string]*node)}
	}
	if parent != nil {
		parent.children.add(n)
	}
}

// leave takes the node out of the tree when its actor has stopped for good.
func (n *node) leave() {
	n.phase.Store(uint32(phaseStopped))
	if n.parent != nil {
		n.parent.children.remove(n)
	}
}

func (n *node) path() string {
	if n.parent == nil {
		return n.name
	}
	return n.parent.path() + "/" + n.name
}

// find walks a path such as "trama/listeners/field"; nil when there is no such actor.
func (n *node) find(path string) *node {
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
	return child.find(rest)
}

// each visits n and everything below it.
func (n *node) each(visit func(*node)) {
	visit(n)
	for _, child := range n.children.list() {
		child.each(visit)
	}
}

// begin and end bracket the handling of one message.
func (n *node) begin(what *string, at int64) {
	n.messages.Add(1)
	n.busyWith.Store(what)
	n.busySince.Store(at)
}

func (n *node) end() { n.busySince.Store(0) }

// failed records a fault and returns how many fell into the window, this one included.
func (n *node) failed(now time.Time, window time.Duration) int {
	n.recent = slices.DeleteFunc(n.recent, func(t time.Time) bool { return now.Sub(t) > window })
	n.recent = append(n.recent, now)
	n.restarts.Add(1)
	return len(n.recent)
}

// condition is the state as the tree shows it.
func (n *node) condition(now time.Time) (state string, busy *NodeBusy) {
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
		if took > stuckAfter {
			state = "stuck"
		}
	}
	return state, busy
}

func (f *family) add(n *node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by[n.name] = n
}

func (f *family) remove(n *node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by[n.name] == n {
		delete(f.by, n.name)
	}
}

func (f *family) get(name string) *node {
	if f == nil {
		return nil
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.by[name]
}

// list returns the children: the root's in the order of the way of a frame, others by name with numbers in their order (conn-9 before
// conn-10).
func (f *family) list() []*node {
	if f == nil {
		return nil
	}
	f.mu.RLock()
	all := make([]*node, 0, len(f.by))
	for _, n := range f.by {
		all = append(all, n)
	}
	f.mu.RUnlock()
	slices.SortFunc(all, func(a, b *node) int {
		if a.kind != b.kind {
			return a.born.Compare(b.born)
		}
		if len(a.name) != len(b.name) && a.kind == kindConnection {
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
