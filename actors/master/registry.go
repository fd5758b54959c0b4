package master

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"trama/actors/admission"
	"trama/actors/internal/count"
	"trama/actors/known"
	"trama/actors/ledger"
	"trama/actors/profiles"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec/protect"
	"trama/journal"
)

// Journal is what masters ask of the engine.
type Journal interface {
	Append(e *journal.Entry)
	Accepting() error // why nothing is taken; nil: it is
	Restore(ctx context.Context, master func(journal.MasterRow) error, frame func(seq uint64,
		r *journal.Record) *journal.Subject) error
}

// Options of a Directory; all but Answered are required.
type Options struct {
	System       *supervise.System
	Journal      Journal
	Profiles     *profiles.Store
	CommandQueue int // commands that may wait for a master behind the one in flight
	// QueuedPerSecond is how many commands go out in a second that have waited for their masters.
	QueuedPerSecond int
	MaxMasters      int
	ResendBytes     int             // memory of all masters for recognising resends, beyond the last 64 frames of each
	Keys            *trust.Keyring  // nil: no master has a key
	Known           *known.Current  // nil: nothing is known of masters beside their frames
	Stopping        <-chan struct{} // closed when the gateway ends by itself
	// Answered is told of each answer to a command, how long after the command went to its connection; nil: nobody is
	Answered func(took time.Duration)
}

// Directory is the book of all masters, and what they share.  It outlives the registry's actor.  The registry alone
// adds; anybody reads.
type Directory struct {
	sys          *supervise.System
	log          hclog.Logger
	journal      Journal
	profiles     *profiles.Store
	keys         *trust.Keyring
	commandQueue int
	maxMasters   int
	known        *known.Current
	started      time.Time
	due          atomic.Int64 // when the first master may be late, as sinceStart says; 0 for never
	stopping     <-chan struct{}
	answered     func(took time.Duration) // nil: nobody is told

	Node      *supervise.Node // the registry's
	Ledger    *ledger.Book    // of the commands that are kept
	Commands  count.By        // by outcome
	Alarms    count.By        // by reason
	Takeovers count.By        // by where they came from
	windows   windows
	Waiting   admission.WaitingRoom // serials in quarantine

	restored []*Master     // known from earlier processes, until they have actors
	revived  chan struct{} // closed when they have

	mu sync.RWMutex       // guards by
	by map[string]*Master // all have actors

	leaving   map[string]*Master // forgotten, and its actor has not ended; the registry's own
	warnings  *rate.Limiter      // of takeovers
	newcomers *count.Pace        // events of their links
	queued    *rate.Limiter      // commands that have waited for their masters
	refusedAt time.Time          // when the log last said that there are too many; the registry's own
}

// refusalPause is the least time between two lines in the log about masters that are refused.
const refusalPause = time.Minute

// NewDirectory makes an empty book.
func NewDirectory(o Options) *Directory {
	return &Directory{
		sys: o.System, log: o.System.Log, journal: o.Journal, profiles: o.Profiles, keys: o.Keys,
		commandQueue: o.CommandQueue, maxMasters: o.MaxMasters, known: o.Known, started: time.Now(),
		stopping: o.Stopping, answered: o.Answered,
		Ledger: ledger.NewBook(0), revived: make(chan struct{}), by: make(map[string]*Master), leaving: make(map[string]*Master),
		warnings: rate.NewLimiter(rate.Every(6*time.Second), 10), newcomers: count.NewPace(newcomersPerMinute, newcomersAtOnce),
		queued:  rate.NewLimiter(rate.Limit(o.QueuedPerSecond), max(1, o.QueuedPerSecond/drainBurst)),
		windows: windows{limit: o.ResendBytes, of: make(map[*Master]int)},
	}
}

// Spawn starts the registry below the actor of ctx; d.Node is set before.
func (d *Directory) Spawn(ctx actor.Context) {
	supervise.Spawn(ctx, d.Node, d.sys.Leaves(giveUpMaster), func() supervise.Handler { return &registry{d} })
}

// Revived is closed when the restored masters have actors.
func (d *Directory) Revived() <-chan struct{} { return d.revived }

// Get finds a master by its serial; nil when there is none.
func (d *Directory) Get(serial string) *Master {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.by[serial]
}

// Size is how many masters are known.
func (d *Directory) Size() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.by)
}

func (d *Directory) add(m *Master) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by[m.Serial] = m
}

// List returns all masters, by serial.
func (d *Directory) List() []*Master {
	d.mu.RLock()
	all := make([]*Master, 0, len(d.by))
	for _, m := range d.by {
		all = append(all, m)
	}
	d.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Master) int { return strings.Compare(a.Serial, b.Serial) })
	return all
}

// Online counts the masters that have a link.
func (d *Directory) Online() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n := 0
	for _, m := range d.by {
		if m.online.Load() > 0 {
			n++
		}
	}
	return n
}

