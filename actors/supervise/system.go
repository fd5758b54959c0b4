package supervise

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"trama/actors/internal/count"
)

// System is what all actors of a tree share.
type System struct {
	Log      hclog.Logger
	Library  *actor.ActorSystem
	Root     *actor.RootContext // sends from outside of any actor
	Restarts atomic.Uint64      // after faults and on request
	Caught   atomic.Uint64      // panics of what no handler does; see Guard
	Fail     func(error)        // ends the program for a reason that nothing in the tree can mend; the first counts

	lines lines

	Leaf *Strategy // of actors that have no children: one for all of them
}

// NewSystem starts protoactor, with its log in ours.
func NewSystem(log hclog.Logger, fail func(error)) *System {
	s := &System{Log: log, Fail: fail, lines: lines{of: map[line]*count.Pace{}}}
	s.Library = actor.NewActorSystem(actor.WithLoggerFactory(slogOn(log.Named("actor"))),
		actor.WithDeadLetterRequestLogging(false),
		actor.WithDeadLetterThrottleInterval(100*time.Millisecond))
	oneBucket(s.Library.ProcessRegistry)
	s.Root = s.Library.Root
	s.Leaf = s.Structural()
	return s
}

// oneBucket has the library's registry of actors use one map, which has shards itself, instead of 1,024: the library takes
// a hash of 32 bits for an int when it chooses one, which is negative every other time where an int has 32 bits.
func oneBucket(registry *actor.ProcessRegistryValue) {
	buckets := registry.LocalPIDs.LocalPIDs
	for _, b := range buckets[1:] {
		for id, process := range b.Items() {
			buckets[0].Set(id, process)
		}
	}
	registry.LocalPIDs.LocalPIDs = slices.Clone(buckets[:1])
}

// Send posts a message to the actor of n from outside of any actor.
func (s *System) Send(n *Node, msg any) { s.Root.Send(n.pid.Load(), msg) }

// SpawnRoot starts the actor of the root; when it gives up, Fail is called.
func (s *System) SpawnRoot(n *Node, fresh func() Handler) error {
	pid, err := s.Root.Copy().WithGuardian(s.Guardian()).SpawnNamed(props(n, s.Structural(), fresh), n.name)
	if err != nil {
		return err
	}
	n.pid.Store(pid)
	return nil
}

// StopFuture stops the actor of n and everything below it, and is done when they have.
func (s *System) StopFuture(n *Node) *actor.Future { return s.Root.StopFuture(n.pid.Load()) }
