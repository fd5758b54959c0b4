package master

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
)

// A command that ended as unknown may still be answered.  Where answers have numbers its answer is known by that for a day,
// and no other command gets the number meanwhile.  Where they have none the answer may come when the next command is
// waiting, and fit that as well: the value of one register would be shown as that of another.  So the line is quiet for a
// moment first, and what comes in it belongs to the command before; what comes later is held, and never that command's.

const (
	lateFor    = time.Minute            // that an answer without a number may come behind the end of its command
	quietFor   = time.Second            // before the next command goes whose answer could be taken for that to one without
	lateGrace  = time.Second            // that an answer which may be late is held: the next one that fits takes its place
	numbersFor = 24 * time.Hour         // that a number is not given again
	mostLate   = 128                    // commands of one master that are remembered; the oldest go first
	repeatsFor = time.Minute            // that the line is quiet behind each answer of a master that has sent one twice
	repeatWait = 300 * time.Millisecond // for the second one
	strayPause = time.Minute            // between two events of strays of one master
)

const detailLate = "this may be the late answer to the command before, which ended as unknown"

// remain remembers a command that ended as unknown.
func (m *Master) remain(c *Command) {
	c.held = false
	m.unanswered = slices.DeleteFunc(m.unanswered, func(old *Command) bool { return old.since() > numbersFor })
	if len(m.unanswered) >= mostLate {
		m.unanswered = slices.Delete(m.unanswered, 0, 1)
	}
	if !slices.Contains(m.unanswered, c) {
		m.unanswered = append(m.unanswered, c)
	}
}

// since is how long ago a command ended; 0: it has not.  Behind a clock that was set back while the gateway was away it is as
// long as it was until then: the line is not quiet until the clock has caught up.
func (c *Command) since() time.Duration {
	if c.Result.Open() {
		return 0
	}
	return time.Since(c.Result.Ended).Abs()
}

// settled forgets a command that was remembered, and those whose answers could be taken for its: what comes now is nobody's.
func (m *Master) settled(c *Command) {
	m.unanswered = slices.DeleteFunc(m.unanswered, func(each *Command) bool { return each == c || c.alike(each) })
}

// alike says whether an answer to a command that ended without one could be taken for an answer to c.  Of one of an earlier
// process it is not known.
func (c *Command) alike(old *Command) bool {
	return !c.numbered && c.reference == nil && old.reference == nil &&
		(old.Profile == nil || c.Profile == old.Profile && c.Profile.Alike(&old.frame, &c.frame))
}

// quiet is how long the line stays quiet before c may go out on one of this profile.
func (m *Master) quiet(c *Command, p *codec.Profile) (wait time.Duration) {
	if old := m.answeredLast; old != nil && time.Since(m.repeated) < repeatsFor && !p.NumbersAnswers() && (c.Profile != p || c.alike(old)) {
		wait = max(0, repeatWait-old.since())
	}
	for _, old := range m.unanswered {
		if until := quietFor - old.since(); until > wait && !p.NumbersAnswers() &&
			(c.Profile != p || c.alike(old)) {
			wait = until
		}
	}
	return wait
}

// spent says whether a number was that of a command which may still be answered.
func (m *Master) spent(number uint64) bool {
	return slices.ContainsFunc(m.unanswered, func(c *Command) bool {
		return c.Result.Transaction != nil && *c.Result.Transaction == number && c.since() < numbersFor
	})
}

// overdue is the command without an answer that a frame answers; nil when it answers none.
func (m handler) overdue(b *Batch, f *codec.Frame, raw []byte) *Command {
	for i := len(m.unanswered) - 1; i >= 0; i-- {
		c := m.unanswered[i]
		if c.Profile == nil && !c.remake(b) {
			continue
		}
		known := numbersFor
		if !c.numbered {
			if known = lateFor; i != len(m.unanswered)-1 {
				continue // nobody could say which
			}
		}
		if c.since() < known && c.answeredBy(b, f, raw) != nil {
			return c
		}
	}
	return nil
}

