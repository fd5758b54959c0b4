package fleet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"trama/codec"
)

// dialling bounds the connects in progress: a burst beyond the listener's backlog is answered with retries after a
// second.
const dialling = 128

// dialTimeout bounds one connect.
const dialTimeout = 10 * time.Second

// fleet is what the masters share.
type fleet struct {
	Options
	counters
	words   *speech
	split   bufio.SplitFunc
	silent  bool          // a read is taken for the end of a frame: the server writes each at once
	dialers chan struct{} // one token per connect in progress
	start   time.Time
	memory  *Memory       // nil: no device has a key
	stop    chan struct{} // closed when the masters are to come home
	grace   atomic.Int64  // Unix nanoseconds until which they may wait for acknowledgements; 0 before stop
}

// Run runs a fleet until its Duration is over, all its Frames are sent, or ctx ends, and returns what it did.  Every
// master has left then.  The error says why nothing was started.
func Run(ctx context.Context, o Options) (Summary, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Summary{}, err
	}
	if err := reserveDescriptors(o.Masters); err != nil {
		return Summary{}, err
	}
	last, _ := serial(o.SerialFrom, o.Masters-1) // withDefaults has tried it
	words, err := newSpeech(o.Profile, o.SerialFrom, last)
	if err != nil {
		return Summary{}, err
	}
	f := &fleet{
		Options: o, words: words, split: o.Profile.Splitter(codec.Downlink),
		silent: o.Profile.EndsSilently(codec.Downlink), dialers: make(chan struct{}, dialling),
		start: time.Now(), stop: make(chan struct{}),
	}
	masters := make([]master, o.Masters)
	if err := f.equip(ctx, masters); err != nil {
		return Summary{}, err
	}
	words.hire(runtime.GOMAXPROCS(0))
	f.run(ctx, masters)
	words.dismiss()
	if f.memory != nil {
		if err := f.memory.Close(); err != nil {
			return Summary{}, err
		}
	}
	s := Summary{Progress: f.progress(o.Masters, time.Since(f.start)), MostConnected: int(f.mostConnected.Load())}
	s.P50, s.P99, s.Max = f.latency.quantile(0.50), f.latency.quantile(0.99), time.Duration(f.latency.longest.Load())
	return s, nil
}

func (f *fleet) run(ctx context.Context, masters []master) {
	var all sync.WaitGroup
	for i := range masters {
		masters[i].random = rand.New(rand.NewPCG(f.Seed, uint64(i)))
		// Numbers go on where those of a run before this one have not been, as long as none sends a thousand frames a second.
		masters[i].speaker = codec.Speaker{Serial: masters[i].serial, Random: masters[i].random.Float64,
			Number: uint64(f.start.UnixMilli()) % f.words.transactions()}
		all.Go(func() { masters[i].live(ctx) })
	}
	home := make(chan struct{})
	go func() { all.Wait(); close(home) }()
	f.watch(ctx, masters, home)
	<-home
}

// watch reports progress and calls the masters home when the time is over.
func (f *fleet) watch(ctx context.Context, masters []master, home <-chan struct{}) {
	var over <-chan time.Time
	if f.Duration > 0 {
		timer := time.NewTimer(f.Duration)
		defer timer.Stop()
		over = timer.C
	}
	ticker := time.NewTicker(f.ProgressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-home:
			return
		case <-ticker.C:
			if f.Progress != nil {
				f.Progress(f.progress(f.Masters, time.Since(f.start)))
			}
		case <-over:
			f.callHome(masters, f.AckTimeout)
			return
		case <-ctx.Done():
			f.callHome(masters, min(f.AckTimeout, 2*time.Second))
			return
		}
	}
}

// callHome lets every master leave as soon as nothing of it waits for an acknowledgement, at the latest after grace.
func (f *fleet) callHome(masters []master, grace time.Duration) {
	f.grace.Store(time.Now().Add(grace).UnixNano())
	close(f.stop)
	for i := range masters {
		if conn := masters[i].conn.Load(); conn != nil {
			_ = conn.SetReadDeadline(time.Now()) // wakes it; a connection that has just ended needs no waking
		}
	}
}

func (f *fleet) stopping() bool { return f.grace.Load() != 0 }

func (f *fleet) graceUntil() time.Time { return time.Unix(0, f.grace.Load()) }

// startOf spreads the first connects over the ramp.
func (f *fleet) startOf(random *rand.Rand) time.Duration {
	if f.Ramp <= 0 {
		return 0
	}
	return time.Duration(random.Int64N(int64(f.Ramp)))
}

// spread varies a period by the jitter.
func (f *fleet) spread(period time.Duration, random *rand.Rand) time.Duration {
	return period + time.Duration((2*random.Float64()-1)*f.Jitter*float64(period))
}

// pause waits; it returns false when the fleet ends before.
func (f *fleet) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return !f.stopping()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.stop:
	case <-ctx.Done():
	}
	return false
}

// dial connects, unless stop comes first, in a goroutine of its own: connecting needs a deep stack, and a master that
// has none stays small.
func (f *fleet) dial(ctx context.Context, stop <-chan struct{}) (*net.TCPConn, error) {
	select {
	case f.dialers <- struct{}{}:
	case <-stop:
		return nil, errLeave
	}
	type outcome struct {
		conn net.Conn
		err  error
	}
	done := make(chan outcome)
	go func() {
		d := net.Dialer{Timeout: dialTimeout, KeepAlive: -1}
		conn, err := d.DialContext(ctx, "tcp", f.Address)
		<-f.dialers
		done <- outcome{conn, err}
	}()
	o := <-done
	if o.err != nil {
		return nil, o.err
	}
	conn, ok := o.conn.(*net.TCPConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("not a TCP connection: %T", o.conn), o.conn.Close())
	}
	return conn, nil
}
