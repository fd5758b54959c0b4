package actors

import (
	"cmp"
	"fmt"
	"slices"
	"time"

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
		Name: s.name, Address: s.port.Addr().String(), Role: s.role.String(), Profile: s.profile.Load().Name(), Definition: s.edition.Load().info(), State: *s.state.Load(),
		Live: st.Live, Accepted: st.Accepted, Closed: map[string]uint64{},
		Frames: sum.frames.Load(), Acknowledged: sum.acked.Load(), Rejected: sum.rejected.Load(), Poisoned: sum.poisoned.Load(),
		BytesIn: st.Received, BytesOut: st.Sent, InFrames: st.InFrames, Skipped: st.Skipped, Heartbeats: st.Beats, Aside: st.Aside, Pending: st.Pending, CutOff: st.CutOff,
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

// Masters implements Gateway.  A master that does not answer is listed with what is known from outside.
func (g *gateway) Masters() []MasterInfo {
	masters := g.masters.list()
	all, silent := ask(g, masters, answerWithin, func(at int, to chan<- answer[MasterInfo]) any { return &describeMaster{at, to} })
	for _, i := range silent {
		all[i] = masters[i].silent()
	}
	return all
}

// answer is what one of several masters says: the one at this place of the list.
type answer[T any] struct {
	at    int
	value T
}

// askedAtOnce bounds the masters that work on a question at the same time: each has a goroutine meanwhile.
const askedAtOnce = 1024

// ask puts a question to masters and collects the answers.  It gives up when none has come for so long; silent are the places of those that
// have not answered then: they are stuck, unless askedAtOnce others are.
func ask[T any](g *gateway, masters []*master, patience time.Duration, question func(at int, to chan<- answer[T]) any) (values []T, silent []int) {
	values = make([]T, len(masters))
	answered := make([]bool, len(masters))
	answers := make(chan answer[T], len(masters)) // a late one blocks nobody
	late := time.NewTimer(patience)
	defer late.Stop()
	for next, waiting := 0, 0; next < len(masters) || waiting > 0; {
		for next < len(masters) && waiting < askedAtOnce {
			g.root.Send(masters[next].pid, question(next, answers))
			next, waiting = next+1, waiting+1
		}
		select {
		case a := <-answers:
			values[a.at], answered[a.at] = a.value, true
			waiting--
			late.Reset(patience)
			continue
		case <-late.C:
		}
		break
	}
	for i, yes := range answered {
		if !yes {
			silent = append(silent, i)
		}
	}
	return values, silent
}

// Master implements Gateway.
func (g *gateway) Master(serial string) (MasterInfo, error) {
	m := g.masters.get(serial)
	if m == nil {
		return MasterInfo{}, fmt.Errorf("%w: %q", ErrUnknownMaster, serial)
	}
	info, silent := ask(g, []*master{m}, answerWithin, func(at int, to chan<- answer[MasterInfo]) any { return &describeMaster{at, to} })
	if len(silent) > 0 {
		return m.silent(), nil
	}
	return info[0], nil
}

// silent describes a master whose actor does not answer.
func (m *master) silent() MasterInfo {
	return MasterInfo{Serial: m.serial, State: "stuck", Links: []Link{}, Values: map[string]Value{}}
}

// Poisoned implements Gateway.
func (g *gateway) Poisoned() []Poison { return g.poison.list() }
