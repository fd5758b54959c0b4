package master

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"trama/actors/ledger"
	"trama/codec"
	"trama/journal"
)

// Commands is a journal that keeps commands.
type Commands interface {
	LastCommand(ctx context.Context) (uint64, error)
	Command(ctx context.Context, id uint64) (journal.Command, error)
	OpenCommands(ctx context.Context, since time.Time, visit func(journal.Command) error) error
	Epochs() journal.Epochs
}

// copyGap is a multiple behind which the numbers of commands go on when a backup has taken the place of the journal: what was
// given since it was made is given to no other command.
const copyGap = 1_000_000

// restoreCommands brings back the commands of earlier processes.  Those that may have been sent are unknown now, those that
// wait for their master go on waiting, and those that are unknown since a day may still be answered.
func (d *Directory) restoreCommands(ctx context.Context, known map[string]*Master) error {
	j, ok := d.journal.(Commands)
	if !ok {
		return nil
	}
	last, err := j.LastCommand(ctx)
	if err != nil {
		return err
	}
	var copied time.Time // a backup has taken the place of the journal then
	if all := j.Epochs(); len(all) > 1 {
		copied = all[len(all)-1].Begun
	}
	if newest, err := j.Command(ctx, last); last > 0 && (err != nil || newest.Changed.Before(copied)) {
		last = (last/copyGap + 1) * copyGap
	}
	d.Ledger = ledger.NewBook(last)
	return j.OpenCommands(ctx, time.Now().Add(-numbersFor), func(row journal.Command) error {
		r, err := ledger.Read(&row)
		if err != nil {
			d.log.Named("command").Error("a command cannot be read and is left out", "error", err)
			return nil
		}
		m := known[r.Serial]
		if m == nil { // forgotten, and a defect kept the command from being ended
			m = &Master{Serial: r.Serial, dir: d, forgotten: true}
		}
		handler{m}.restoreCommand(r, row.Changed.Before(copied))
		return nil
	})
}

// restoreCommand brings back one command; stale says that it may have gone on since.
func (m handler) restoreCommand(r ledger.Command, stale bool) {
	c := &Command{Result: r, Request: CommandRequest{Serial: r.Serial, Command: r.Command, Fields: r.Arguments, Wait: time.Duration(r.Wait),
		Listener: r.Listener, Origin: r.By, From: r.From, Key: r.Key, Class: r.Class}}
	if r.Queue {
		c.Request.Queue = r.Expires.Sub(r.Asked)
	}
	if r.Open() { // its end is not on disk yet, and somebody may ask with its key
		c.Entry = m.dir.Ledger.Restore(r)
	}
	switch {
	case r.State == ledger.Unknown:
		m.remain(c)
		return
	case !r.Open():
		return
	case stale:
		m.change(c, ledger.Unknown, "the journal was restored from a copy: it may have been executed since that was made")
		m.remain(c)
	case r.State != ledger.Queued:
		m.change(c, ledger.Unknown, "the gateway ended before an answer came: it may have been executed")
		m.remain(c)
	case m.forgotten:
		m.change(c, ledger.Cancelled, "the master was forgotten: it was never sent")
	case !r.Queue:
		m.change(c, ledger.Expired, "the gateway ended: it was never sent")
	case !time.Now().Before(r.Expires):
		m.change(c, ledger.Expired, "the gateway was away: it was never sent")
	default:
		m.queue = append(m.queue, c)
		c.load = &m.load
		m.load.Add(1)
		return
	}
	m.dir.log.Named("command").Info("command "+string(c.Result.State), "master", m.Serial, "command", r.Command, "id", r.ID, "by", r.By,
		"detail", c.Result.Detail)
	m.store(c)
}

// wake goes on with the commands when the actor starts.
func (m handler) wake() {
	for _, c := range m.queue {
		m.arm(c, time.Until(c.Result.Expires))
	}
	m.next()
}

// remake makes the frame of a command of an earlier process, by the profile of its listener.
func (c *Command) remake(b *Batch) bool {
	if c.Result.Listener != b.Link.Listener() || c.Result.Sent == "" {
		return false
	}
	p := b.Installed.Profile
	plain, err := hex.DecodeString(cmp.Or(c.Result.Plain, c.Result.Sent))
	order, ok := p.Command(c.Request.Command)
	if err != nil || !ok || p.Decode(codec.Downlink, plain, &c.frame) != nil {
		return false
	}
	c.Profile, c.order, c.plain, c.numbered = p, order, plain, p.NumbersAnswers()
	return true
}

// dryRun makes the frame of a command, which is not sent.
func (m handler) dryRun(msg *DryRun) {
	c := msg.Command
	l, err := m.linkFor(c.Request)
	if c.patient(err) {
		err = nil
	}
	if err == nil {
		err = m.try(c, l)
	}
	if err == nil && c.Profile == nil {
		err = fmt.Errorf("%w: nothing is known of how %s speaks", ErrOffline, m.Serial)
	}
	if err == nil {
		c.plain, err = c.Profile.Append(nil, &c.frame)
		c.Result.Name, c.Result.Class = c.order.Name, cmp.Or(c.Request.Class, ledger.Class(c.order.Class))
	}
	c.Result.Sent, c.Result.Arguments = hex.EncodeToString(c.plain), c.Request.Fields
	msg.Reply <- err
}
