// Command chaos kills the daemon at random moments under load, many times, and checks that nothing which was acknowledged is
// lost, stored twice, altered or out of order.
//
//	chaos -rounds 50               kill -9, look into the journal, start again, …
//	chaos -rounds 5 -break         the same with a journal that tells too early: it must be caught
//	chaos -suite 20 -rounds 50     the same with keys, and a simulated fleet that is killed as well: no nonce may be used twice
//	chaos -suite 20 -break         the same with a fleet that forgets its counters: it must be caught
//	chaos -commands 10000          commands to masters with bad links, and kills: each has one honest outcome
//	chaos -commands 300 -break     the same with lines that hand their first command over twice: it must be caught
//	chaos -trace                   hold the daemon's system calls against the rule: no acknowledgement before the sync that covers it
//	chaos -trace -break            the same with the broken one
//	chaos -inject                  writes and syncs of the running daemon fail, by strace
//
// Each round starts the real program on the same database.  Masters on real sockets send frames, several under way at a
// time, and keep those that are not acknowledged for the next round, where they come first: resends.  At a random
// moment the process is killed.  Then the journal is opened and compared with what the masters saw.  A stranger sends
// rubbish and half a frame meanwhile.  The last round ends in order, and the daemon's own account must be the
// harness's: frames, duplicates, rejected ones, bytes cut off, difference 0.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// breakVariable makes this program behave like a daemon that acknowledges too early.
const breakVariable = "TRAMA_CHAOS_BREAK"

func main() {
	if os.Getenv(breakVariable) != "" {
		os.Exit(serveBroken(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	rounds, masters, inFlight int
	commands                  int
	shortest, longest         time.Duration
	seed                      uint64
	program                   string
	broken, trace, inject     bool
	suite                     string
	stdout, stderr            io.Writer
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s := settings{stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 50, "how often the daemon is killed")
	flags.IntVar(&s.masters, "masters", 20, "masters that send")
	flags.IntVar(&s.inFlight, "in-flight", 8, "frames that each has under way")
	flags.DurationVar(&s.shortest, "shortest", 5*time.Millisecond, "from the first acknowledgement to the kill, at least")
	flags.DurationVar(&s.longest, "longest", 250*time.Millisecond, "and at most")
	flags.Uint64Var(&s.seed, "seed", 0, "of the moments (default: from the clock)")
	flags.StringVar(&s.program, "trama", "", "the daemon's program (default: go build trama/cmd/trama)")
	flags.BoolVar(&s.broken, "break", false, "run a daemon that acknowledges before the frame is on disk: ends well when that is noticed")
	flags.BoolVar(&s.trace, "trace", false, "record the daemon's system calls with strace and check their order, instead of killing it")
	flags.StringVar(&s.suite, "suite", "", "give the masters keys, and kill a simulated fleet as well: no counter may be used twice, whoever starts again (20 or 21); with -break the fleet forgets its counters")
	flags.IntVar(&s.commands, "commands", 0, "have users give so many commands to masters whose links lose, double, delay, mix up and forge answers, and judge each outcome")
	flags.BoolVar(&s.inject, "inject", false, "have system calls of the daemon fail, with strace, instead of killing it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.rounds < 1 || s.masters < 1 || s.masters > 10_000 || s.inFlight < 1 || s.shortest < 0 ||
		s.longest <= s.shortest {
		return errors.New("counts are positive, -longest is more than -shortest, and there are no further arguments")
	}
	if s.seed == 0 {
		s.seed = uint64(time.Now().UnixNano())
	}
	dir, err := os.MkdirTemp("", "trama-chaos-")
	if err != nil {
		return err
	}
	c := &chaos{settings: s, dir: dir, random: rand.New(rand.NewPCG(s.seed, 1))}
	switch {
	case s.commands > 0:
		err = c.commanded(ctx)
	case s.trace:
		err = c.traced(ctx)
	case s.inject:
		err = c.injected(ctx)
	default:
		err = c.all(ctx)
	}
	if s.broken {
		switch {
		case errors.Is(err, errViolated):
			fmt.Fprintf(stdout, "the broken %s was caught: %v\n", c.brokenThing(), err)
			err = nil
		case err == nil:
			err = fmt.Errorf("the broken %s was not caught: this harness proves nothing", c.brokenThing())
		}
	}
	if err != nil {
		return fmt.Errorf("%w\nseed %d; what is left is in %s", err, s.seed, dir)
	}
	return os.RemoveAll(dir)
}

// breaksDaemon says whether it is the daemon that is broken on purpose.
func (c *chaos) breaksDaemon() bool { return c.broken && c.guarded == nil && c.commands == 0 }

func (c *chaos) brokenThing() string {
	switch {
	case c.commands > 0:
		return "line"
	case c.guarded != nil:
		return "fleet"
	}
	return "daemon"
}

// prepare builds the program and writes its configuration, with more at its end.
func (c *chaos) prepare(ctx context.Context, more string) error {
	if c.suite != "" {
		protected, err := c.equip(c.suite)
		if err != nil {
			return err
		}
		more += protected
	}
	config := `[log]
level = "` + c.level() + `"

[admin]
listen = "127.0.0.1:0"

[[listener]]
name    = "field"
address = "127.0.0.1:0"
profile = "extended"
` + more
	if err := os.WriteFile(c.file("config.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	if c.breaksDaemon() {
		self, err := os.Executable()
		c.program = self
		return err
	}
	if c.program == "" {
		c.program = c.file("trama")
		build := exec.CommandContext(ctx, "go", "build", "-o", c.program, "trama/cmd/trama")
		build.Stdout, build.Stderr = c.stderr, c.stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("go build trama/cmd/trama: %w", err)
		}
	}
	program, err := filepath.Abs(c.program)
	c.program = program
	return err
}

// level is that of the log: of commands that are not taken there are too many to be told.
func (c *chaos) level() string {
	if c.commands > 0 {
		return "error"
	}
	return "warn"
}

func (c *chaos) file(name string) string { return filepath.Join(c.dir, name) }
