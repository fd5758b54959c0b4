package actors

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// defaultMaxMasters bounds what strangers who invent serials can make us remember.
const defaultMaxMasters = 100_000

// gateway wires the tree and is the door to it for the world outside the actors.
type gateway struct {
	log          hclog.Logger
	allowFaults  bool
	commandQueue int
	maxMasters   int

	system *actor.ActorSystem
	root   *actor.RootContext
	slots  []*slot

	rootNode, registryNode, listenersNode *node
	rootPID, registry                     *actor.PID
	masters                               *directory
	journal                               *book
	restored                              []*master // known from earlier processes, until they have actors

	leaf     *strategy
	poison   poisonBook
	commands reasons
	alarms   reasons
	restarts atomic.Uint64

	settleFaults atomic.Uint64 // see link.netted

	ready   chan struct{} // closed when every actor of the structure runs
	revived chan struct{} // closed when the restored masters have actors

	ending sync.Once
	done   chan struct{}
	err    atomic.Pointer[error]
	drain  sync.Once
	gone   atomic.Bool

	swapping sync.Mutex // guards which profiles the listeners have; frames do not wait for it
}

// Start binds every listener and starts the tree.
// It returns when all ports are open or, with nothing left running, an error that names each port that is not.
func Start(o Options) (Gateway, error) {
	g := &gateway{
		log: o.Logger, allowFaults: o.AllowFaults, commandQueue: o.CommandQueue, maxMasters: o.MaxMasters,
		masters: newDirectory(), done: make(chan struct{}), ready: make(chan struct{}), revived: make(chan struct{}),
	}
	if g.log == nil {
		g.log = hclog.NewNullLogger()
	}
	if g.commandQueue == 0 {
		g.commandQueue = defaultCommandQueue
	}
	if g.maxMasters == 0 {
		g.maxMasters = defaultMaxMasters
	}
	if o.Journal == nil {
		o.Journal = new(journal.Memory)
	}
	g.journal = newBook(o.Journal)
	for _, lo := range o.Listeners {
		if err := g.journal.enter(context.Background(), lo.Profile); err != nil {
			return nil, err
		}
	}
	if err := g.bind(o.Listeners); err != nil {
		return nil, err
	}
	if err := g.restore(context.Background()); err != nil {
		g.closePorts()
		return nil, fmt.Errorf("restore the masters from the journal: %w", err)
	}
	if err := g.journal.Err(); err != nil {
		g.closePorts()
		return nil, err
	}
	g.leaf = g.structural()
	g.system = actor.NewActorSystem(actor.WithLoggerFactory(slogOn(g.log.Named("actor"))), actor.WithDeadLetterRequestLogging(false),
		actor.WithDeadLetterThrottleInterval(100*time.Millisecond))
	g.root = g.system.Root
	g.rootNode = newNode(nil, "trama", kindRoot, nil)
	g.rootNode.gw = g
	record := newNode(g.rootNode, "journal", kindJournal, g.journal) // no actor: the engine has goroutines of its own
	record.phase.Store(uint32(phaseRunning))
	g.registryNode = newNode(g.rootNode, "registry", kindRegistry, g.masters)
	g.listenersNode = newNode(g.rootNode, "listeners", kindListeners, nil)
	pid, err := g.root.Copy().WithGuardian(g.guardian()).SpawnNamed(
		props(g.rootNode, g.structural(), func() behaviour { return &rootActor{g} }), g.rootNode.name)
	if err != nil {
		g.closePorts()
		return nil, fmt.Errorf("spawn root: %w", err)
	}
	go g.watch()
	g.rootPID = pid
	g.rootNode.pid.Store(pid)
	for _, step := range []chan struct{}{g.ready, g.revived} {
		select {
		case <-step:
		case <-g.done:
			why := g.Err()
			_ = g.Drain(expired()) // why is what matters
			return nil, why
		}
	}
	g.happened(journal.Event{Kind: journal.EventStart})
	for _, s := range g.slots {
		g.log.Named("listener").Info("listening", "listener", s.name, "address", s.port.Addr().String(), "profile", s.profile.Load().Name(), "role", s.role.String())
	}
	return g, nil
}

