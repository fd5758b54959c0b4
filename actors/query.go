package actors

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"trama/codec"
	"trama/transport"
)

// answerWithin bounds how long a listing waits for an actor.
const answerWithin = time.Second

// Listeners implements Gateway.
func (g *gateway) Listeners() []ListenerInfo {
	all := make([]ListenerInfo, 0, len(g.slots))
	for _, s := range g.slots {
		all = append(all, s.info())
	}
	slices.SortFunc(all, func(a, b ListenerInfo) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (s *slot) info() ListenerInfo {
	st, sum := s.port.Stats(), s.links.sum()
	info := ListenerInfo{
		Name: s.name, Address: s.port.Addr().String(), Role: s.role.String(), Profile: s.profile.Load().Name(), State: *s.state.Load(),
		Live: st.Live, Accepted: st.Accepted, Closed: map[string]uint64{},
		Frames: sum.frames.Load(), Acknowledged: sum.acked.Load(), Rejected: sum.rejected.Load(), Poisoned: sum.poisoned.Load(),
		BytesIn: st.Received, BytesOut: st.Sent, Skipped: st.Skipped,
	}
	for reason, n := range st.Closed {
		if n > 0 {
			info.Closed[transport.CloseReason(reason).String()] = n
		}
	}
	info.Refused = st.Closed[transport.CloseFull] + st.Closed[transport.CloseNoDescriptors]
	if why := s.trouble.Load(); why != nil {
		info.Error = *why
	}
	return info
}

// Connections implements Gateway.
func (g *gateway) Connections() []ConnectionInfo {
	all := []ConnectionInfo{}
	for _, s := range g.slots {
		for _, l := range s.links.list() {
			all = append(all, l.info())
		}
	}
	slices.SortFunc(all, func(a, b ConnectionInfo) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Masters implements Gateway.  Every master is asked at once; one that does not answer in time is listed with what is known from outside.
func (g *gateway) Masters() []MasterInfo {
	masters := g.masters.list()
	replies := make([]chan MasterInfo, len(masters))
	for i, m := range masters {
		replies[i] = make(chan MasterInfo, 1)
		g.root.Send(m.pid, &describeMaster{replies[i]})
	}
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	expired := false
	all := make([]MasterInfo, len(masters))
	for i, m := range masters {
		select {
		case all[i] = <-replies[i]:
			continue
		default:
		}
		if !expired {
			select {
			case all[i] = <-replies[i]:
				continue
			case <-late.C:
				expired = true
			}
		}
		all[i] = m.silent()
	}
	return all
}

// Master implements Gateway.
func (g *gateway) Master(serial string) (MasterInfo, error) {
	m := g.masters.get(serial)
	if m == nil {
		return MasterInfo{}, fmt.Errorf("%w: %q", ErrUnknownMaster, serial)
	}
	reply := make(chan MasterInfo, 1)
	g.root.Send(m.pid, &describeMaster{reply})
	select {
	case info := <-reply:
		return info, nil
	case <-time.After(answerWithin):
		return m.silent(), nil
	}
}

// silent describes a master whose actor does not answer.
func (m *master) silent() MasterInfo {
	return MasterInfo{Serial: m.serial, State: "stuck", Links: []Link{}, Values: map[string]Value{}}
}

// describe answers a question about the master.  It is kept out of receive, whose stack every frame pays for.
//
//go:noinline
func (m masterActor) describe(q *describeMaster) { q.reply <- m.info() }

func (m masterActor) info() MasterInfo {
	info := MasterInfo{
		Serial: m.serial, State: "offline", FirstSeen: m.first, LastSeen: m.last, Links: []Link{}, Values: map[string]Value{},
		Frames: m.frames, Bytes: m.bytes, Connects: m.connects, Takeovers: m.takeovers, Commands: m.commands, Queued: len(m.queue),
	}
	if len(m.links) > 0 {
		info.State = "online"
	}
	for _, l := range m.links {
		info.Links = append(info.Links, Link{Listener: l.link.slot.name, Connection: l.link.id, Remote: l.link.remote(), Since: l.since})
	}
	if c := m.inFlight; c != nil {
		info.InFlight = c.result.Command
	}
	m.describeLatest(&info)
	return info
}

// describeLatest reads the last values from the newest frame of each kind.
func (m masterActor) describeLatest(info *MasterInfo) {
	var f codec.Frame
	var alarmAt time.Time
	for i := range m.latest {
		k := &m.latest[i]
		if k.profile.Decode(codec.Uplink, k.raw, &f) != nil {
			continue // it was decoded when it came; only a changed profile can bring us here
		}
		device, _ := f.Timestamp()
		if i == m.lastFrame {
			info.LastCommand, info.DeviceTime, info.Profile = f.Command(), device, k.profile.Name()
		}
		if alarm, ok := f.Alarm(); ok && !k.at.Before(alarmAt) {
			alarmAt, info.Alarm = k.at, &alarm
		}
		if p := f.Message().Purpose; p == codec.PurposeRequest || p == codec.PurposeAnswer {
			continue // wishes and results, no values
		}
		header := headerOf(k.profile)
		for _, it := range f.Items() {
			if it.Depth > 0 || header[it.Field.Key] {
				continue
			}
			if old, known := info.Values[it.Field.Key]; known && old.At.After(k.at) {
				continue
			}
			info.Values[it.Field.Key] = Value{Value: itemValue(it), Unit: it.Field.Unit, At: k.at, Device: device, Command: f.Command()}
		}
	}
}

// headers caches, for each profile, the keys that every message has: they say what a frame is, not what was measured.
var headers sync.Map // *codec.Profile → map[string]bool

func headerOf(p *codec.Profile) map[string]bool {
	if known, ok := headers.Load(p); ok {
		return known.(map[string]bool)
	}
	messages := p.Messages()
	count := map[string]int{}
	for _, msg := range messages {
		for _, field := range msg.Fields {
			count[field.Key]++
		}
	}
	common := map[string]bool{}
	for key, n := range count {
		common[key] = n == len(messages)
	}
	headers.Store(p, common)
	return common
}

// itemValue is the value of a field as JSON shows it.
func itemValue(it codec.Item) any {
	if it.Missing() {
		return nil
	}
	if label := it.Label(); label != "" {
		return label
	}
	switch it.Kind {
	case codec.KindUint:
		return it.Uint()
	case codec.KindInt:
		return it.Int()
	case codec.KindFloat:
		v := it.Float()
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return formatFloat(v) // JSON has no such number: "NaN", "+Inf", "-Inf" as text
		}
		return json.Number(formatFloat(v))
	case codec.KindTime:
		if t, ok := it.Time(); ok {
			return t
		}
		return it.Text()
	case codec.KindBytes:
		return hexString(it.Bytes())
	default:
		return it.Text()
	}
}

// Poisoned implements Gateway.
func (g *gateway) Poisoned() []Poison { return g.poison.list() }

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
	g.root.Send(m.pid, &command{req: req, respond: func(c *command, err error) { reply <- end{c.result, err} }})
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
		return CommandResult{}, fmt.Errorf("%w: the actor of master %s does not answer", ErrFault, req.Serial)
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
	if g.gone.Load() && do != doDrain {
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
