package actors

import (
	"errors"

	"trama/codec"
	"trama/journal"
)

// What is accepted goes to the journal: the frames of a master by the master's actor, so that they stand there in the order in
// which the master handled them; others by their connection.  The acknowledgement leaves when the journal has told that they are on
// disk.  A resend is no record, but it waits for those that were appended before it: its first one is among them.

// record encodes one accepted frame at the end of e.
func (u *uplink) record(e *journal.Entry, f *codec.Frame, raw []byte, master string, flags journal.Flags) {
	l := u.link
	r := journal.Record{
		Received: u.batch.Received, Listener: l.slot.name, Connection: l.id, Master: master, Profile: u.edition.number, Command: f.Command(), Flags: flags, Raw: raw,
	}
	if number, ok := f.Transaction(); ok {
		r.Number = number
		r.Flags |= journal.Numbered
	}
	if at, ok := f.Timestamp(); ok {
		r.Device = at
		r.Flags |= journal.Dated
	}
	e.Records = journal.AppendRecord(e.Records, &r)
	e.Count++
}

// Committed implements journal.Committer: the frames of the group are on disk, or will never be.
func (g *group) Committed(_ uint64, err error) {
	u := g.up
	if err != nil {
		u.lose(g.from, g.to, err)
	} else {
		u.link.tally.stored.Add(uint64(g.entry.Count))
		u.link.tally.repeated.Add(g.repeated)
	}
	u.drop()
}

// lose turns accepted frames into rejected ones: they are not on disk.
func (u *uplink) lose(from, to int, err error) {
	reason := reasonUnstored(err)
	for i := from; i < to; i++ {
		if u.fates[i] == fateAccepted {
			u.fates[i] = fateRejected
			u.link.count(reason)
		}
	}
}

// reasonUnstored puts an error of the journal into the few words it is counted under.
func reasonUnstored(err error) string {
	for _, known := range []error{journal.ErrFull, journal.ErrFailed, journal.ErrClosed} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "not stored"
}

// loose are the frames of an uplink that belong to no master: an integrator's, and those of nobody known.
type loose struct {
	entry journal.Entry
	up    *uplink
	at    []int
}

// Committed implements journal.Committer.
func (o *loose) Committed(_ uint64, err error) {
	u := o.up
	for _, i := range o.at {
		if err != nil {
			u.lose(i, i+1, err)
		}
	}
	if err == nil {
		u.link.tally.stored.Add(uint64(o.entry.Count))
	}
	u.drop()
}

// reset makes o ready for the next read.
func (o *loose) reset(u *uplink) {
	o.up, o.at = u, o.at[:0]
	o.entry = journal.Entry{Records: o.entry.Records[:0], Owner: o}
}

// add records frame i, which belongs to no master.
func (o *loose) add(i int, serial string, flags journal.Flags) {
	o.up.record(&o.entry, &o.up.frames[i], o.up.batch.Frames[i], serial, flags)
	o.at = append(o.at, i)
}
