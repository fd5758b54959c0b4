package master

import (
	"fmt"
	"time"

	"trama/actors/ledger"
	"trama/internal/fault"
	"trama/journal"
)

// change brings c to a state.  That there is no way to it is a defect.
func (m handler) change(c *Command, to ledger.State, detail string) {
	if err := c.Result.Change(to, time.Now(), detail); err != nil {
		m.dir.log.Named("command").Error("defect in the ledger", "error", err)
	}
}

// store has the journal write c as it is now, with the event of its end.
func (m handler) store(c *Command) {
	w := &stored{m: m.Master, c: c, as: c.Result, try: c.Try(), end: End{Result: c.Result, Answer: c.answer, Profile: c.Profile, Err: c.err}}
	if !c.kept() {
		if c.Result.State == ledger.Claimed { // its turn comes behind the acknowledgements of what is on its way to the disk
			m.dir.journal.Append(&journal.Entry{Owner: w})
		} else {
			w.Committed(0, nil)
		}
		return
	}
	row, err := c.Result.Row()
	if err != nil {
		w.Committed(0, err)
		return
	}
	e := &journal.Entry{Rows: []journal.Row{row}, Owner: w}
	if !m.forgotten {
		e.Subject = &m.subject // its state has changed
	}
	if !c.Result.Open() {
		e.Rows = append(e.Rows, m.commandEvent(c, string(c.Result.Outcome)))
	}
	fault.At("command " + string(c.Result.State))
	m.dir.journal.Append(e)
}

// commandEvent is an event of a command.
func (m handler) commandEvent(c *Command, reason string) *journal.Event {
	return &journal.Event{At: time.Now(), Kind: journal.EventCommand, Master: m.Serial, Listener: c.Result.Listener,
		Connection: c.Result.Connection, Reason: reason, Detail: c.Result.Words()}
}

// stored owns a command on its way to the journal.
type stored struct {
	m   *Master
	c   *Command
	as  ledger.Command
	try uint32
	end End
}

// Committed implements journal.Committer: everybody may know now.
func (k *stored) Committed(_ uint64, err error) {
	if err == nil {
		fault.At("command on disk " + string(k.as.State))
	}
	if e := k.c.Entry; e != nil && err != nil {
		e.Drop(err)
	} else if e != nil {
		e.Publish(k.as)
	}
	switch {
	case !k.as.Open() || err != nil && k.as.State == ledger.Queued:
		if k.end.Err == nil {
			k.end.Err = err
		}
		k.c.respond(k.end)
	case k.as.State == ledger.Claimed:
		k.m.send(&commandClaimed{k.c, k.try, err})
	}
}

// stays owns an empty entry behind the row of a command that a stop leaves to the next process.
type stays struct {
	c  *Command
	as ledger.Command
}

// Committed implements journal.Committer.
func (s *stays) Committed(_ uint64, err error) {
	if err == nil {
		err = fmt.Errorf("%w: command %d stays in the queue of its master", ErrStopping, s.as.ID)
	}
	s.c.Entry.Drop(err)
	s.c.respond(End{Result: s.as, Err: err})
}

// conclude counts and tells of the end of c, and has the journal keep it.
func (m handler) conclude(c *Command) {
	if c.poll != nil { // it is counted by its poll
		if c.Result.State == ledger.Unknown && !c.numbered { // a number tells its late answer from any other
			m.remain(c)
		}
		m.store(c)
		return
	}
	log := m.dir.log.Named("command")
	if c.err != nil {
		m.dir.Commands.Add("not sent")
		log.Warn("command not sent", "master", m.Serial, "command", c.Request.Command, "id", c.Result.ID, "by", c.Request.Origin,
			"error", c.err)
	} else {
		m.dir.Commands.Add(string(c.Result.Outcome))
		what := []any{"master", m.Serial, "command", c.Result.Command, "id", c.Result.ID, "by", c.Request.Origin, "took",
			time.Duration(c.Result.Elapsed)}
		if c.Result.AnswerHex != "" {
			what = append(what, "answer", c.Result.AnswerHex)
		}
		log.Info("command "+string(c.Result.Outcome), what...)
	}
	if c.Result.State == ledger.Unknown {
		m.remain(c)
	}
	m.store(c)
}
