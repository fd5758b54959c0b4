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

// Poisoned implements Gateway.
func (g *gateway) Poisoned() []Poison { return g.poison.list() }
