package actors

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/codec"
	"trama/journal"
)

// restore makes the masters that the journal knows, before anything is accepted.  Their links are gone: all are offline.
func (g *gateway) restore(ctx context.Context) error {
	begun := time.Now()
	rows, err := g.journal.Profiles(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		g.journal.old[row.ID] = row
	}
	edition := func(number uint32) (*edition, error) { return g.journal.edition(number, g.slots) }
	through := map[string]uint64{}
	known := map[string]*master{} // the directory has only those with an actor
	frames := 0
	var f codec.Frame
	err = g.journal.Restore(ctx, func(row journal.MasterRow) error {
		m := newMaster(g, row.Serial)
		if err := m.decode(row.State, edition); err != nil {
			g.log.Named("journal").Error("the state of a master cannot be read: it begins anew", "master", row.Serial, "error", err)
			m = newMaster(g, row.Serial)
		}
		through[row.Serial] = row.Through
		known[row.Serial] = m
		return row.Adopt(&m.subject)
	}, func(seq uint64, r *journal.Record) *journal.Subject {
		if r.Master == "" || r.Flags&journal.Integrator != 0 || seq <= through[r.Master] {
			return nil
		}
		m := known[r.Master]
		if m == nil {
			m = newMaster(g, r.Master)
			m.first = r.Received
			known[r.Master] = m
		}
		frames++
		e, err := edition(r.Profile)
		if err != nil || e.profile.Decode(codec.Uplink, r.Raw, &f) != nil {
			return &m.subject // counted by nobody, but it is there
		}
		m.replay(e, &f, r)
		return &m.subject
	})
	if err != nil {
		return err
	}
	g.restored = slices.Collect(maps.Values(known))
	if len(g.restored) > 0 {
		g.log.Named("journal").Info("masters restored", "masters", len(g.restored), "frames_read", frames, "took", time.Since(begun).Round(time.Millisecond))
	}
	return nil
}

// replay takes in a frame of an earlier process.
func (m *master) replay(e *edition, f *codec.Frame, r *journal.Record) {
	m.last = r.Received
	m.seen.Store(r.Received.UnixNano())
	m.frames++
	m.bytes += uint64(len(r.Raw))
	m.keep(f.Message(), e, r.Raw, r.Received)
	if r.Flags&journal.Restarted != 0 && !e.profile.Resend().Session {
		m.recent.forget()
	}
	m.noteMade(f)
	if s, ok := e.sighting(f, r.Received, 0); ok {
		_, old := m.recent.find(s, e.profile.Resend().Within)
		m.recent.add(s, old, r.Received.UnixNano())
	}
}

// noteMade keeps the latest time at which, by its own clock, the master has made a frame.
func (m *master) noteMade(f *codec.Frame) {
	if made, ok := f.Timestamp(); ok && made.After(m.newest) {
		m.newest = made
	}
}

// revive gives the restored masters their actors, unless the gateway ends meanwhile.
func (r *registry) revive(ctx actor.Context) {
	g := r.gw
	select {
	case <-g.revived:
		return // this is a later start
	default:
	}
	for _, m := range g.restored {
		select {
		case <-g.done:
			return
		default:
		}
		r.spawn(ctx, m)
		g.masters.add(m)
	}
	g.restored = nil
	close(g.revived)
}

// spawn gives a master its actor.
func (r *registry) spawn(ctx actor.Context, m *master) {
	m.node.enter(r.gw.registryNode, url.PathEscape(m.serial), kindMaster, m)
	m.pid = mustSpawn(ctx, &m.node, props(&m.node, r.gw.childless(), func() behaviour { return masterActor{m} }))
}
