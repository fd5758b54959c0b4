package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Loads for the trace are small, so that a commit fits into one page of the log and each frame lies in it in one piece.
const (
	tracedMasters  = 8
	tracedInFlight = 2
	tracedAcks     = 300 // at the least
)

// traced runs the daemon for a while with its system calls recorded, and holds them against the rule.
func (c *chaos) traced(ctx context.Context) error {
	c.masters, c.inFlight = tracedMasters, tracedInFlight
	if err := c.prepare(ctx, ""); err != nil {
		return err
	}
	p, _, err := c.record(ctx, 3*time.Second)
	if err != nil {
		return err
	}
	if len(p.early) > 0 {
		return violated("%d of %d acknowledgements: %s", len(p.early), p.acks, p.early[0])
	}
	if p.acks < tracedAcks {
		return fmt.Errorf("%d acknowledgements in the trace: too few to show anything", p.acks)
	}
	fmt.Fprintf(c.stdout, "%d acknowledgements in the trace, each behind the end of a sync of the log that began when its frame had been written; %d writes to the log, %d syncs\n",
		p.acks, p.writes, p.syncs)
	return nil
}

// injections are failures of system calls in the running daemon, behind the 16 syncs and 100 writes of its start; strace
// counts the calls of each thread.
var injections = []string{
	"fdatasync:error=EIO:when=25", "fdatasync:error=EIO:when=60", "pwrite64:error=EIO:when=120",
	"pwrite64:error=ENOSPC:when=200", "pwrite64:error=EDQUOT:when=333",
}

// injected has system calls fail in the running daemon: it must end at once and not well, unless there was no room,
// acknowledge nothing that is not safe, sync no file that failed, and have lost nothing.
func (c *chaos) injected(ctx context.Context) error {
	c.masters, c.inFlight = tracedMasters, tracedInFlight
	if err := c.prepare(ctx, ""); err != nil {
		return err
	}
	for _, what := range injections {
		code, length := 1, 20*time.Second
		if strings.Contains(what, "ENOSPC") {
			code, length = 0, 3*time.Second
		}
		p, ended, err := c.record(ctx, length, "-e", "inject="+what)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if p.injectedAt == 0 {
			return fmt.Errorf("%s: nothing was made to fail", what)
		}
		after := time.Duration((float64(ended.at.UnixMicro())/1e6 - p.injectedAt) * float64(time.Second))
		switch {
		case len(p.early) > 0:
			return violated("%s: %s", what, p.early[0])
		case ended.code != code:
			return violated("%s: the daemon ended with %d", what, ended.code)
		case code == 0: // it was told to
		case after > failWithin:
			return violated("%s: the daemon ended after %v", what, after)
		}
		if err := c.compare(ctx); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		how := fmt.Sprintf("exit code 1 after %v", after.Round(time.Millisecond))
		if code == 0 {
			how = "goes on"
		}
		fmt.Fprintf(c.stdout, "%-34s %s; %d acknowledgements, all safe; no file synced again; nothing lost\n", what, how, c.acked)
	}
	return nil
}

// failWithin is how fast a daemon ends whose journal has failed; strace and a busy machine take their part of it.
const failWithin = 3 * time.Second

// ending is how a daemon ended.
type ending struct {
	at   time.Time
	code int
}

// record runs the daemon under strace and a load, for some time or until it ends by itself, and returns what its system
// calls say.
func (c *chaos) record(ctx context.Context, length time.Duration, more ...string) (*proof, ending, error) {
	if len(c.senders) == 0 {
		for i := range c.masters {
			c.senders = append(c.senders, newSender(firstSerial+i, c.inFlight))
		}
	}
	before := map[string]int{}
	for _, s := range c.senders {
		before[string(s.frame(1)[headAt:headEnd])] = s.stored
	}
	file := c.file("trace")
	var err error
	if c.wrap, err = strace(file, more...); err != nil {
		return nil, ending{}, err
	}
	var said bytes.Buffer // until strace ends, too: it has the other end as well
	stderr := c.stderr
	c.stderr = &said
	d, err := c.start(ctx)
	c.stderr = stderr
	if err != nil {
		return nil, ending{}, fmt.Errorf("%w\n%s", err, said.Bytes())
	}
	stop, err := c.load(d, 0)
	if err != nil {
		d.kill()
		return nil, ending{}, err
	}
	select {
	case <-time.After(length):
		if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return nil, ending{}, err
		}
	case <-d.ended:
	}
	<-d.ended
	e := ending{at: time.Now(), code: d.cmd.ProcessState.ExitCode()}
	if err := stop(); err != nil {
		return nil, e, err
	}
	p := newProof(before)
	return p, e, p.read(file)
}
