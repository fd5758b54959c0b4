package transport

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTheFirstReasonWins(t *testing.T) {
	r := start(t, Options{}, echo)
	_, c := r.connect()
	if reason, _ := c.Reason(); reason != CloseNone {
		t.Errorf("open, but %v", reason)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if i%2 == 0 {
				c.Close(CloseKicked, "one")
			} else {
				c.Close(CloseTakenOver, "two")
			}
		})
	}
	wg.Wait()
	first, detail := c.Reason()
	r.expectReason(first)
	receive(t, c.Done())
	c.Close(CloseShutdown, "late")
	c.StopReading(CloseShutdown, "late")
	if reason, d := c.Reason(); reason != first || d != detail || d == "" || d == "late" {
		t.Errorf("%v %q, then %v %q", first, detail, reason, d)
	}
	if s := r.Stats(); s.Closed[first] != 1 {
		t.Errorf("closed %v", s.Closed)
	}
	if err := c.Write([]byte("x")); err != ErrClosed {
		t.Errorf("write after the end: %v", err)
	}
}

func TestCloseFromDeliverEndsTheConnection(t *testing.T) {
	r := start(t, Options{}, func(c *Conn, b *Batch) {
		echo(c, b)
		c.Close(CloseRefused, "not you")
	})
	p, c := r.connect()
	p.send("<a><b>")
	p.expect("<a><b>")
	p.expectEnd()
	r.expectReason(CloseRefused)
	if _, detail := c.Reason(); detail != "not you" {
		t.Errorf("detail %q", detail)
	}
}

func TestTheEndReachesThePeerWhileDeliverIsStuck(t *testing.T) {
	stuck, free := make(chan struct{}), make(chan struct{})
	r := start(t, Options{}, func(c *Conn, b *Batch) {
		b.Release()
		close(stuck)
		<-free
	})
	p, c := r.connect()
	p.send("<a>")
	<-stuck
	c.Close(CloseTakenOver, "")
	p.expectEnd()
	if s := r.Stats(); s.Live != 1 {
		t.Errorf("%d live", s.Live)
	}
	close(free)
	r.expectReason(CloseTakenOver)
}

func TestAResetIsNotAnOrderlyEnd(t *testing.T) {
	r := start(t, Options{}, echo)
	p, _ := r.connect()
	p.send("<a>")
	p.expect("<a>")
	_ = p.SetLinger(0)
	_ = p.Close()
	r.expectReason(CloseReset)
}

func TestFramesOfAPeerThatIsGoneAreStillDelivered(t *testing.T) {
	const frames = 100
	first := make(chan int)
	var got int
	r := start(t, Options{Credits: 1}, func(c *Conn, b *Batch) {
		if got == 0 { // until the peer is gone and all that it sent is here, so that the answers fail
			total := <-first
			eventually(t, "all bytes are in the socket", func() bool { return unread(c)+int(c.Stats().Received) == total })
		}
		for range b.Frames {
			_ = c.Write([]byte("<answer>"))
			got++
		}
		b.Release()
	})
	p, _ := r.connect()
	total := 0
	for i := range frames {
		frame := fmt.Sprintf("<%d>", i)
		p.send(frame)
		total += len(frame)
	}
	_ = p.Close()
	first <- total
	if reason := receive(t, r.reasons); reason != ClosePeer && reason != CloseReset {
		t.Errorf("closed as %q", reason)
	}
	if got != frames {
		t.Errorf("%d of %d frames delivered", got, frames)
	}
}

