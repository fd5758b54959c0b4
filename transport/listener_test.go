package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSuspendRefusesDialsAndKeepsLiveConnections(t *testing.T) {
	r := start(t, Options{}, echo)
	address := r.Addr().String()
	p, _ := r.connect()
	for range 3 {
		r.Suspend()
		r.Suspend() // again is no harm
		if c, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial while suspended: %v, %v", c, err)
		}
		if s := r.Stats(); !s.Suspended || s.Live != 1 {
			t.Errorf("stats %+v", s)
		}
		p.send("<alive>")
		p.expect("<alive>")
		if err := r.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := r.Resume(); err != nil {
			t.Errorf("resumed again: %v", err)
		}
		if r.Addr().String() != address {
			t.Errorf("address is now %v", r.Addr())
		}
		q, _ := r.connect()
		q.send("<new>")
		q.expect("<new>")
		_ = q.Close()
		r.expectReason(ClosePeer)
	}
	r.Suspend() // Close must end Serve from here too
}

func TestResumeFailsWhileAnotherHasThePortAndWorksAfterwards(t *testing.T) {
	r := start(t, Options{}, echo)
	r.Suspend()
	thief, err := net.Listen("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Resume(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("resume: %v", err)
	}
	_ = thief.Close()
	if err := r.Resume(); err != nil {
		t.Errorf("resume: %v", err)
	}
	r.connect()
	_ = r.Listener.Close()
	if err := r.Resume(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("resume after close: %v", err)
	}
}

func TestWhatIsBeyondTheLimitIsClosedAtOnceAndCounted(t *testing.T) {
	budget := LimitDescriptors(3)
	for name, o := range map[string]struct {
		options Options
		reason  CloseReason
	}{
		"connections": {Options{MaxConnections: 3}, CloseFull},
		"descriptors": {Options{Reserve: budget}, CloseNoDescriptors},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, o.options, echo)
			var peers []*peer
			for range 3 {
				p, _ := r.connect()
				peers = append(peers, p)
			}
			for range 4 {
				expectRefused(t, r)
			}
			if e := receive(t, r.events); e.Kind != EventRefusing || e.Reason != o.reason {
				t.Errorf("event %+v", e)
			}
			if s := r.Stats(); s.Live != 3 || s.Accepted != 7 || s.Closed[o.reason] != 4 {
				t.Errorf("stats %+v", s)
			}
			_ = peers[0].Close()
			r.expectReason(ClosePeer)
			q, _ := r.connect()
			q.send("<room again>"[:5] + ">")
			q.expect("<room>")
			if len(r.events) != 0 {
				t.Errorf("an episode gives one event, not %+v too", <-r.events)
			}
		})
	}
}

// expectRefused dials a listener that is full: the reset may come before the dial has returned.
func expectRefused(t *testing.T, r *rig) {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr().String())
	if err == nil {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	if err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("not refused: %v", err)
	}
}

func TestAListenerRecoversWhenNobodyWasRefusedForAWhile(t *testing.T) {
	var events []Event
	l := &Listener{options: Options{Events: func(e Event) { events = append(events, e) }}}
	s := serving{l: l}
	s.refused(CloseFull)
	s.refused(CloseFull)
	s.refusedLast = s.refusedLast.Add(-refusingHold)
	s.admitted()
	s.admitted()
	if len(events) != 2 || events[1].Kind != EventRecovered || events[1].Count != 2 {
		t.Errorf("events %+v", events)
	}
}

func TestTheBudgetIsSharedByAllListeners(t *testing.T) {
	budget := LimitDescriptors(2)
	a := start(t, Options{Reserve: budget, Name: "a"}, echo)
	b := start(t, Options{Reserve: budget, Name: "b"}, echo)
	a.connect()
	b.connect()
	expectRefused(t, b)
	if n := budget.Used(); n != 2 {
		t.Errorf("%d used", n)
	}
	// The cleanups end the connections; checkBooks of the listener that ends last finds the budget whole again.
	a.Listener.live.Close(CloseKicked, "")
	a.expectReason(CloseKicked)
	b.Listener.live.Close(CloseKicked, "")
	b.expectReason(CloseKicked)
}

func TestListenReportsEveryProblemAtOnce(t *testing.T) {
	_, err := Listen(context.Background(), Options{Name: "field", MaxFrameBytes: 10_000, Credits: -1, WriteQueueBytes: -2})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"field"`, "Cutter", "MaxFrameBytes 10000", "Credits -1", "WriteQueueBytes -2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
	_, err = Listen(context.Background(), Options{Cutter: SplitFunc(splitBrackets), Address: "127.0.0.1:70000"})
	if err == nil {
		t.Error("port 70000 was bound")
	}
}

func TestAcceptErrorsAreClassified(t *testing.T) {
	wrap := func(e error) error { return &net.OpError{Op: "accept", Err: e} }
	for err, want := range map[error]acceptAction{
		syscall.EMFILE: acceptPause, syscall.ENFILE: acceptPause, syscall.ENOBUFS: acceptPause, syscall.ENOMEM: acceptPause,
		syscall.ECONNABORTED: acceptNext, syscall.EPROTO: acceptNext, syscall.ENETDOWN: acceptNext,
		syscall.EBADF: acceptFatal, syscall.EINVAL: acceptFatal, io.ErrUnexpectedEOF: acceptFatal,
	} {
		if got := classifyAccept(wrap(err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

func TestServeReturnsTheErrorThatCannotBeWaitedOut(t *testing.T) {
	r := start(t, Options{}, echo)
	r.mu.Lock()
	socket := r.socket
	r.mu.Unlock()
	_ = socket.Close() // behind the listener's back
	err := r.served()
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("serve: %v", err)
	}
	r.Suspend()
	if err := r.Resume(); err != nil {
		t.Fatal(err)
	}
	go func() { r.serve <- r.Serve(func(c *Conn) { c.Start(func(b *Batch) { echo(c, b) }, func() {}) }) }()
	p := r.dial()
	p.send("<back>")
	p.expect("<back>")
	_ = p.Close()
	eventually(t, "ended", func() bool { return r.Stats().Live == 0 })
}