// answers has a frame end the command in flight if it is its answer, or be the late answer of one before.
func (m handler) answers(b *Batch, f *codec.Frame, raw []byte) {
	defer m.compare(f)
	old := m.overdue(b, f, raw)
	if c := m.inFlight; c != nil && c.written() {
		if answer := c.answeredBy(b, f, raw); answer != nil {
			m.answered(answer, old != nil)
			return
		}
	}
	if old != nil {
		m.cameLate(old, raw)
		return
	}
	if last := m.answeredLast; last != nil && last.answeredBy(b, f, raw) != nil {
		m.repeated = time.Now()
	}
	if msg := f.Message(); msg.Purpose == codec.PurposeAnswer && msg.Name != ChallengeAnswer {
		m.stray(b, f, raw)
	}
}

// cameLate gives a command that ended as unknown its answer.
func (m handler) cameLate(c *Command, raw []byte) {
	if c.poll != nil {
		m.settled(c)
		return
	}
	var f codec.Frame
	if c.Profile.Decode(codec.Uplink, raw, &f) != nil {
		return
	}
	m.settled(c)
	c.settle(&f)
	if c.Result.Open() { // the master was being asked for its state
		m.finish(c, nil)
		return
	}
	m.dir.log.Named("command").Info("late answer", "master", m.Serial, "command", c.Result.Command, "id", c.Result.ID, "by",
		c.Request.Origin, "outcome", string(c.come), "answer", c.Result.AnswerHex)
	if !c.Result.State.May(c.come) {
		return
	}
	c.note("its answer came late")
	m.change(c, c.come, c.detail)
	m.store(c)
	m.concluded(c)
	m.next() // the line need not be quiet any longer
}

// stray tells of an answer that answers nothing which was asked.
func (m handler) stray(b *Batch, f *codec.Frame, raw []byte) {
	m.dir.Commands.Add("stray")
	if b.At.Sub(m.strayed) < strayPause {
		return
	}
	m.strayed = b.At
	detail := "it answers no command: " + f.Message().Name
	if number, ok := f.Transaction(); ok {
		detail += fmt.Sprintf(", number %d", number)
	}
	b.Link.RecordEventLimited(journal.Event{Kind: journal.EventStray, Master: m.Serial, Listener: b.Link.Listener(),
		Connection: b.Link.ID(), Remote: b.Link.Remote(), Detail: detail, Raw: raw})
}

// refersTo says whether a command without an answer was sent with this reference.
func (m *Master) refersTo(reference []byte) bool {
	return slices.ContainsFunc(m.unanswered, func(c *Command) bool { return bytes.Equal(c.reference, reference) })
}

// answeredBy is the frame f, or the same bytes read in another way, if it answers c; nil if not.  When the profile
// was swapped in between, the profile that the command was built by is asked first, then the one that found the
// frame.
func (c *Command) answeredBy(b *Batch, f *codec.Frame, raw []byte) *codec.Frame {
	if c.reference != nil {
		if o := trust.Of(f); o == nil || !bytes.Equal(o.Reference, c.reference) {
			return nil
		}
	}
	p := b.Installed.Profile
	if c.Profile == p {
		if p.AnswersCommand(c.order, &c.frame, f) {
			return f
		}
		return nil
	}
	if c.Result.Listener != b.Link.Listener() {
		return nil
	}
	old, request := new(codec.Frame), new(codec.Frame)
	if c.Profile.Decode(codec.Uplink, raw, old) == nil && c.Profile.AnswersCommand(c.order, &c.frame, old) {
		return old
	}
	order, ok := p.Command(c.order.Name)
	if ok && p.Decode(codec.Downlink, c.plain, request) == nil && p.AnswersCommand(order, request, f) {
		c.Profile, c.order = p, order
		_ = p.Decode(codec.Downlink, c.plain, &c.frame) // as just now
		return f
	}
	return nil
}
