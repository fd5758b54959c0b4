package master

import (
	"time"

	"trama/codec"
)

// setEvery is the least time between two commands that set the clock of a master.
const setEvery = time.Hour

// timekeeper watches the clock of a master whose profile says when it is set.
type timekeeper struct {
	clock    clock
	set      time.Time // last, since the start of the process
	connects uint64    // of the master, when it was last told the time for having come
}

// keepTime has the clock of the master set, when the profile wants that after it has come, or when its frames say that the
// clock is off.
func (m handler) keepTime(b *Batch, f *codec.Frame) {
	c := b.Installed.Profile.Clock()
	if c == nil {
		return
	}
	made, dated := f.Timestamp()
	off := c.Drift > 0 && dated && b.At.Sub(made).Abs() > c.Drift
	if m.timer == nil {
		if !off && !c.Connect {
			return
		}
		m.timer = new(timekeeper)
	}
	t := m.timer
	due := c.Connect && t.connects != m.connects
	t.connects = m.connects
	if c.Drift > 0 && dated {
		t.clock.see(b.At, made, c.Drift)
		due = due || t.clock.off
	}
	if due && b.At.Sub(t.set) >= setEvery {
		t.set, t.clock = b.At, clock{}
		m.tellStored(c.Set, b)
	}
}
