package actors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"trama/actors/admission"
	"trama/actors/connection"
	"trama/actors/internal/count"
	"trama/actors/master"
	"trama/actors/port"
	"trama/actors/profiles"
	"trama/actors/schedule"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/journal"
	"trama/keys"
	"trama/transport"
)

// defaultMaxMasters bounds what strangers who invent serials can make us remember.
const defaultMaxMasters = 100_000

const defaultResendBytes = 64 << 20

// gateway wires the tree and is the door to it for the world outside the actors.
type gateway struct {
	log         hclog.Logger
	allowFaults bool

	sys     *supervise.System
	top     *supervise.Node
	shared  *connection.Shared
	masters *master.Directory
	ports   *port.Ports
	journal Journal
	keys    *keys.Store // nil: no master has a key
	store   *profiles.Store

	schedule *schedule.Schedule

	ending sync.Once
	done   chan struct{}
	err    atomic.Pointer[error]
	drain  sync.Once
	gone   atomic.Bool

	swapping sync.Mutex // guards which profiles the listeners have and try, and polls; frames do not wait for it
	polls    []PollOptions
}

// Start binds every listener and starts the tree.
// It returns when all ports are open or, with nothing left running, an error that names each port that is not.
func Start(o Options) (Gateway, error) {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.CommandQueue == 0 {
		o.CommandQueue = master.DefaultCommandQueue
	}
	if o.MaxMasters == 0 {
		o.MaxMasters = defaultMaxMasters
	}
	if o.ResendBytes == 0 {
		o.ResendBytes = defaultResendBytes
	}
	if o.Journal == nil {
		o.Journal = new(journal.Memory)
	}
	if o.listen == nil {
		o.listen = port.ListenTCP
	}
	g := &gateway{log: o.Logger, allowFaults: o.AllowFaults, journal: o.Journal, keys: o.Keys,
		store: profiles.NewStore(o.Journal), done: make(chan struct{})}
	for _, lo := range o.Listeners {
		if err := g.store.Add(context.Background(), lo.Profile); err != nil {
			return nil, err
		}
	}
	g.sys = supervise.NewSystem(g.log, g.fail)
	var ring *trust.Keyring
	if g.keys != nil {
		ring = trust.New(g.keys)
	}
	g.masters = master.NewDirectory(master.Options{
		System: g.sys, Journal: g.journal, Profiles: g.store, CommandQueue: o.CommandQueue, QueuedPerSecond: cmp.Or(o.QueuedPerSecond, master.DefaultQueuedPerSecond), MaxMasters: o.MaxMasters,
		ResendBytes: o.ResendBytes, Keys: ring, Known: o.Known, Stopping: g.done, Answered: o.Answered,
	})
	g.shared = &connection.Shared{System: g.sys, Journal: g.journal, Masters: g.masters, Keys: ring, Guess: g.guess,
		Acknowledged: o.Acknowledged}
	g.ports = &port.Ports{System: g.sys}
	g.schedule = schedule.New(g.masters)
	if err := g.bind(o.Listeners, o.listen); err != nil {
		return nil, err
	}
	if err := g.restore(); err != nil {
		g.closePorts()
		return nil, err
	}
	if err := g.plant(); err != nil {
		g.closePorts()
		return nil, err
	}
	go g.watch()
	g.SetPolls(o.Polls)
	go g.schedule.Run(g.done, g.sys.Guard)
	go g.masters.KeepTime(g.done)
	go g.masters.KeepKeys(g.done)
	if err := g.awaitStart(); err != nil {
		_ = g.Drain(expired()) // err is what matters
		return nil, err
	}
	g.recordEvent(journal.Event{Kind: journal.EventStart, Detail: g.howItEnded()})
	for _, p := range g.ports.All {
		g.log.Named("listener").Info("listener open", "listener", p.Name, "address", p.Addr(), "profile",
			p.Profile().Name(), "role", p.Role.String())
	}
	return g, nil
}

// howItEnded is what the journal tells of the end of the process before; "" when it was in order.
func (g *gateway) howItEnded() string {
	j, durable := g.journal.(interface {
		Killed(ctx context.Context) (bool, error)
	})
	if !durable {
		return ""
	}
	killed, err := j.Killed(context.Background())
	switch {
	case err != nil:
		return "how the process before ended cannot be read: " + err.Error()
	case killed:
		return "the process before was killed, or lost its power: it told of no stop"
	}
	return ""
}

