package master

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"trama/actors/ledger"
	"trama/codec"
)

// Bounds of the read-back.
const (
	verifyFor   = time.Hour        // behind the end of a command, that the master is asked whether it has obeyed
	mostChecks  = 3                // times that it is asked
	CheckWithin = 15 * time.Second // at most, that a command waits for what the master reports when it is asked at once
)

// concluded is called when a command has ended, or was answered late: the master is asked what follows from that.
func (m handler) concluded(c *Command) {
	m.teach(c)
	m.settingConcluded(c)
	if c.after != nil {
		if before := c.after; before.check == c && c.Result.State != ledger.Done {
			before.check = nil // it is asked again when the master speaks
			if before.Result.Open() {
				m.stop(before, "", "", unreported(before))
			}
		}
		return
	}
	switch c.Result.State {
	case ledger.Unknown:
		if c.checks == 0 {
			m.verify(c)
		}
	case ledger.Done:
		if c.order == nil || c.Result.Verified != "" || m.choosing { // nothing goes any more
			return
		}
		for _, f := range slices.Backward(c.order.Then) {
			m.follow(c, f, 0)
		}
	}
}

// readBack asks the master at once whether it has obeyed a command that was sent and not answered in time, which goes on
// waiting for that.
func (m handler) readBack(c *Command) bool {
	if m.inFlight != c || c.held || !c.written() || c.checks > 0 || !c.verifiable() || m.choosing {
		return false
	}
	c.checks++
	if c.check = m.follow(c, c.order.Verify, 0); c.check == nil {
		return false
	}
	c.Checking.Store(true)
	m.wrote(c, time.Now())
	if c.Result.Detail = fmt.Sprintf("no answer within %s: the master is asked what has come of it", c.Request.Wait); c.Entry != nil {
		c.Entry.Publish(c.Result)
	}
	m.inFlight = nil
	m.remain(c)
	m.arm(c, min(2*c.Request.Wait, CheckWithin))
	m.next()
	return true
}

// verifiable says whether the profile knows how to ask for what c has changed.
func (c *Command) verifiable() bool {
	return c.order != nil && c.order.Verify != nil && cmp.Or(c.Result.Class, ledger.Class(c.order.Class)) == ledger.Verify
}

// unreported is why a command is unknown that was read back in vain.
func unreported(c *Command) string {
	return fmt.Sprintf("no answer within %s, and the master does not report what has come of it: it may have been executed", c.Request.Wait)
}

// verify asks the master whether it has obeyed a command that ended as unknown.
func (m handler) verify(c *Command) {
	left := verifyFor - time.Since(c.Result.Ended)
	if c.check == nil && c.checks < mostChecks && left > 0 && c.Result.State == ledger.Unknown && c.Result.Verified == "" &&
		c.verifiable() && !m.choosing {
		c.checks++
		c.check = m.follow(c, c.order.Verify, left)
	}
}

// follow has the master asked something behind a command, before what waits; nil when that cannot be.
func (m handler) follow(c *Command, f *codec.Follow, queue time.Duration) *Command {
	fields, err := c.order.Fields(c.Request.Fields)
	if err != nil {
		return nil // it was built of them
	}
	next := &Command{after: c, load: &m.load, Request: CommandRequest{Serial: m.Serial, Command: f.Command, Fields: f.Arguments(fields), Queue: queue,
		Wait: min(c.Request.Wait, DefaultCommandWait), Listener: c.Request.Listener, Origin: "gateway", Class: ledger.Idempotent, Unkept: true}}
	m.load.Add(1)
	if err := m.admit(next); err != nil {
		m.dir.log.Named("command").Warn("command not followed", "master", m.Serial, "command", c.Result.Command, "id", c.Result.ID,
			"by", f.Command, "error", err)
		next.turnDown(err)
		return nil
	}
	m.arm(next, time.Until(next.Result.Expires))
	m.change(next, ledger.Queued, "")
	m.queue = slices.Insert(m.queue, 0, next)
	return next
}

// compare looks whether a frame shows what has come of commands that ended as unknown, once the master has answered when it
// was asked: what it sent before may be older than the command.
func (m handler) compare(f *codec.Frame) {
	for _, c := range slices.Clone(m.unanswered) {
		if c.check == nil || c.check.Result.State != ledger.Done || c.Result.Verified != "" {
			continue
		}
		about, shown := c.Profile.Verifies(c.order, &c.frame, f)
		made, dated := f.Timestamp()
		if !about || dated && !m.clock.off && c.Result.Asked.Sub(made) > clockTolerance { // it has waited in the device
			continue
		}
		c.Result.Verified = "the master reports " + reported(c.order.Verify, f)
		c.come, c.detail = ledger.Unknown, fmt.Sprintf("no answer within %s, and %s", c.Request.Wait, c.Result.Verified)
		if shown {
			c.come, c.detail = ledger.Done, "verified: "+c.Result.Verified
		}
		m.dir.log.Named("command").Info("command verified", "master", m.Serial, "command", c.Result.Command, "id", c.Result.ID, "by",
			c.Request.Origin, "obeyed", shown, "detail", c.Result.Verified)
		switch {
		case c.Result.Open():
			m.finish(c, nil)
			continue
		case shown:
			m.change(c, ledger.Done, c.detail)
		default:
			c.Result.Detail += "; " + c.Result.Verified
		}
		m.store(c)
	}
}

// reported is what a frame says of the fields that a command changes.
func reported(v *codec.Follow, f *codec.Frame) string {
	var all []string
	for _, pair := range v.Same {
		if it, ok := f.Item(pair[1]); ok {
			all = append(all, fmt.Sprintf("%s=%s", pair[1], it.Text()))
		}
	}
	return strings.Join(all, " ")
}
