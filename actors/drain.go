package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"trama/actors/master"
	"trama/actors/port"
	"trama/actors/supervise"
	"trama/journal"
	"trama/transport"
)

// Drain implements Gateway.  The order is the point: no new connections, then no new frames, then the tree.
func (g *gateway) Drain(ctx context.Context) error {
	var err error
	g.drain.Do(func() { err = g.drainOnce(ctx) })
	return err
}

func (g *gateway) drainOnce(ctx context.Context) error {
	log := g.log.Named("drain")
	g.gone.Store(true)
	step := func(what string, since time.Time, more ...any) {
		log.Info(what, append([]any{"took", time.Since(since).Round(time.Microsecond)}, more...)...)
	}

	began := time.Now()
	for _, p := range g.ports.All {
		if err := p.Stop(); err != nil {
			log.Warn("listener not closed", "listener", p.Name, "error", err)
		}
	}
	step("listeners closed", began, "listeners", len(g.ports.All))
	g.endShadows(cutGrace)

	began = time.Now()
	var late error
	for _, p := range g.ports.All {
		if g.Err() != nil { // the tree is broken: what has no reader yet ends with the process
			<-p.Accepted()
			continue
		}
		late = errors.Join(late, g.drainPort(ctx, p))
	}
	open := 0
	for _, p := range g.ports.All { // also those of a listener that does not answer
		for _, l := range p.Links.List() {
			l.StopReading(transport.CloseShutdown, "the gateway is stopping")
			open++
		}
	}
	if !g.readersEnd(ctx.Done()) {
		cut := 0
		for _, p := range g.ports.All {
			for _, l := range p.Links.List() {
				l.Close(transport.CloseShutdown, "the gateway did not stop in time")
				cut++
			}
		}
		late = errors.Join(late, fmt.Errorf("%d connections did not drain in time: %w", cut, context.Cause(ctx)))
		log.Error("connections cut off", "connections", cut)
		if !g.readersEnd(timeout(cutGrace)) {
			late = errors.Join(late, fmt.Errorf("connections are stuck: %s", g.stuck()))
		}
	}
	step("connections drained", began, "connections", open)

	began = time.Now()
	silent := 0
	for answered := range master.Ask(g.masters.List(), max(cutGrace, remaining(ctx)),
		func(at int, to chan<- master.Answer[bool]) any {
			return &master.Stop{At: at, Reply: to}
		}, func(*master.Master) bool { return false }) {
		if !answered {
			silent++
		}
	}
	if silent > 0 {
		late = errors.Join(late, fmt.Errorf("%d masters do not answer: %s", silent, g.stuck()))
	}
	step("commands settled", began)

	began = time.Now()
	if g.journal.Err() == nil {
		sweep, cancel := context.WithTimeout(context.Background(), max(cutGrace, remaining(ctx)))
		if err := g.journal.Sweep(sweep); err != nil {
			log.Warn("states of masters not written: the next start reads more", "error", err)
		}
		cancel()
	}
	// behind the sweep: what was appended before is settled
	g.recordEvent(journal.Event{Kind: journal.EventStop, Detail: g.account()})
	if g.keys != nil && g.journal.Err() == nil {
		if err := g.beginGeneration(g.keys.Generation() + 1); err != nil {
			log.Warn("the generation stays: a copy of the journal from this run would not be known as such", "error", err)
		}
	}
	step("states written", began)

	began = time.Now()
	stopped := g.sys.StopFuture(g.top)
	ended := make(chan error, 1)
	go func() { ended <- stopped.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			late = errors.Join(late, fmt.Errorf("the tree did not stop: %w", err))
		}
	case <-time.After(max(cutGrace, remaining(ctx))):
		late = errors.Join(late, fmt.Errorf("the tree did not stop: %s", g.stuck()))
	}
	g.sys.Library.Shutdown()
	step("tree stopped", began)
	t := g.Totals()
	log.Info("frames in total", "frames", t.Frames, "acknowledged", t.Acknowledged, "no_reply_due", t.NoReplyDue,
		"poisoned", t.Poisoned, "masters", t.Masters)
	g.ending.Do(func() { close(g.done) })
	return late
}

// drainPort waits until a port has seen everything that it has accepted, and makes all of it stop reading.
func (g *gateway) drainPort(ctx context.Context, p *port.Port) error {
	if err := p.Control(ctx, port.EndAccepting); err != nil {
		return err
	}
	<-p.Accepted() // its socket is closed
	return p.Control(ctx, port.DrainLinks)
}

// cutGrace is what the steps of a drain get that come after its deadline.
const cutGrace = time.Second

// remaining is the time until ctx is over, at least 0; a ctx without a deadline has an hour.
func remaining(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return max(time.Until(end), 0)
	}
	return time.Hour
}

// timeout is a channel that is closed after d.
func timeout(d time.Duration) <-chan struct{} {
	over := make(chan struct{})
	time.AfterFunc(d, func() { close(over) })
	return over
}

// expired is a context whose time is over.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// readersEnd waits until every connection has ended and its actor has taken leave, or over; it says which.
func (g *gateway) readersEnd(over <-chan struct{}) bool {
	for _, p := range g.ports.All {
		if !p.Drained(g.Err() != nil, over) {
			return false
		}
	}
	return true
}

// stuck names actors that have worked on one message for a while, for the error of a drain.
func (g *gateway) stuck() string {
	var names []string
	g.top.Each(func(n *supervise.Node) {
		if _, busy := n.Condition(time.Now()); busy != nil && time.Duration(busy.For) > cutGrace/2 {
			names = append(names, fmt.Sprintf("%s is busy with %s for %s", n.Path(), busy.Message, busy.For))
		}
	})
	if len(names) == 0 {
		return "no actor is busy"
	}
	return strings.Join(names[:min(len(names), 10)], ", ")
}

// account says what became of everything that was received.
func (g *gateway) account() string {
	t := g.Totals()
	rejected := uint64(0)
	for _, n := range t.Rejected {
		rejected += n
	}
	account := fmt.Sprintf("frames %d = stored %d + duplicates %d + rejected %d + poisoned %d, bytes cut off %d",
		t.Frames, t.Stored, t.Duplicates, rejected, t.Poisoned, t.CutOff)
	if t.Unreadable > 0 {
		account += fmt.Sprintf(", of the frames unreadable %d", t.Unreadable)
	}
	return account
}