// unread is how many bytes lie in the socket of c.
func unread(c *Conn) (n int) {
	_ = c.raw.Control(func(fd uintptr) {
		n, _, _ = unix.Recvfrom(int(fd), make([]byte, 64<<10), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return n
}

func TestAnswersReachAPeerThatHasEndedItsStream(t *testing.T) {
	batches := make(chan *Batch, 10)
	r := start(t, Options{}, func(_ *Conn, b *Batch) { batches <- b })
	p, c := r.connect()
	p.send("<a><b>")
	_ = p.CloseWrite()
	b := receive(t, batches)
	eventually(t, "the end is known", func() bool { reason, _ := c.Reason(); return reason == ClosePeer })
	echo(c, b)
	if got := p.expectEnd(); got != "<a><b>" {
		t.Errorf("got %q", got)
	}
	r.expectReason(ClosePeer)
}

func TestStopReadingDeliversWhatWasReceivedAndWaitsForItsAnswers(t *testing.T) {
	batches := make(chan *Batch, 100)
	r := start(t, Options{Credits: 2}, func(_ *Conn, b *Batch) { batches <- b })
	p, c := r.connect()
	p.send("<a>")
	p.expectNothingYet()
	one := receive(t, batches)
	p.send("<b>")
	two := receive(t, batches)
	p.send("<c><d><e") // no credit is left: it stays in the kernel
	c.StopReading(CloseShutdown, "going down")
	if reason, _ := c.Reason(); reason != CloseShutdown {
		t.Errorf("reason %v", reason)
	}
	for _, b := range []*Batch{one, two} {
		go echo(c, b)
	}
	echo(c, receive(t, batches))
	got := p.expectEnd()
	if len(got) != len("<a><b><c><d>") || !strings.Contains(got, "<a>") || !strings.Contains(got, "<b>") ||
		!strings.Contains(got, "<c><d>") {
		t.Errorf("got %q", got)
	}
	r.expectReason(CloseShutdown)
	if s := c.Stats(); s.CutOff != 2 || s.InFrames != 12 {
		t.Errorf("counts %+v", s.ByteCounts)
	}
}

// expectNothingYet makes the intention readable: no answer is due.
func (p *peer) expectNothingYet() {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := p.Read(make([]byte, 1)); err == nil {
		p.t.Errorf("read %d bytes", n)
	}
}

func TestStopReadingAnIdleConnectionEndsIt(t *testing.T) {
	r := start(t, Options{}, echo)
	p, c := r.connect()
	p.send("<a>")
	p.expect("<a>")
	c.StopReading(CloseShutdown, "")
	p.expectEnd()
	r.expectReason(CloseShutdown)
}

func TestCloseIsTheDeadlineOfStopReading(t *testing.T) {
	batches := make(chan *Batch, 1)
	r := start(t, Options{}, func(_ *Conn, b *Batch) { batches <- b })
	p, c := r.connect()
	p.send("<a>")
	b := receive(t, batches)
	c.StopReading(CloseShutdown, "drain")
	c.Close(CloseShutdown, "deadline")
	p.expectEnd()
	r.expectReason(CloseShutdown)
	b.Release() // late is no harm
	if s := c.Stats(); s.InFlight != 0 {
		t.Errorf("in flight %d", s.InFlight)
	}
}

func TestWithoutCreditsTheReaderWaitsAndAnyGoroutineMayRelease(t *testing.T) {
	const credits, frames = 3, 200
	batches := make(chan *Batch, frames)
	r := start(t, Options{Credits: credits}, func(_ *Conn, b *Batch) { batches <- b })
	p, c := r.connect()
	go func() {
		for i := range frames {
			p.send(fmt.Sprintf("<%d>", i))
		}
	}()
	seen := 0
	for seen < frames {
		b := receive(t, batches)
		if n := c.Stats().InFlight; n > credits {
			t.Fatalf("%d batches in flight", n)
		}
		for _, f := range b.Frames {
			if want := fmt.Sprintf("<%d>", seen); string(f) != want {
				t.Fatalf("got %s, want %s", f, want)
			}
			seen++
		}
		go b.Release()
	}
}

func TestAPanicInDeliverEndsThatConnectionOnly(t *testing.T) {
	r := start(t, Options{}, func(c *Conn, b *Batch) {
		if string(b.Frames[0]) == "<boom>" {
			panic("boom")
		}
		echo(c, b)
	})
	p, c := r.connect()
	q, _ := r.connect()
	p.send("<boom>")
	_, _ = io.Copy(io.Discard, p)
	r.expectReason(CloseFault)
	if _, detail := c.Reason(); detail != "boom" {
		t.Errorf("detail %q", detail)
	}
	if e := receive(t, r.events); e.Kind != EventFault || e.Conn != c.ID() || !strings.Contains(string(e.Stack), "close_test.go") {
		t.Errorf("event %v of %d, stack %s", e.Kind, e.Conn, e.Stack)
	}
	q.send("<well>")
	q.expect("<well>")
}

func TestReleasingTwiceIsFoundOut(t *testing.T) {
	r := start(t, Options{}, func(_ *Conn, b *Batch) { b.Release(); b.Release() })
	p, c := r.connect()
	p.send("<a>")
	r.expectReason(CloseFault)
	if _, detail := c.Reason(); !strings.Contains(detail, "released twice") {
		t.Errorf("detail %q", detail)
	}
}

func TestAConnectionThatWasNeverRunCanBeClosed(t *testing.T) {
	r := start(t, Options{}, echo)
	r.Suspend()
	if err := r.Resume(); err != nil {
		t.Fatal(err)
	}
	c, reason := r.enter(r.accepted())
	if reason != CloseNone {
		t.Fatal(reason)
	}
	c.Close(CloseRefused, "")
	receive(t, c.Done())
	ended := make(chan struct{})
	c.Start(nil, func() { close(ended) })
	receive(t, ended)
	if got := c.Remote(); !got.IsValid() || !c.Local().IsValid() || c.Opened().IsZero() || c.Listener() == "" {
		t.Errorf("remote %v", got)
	}
}

func TestReasonsHaveWordsOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for r := CloseNone; r < closeReasons; r++ {
		text, err := r.MarshalText()
		if err != nil || len(text) == 0 || seen[string(text)] {
			t.Errorf("%d: %q, %v", r, text, err)
		}
		seen[string(text)] = true
		var back CloseReason
		if err := back.UnmarshalText(text); err != nil || back != r {
			t.Errorf("%q reads as %v, %v", text, back, err)
		}
	}
	var r CloseReason
	if err := r.UnmarshalText([]byte("nonsense")); err == nil {
		t.Error("nonsense is a reason")
	}
}

// A busy connection is not asked after every read whether there is more, and yet the end of its stream is found when it came together with
// the last bytes, and the answers to them go out.
func TestTheEndThatComesWithTheLastBytesIsFound(t *testing.T) {
	t.Parallel() // it waits most of the time
	for _, pause := range []time.Duration{100 * time.Millisecond, -1} {
		t.Run(pause.String(), func(t *testing.T) {
			held := make(chan struct{}, 1)
			r := start(t, Options{ParkAfter: pause}, func(c *Conn, b *Batch) {
				if string(b.Frames[0]) == "<hold>" {
					<-held // meanwhile the last frame and the end arrive
				}
				echo(c, b)
			})
			for range 10 {
				p, _ := r.connect()
				for range 2 * talkative {
					p.send("<a>")
					p.expect("<a>")
				}
				p.send("<hold>")
				time.Sleep(time.Millisecond) // so that it is read alone
				p.send("<z>")
				if err := p.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				held <- struct{}{}
				p.expect("<hold><z>")
				p.expectEnd()
				r.expectReason(ClosePeer)
			}
			r.checkBooks()
		})
	}
}