// restore brings back what is known from earlier processes.
func (g *gateway) restore() error {
	var installed []*profiles.Installed
	for _, p := range g.ports.All {
		installed = append(installed, p.Installed())
	}
	if err := g.masters.Restore(context.Background(), installed); err != nil {
		return fmt.Errorf("restore the masters from the journal: %w", err)
	}
	if err := g.checkGeneration(); err != nil {
		return err
	}
	return g.journal.Err()
}

// plant makes the tree.
func (g *gateway) plant() error {
	g.top = supervise.NewRoot(g.sys, "trama")
	// no actor: the engine has goroutines of its own
	record := supervise.NewNode(g.top, "journal", supervise.KindJournal, journalDetail{g.journal})
	record.SetRunning()
	g.masters.Node = supervise.NewNode(g.top, "registry", supervise.KindRegistry, g.masters)
	g.ports.Node = supervise.NewNode(g.top, "listeners", supervise.KindListeners, nil)
	if err := g.sys.SpawnRoot(g.top, func() supervise.Handler { return &rootHandler{g} }); err != nil {
		return fmt.Errorf("spawn root: %w", err)
	}
	return nil
}

// rootHandler is the top of the tree.
type rootHandler struct{ gw *gateway }

// Receive implements supervise.Handler.
func (a *rootHandler) Receive(ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); ok {
		a.gw.masters.Spawn(ctx)
		a.gw.ports.Spawn(ctx)
	}
}

// awaitStart returns when every actor of the structure runs and the restored masters have theirs.
func (g *gateway) awaitStart() error {
	steps := []<-chan struct{}{g.masters.Revived()}
	for _, p := range g.ports.All {
		steps = append(steps, p.Running())
	}
	for _, step := range steps {
		select {
		case <-step:
		case <-g.done:
			return g.Err()
		}
	}
	return g.Err()
}

// bind opens every port, or none.
func (g *gateway) bind(listeners []ListenerOptions, listen func(transport.Options) (port.Acceptor, error)) error {
	descriptors, err := transport.NewDescriptors()
	if err != nil {
		return fmt.Errorf("file descriptors: %w", err)
	}
	var problems []error
	for _, lo := range listeners {
		options := lo.Transport
		l := connection.NewListener(g.shared, options.Name, lo.Role)
		l.FrameNames, l.Greeting, l.Policy, l.Outcomes = lo.FrameNames, lo.Greeting, lo.Policy, lo.Outcomes
		l.Newcomers = admission.NewPace(lo.Policy.NewMastersPerMinute)
		l.Window = lo.DeliveryWindow
		l.MaxMasters = cmp.Or(lo.MaxMasters, connection.DefaultMaxMasters)
		l.FirstFrame = cmp.Or(options.FirstFrameTimeout, transport.DefaultFirstFrameTimeout)
		l.Registers = options.Aside != nil && options.Aside.Registration != nil
		p := port.New(l, port.Options{MaxFrameBytes: options.MaxFrameBytes, Store: g.store, Ended: g.done},
			ProfileVersion{Profile: lo.Profile, Source: lo.Source})
		options.Reserve, options.Events = descriptors, p.TransportEvent
		f := p.Framing(p.Installed())
		options.Cutter, options.MaxFrameBytes, options.Quiet, options.Tag = f.Cutter, f.MaxFrameBytes, f.Quiet, f.Tag
		acceptor, err := listen(options)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		p.Bind(acceptor)
		g.ports.All = append(g.ports.All, p)
	}
	if len(problems) > 0 {
		g.closePorts()
	}
	return errors.Join(problems...)
}

func (g *gateway) closePorts() {
	for _, p := range g.ports.All {
		p.Unbind()
	}
}

// port finds a listener by its name.
func (g *gateway) port(name string) (*port.Port, error) {
	for _, p := range g.ports.All {
		if p.Name == name {
			return p, nil
		}
	}
	return nil, g.unknownListener(name)
}

func (g *gateway) recordEvent(e journal.Event) { journal.AppendEvent(g.journal, e) }

