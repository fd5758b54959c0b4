package actors

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/actors/ledger"
	"trama/actors/master"
	"trama/journal"
)

// commandJournal is a journal that keeps commands; what it has of damaged rows it tells itself.
type commandJournal interface {
	EachCommand(ctx context.Context, q journal.CommandQuery, visit func(journal.Command) error) error
	Command(ctx context.Context, id uint64) (journal.Command, error)
	CommandByKey(ctx context.Context, by, key string) (journal.Command, error)
}

// ended waits for the end of a command.
func ended(c *ledger.Command) bool { return !c.Open() }

// taken waits until a command is on disk.
func taken(c *ledger.Command) bool { return c.State != "" }

// Send implements Gateway.
func (g *gateway) Send(ctx context.Context, req CommandRequest) (CommandResult, error) {
	m, err := g.target(req)
	if err != nil {
		return CommandResult{}, err
	}
	enough := ended
	if req.Async {
		enough = taken
	}
	c := &master.Command{Request: req}
	if !req.Unkept {
		entry, first := g.masters.Ledger.Enter(req.Origin, req.Key)
		if c.Entry = entry; first && req.Key != "" {
			found, err := g.byKey(ctx, req)
			if err != nil {
				entry.Drop(err)
				return CommandResult{}, err
			}
			if found != nil {
				entry.Publish(*found) // for who has come meanwhile
				return g.same(req, found)
			}
		} else if !first {
			now, err := entry.Wait(ctx, enough)
			if now, err = standing(entry, now, err); err != nil {
				return now, err
			}
			return g.same(req, &now)
		}
	}
	type end struct {
		result CommandResult
		err    error
	}
	reply := make(chan end, 1)
	c.Respond = func(e master.End) { reply <- end{e.Result, e.Err} }
	m.Take(c)
	if req.Async && !req.Unkept {
		now, err := c.Entry.Wait(ctx, enough)
		return standing(c.Entry, now, err)
	}
	wait := req.Wait
	if wait <= 0 {
		wait = master.DefaultCommandWait
	}
	// the master's own timer comes first unless its actor is stuck
	late := time.NewTimer(req.Queue + min(wait, master.MaxCommandWait) + answerWithin)
	defer late.Stop()
	for {
		select {
		case e := <-reply:
			return standing(c.Entry, e.result, e.err)
		case <-late.C:
			if c.Checking.Swap(false) {
				late.Reset(master.CheckWithin)
				continue
			}
			what := "the command was sent and may have been executed"
			if c.Withdraw() {
				what = "the command was not sent"
			}
			if err := g.journal.Accepting(); err != nil {
				return CommandResult{}, fmt.Errorf("%w: %s", err, what)
			}
			return CommandResult{}, fmt.Errorf("%w: the actor of master %s does not answer, %s", ErrFault, req.Serial, what)
		case <-ctx.Done():
			left := CommandResult{Serial: req.Serial, By: req.Origin, Command: req.Command, Outcome: OutcomeUnknown, Detail: "the caller left"}
			if c.Entry != nil {
				left.ID = c.Entry.ID()
			}
			return left, ctx.Err()
		}
	}
}

// standing is the answer to who waits for a command.  One that a stop leaves to the next process has not failed: it is on disk,
// and goes on waiting for its master.
func standing(e *ledger.Entry, c ledger.Command, err error) (ledger.Command, error) {
	if errors.Is(err, ErrStopping) && e != nil {
		if now := e.Now(); taken(&now) && now.Open() {
			return now, nil
		}
	}
	return c, err
}

