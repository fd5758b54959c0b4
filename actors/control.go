package actors

import (
	"context"
	"fmt"
	"strings"
	"time"

	"trama/journal"
	"trama/transport"
)

// Send implements Gateway.
func (g *gateway) Send(ctx context.Context, req CommandRequest) (CommandResult, error) {
	if g.gone.Load() {
		return CommandResult{}, ErrStopping
	}
	m := g.masters.get(req.Serial)
	if m == nil {
		return CommandResult{}, fmt.Errorf("%w: %q", ErrUnknownMaster, req.Serial)
	}
	type end struct {
		result CommandResult
		err    error
	}
	reply := make(chan end, 1)
	asked := &command{req: req, respond: func(c *command, err error) { reply <- end{c.result, err} }}
	m.take(asked)
	wait := req.Wait
	if wait <= 0 {
		wait = defaultCommandWait
	}
	late := time.NewTimer(min(wait, maxCommandWait) + answerWithin) // the master's own timer comes first unless its actor is stuck
	defer late.Stop()
	select {
	case e := <-reply:
		return e.result, e.err
	case <-late.C:
		what := "the command was sent and may have been executed"
		if asked.withdraw() {
			what = "the command was not sent"
		}
		return CommandResult{}, fmt.Errorf("%w: the actor of master %s does not answer, %s", ErrFault, req.Serial, what)
	case <-ctx.Done():
		return CommandResult{Serial: req.Serial, Command: req.Command, Outcome: OutcomeUnknown, Detail: "the caller left"}, ctx.Err()
	}
}

// Suspend implements Gateway.
func (g *gateway) Suspend(ctx context.Context, listener string) error {
	return g.control(ctx, listener, doSuspend)
}

// Resume implements Gateway.
func (g *gateway) Resume(ctx context.Context, listener string) error {
	return g.control(ctx, listener, doResume)
}

func (g *gateway) control(ctx context.Context, listener string, do controlVerb) error {
	if g.gone.Load() && do != doClose && do != doDrain {
		return ErrStopping
	}
	for _, s := range g.slots {
		if s.name != listener {
			continue
		}
		reply := make(chan error, 1)
		g.root.Send(s.node.pid.Load(), &control{do: do, reply: reply})
		select {
		case err := <-reply:
			return err
		case <-ctx.Done():
			return fmt.Errorf("listener %q does not answer: %w", listener, ctx.Err())
		}
	}
	return fmt.Errorf("%w: %q", ErrUnknownListener, listener)
}

// Kick implements Gateway.  The socket is closed straight away, so that a stuck actor cannot keep it open.
func (g *gateway) Kick(_ context.Context, connection uint64) error {
	for _, s := range g.slots {
		if l := s.links.get(connection); l != nil {
			l.conn.Close(transport.CloseKicked, "by an operator")
			g.happened(journal.Event{Kind: journal.EventKick, Listener: s.name, Connection: l.id, Remote: l.remote(), Reason: "by an operator", Detail: strings.Join(l.masters(), " ")})
			return nil
		}
	}
	return fmt.Errorf("%w: %d", ErrUnknownConnection, connection)
}

// Restart implements Gateway.
func (g *gateway) Restart(ctx context.Context, path string) error {
	n, err := g.actorAt(path)
	if err != nil {
		return err
	}
	reply := make(chan struct{}, 1)
	g.root.Send(n.pid.Load(), &renew{reply})
	select {
	case <-reply:
		g.restarts.Add(1)
		g.log.Named("supervisor").Info("actor restarted on request", "actor", path)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s does not answer: %w", path, ctx.Err())
	}
}

// Fault implements Gateway.
func (g *gateway) Fault(_ context.Context, path string, onFrame bool) error {
	if !g.allowFaults {
		return ErrFaultsForbidden
	}
	n, err := g.actorAt(path)
	if err != nil {
		return err
	}
	if !onFrame {
		g.root.Send(n.pid.Load(), &injectFault{})
		return nil
	}
	if n.kind != kindConnection && n.kind != kindMaster {
		return fmt.Errorf("%w: %s is of kind %s, which handles no frames", ErrNotRestartable, path, n.kind)
	}
	n.armed.Store(true)
	return nil
}

func (g *gateway) actorAt(path string) (*node, error) {
	if g.gone.Load() {
		return nil, ErrStopping
	}
	n := g.rootNode.find(path)
	if n == nil || n.pid.Load() == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknownActor, path)
	}
	return n, nil
}
