package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/journal"
)

// roomEvery is how often a start that waits for room on the disk is tried again.
const roomEvery = time.Second

// errStopped is that a start was told to end.
var errStopped = errors.New("stopped while it waited for room on the disk")

// begin opens journal and gateway.  When the disk has no room even for that it waits: the admin endpoint answers, not
// ready, and as soon as there is room the start goes on.
func (d *daemon) begin(ctx context.Context, options actors.Options, ports []net.Listener) error {
	err := d.tryBegin(&options)
	if !noRoom(err) {
		return err
	}
	d.log.Error("the start waits for room on the disk", "error", inWords(err))
	const why = "the start waits for room on the disk of the journal"
	server := admin.Waiting(admin.Options{Logger: d.log.Named("admin"), Groups: d.groups}, why)
	var serving sync.WaitGroup
	for _, port := range ports {
		serving.Go(func() { _ = server.Serve(lent{port}) }) // the next server finds what is wrong with the port
	}
	d.notify(nowReady)
	tick := time.NewTicker(roomEvery)
	defer tick.Stop()
	for err = journal.ErrFull; noRoom(err); err = d.tryBegin(&options) {
		d.notify(stillAlive + "\nSTATUS=" + why)
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
			err = errStopped
		}
		break
	}
	for _, port := range ports {
		setDeadline(port, time.Unix(1, 0))
	}
	grace, cancel := context.WithTimeout(context.Background(), httpGrace)
	defer cancel()
	_ = server.Shutdown(grace) // who is late is cut off
	serving.Wait()
	for _, port := range ports {
		setDeadline(port, time.Time{})
	}
	return err
}

func (d *daemon) tryBegin(options *actors.Options) (err error) {
	options.Journal, d.journal, err = openJournal(context.Background(), d.config.Journal, d.config.Limits, d.times.Committed, d.log.Named("journal"))
	if noRoom(err) {
		return err
	}
	if err != nil {
		return errors.Join(err, taken(d.config.Listeners))
	}
	if err = d.holdKeys(); err == nil {
		d.gateway, err = actors.Start(*options)
	}
	if err != nil {
		d.releaseKeys()
		_ = closeJournal(d.journal)
		return err
	}
	d.record = options.Journal
	return nil
}

// noRoom says that a start failed for want of room.
func noRoom(err error) bool { return errors.Is(err, journal.ErrFull) || errors.Is(err, syscall.ENOSPC) }

// lent is a port that stays open when a server closes it.
type lent struct{ net.Listener }

// Close implements net.Listener.
func (lent) Close() error { return nil }

// setDeadline ends the accepts of a port, or lets it accept again.
func setDeadline(port net.Listener, at time.Time) {
	if l, ok := port.(interface{ SetDeadline(at time.Time) error }); ok {
		_ = l.SetDeadline(at) // the port is open
	}
}
