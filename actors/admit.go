package actors

import (
	"context"
	"errors"
	"fmt"

	"trama/actors/master"
)

// MasterChoice chooses masters that are to be forgotten; it must not be empty.
type MasterChoice = master.Forgettable

// Approve implements Gateway.
func (g *gateway) Approve(ctx context.Context, serial string) error {
	reply := make(chan error, 1)
	return g.nearWaiting(serial, g.ask(ctx, &master.Approve{Serial: serial, Reply: reply}, reply))
}

// Forget implements Gateway.
func (g *gateway) Forget(ctx context.Context, serial string) error {
	reply := make(chan error, 1)
	return g.nearWaiting(serial, g.ask(ctx, &master.Forget{Serial: serial, Reply: reply}, reply))
}

// nearWaiting adds to the error of an unknown serial which may be meant.
func (g *gateway) nearWaiting(serial string, err error) error {
	if near := g.near(serial); near != "" && errors.Is(err, master.ErrNotWaiting) {
		return fmt.Errorf("%w%s", err, near)
	}
	return err
}

// Forgettable implements Gateway.
func (g *gateway) Forgettable(c MasterChoice) []string {
	serials, _ := g.masters.Forgettable(c, answerWithin)
	return serials
}

// ForgetAll implements Gateway.
func (g *gateway) ForgetAll(ctx context.Context, c MasterChoice) ([]string, error) {
	serials, seen := g.masters.Forgettable(c, answerWithin)
	replies := make(chan error, len(serials))
	for i, serial := range serials {
		g.sys.Send(g.masters.Node, &master.Forget{Serial: serial, Seen: &seen[i], Reply: replies})
	}
	for range serials {
		if err := g.answer(ctx, replies); err != nil {
			return nil, err
		}
	}
	return serials, nil
}

// ask puts a question to the registry.
func (g *gateway) ask(ctx context.Context, question any, reply <-chan error) error {
	if g.gone.Load() {
		return ErrStopping
	}
	g.sys.Send(g.masters.Node, question)
	return g.answer(ctx, reply)
}

// answer waits for one.
func (g *gateway) answer(ctx context.Context, reply <-chan error) error {
	select {
	case err := <-reply:
		return err
	case <-g.done:
		return ErrStopping
	case <-ctx.Done():
		return fmt.Errorf("the registry does not answer: %w", ctx.Err())
	}
}
