package master

import (
	"time"

	"trama/codec"
)

// Where answers have no number, the answer to a command that ended as unknown may come when the next one is waiting, and
// fit that as well: the value of one register would be shown as that of another.

const (
	lateFor   = time.Minute // that an answer may come behind the end of its command
	lateGrace = time.Second // that an answer which may be late is held: the next one that fits takes its place
)

const detailLate = "this may be the late answer to the command before, which ended as unknown"

// doubted notes a command that was sent and ended without an answer.
func (m handler) doubted(c *Command) {
	if c.reference == nil && !c.Profile.NumbersAnswers() {
		m.doubt, c.deadline = c, time.Now().Add(lateFor)
	}
}

// late says whether a frame answers the command that ended without an answer.
func (m handler) late(b *Batch, f *codec.Frame, raw []byte) bool {
	c := m.doubt
	if c != nil && time.Now().After(c.deadline) {
		m.doubt, c = nil, nil
	}
	return c != nil && c.answeredBy(b, f, raw) != nil
}

// answers has a frame end the command in flight if it is its answer.
func (m handler) answers(b *Batch, f *codec.Frame, raw []byte) {
	late := m.late(b, f, raw)
	if c := m.inFlight; c != nil {
		if answer := c.answeredBy(b, f, raw); answer != nil {
			m.answered(answer, late)
			return
		}
	}
	if late {
		m.dir.log.Named("command").Info("late answer", "master", m.Serial, "command", m.doubt.Result.Command, "by", m.doubt.Request.Origin)
		m.doubt = nil
	}
}
