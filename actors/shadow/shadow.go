package shadow

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/profiles"
	"trama/codec"
	"trama/internal/stack"
)

// ErrNone is returned when nothing is tried on the listener.
var ErrNone = errors.New("no trial is running on the listener")

// Bounds of a shadow.
const (
	shadowQueue   = 256  // reads that wait to be compared
	shadowStreams = 4096 // connections whose state is kept; the one seen longest ago goes
	shadowFields  = 256  // fields with differences that are told apart
	shadowHex     = 512  // bytes of a frame that an example shows
	shadowStuck   = time.Second
)

// Options of a shadow; all are required.
type Options struct {
	Listener  string
	Log       hclog.Logger
	Active    *profiles.Installed // the profile in force
	Candidate profiles.Version    // the one on trial
	// Open opens a protected frame, of which the plain one is compared; Weak has codec.Weak, where the listener looks for
	// such frames.
	Open func(p *codec.Profile, f *codec.Frame) error
	Weak codec.Around
}

// Shadow compares one candidate.  Reads are offered by any reader; everything else is its own goroutine's, but for
// what mu guards.
type Shadow struct {
	Options
	queue     chan *chunk
	stop      chan struct{}
	done      chan struct{} // the goroutine has ended
	since     time.Time
	busy      atomic.Int64 // since when it works on one read, Unix nanoseconds; 0: it waits
	dropped   atomic.Uint64
	offered   atomic.Uint64
	deaf      atomic.Bool // it compares no more
	streams   streams
	candidate *side
	current   *side

	mu    sync.Mutex // guards found and why
	found findings
	why   string // it ended by itself
}

// chunk is what one read brought, as the active profile has cut it.
type chunk struct {
	conn uint64
	at   uint64 // place in what was shown of the connection
	data []byte
	time time.Time

	silent bool // nothing came behind it for a while
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// Start makes a shadow and its goroutine.
func Start(o Options) *Shadow {
	sh := newShadow(o)
	go sh.run()
	o.Log.Info("candidate compared with the active profile", "listener", o.Listener, "active",
		o.Active.Profile.Name(), "candidate", o.Candidate.Profile.Name(), "source", o.Candidate.Source)
	return sh
}

func newShadow(o Options) *Shadow {
	return &Shadow{
		Options: o, since: time.Now(),
		queue: make(chan *chunk, shadowQueue), stop: make(chan struct{}), done: make(chan struct{}),
		current: newSide(&o, o.Active.Profile), candidate: newSide(&o, o.Candidate.Profile),
	}
}

// Comparing says whether it has not ended.
func (sh *Shadow) Comparing() bool { return !sh.deaf.Load() }

// Done is closed when the goroutine has ended.
func (sh *Shadow) Done() <-chan struct{} { return sh.done }

// Tap is offered every byte that the listener cuts: at is how many were shown of the connection before, silent that
// nothing came behind them for a while.  It copies and does not block.
func (sh *Shadow) Tap(conn, at uint64, data []byte, silent bool) {
	if sh.deaf.Load() {
		return
	}
	c := chunks.Get().(*chunk)
	c.conn, c.at, c.data, c.time, c.silent = conn, at, append(c.data[:0], data...), time.Now(), silent
	select {
	case sh.queue <- c:
		sh.offered.Add(1)
	default:
		chunks.Put(c)
		sh.dropped.Add(1)
	}
}

func (sh *Shadow) run() {
	defer func() {
		sh.streams = streams{} // what it has found may be looked at for long
		close(sh.done)
	}()
	for {
		select {
		case <-sh.stop:
			return
		case c := <-sh.queue:
			sh.busy.Store(time.Now().UnixNano())
			ok := sh.guarded(c)
			sh.busy.Store(0)
			chunks.Put(c)
			if !ok {
				return
			}
		}
	}
}

// guarded compares one read with a net below it: it is the candidate that is on trial.
func (sh *Shadow) guarded(c *chunk) (ok bool) {
	defer func() {
		if thrown := recover(); thrown != nil {
			sh.close(fmt.Sprintf("it failed: %v", thrown))
			sh.Log.Error("the candidate failed", "listener", sh.Listener, "error", thrown, "stack",
				string(stack.Trace()))
			ok = false
		}
	}()
	sh.take(c)
	return true
}

// close makes it compare no more; the first reason stays.
func (sh *Shadow) close(why string) {
	sh.deaf.Store(true)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.why == "" {
		sh.why = why
	}
}

// End stops it; the first reason stays.  Its findings stay to be seen.
func (sh *Shadow) End(why string) {
	sh.close(why)
	select {
	case <-sh.stop:
	default:
		close(sh.stop)
	}
}