// fail ends the gateway for a reason that nothing in the tree can mend.
func (g *gateway) fail(err error) {
	g.ending.Do(func() {
		g.log.Error("gateway ends", "reason", err)
		g.err.Store(&err)
		close(g.done)
	})
}

// watch ends the gateway when its journal has failed: nothing can be acknowledged any more.
func (g *gateway) watch() {
	select {
	case <-g.journal.Failed():
		g.fail(g.journal.Err())
	case <-g.done:
	}
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
	for _, p := range g.ports.All {
		if state, why := p.Status(); state != port.Accepting && state != port.Suspended {
			if why != "" {
				why = ": " + why
			}
			return fmt.Errorf("listener %q is %s%s", p.Name, state, why)
		}
	}
	return nil
}

// Live implements Gateway: root, registry and listeners answer.
func (g *gateway) Live(ctx context.Context) error {
	if err := g.Err(); err != nil {
		return err
	}
	waiting := []*supervise.Node{g.top, g.masters.Node, g.ports.Node}
	for _, p := range g.ports.All {
		waiting = append(waiting, p.Node)
	}
	for _, n := range waiting {
		reply := make(chan struct{}, 1)
		g.sys.Send(n, &supervise.Ping{Reply: reply})
		select {
		case <-reply:
		case <-g.done:
			return ErrStopping
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", n.Path(), ctx.Err())
		}
	}
	return nil
}

// Totals implements Gateway.
func (g *gateway) Totals() Totals {
	t := Totals{
		Rejected: map[string]uint64{}, Skipped: map[string]uint64{}, UnreadableBy: map[string]uint64{}, Alarms: g.masters.Alarms.Copy(), Journal: g.journal.Brief(),
		Commands: g.masters.Commands.Copy(), Takeovers: g.masters.Takeovers.Copy(),
		Masters: g.masters.Size(), MastersOnline: g.masters.Online(),
		Restarts: g.sys.Restarts.Load(), Caught: g.sys.Caught.Load(), EventsDropped: g.masters.EventsDropped(), SettleFaults: g.shared.SettleFaults.Load(), Goroutines: runtime.NumGoroutine(),
	}
	t.MastersBy, t.Refusing = g.masters.States()
	if g.keys != nil {
		t.Keys, t.Rotating = len(g.keys.Serials()), g.keys.Rotating()
	}
	if n := t.Journal.ClockJumps; n > 0 {
		t.Alarms[journal.EventClockJumped] = n
	}
	if keys := g.shared.Keys; keys != nil {
		t.WrongTags, t.Unprotected = keys.WrongTags.Load(), g.masters.Unprotected()
	}
	for _, p := range g.ports.All {
		sum := p.Links.Sum()
		t.Frames += sum.Frames
		t.Stored += sum.Stored
		t.Duplicates += sum.Repeated
		t.Acknowledged += sum.Acknowledged
		t.NoReplyDue += sum.Silent
		t.Unreadable += sum.Unreadable
		t.Unsent += sum.Unsent
		t.Poisoned += sum.Poisoned
		t.CutOff += p.Stats().CutOff
		t.Connections += p.Links.Size()
		t.EventsDropped += p.EventsDropped()
		add(t.Rejected, &p.Refusals)
		add(t.Skipped, &p.Skips)
		add(t.UnreadableBy, &p.Opaque)
	}
	return t
}

func add(sum map[string]uint64, by *count.By) {
	for reason, n := range by.Copy() {
		sum[reason] += n
	}
}

// journalDetail shows the journal in the tree.
type journalDetail struct{ Journal }

// TreeDetail implements supervise.Detailer.
func (j journalDetail) TreeDetail() map[string]any {
	s := j.Brief()
	d := map[string]any{"engine": s.Engine, "last_frame": s.Last, "commits": s.Commits, "waiting": s.Waiting}
	if s.Path != "" {
		d["path"] = s.Path
	}
	if s.Volatile {
		d["warning"] = "nothing is kept"
	}
	if s.Full {
		d["warning"] = "the disk is nearly full: nothing is accepted"
	}
	if s.Busy > supervise.StuckAfter {
		d["busy_for"] = s.Busy.Round(time.Second).String()
	}
	if s.Failure != "" {
		d["failure"] = s.Failure
	}
	return d
}
