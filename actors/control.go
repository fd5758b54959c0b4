package actors

import (
	"context"
	"fmt"
	"strings"

	"trama/actors/port"
	"trama/actors/supervise"
	"trama/journal"
	"trama/transport"
)

// Suspend implements Gateway.
func (g *gateway) Suspend(ctx context.Context, listener string) error {
	return g.control(ctx, listener, port.Suspend)
}

// Resume implements Gateway.
func (g *gateway) Resume(ctx context.Context, listener string) error {
	return g.control(ctx, listener, port.Resume)
}

func (g *gateway) control(ctx context.Context, listener string, do port.Verb) error {
	if g.gone.Load() {
		return ErrStopping
	}
	p, err := g.port(listener)
	if err != nil {
		return err
	}
	return p.Control(ctx, do)
}

// Kick implements Gateway.  The socket is closed straight away, so that a stuck actor cannot keep it open.
func (g *gateway) Kick(_ context.Context, connection uint64) error {
	for _, p := range g.ports.All {
		if l := p.Links.Get(connection); l != nil {
			l.Close(transport.CloseKicked, "by an operator")
			g.recordEvent(journal.Event{Kind: journal.EventKick, Listener: p.Name, Connection: connection,
				Remote: l.Remote(), Reason: "by an operator", Detail: strings.Join(l.Masters(), " ")})
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
	g.sys.Send(n, &supervise.Renew{Reply: reply})
	select {
	case <-reply:
		g.sys.Restarts.Add(1)
		g.log.Named("supervisor").Info("actor restarted on request", "actor", path)
		return nil
	case <-g.done:
		return ErrStopping
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
		g.sys.Send(n, &supervise.InjectFault{})
		return nil
	}
	if kind := n.Kind(); kind != supervise.KindConnection && kind != supervise.KindMaster {
		return fmt.Errorf("%w: %s is of kind %s, which handles no frames", ErrNotRestartable, path, kind)
	}
	n.Arm(true)
	return nil
}

func (g *gateway) actorAt(path string) (*supervise.Node, error) {
	if g.gone.Load() {
		return nil, ErrStopping
	}
	n := g.top.Find(path)
	if n == nil || n.PID() == nil {
		return nil, g.unknownActor(path)
	}
	return n, nil
}
