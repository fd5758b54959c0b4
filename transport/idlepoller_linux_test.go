package transport

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// soon makes connections park as soon as they have nothing to read.
const soon = time.Millisecond

// isParked tells whether the connection is in the idle poller now.
func isParked(c *Conn) bool {
	parking.mu.Lock()
	defer parking.mu.Unlock()
	l := parking.poller
	return l != nil && int(c.fd) < len(l.slots) && l.slots[c.fd].conn == c
}

// anyParked tells whether any connection is in the idle poller now.
func anyParked() bool {
	parking.mu.Lock()
	defer parking.mu.Unlock()
	return parking.poller != nil && slices.ContainsFunc(parking.poller.slots, func(p slot) bool { return p.conn != nil })
}

func expectParked(t *testing.T, c *Conn) {
	t.Helper()
	eventually(t, "parked", func() bool { return isParked(c) })
}

// expectParkedOrOver is expectParked for a connection that a deadline may end while a busy machine lets the test wait.
func expectParkedOrOver(t *testing.T, c *Conn) {
	t.Helper()
	eventually(t, "parked", func() bool {
		reason, _ := c.Reason()
		return isParked(c) || reason != CloseNone
	})
}

func TestAParkedConnectionAnswersItsNextFrame(t *testing.T) {
	r := start(t, Options{ParkAfter: soon}, echo)
	p, c := r.connect()
	for i := range 20 {
		expectParked(t, c)
		frame := fmt.Sprintf("<%d>", i)
		p.send(frame)
		p.expect(frame)
	}
	expectParked(t, c)
	if err := c.Write([]byte("unasked")); err != nil {
		t.Error(err)
	}
	p.expect("unasked")
	if !isParked(c) {
		t.Error("writing woke the reader")
	}
}

func TestABusyConnectionDoesNotPark(t *testing.T) {
	r := start(t, Options{ParkAfter: 200 * time.Millisecond}, echo)
	p, c := r.connect()
	for begin := time.Now(); time.Since(begin) < 500*time.Millisecond; {
		sent := time.Now()
		p.send("<a>")
		p.expect("<a>")
		if isParked(c) && time.Since(sent) < 200*time.Millisecond { // else the test itself stood still
			t.Fatal("parked")
		}
	}
}

func TestANegativeParkAfterKeepsTheReader(t *testing.T) {
	rests := make(chan time.Duration, 1)
	r := start(t, Options{ParkAfter: -1}, func(c *Conn, b *Batch) { rests <- c.reading.rest; b.Release() })
	p, _ := r.connect()
	p.send("<a>")
	if rest := receive(t, rests); rest != never {
		t.Errorf("rests at %v", rest)
	}
}

func TestABeginningOrABatchInHandPreventsParking(t *testing.T) {
	batches := make(chan *Batch, 1)
	r := start(t, Options{ParkAfter: soon}, func(_ *Conn, b *Batch) { batches <- b })
	p, c := r.connect()
	expectParked(t, c)
	p.send("<a")
	eventually(t, "pending", func() bool { return c.Stats().Pending == 2 })
	for range 20 {
		time.Sleep(soon) // it must not happen, so there is nothing to wait for
		if isParked(c) {
			t.Fatal("parked with a beginning in hand")
		}
	}
	p.send(">")
	b := receive(t, batches)
	for range 20 {
		time.Sleep(soon)
		if isParked(c) {
			t.Fatal("parked with a batch in hand")
		}
	}
	b.Release()
	expectParked(t, c)
}

func TestParkedConnectionsHoldNoGoroutine(t *testing.T) {
	const connections = 2000
	r := start(t, Options{ParkAfter: soon, Credits: 1}, echo)
	before := runtime.NumGoroutine()
	var peers []*peer
	for range connections {
		p, _ := r.connect()
		peers = append(peers, p)
	}
	for round := range 2 {
		eventually(t, "all parked", func() bool { return runtime.NumGoroutine() <= before+1 }) // that of the idle poller
		for _, p := range peers {
			p.send(fmt.Sprintf("<%d>", round))
		}
		for _, p := range peers {
			p.expect(fmt.Sprintf("<%d>", round))
		}
	}
	if s := r.Stats(); s.Live != connections || s.Frames != 2*connections {
		t.Errorf("stats %+v", s)
	}
}

func TestDeadlinesOfParkedConnectionsAreKept(t *testing.T) {
	for name, o := range map[string]struct {
		options Options
		frame   string
		reason  CloseReason
	}{
		"first frame": {Options{FirstFrameTimeout: 100 * time.Millisecond}, "", CloseFirstFrame},
		"idle":        {Options{IdleTimeout: 100 * time.Millisecond}, "<a>", CloseIdle},
	} {
		t.Run(name, func(t *testing.T) {
			o.options.ParkAfter = soon
			r := start(t, o.options, echo)
			for range 2 { // the second is parked with a sweep just behind
				p, c := r.connect()
				since := c.Opened()
				if o.frame != "" {
					since = time.Now()
					p.send(o.frame)
					p.expect(o.frame)
				}
				expectParkedOrOver(t, c)
				p.expectEnd()
				r.expectReason(o.reason)
				if took := time.Since(since); took < 100*time.Millisecond || took > sweepPause+time.Second {
					t.Errorf("closed after %v", took)
				}
			}
		})
	}
}

