package connection

import (
	"errors"

	"trama/actors/profiles"
	"trama/journal"
)

// unownedFrames are the frames of a read that belong to no master: an integrator's, and those of nobody known.  Their
// connection puts them into the journal itself.
type unownedFrames struct {
	entry journal.Entry
	read  *readBatch
	at    []int
}

// Committed implements journal.Committer.
func (o *unownedFrames) Committed(_ uint64, err error) {
	r := o.read
	if err == nil {
		r.Stored(uint64(o.entry.Count), 0)
	} else {
		for _, i := range o.at {
			r.Lose(r.fates[i:i+1], err)
		}
	}
	r.Drop()
}

// reset makes o ready for the next read.
func (o *unownedFrames) reset(r *readBatch) {
	o.read, o.at = r, o.at[:0]
	o.entry = journal.Entry{Records: o.entry.Records[:0], Owner: o}
}

// add records frame i.
func (o *unownedFrames) add(i int, serial string, flags journal.Flags) {
	r := o.read
	from := profiles.Origin{Received: r.batch.Received, Listener: r.link.Listener(), Connection: r.link.ID()}
	r.installed.AppendRecord(&o.entry, from, &r.frames[i], r.batch.Frames[i], serial, flags, nil, nil)
	o.at = append(o.at, i)
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