// Unprotected counts the masters that have a link and whose newest frame came under no key; none where nobody has one.
func (d *Directory) Unprotected() int {
	if d.keys.Empty() {
		return 0
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	n := 0
	for _, m := range d.by {
		if m.online.Load() > 0 && m.suite.Load() == uint32(protect.None) {
			n++
		}
	}
	return n
}

// TreeDetail implements supervise.Detailer.
func (d *Directory) TreeDetail() map[string]any {
	detail := map[string]any{"masters": d.Size()}
	if waiting := d.Waiting.List(); len(waiting) > 0 {
		serials := make([]string, 0, len(waiting))
		for _, w := range waiting {
			serials = append(serials, w.Serial)
		}
		detail["quarantine"], detail["in_quarantine"] = len(waiting), serials
	}
	return detail
}

// recordEvent puts an event into the journal.  Nobody waits for it.
func (d *Directory) recordEvent(e journal.Event) { journal.AppendEvent(d.journal, e) }

// registry is the actor that knows every master.  The first frames of a connection go through it: it finds or makes the
// master, passes them on and tells the connection, which from then on sends to the master itself.
// Its directory outlives it, so a fault here costs the frame in hand (not acknowledged) and nothing else.
type registry struct{ *Directory }

// Receive implements supervise.Handler.
func (r *registry) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *Route:
		r.route(ctx, m)
	case *Approve:
		r.approve(ctx, m)
	case *Forget:
		r.forget(ctx, m)
	case *actor.Terminated:
		r.left(m.Who)
	case *keepTrust:
		to := r.Get(m.serial)
		if to == nil {
			to = r.welcome(ctx, m.serial, func(*Master) {})
		}
		if to != nil {
			ctx.Send(to.PID(), m)
		}
	case *actor.Started:
		r.revive(ctx)
	case *actor.Stopping, *actor.Stopped:
	}
}

func (r *registry) route(ctx actor.Context, m *Route) {
	to := r.Get(m.Serial)
	if m.Batch == nil {
		if to != nil {
			ctx.Send(to.PID(), &LinkDown{Link: m.Link})
		}
		return
	}
	if to == nil {
		reason := reasonForgotten
		if r.leaving[m.Serial] == nil {
			reason = r.stranger(m)
		}
		if reason == "" {
			if to = r.welcome(ctx, m.Serial, func(*Master) {}); to == nil {
				reason = "too many masters"
			}
		}
		if to == nil {
			m.passed = true
			r.refuse(m.Serial, m.Batch, reason)
			m.Link.Identified(m.Serial, nil)
			return
		}
	}
	m.passed = true // the batch may be settled, and its read reused, before Send returns
	ctx.Send(to.PID(), m.Batch)
	m.Link.Identified(m.Serial, to)
}

// Orphaned implements supervise.Orphan.
func (m *Route) Orphaned(f *supervise.Fault) {
	if m.Batch == nil {
		return
	}
	d := f.Node.Detail().(*Directory)
	if !m.passed {
		d.refuse(m.Serial, m.Batch, "fault in the registry")
	}
	m.Link.Identified(m.Serial, d.Get(m.Serial))
}

// welcome makes the actor of a master seen for the first time, behind first; nil when there are too many.
func (r *registry) welcome(ctx actor.Context, serial string, first func(*Master)) *Master {
	if n := r.Size(); n >= r.maxMasters {
		if now := time.Now(); now.Sub(r.refusedAt) > refusalPause {
			r.refusedAt = now
			r.log.Named("registry").Error("too many masters, new ones are refused", "master", serial, "masters", n)
		}
		return nil
	}
	m := r.newMaster(serial)
	first(m)
	r.spawn(ctx, m)
	r.add(m) // behind its start: whoever finds a master can send to it
	r.sys.Tell("registry", hclog.Info, "new master", "master", serial)
	return m
}

// revive gives the restored masters their actors, unless the gateway ends meanwhile.
func (r *registry) revive(ctx actor.Context) {
	select {
	case <-r.revived:
		return // this is a later start
	default:
	}
	for _, m := range r.restored {
		select {
		case <-r.stopping:
			return
		default:
		}
		r.spawn(ctx, m)
		r.add(m)
	}
	r.restored = nil
	r.windows.start()
	close(r.revived)
}

// spawn gives a master its actor.
func (r *registry) spawn(ctx actor.Context, m *Master) {
	m.Node.Enter(r.Node, url.PathEscape(m.Serial), supervise.KindMaster, m)
	supervise.Spawn(ctx, &m.Node, r.sys.Leaf, func() supervise.Handler { return handler{m} })
}

// giveUpMaster is how the registry handles a master that failed too often: its state is dropped, its links are closed
// so that the device starts anew, and the same actor goes on.
func giveUpMaster(sup actor.Supervisor, child *actor.PID, f *supervise.Fault) {
	f.Node.Detail().(*Master).condemned = true
	sup.RestartChildren(child)
}