// target finds the master of a command.
func (g *gateway) target(req CommandRequest) (*master.Master, error) {
	if g.gone.Load() {
		return nil, ErrStopping
	}
	m := g.masters.Get(req.Serial)
	if m == nil {
		if _, known := g.masters.Absent(req.Serial); known {
			return nil, fmt.Errorf("%w: %s (never seen)", master.ErrOffline, req.Serial)
		}
		return nil, g.unknownMaster(req.Serial)
	}
	if req.Listener != "" {
		if _, err := g.port(req.Listener); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// same answers a request whose key was given before.
func (g *gateway) same(req CommandRequest, found *ledger.Command) (CommandResult, error) {
	if found.Serial != req.Serial {
		return CommandResult{}, fmt.Errorf("%w: %q is that of command %d to %s", ErrKeyUsed, req.Key, found.ID, found.Serial)
	}
	if !alike(found.Arguments, req.Fields) {
		return CommandResult{}, fmt.Errorf("%w: %q is that of command %d, which has other arguments", ErrKeyUsed, req.Key, found.ID)
	}
	return *found, nil
}

// alike compares arguments, of which some have been in the journal.
func alike(a, b map[string]any) bool {
	one, err := json.Marshal(a)
	other, failed := json.Marshal(b)
	return err != nil || failed != nil || len(a) == 0 && len(b) == 0 || bytes.Equal(one, other)
}

// byKey finds the command with the key of a request in the journal; nil when there is none.
func (g *gateway) byKey(ctx context.Context, req CommandRequest) (*ledger.Command, error) {
	j, ok := g.journal.(commandJournal)
	if !ok {
		return nil, nil
	}
	row, err := j.CommandByKey(ctx, req.Origin, req.Key)
	if errors.Is(err, journal.ErrNoCommand) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := ledger.Read(&row)
	return &c, err
}

// Commands implements Gateway.
func (g *gateway) Commands(ctx context.Context, q journal.CommandQuery) (all []ledger.Command, next uint64, err error) {
	limit := cmp.Or(max(q.Limit, 0), journal.DefaultLimit)
	for _, c := range g.masters.Ledger.Open() {
		if chosen(&c, q) {
			all = append(all, c)
		}
	}
	if j, ok := g.journal.(commandJournal); ok {
		q.Limit = limit + len(all) + 1
		err = j.EachCommand(ctx, q, func(row journal.Command) error {
			if !row.Ended && g.masters.Ledger.Get(row.ID) != nil {
				return nil // it is there as it is now
			}
			c, err := ledger.Read(&row)
			all = append(all, c)
			return err
		})
	}
	slices.SortStableFunc(all, func(a, b ledger.Command) int { return cmp.Compare(b.ID, a.ID) })
	all = slices.CompactFunc(all, func(a, b ledger.Command) bool { return a.ID == b.ID }) // one has ended meanwhile
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	return all, next, err
}

// chosen says whether a query asks for c.
func chosen(c *ledger.Command, q journal.CommandQuery) bool {
	return (q.Master == "" || q.Master == c.Serial) && (q.State == "" || q.State == string(c.State)) && (q.By == "" || q.By == c.By) &&
		(q.Since.IsZero() || !c.Asked.Before(q.Since)) && (q.Until.IsZero() || c.Asked.Before(q.Until)) && (q.Before == 0 || c.ID < q.Before)
}

// Command implements Gateway.
func (g *gateway) Command(ctx context.Context, id uint64, after int) (ledger.Command, error) {
	if e := g.masters.Ledger.Get(id); e != nil && e.Now().State != "" {
		now, err := e.Wait(ctx, func(c *ledger.Command) bool { return after < 0 || len(c.Changes) > after })
		if err == nil || ctx.Err() != nil {
			return now, nil
		}
		return now, err
	}
	j, ok := g.journal.(commandJournal)
	if !ok {
		return ledger.Command{}, fmt.Errorf("%w: %d", ErrUnknownCommand, id)
	}
	row, err := j.Command(ctx, id)
	if errors.Is(err, journal.ErrNoCommand) {
		return ledger.Command{}, fmt.Errorf("%w: %d", ErrUnknownCommand, id)
	}
	if err != nil {
		return ledger.Command{}, err
	}
	return ledger.Read(&row)
}

// Cancel implements Gateway.
func (g *gateway) Cancel(ctx context.Context, id uint64, by string) (ledger.Command, error) {
	e := g.masters.Ledger.Get(id)
	if e == nil {
		c, err := g.Command(ctx, id, -1)
		if err == nil {
			err = fmt.Errorf("%w: it is %s", ErrNotQueued, c.State)
		}
		return c, err
	}
	m := g.masters.Get(e.Now().Serial)
	if m == nil {
		return e.Now(), fmt.Errorf("%w: its master was forgotten", ErrNotQueued)
	}
	reply := make(chan error, 1)
	g.sys.Send(&m.Node, &master.Cancel{Entry: e, By: by, Reply: reply})
	if err := g.answer(ctx, reply); err != nil {
		return e.Now(), fmt.Errorf("%w: it is %s", ErrNotQueued, e.Now().State)
	}
	return e.Wait(ctx, ended)
}

// DryRun implements Gateway.
func (g *gateway) DryRun(ctx context.Context, req CommandRequest) (ledger.Command, error) {
	m, err := g.target(req)
	if err != nil {
		return ledger.Command{}, err
	}
	c := &master.Command{Request: req}
	c.Result.Serial, c.Result.By = req.Serial, req.Origin
	reply := make(chan error, 1)
	g.sys.Send(&m.Node, &master.DryRun{Command: c, Reply: reply})
	err = g.answer(ctx, reply)
	if err != nil {
		return ledger.Command{}, err
	}
	return c.Result, nil
}
