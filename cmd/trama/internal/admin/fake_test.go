package admin

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"trama/actors"
	"trama/actors/ledger"
	"trama/journal"
)

// fakeGateway answers from memory and keeps what it was told.
type fakeGateway struct {
	actors.Gateway // the methods a test does not expect panic
	masters        []actors.MasterInfo
	connections    []actors.ConnectionInfo
	listeners      []actors.ListenerInfo
	tree           *actors.Node
	query          actors.TreeQuery
	told           []string
	settings       []actors.Setting
	sent           actors.CommandRequest
	asked          journal.CommandQuery
	err            error
}

func (g *fakeGateway) tell(format string, args ...any) error {
	g.told = append(g.told, fmt.Sprintf(format, args...))
	return g.err
}

func (g *fakeGateway) Masters() []actors.MasterInfo { return g.masters }
func (g *fakeGateway) FindMasters(q actors.MasterQuery) (iter.Seq[actors.MasterInfo], int) {
	rows := g.masters
	for len(rows) > 0 && rows[0].Serial <= q.After {
		rows = rows[1:]
	}
	if q.Limit > 0 {
		rows = rows[:min(q.Limit, len(rows))]
	}
	return slices.Values(rows), len(g.masters)
}
func (g *fakeGateway) Connections() []actors.ConnectionInfo { return slices.Clone(g.connections) }
func (g *fakeGateway) Polls() []actors.PollStatus           { return nil }
func (g *fakeGateway) SetPolls([]actors.PollOptions)        {}
func (g *fakeGateway) Listeners() []actors.ListenerInfo     { return g.listeners }
func (g *fakeGateway) Poisoned() []actors.Poison            { return nil }
func (g *fakeGateway) Totals() actors.Totals {
	return actors.Totals{Frames: 7, Acknowledged: 6, Rejected: map[string]uint64{"short": 1}, Commands: map[string]uint64{"done": 2}, Takeovers: map[string]uint64{"another address": 1}}
}
func (g *fakeGateway) Ready() error               { return g.err }
func (g *fakeGateway) Live(context.Context) error { return g.err }

func (g *fakeGateway) Master(serial string) (actors.MasterInfo, error) {
	for _, m := range g.masters {
		if m.Serial == serial {
			return m, nil
		}
	}
	return actors.MasterInfo{}, fmt.Errorf("%s: %w", serial, actors.ErrUnknownMaster)
}

func (g *fakeGateway) Tree(q actors.TreeQuery) (*actors.Node, error) {
	g.query = q
	if g.tree == nil {
		return nil, fmt.Errorf("%s: %w", q.Under, actors.ErrUnknownActor)
	}
	return g.tree, nil
}

func (g *fakeGateway) Send(_ context.Context, req actors.CommandRequest) (actors.CommandResult, error) {
	g.sent = req
	return actors.CommandResult{Serial: req.Serial, Command: req.Command, Outcome: actors.OutcomeDone}, g.err
}
func (g *fakeGateway) DryRun(_ context.Context, req actors.CommandRequest) (ledger.Command, error) {
	return ledger.Command{Serial: req.Serial, Command: req.Command, Sent: "00"}, g.tell("dry run %s", req.Command)
}
func (g *fakeGateway) Commands(_ context.Context, q journal.CommandQuery) ([]ledger.Command, uint64, error) {
	g.asked = q
	return []ledger.Command{{ID: 9, Serial: "12345678"}}, 9, g.err
}

// Command waits until the caller wants to wait no longer, when there is something to wait for.
func (g *fakeGateway) Command(ctx context.Context, id uint64, after int) (ledger.Command, error) {
	if after >= 0 {
		<-ctx.Done()
	}
	return ledger.Command{ID: id, State: ledger.Queued}, g.tell("command %d after %d", id, after)
}
func (g *fakeGateway) Cancel(_ context.Context, id uint64, by string) (ledger.Command, error) {
	return ledger.Command{ID: id, Serial: "12345678", Command: "O", State: ledger.Cancelled}, g.tell("cancel %d by %s", id, by)
}
func (g *fakeGateway) Suspend(_ context.Context, name string) error {
	return g.tell("suspend %s", name)
}
func (g *fakeGateway) Resume(_ context.Context, name string) error { return g.tell("resume %s", name) }
func (g *fakeGateway) Kick(_ context.Context, id uint64) error     { return g.tell("kick %d", id) }
func (g *fakeGateway) Restart(_ context.Context, path string) error {
	return g.tell("restart %s", path)
}
func (g *fakeGateway) Fault(_ context.Context, path string, onFrame bool) error {
	return g.tell("fault %s %v", path, onFrame)
}

// someGateway knows two masters on two connections of one listener.
func someGateway() *fakeGateway {
	return &fakeGateway{
		masters:     []actors.MasterInfo{{Serial: "00001234", State: "online"}, {Serial: "12345678", State: "offline"}},
		connections: []actors.ConnectionInfo{{ID: 9, Listener: "field"}, {ID: 10, Listener: "field"}},
		listeners:   []actors.ListenerInfo{{Name: "field", State: "accepting", Live: 2, Closed: map[string]uint64{"idle": 3}}},
		tree:        &actors.Node{Name: "trama", Path: "trama", Kind: "root", State: "running", Since: time.Unix(0, 0)},
	}
}

func (g *fakeGateway) Settings(_ context.Context, serial string) ([]actors.Setting, error) {
	return g.settings, g.tell("settings of %s", serial)
}

func (g *fakeGateway) SetSetting(_ context.Context, req actors.SettingRequest) (actors.Setting, bool, error) {
	return actors.Setting{}, req.Send, g.tell("keep %s of %s by %s: %v, send %v", req.Name, req.Serial, req.By, req.Arguments, req.Send)
}