// bind opens every port, or none.
func (g *gateway) bind(listeners []ListenerOptions) error {
	descriptors, err := transport.NewDescriptors()
	if err != nil {
		return fmt.Errorf("file descriptors: %w", err)
	}
	var problems []error
	for _, lo := range listeners {
		s := &slot{name: lo.Transport.Name, role: lo.Role, gw: g, events: newEventLimit()}
		s.set("starting")
		options := lo.Transport
		options.Reserve, options.Events = descriptors, s.transportEvent
		s.maxFrame, s.aside, s.frameNames, s.greeting = options.MaxFrameBytes, options.Aside, lo.FrameNames, lo.Greeting
		first := s.next(Edition{Profile: lo.Profile, Source: lo.Source}, nil)
		s.edition.Store(first)
		s.profile.Store(lo.Profile)
		f := s.framing(first)
		options.Split, options.MaxFrameBytes, options.Tag = f.Split, f.MaxFrameBytes, f.Tag
		if s.port, err = transport.Listen(context.Background(), options); err != nil {
			problems = append(problems, fmt.Errorf("listener %q on %s: %w", s.name, options.Address, err))
			continue
		}
		g.slots = append(g.slots, s)
	}
	if len(problems) > 0 {
		g.closePorts()
	}
	return errors.Join(problems...)
}

// hasAnonymous says whether a master may send frames without its identity.
func hasAnonymous(p *codec.Profile) bool {
	for _, msg := range p.Messages() {
		if msg.From == codec.Server || msg.From == codec.Integrator {
			continue
		}
		if !slices.ContainsFunc(msg.Fields, func(f *codec.Field) bool { return f.Role == codec.RoleIdentity }) {
			return true
		}
	}
	return false
}

func (g *gateway) closePorts() {
	for _, s := range g.slots {
		_ = s.port.Close() // nothing to lose: it takes no connections any more either way
	}
}

// rootActor is the top of the tree.
type rootActor struct{ gw *gateway }

func (a *rootActor) receive(ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); !ok {
		return
	}
	g := a.gw
	masters := &strategy{gw: g, limit: leafFaults, remedy: restart, giveUp: g.resetMaster}
	g.registry = mustSpawn(ctx, g.registryNode, props(g.registryNode, masters, func() behaviour { return &registry{gw: g, masters: g.masters} }))
	ctx.Send(mustSpawn(ctx, g.listenersNode, props(g.listenersNode, g.structural(), func() behaviour { return &listenersActor{g} })), &announce{g.ready})
}

// fail ends the gateway for a reason that nothing in the tree can mend.
func (g *gateway) fail(err error) {
	g.ending.Do(func() {
		g.log.Error("the gateway ends", "reason", err)
		g.err.Store(&err)
		close(g.done)
	})
}

// Done implements Gateway.
func (g *gateway) Done() <-chan struct{} { return g.done }

// Err implements Gateway.
func (g *gateway) Err() error {
	if err := g.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Ready implements Gateway.
func (g *gateway) Ready() error {
	if g.gone.Load() {
		return ErrStopping
	}
	if err := g.Err(); err != nil {
		return err
	}
	if err := g.journal.Accepting(); err != nil {
		return err
	}
	for _, s := range g.slots {
		if state := *s.state.Load(); state != "accepting" && state != "suspended" {
			why := ""
			if t := s.trouble.Load(); t != nil {
				why = ": " + *t
			}
			return fmt.Errorf("listener %q is %s%s", s.name, state, why)
		}
	}
	return nil
}

// Live implements Gateway: root, registry and listeners answer.
func (g *gateway) Live(ctx context.Context) error {
	if err := g.Err(); err != nil {
		return err
	}
	waiting := []*node{g.rootNode, g.registryNode, g.listenersNode}
	for _, s := range g.slots {
		waiting = append(waiting, s.node)
	}
	for _, n := range waiting {
		reply := make(chan struct{}, 1)
		g.root.Send(n.pid.Load(), &ping{reply})
		select {
		case <-reply:
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", n.path(), ctx.Err())
		}
	}
	return nil
}

// Totals implements Gateway.
func (g *gateway) Totals() Totals {
	t := Totals{
		Rejected: map[string]uint64{}, Alarms: g.alarms.copy(), Journal: g.journal.Brief(), Commands: g.commands.copy(), Masters: g.masters.size(), MastersOnline: g.masters.online(),
		Restarts: g.restarts.Load(), SettleFaults: g.settleFaults.Load(), Goroutines: runtime.NumGoroutine(),
	}
	for _, s := range g.slots {
		sum := s.links.sum()
		t.Frames += sum.frames.Load()
		t.Stored += sum.stored.Load()
		t.Duplicates += sum.repeated.Load()
		t.Acknowledged += sum.acked.Load()
		t.NoReplyDue += sum.silent.Load()
		t.Unsent += sum.unsent.Load()
		t.Poisoned += sum.poisoned.Load()
		t.CutOff += s.port.Stats().CutOff
		t.Connections += s.links.size()
		for reason, n := range s.refusals.copy() {
			t.Rejected[reason] += n
		}
	}
	return t
}

func (g *gateway) countCommand(outcome string) { g.commands.add(outcome) }
