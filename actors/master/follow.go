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
	verifyFor  = time.Hour // behind the end of a command, that the master is asked whether it has obeyed
	mostChecks = 3
)

// concluded is called when a command has ended, or was answered late: the master is asked what follows from that.
func (m handler) concluded(c *Command) {
	m.teach(c)
	m.settingConcluded(c)
	if c.after != nil {
		if c.after.check == c && c.Result.State != ledger.Done {
			c.after.check = nil // it is asked again when the master speaks
		}
		return
	}
	switch c.Result.State {
	case ledger.Unknown:
		m.verify(c)
	case ledger.Done:
		order := c.order
		if order == nil || m.choosing { // nothing goes any more
			return
		}
		for _, f := range slices.Backward(order.Then) {
			m.follow(c, f, 0)
		}
	}
}

// verify asks the master whether it has obeyed a command that ended as unknown.
func (m handler) verify(c *Command) {
	left := verifyFor - time.Since(c.Result.Ended)
	if c.check != nil || c.checks == mostChecks || left <= 0 || c.Result.State != ledger.Unknown || c.Result.Verified != "" || m.choosing {
		return
	}
	order := c.order
	if order == nil || order.Verify == nil || cmp.Or(c.Result.Class, ledger.Class(order.Class)) != ledger.Verify {
		return
	}
	c.checks++
	c.check = m.follow(c, order.Verify, left)
}

// follow has the master asked something behind a command, before what waits; nil when that cannot be.
func (m handler) follow(c *Command, f *codec.Follow, queue time.Duration) *Command {
	order := c.order
	fields, err := order.Fields(c.Request.Fields)
	if err != nil {
		return nil // it was built of them
	}
	next := &Command{after: c, load: &m.load, Request: CommandRequest{Serial: m.Serial, Command: f.Command, Fields: f.Arguments(fields), Queue: queue,
		Wait: c.Request.Wait, Listener: c.Request.Listener, Origin: "gateway", Class: ledger.Idempotent, Unkept: true}}
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
	for _, c := range m.unanswered {
		if c.check == nil || c.check.Result.State != ledger.Done || c.Result.Verified != "" {
			continue
		}
		order := c.order
		about, shown := c.Profile.Verifies(order, &c.frame, f)
		if !about {
			continue
		}
		c.Result.Verified = "the master reports " + reported(order.Verify, f)
		m.dir.log.Named("command").Info("command verified", "master", m.Serial, "command", c.Result.Command, "id", c.Result.ID, "by",
			c.Request.Origin, "obeyed", shown, "detail", c.Result.Verified)
		if shown {
			m.change(c, ledger.Done, "verified: "+c.Result.Verified)
			m.dir.Commands.Add("verified")
		} else {
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