func TestASweepThatWakesOneComesAgainForTheNext(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = 300 * time.Millisecond
	r := start(t, Options{FirstFrameTimeout: limit, ParkAfter: soon}, echo)
	begin := time.Now()
	p, c := r.connect()
	expectParkedOrOver(t, c)
	time.Sleep(limit / 2) // the second is due later
	q, d := r.connect()
	expectParkedOrOver(t, d)
	for _, peer := range []*peer{p, q} {
		peer.expectEnd()
		r.expectReason(CloseFirstFrame)
	}
	if took := time.Since(begin); took > limit+standstill {
		t.Errorf("took %v", took)
	}
}

func TestAFrameThatBeatsTheSweepKeepsTheConnection(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = 2 * time.Second
	r := start(t, Options{IdleTimeout: limit, ParkAfter: soon}, echo)
	p, c := r.connect()
	for begin := time.Now(); time.Since(begin) < 2*limit; {
		p.send("<a>")
		p.expect("<a>")
		expectParked(t, c)
		time.Sleep(limit / 5) // a real pause is what is tested
	}
	if len(r.reasons) != 0 {
		t.Errorf("closed as %q", <-r.reasons)
	}
}

func TestEveryEndReachesAParkedConnection(t *testing.T) {
	for name, end := range map[string]struct {
		do     func(*peer, *Conn)
		reason CloseReason
	}{
		"close":        {func(_ *peer, c *Conn) { c.Close(CloseKicked, "") }, CloseKicked},
		"stop reading": {func(_ *peer, c *Conn) { c.StopReading(CloseShutdown, "") }, CloseShutdown},
		"both": {func(_ *peer, c *Conn) {
			c.StopReading(CloseTakenOver, "")
			c.Close(CloseShutdown, "")
		}, CloseTakenOver},
		"peer ends":   {func(p *peer, _ *Conn) { _ = p.CloseWrite() }, ClosePeer},
		"peer closes": {func(p *peer, _ *Conn) { _ = p.Close() }, ClosePeer},
		"peer resets": {func(p *peer, _ *Conn) { _ = p.SetLinger(0); _ = p.Close() }, CloseReset},
		"slow peer": {func(p *peer, c *Conn) {
			for c.Write(make([]byte, 32<<10)) == nil {
			}
		}, CloseSlowPeer},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, Options{ParkAfter: soon}, echo)
			p, c := r.connect()
			p.send("<a>")
			p.expect("<a>")
			expectParked(t, c)
			end.do(p, c)
			r.expectReason(end.reason)
			c.StopReading(CloseKicked, "late") // no harm when it is not in the idle poller any more
			c.Close(CloseKicked, "late")
			if s := c.Stats(); s.InFrames != 3 || s.Received != 3 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestWhatComesWithTheEndOfAParkedConnectionIsDelivered(t *testing.T) {
	r := start(t, Options{ParkAfter: soon}, echo)
	p, c := r.connect()
	expectParked(t, c)
	p.send("<a><b><c")
	_ = p.CloseWrite()
	if got := p.expectEnd(); got != "<a><b>" {
		t.Errorf("got %q", got)
	}
	r.expectReason(ClosePeer)
	if s := c.Stats(); s.CutOff != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestAnEventOfAnEarlierConnectionWakesNobody(t *testing.T) {
	r := start(t, Options{ParkAfter: soon}, echo)
	p, c := r.connect()
	expectParked(t, c)
	parking.mu.Lock()
	parking.poller.wake(c.fd, int32(c.id)-1)
	parking.poller.wake(c.fd+1000, int32(c.id))
	parking.mu.Unlock()
	if !isParked(c) {
		t.Error("woken")
	}
	parking.mu.Lock()
	parking.poller.wake(c.fd, int32(c.id)) // for nothing: it parks again
	parking.poller.wake(c.fd, int32(c.id)) // and only once
	parking.mu.Unlock()
	expectParked(t, c)
	p.send("<a>")
	p.expect("<a>")
}

func TestTheLotClosesWithTheLastConnection(t *testing.T) {
	for range 3 {
		r := start(t, Options{ParkAfter: soon}, echo)
		_, c := r.connect()
		_, d := r.connect()
		expectParked(t, c)
		expectParked(t, d)
		parking.mu.Lock()
		ended := parking.poller.ended
		parking.mu.Unlock()
		c.Close(CloseKicked, "")
		r.expectReason(CloseKicked)
		if !isParked(d) {
			t.Error("one woke the other")
		}
		d.Close(CloseKicked, "")
		r.expectReason(CloseKicked)
		receive(t, ended)
	}
}

func TestAPanicAfterARestEndsThatConnectionOnly(t *testing.T) {
	r := start(t, Options{ParkAfter: soon}, func(c *Conn, b *Batch) {
		if string(b.Frames[0]) == "<boom>" {
			panic("boom")
		}
		echo(c, b)
	})
	p, c := r.connect()
	q, d := r.connect()
	expectParked(t, c)
	expectParked(t, d)
	p.send("<boom>")
	r.expectReason(CloseFault)
	if e := receive(t, r.events); e.Kind != EventFault || e.Conn != c.ID() {
		t.Errorf("event %+v", e)
	}
	q.send("<well>")
	q.expect("<well>")
}

func TestConnectionsThatParkAndEndAtAnyMomentKeepTheirAccount(t *testing.T) {
	const peers, lives = 24, 12
	r := start(t, Options{ParkAfter: soon, Credits: 2}, func(c *Conn, b *Batch) {
		if rand.IntN(4) == 0 { // in another goroutine and later
			go echo(c, b)
			return
		}
		echo(c, b)
	})
	var wg sync.WaitGroup
	var parks, answers atomic.Uint64
	for range peers {
		wg.Go(func() {
			for range lives {
				live(t, r.Addr().String(), &answers)
			}
		})
	}
	over := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		var known []*Conn
		for {
			select {
			case c := <-r.conns:
				known = append(known, c)
			case <-over:
				return
			default:
			}
			if len(known) == 0 {
				runtime.Gosched()
				continue
			}
			i := rand.IntN(len(known))
			c := known[i]
			if anyParked() {
				parks.Add(1)
			}
			if s := r.Stats(); s.Received != s.InFrames+s.Skipped+s.Pending+s.CutOff {
				t.Errorf("does not add up: %+v", s)
			}
			switch rand.IntN(200) {
			case 0:
				c.Close(CloseKicked, "")
			case 1:
				c.StopReading(CloseShutdown, "")
			case 2:
				c.StopReading(CloseTakenOver, "")
				c.Close(CloseKicked, "")
			default:
				continue
			}
			known = append(known[:i], known[i+1:]...)
			time.Sleep(soon) // some must live long enough to park
		}
	})
	wg.Wait()
	eventually(t, "all have ended", func() bool { return r.Stats().Live == 0 })
	close(over)
	killer.Wait()
	if parks.Load() == 0 || answers.Load() == 0 {
		t.Errorf("connections seen parked %d times, %d answers: nothing was tried", parks.Load(), answers.Load())
	}
	eventually(t, "all have said why they ended", func() bool { return len(r.reasons) == peers*lives })
	for len(r.reasons) > 0 {
		if reason := <-r.reasons; reason == CloseNone || reason == CloseFault {
			t.Errorf("closed as %q", reason)
		}
	}
}

