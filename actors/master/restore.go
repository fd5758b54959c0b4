package master

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"trama/actors/profiles"
	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
)

// Restore makes the masters that the journal knows, before anything is accepted.  Their links are gone: all are
// offline.  The masters come into the book when the registry starts and gives them actors.  listeners are the
// definitions that are in force.
func (d *Directory) Restore(ctx context.Context, listeners []*profiles.Installed) error {
	begun := time.Now()
	if err := d.profiles.Load(ctx); err != nil {
		return err
	}
	definition := func(number uint32) (*profiles.Installed, error) { return d.profiles.Find(number, listeners) }
	through, trusted := map[string]uint64{}, map[string]uint64{}
	known := map[string]*Master{}
	frames := 0
	var f codec.Frame
	var s scratch
	err := d.journal.Restore(ctx, func(row journal.MasterRow) error {
		d.restoreTrust(row)
		trusted[row.Serial] = row.TrustThrough
		if row.Forgotten {
			return nil
		}
		m := d.newMaster(row.Serial)
		m.recallWindows(row.Windows)
		if err := m.decode(row.State, definition); err != nil {
			d.log.Named("journal").Error("the state of a master cannot be read: it begins anew", "master",
				row.Serial, "error", err)
			d.windows.giveUp(m)
			m = d.newMaster(row.Serial)
			m.recallWindows(row.Windows)
		}
		m.restoreSettings(row.Settings)
		through[row.Serial] = row.Through
		known[row.Serial] = m
		if m.peer = d.keys.Known(row.Serial); m.peer != nil {
			m.suite.Store(uint32(m.peer.Info().Suite))
		}
		return row.Adopt(&m.subject)
	}, func(seq uint64, r *journal.Record) *journal.Subject {
		if r.Master == "" || r.Flags&journal.Integrator != 0 || seq <= through[r.Master] {
			return nil
		}
		m := known[r.Master]
		if m == nil {
			m = d.newMaster(r.Master)
			known[r.Master] = m
		}
		if r.Received.Before(m.first) {
			m.first = r.Received
		}
		m.suite.Store(uint32(r.Protection.Suite))
		if r.Protection != (journal.Protection{}) {
			if m.peer == nil {
				m.peer = d.keys.Known(m.Serial)
			}
			if m.peer != nil && seq > trusted[r.Master] {
				m.peer.Replay(r.Protection)
			}
		}
		frames++
		e, err := definition(r.Profile)
		if err == nil {
			e, err = e.Read(r, &f)
		}
		if err != nil && err != f.Unreadable() {
			return &m.subject // counted by nobody, but it is there
		}
		m.replay(e, &f, seq, r, &s)
		return &m.subject
	})
	if err != nil {
		return err
	}
	if err := d.restoreCommands(ctx, known); err != nil {
		return fmt.Errorf("commands: %w", err)
	}
	for _, m := range known {
		m.expect()
		m.presence.Began(m.dir.sinceStart(begun))
		m.tell(nil, nil)
	}
	d.restored = slices.Collect(maps.Values(known))
	if len(d.restored) > 0 {
		d.log.Named("journal").Info("masters restored", "masters", len(d.restored), "frames_read", frames, "took",
			time.Since(begun).Round(time.Millisecond))
	}
	return nil
}

// restoreTrust brings back what is known of the keys, epochs and counters of a master.
func (d *Directory) restoreTrust(row journal.MasterRow) {
	if len(row.Trust) == 0 || d.keys == nil {
		return
	}
	p := d.keys.Peer(row.Serial)
	if p == nil {
		return
	}
	if err := p.Restore(row.Trust); err != nil {
		d.log.Named("journal").Error("the trust of a master cannot be read: it must begin a newer epoch", "master",
			row.Serial, "error", err)
		p.Distrust()
	}
}

// Distrust has the masters with these serials, and those that were restored, begin a newer epoch: counters may have been
// used that the journal does not know.  It is called before the registry starts.
func (d *Directory) Distrust(serials []string) {
	by := map[string]*Master{}
	for _, m := range d.restored {
		by[m.Serial] = m
	}
	for _, serial := range serials {
		peer := d.keys.Peer(serial)
		if m := by[serial]; m != nil {
			m.peer = peer
		} else if peer != nil { // never heard: it is no master, and only its epoch is known
			d.distrust(&d.newMaster(serial).subject, peer, journal.Forget{})
		}
	}
	for _, m := range d.restored {
		if m.peer != nil {
			d.distrust(&m.subject, m.peer)
		}
	}
}

func (d *Directory) distrust(of *journal.Subject, p *trust.Peer, also ...journal.Row) {
	p.Distrust()
	row, _ := p.Row(true)
	d.journal.Append(&journal.Entry{Subject: of, Rows: append([]journal.Row{row}, also...)})
}

// replay takes in a frame of an earlier process.
func (m *Master) replay(by *profiles.Installed, f *codec.Frame, seq uint64, r *journal.Record, s *scratch) {
	m.presence.Heard(m.dir.sinceStart(r.Received))
	m.seen.Store(r.Received.UnixNano())
	m.frames++
	m.bytes += uint64(len(r.Raw))
	if f.Unreadable() == nil {
		m.keep(by, f, r.Raw, r.Received)
	}
	if readPolled(r, &s.samples) {
		m.points.take(nil, r.Received, 0, seq, false, s)
	} else {
		m.points.note(by, f, r.Received, 0, seq, false, s)
	}
	if seen, ok := seenFrameOf(by, f, r.Received); ok {
		what, age := m.recent.find(seen, by.Profile.Resend().Within)
		if what == sightReused && age < m.recent.life && r.Flags&journal.Restarted != 0 {
			m.recent.beginAnew(0)
		}
		m.remember(seen, by.Profile)
	}
}
