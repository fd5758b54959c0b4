package transport

import (
	"io"
	"testing"
	"time"
)

// standstill is how long a busy machine may stand still without a test failing for it.
const standstill = 10 * time.Second

// expectClosedAfter checks that our end gives the peer up no earlier than due and not much later.
func expectClosedAfter(t *testing.T, r *rig, p *peer, since time.Time, due time.Duration, want CloseReason) {
	t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, p); err != nil {
		t.Logf("peer: %v", err) // a reset is as good here
	}
	took := time.Since(since)
	r.expectReason(want)
	if took < due || took > due+standstill {
		t.Errorf("closed after %v, due %v", took, due)
	}
}

// drip sends the stream over and over, a byte at a time, until the connection ends.
func drip(p *peer, stream string, every time.Duration) {
	go func() {
		for i := 0; ; i++ {
			if _, err := io.WriteString(p, stream[i%len(stream):][:1]); err != nil {
				return
			}
			time.Sleep(every)
		}
	}()
}

func TestASilentPeerIsClosedAfterFirstFrameTimeout(t *testing.T) {
	r := start(t, Options{FirstFrameTimeout: 150 * time.Millisecond}, echo)
	begin := time.Now()
	p, _ := r.connect()
	expectClosedAfter(t, r, p, begin, 150*time.Millisecond, CloseFirstFrame)
}

func TestNoiseDoesNotProlongTheFirstFrame(t *testing.T) {
	r := start(t, Options{FirstFrameTimeout: 200 * time.Millisecond}, echo)
	begin := time.Now()
	p, _ := r.connect()
	drip(p, "-", 10*time.Millisecond)
	expectClosedAfter(t, r, p, begin, 200*time.Millisecond, CloseFirstFrame)
}

func TestASlicerIsClosedFrameTimeoutAfterTheFirstByte(t *testing.T) {
	r := start(t, Options{FrameTimeout: 200 * time.Millisecond}, echo)
	p, _ := r.connect()
	p.send("<ok>")
	p.expect("<ok>")
	begin := time.Now()
	drip(p, "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 10*time.Millisecond)
	expectClosedAfter(t, r, p, begin, 200*time.Millisecond, CloseFrame)
}

func TestASlicerWithoutAFirstFrameIsClosedOnTime(t *testing.T) {
	r := start(t, Options{FirstFrameTimeout: 150 * time.Millisecond, FrameTimeout: 300 * time.Millisecond}, echo)
	begin := time.Now()
	p, _ := r.connect()
	drip(p, "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 10*time.Millisecond)
	expectClosedAfter(t, r, p, begin, 150*time.Millisecond, CloseFirstFrame)
}

func TestAnIdlePeerIsClosedWhateverNoiseAndAnswersPass(t *testing.T) {
	r := start(t, Options{IdleTimeout: 200 * time.Millisecond}, echo)
	p, c := r.connect()
	p.send("<ok>")
	p.expect("<ok>")
	begin := time.Now()
	drip(p, "<-", 10*time.Millisecond)
	go func() { // what we send does not count
		for c.Write([]byte("!")) == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	expectClosedAfter(t, r, p, begin, 200*time.Millisecond-5*time.Millisecond, CloseIdle)
}

func TestFramesKeepAConnectionAliveBeyondAllDeadlines(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = time.Second
	r := start(t, Options{FirstFrameTimeout: limit, FrameTimeout: limit, IdleTimeout: limit}, echo)
	p, _ := r.connect()
	for begin := time.Now(); time.Since(begin) < 2*limit; {
		p.send("<a")
		time.Sleep(limit / 10) // a real pause is what is tested
		p.send("bc>")
		p.expect("<abc>")
	}
	if len(r.reasons) != 0 {
		t.Errorf("closed as %q", <-r.reasons)
	}
}

func TestAStalledBeginningThatHidesAFrameDoesNotEndTheConnection(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = time.Second
	r := start(t, Options{Cutter: SplitFunc(splitLength), FrameTimeout: limit}, echo)
	p, c := r.connect()
	begin := time.Now()
	p.send("\x40\x03ab\x05c") // looks like a frame of 64 bytes; a whole frame and the beginning of one are behind
	p.expect("\x03ab")
	if took := time.Since(begin); took < limit {
		t.Errorf("came after %v: it was not hidden", took)
	}
	p.send("def")
	p.expect("\x05cdef"[:5])
	if s := c.Stats(); s.Skipped != 1 || s.InFrames != 8 || s.Pending != 0 {
		t.Errorf("counts %+v", s.ByteCounts)
	}
	p.send("\x40\x40") // this one hides nothing
	expectClosedAfter(t, r, p, time.Now(), 50*time.Millisecond, CloseFrame)
	if s := c.Stats(); s.CutOff != 2 {
		t.Errorf("counts %+v", s.ByteCounts)
	}
}

func TestWhatLiesInTheSocketIsReadBeforeThePeerIsJudged(t *testing.T) {
	hold := make(chan struct{})
	r := start(t, Options{IdleTimeout: 50 * time.Millisecond}, func(c *Conn, b *Batch) {
		if string(b.Frames[0]) == "<hold>" {
			<-hold
		}
		echo(c, b)
	})
	p, _ := r.connect()
	p.send("<hold>")
	p.send("<after>")
	time.Sleep(150 * time.Millisecond) // the process stands still for longer than the deadline
	close(hold)
	p.expect("<hold><after>")
	r.expectReason(CloseIdle)
}

func TestANegativeTimeoutIsNoTimeout(t *testing.T) {
	r := start(t, Options{FirstFrameTimeout: -1, FrameTimeout: -1, IdleTimeout: -1}, echo)
	p, c := r.connect()
	p.send("<a")
	eventually(t, "pending", func() bool { return c.Stats().Pending == 2 })
	if due, _ := c.dueFor(); due != never {
		t.Errorf("due %v", due)
	}
	c.StopReading(CloseKicked, "")
	r.expectReason(CloseKicked)
}