// live is one connection of a peer that sends frames, pieces and noise with pauses about as long as the time to park,
// and ends in some way, unless our end is quicker.
func live(t *testing.T, address string, answers *atomic.Uint64) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	pause := func() { time.Sleep(rand.N(3 * soon)) }
	for i := range 30 {
		frame := fmt.Sprintf("<%d>", i)
		cut := rand.IntN(len(frame))
		if _, err := io.WriteString(c, "--"[:rand.IntN(3)]+frame[:cut]); err != nil {
			return
		}
		if cut != 0 && rand.IntN(2) == 0 {
			pause()
		}
		if _, err := io.WriteString(c, frame[cut:]); err != nil {
			return
		}
		got := make([]byte, len(frame))
		if _, err := io.ReadFull(c, got); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Errorf("no answer to %s", frame)
			}
			return
		}
		if string(got) != frame {
			t.Errorf("got %q, want %q", got, frame)
		}
		answers.Add(1)
		pause()
	}
	if rand.IntN(2) == 0 {
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

func TestARestAllocatesNoMoreThanAGoroutineAndAnError(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	r := start(t, Options{ParkAfter: soon}, func(c *Conn, b *Batch) {
		_ = c.Write(b.Frames[0])
		b.Release()
	})
	p, c := r.connect()
	frame, answer := []byte("<a>"), make([]byte, 3)
	cycle := func() {
		for !isParked(c) {
			time.Sleep(soon)
		}
		_, _ = p.Write(frame)
		_, _ = io.ReadFull(p, answer)
	}
	if n := testing.AllocsPerRun(200, cycle); n > 2 { // what go calls, and the deadline's error as package net wraps it
		t.Errorf("%v allocations", n)
	}
}
