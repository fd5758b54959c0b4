package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// States that the service manager is told of; see sd_notify(3).
const (
	nowReady     = "READY=1"
	nowReloading = "RELOADING=1"
	nowStopping  = "STOPPING=1"
	stillAlive   = "WATCHDOG=1"
)

// notify tells the service manager, if there is one that wants to know.
func (d *daemon) notify(state string) {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return
	}
	conn, err := net.Dial("unixgram", address)
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close()
	}
	if err != nil {
		d.log.Warn("the service manager cannot be told", "state", state, "error", err)
	}
}

// watchdog tells the service manager three times in each span it wants, until ctx ends, that the daemon works: the journal's
// writer has synced, and the actors have answered.  When it is told nothing it ends the process.
func (d *daemon) watchdog(ctx context.Context) {
	span, err := strconv.Atoi(os.Getenv("WATCHDOG_USEC"))
	if pid := os.Getenv("WATCHDOG_PID"); err != nil || span < 3 || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return
	}
	every := time.Duration(span) * time.Microsecond / 3
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if err := d.alive(ctx, every); err != nil {
			d.log.Error("the watchdog is not told that the daemon works", "reason", err)
			d.notify("STATUS=hanging: " + err.Error())
			continue
		}
		d.notify(stillAlive + d.status())
	}
}

// status is the line of systemctl status that says whether frames are accepted.
func (d *daemon) status() string {
	if err := d.gateway.Ready(); err != nil {
		return "\nSTATUS=not accepting: " + err.Error()
	}
	return "\nSTATUS=accepting"
}

// alive is nil when journal and actors work.
func (d *daemon) alive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if d.journal != nil {
		if err := d.journal.Probe(ctx); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return d.gateway.Live(ctx)
}
