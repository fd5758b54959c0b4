package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// errViolated is that the promise was broken.
var errViolated = errors.New("violated")

func violated(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errViolated}, args...)...)
}

// chaos is one run.
type chaos struct {
	settings
	dir    string
	random *rand.Rand

	senders  []*sender
	stranger stranger
	guarded  *guarded // nil: without keys
	wrap     []string // what the daemon is started by
	position uint64   // how far it has been read
	acked    uint64
	looks    int           // into the journal
	slowest  time.Duration // start of the daemon
}

func (c *chaos) all(ctx context.Context) error {
	if err := c.prepare(ctx, ""); err != nil {
		return err
	}
	for i := range c.masters {
		c.senders = append(c.senders, newSender(firstSerial+i, c.inFlight))
	}
	if c.guarded != nil {
		defer c.guarded.close()
		for _, s := range c.senders {
			if err := c.boot(s); err != nil {
				return err
			}
		}
		c.guarded.fleet.Go(func() { c.runFleet(ctx) })
	}
	begun := time.Now()
	said := begun
	for round := 1; round <= c.rounds; round++ {
		after := c.shortest + time.Duration(c.random.Int64N(int64(c.longest-c.shortest)))
		if err := c.round(ctx, after); err != nil {
			return fmt.Errorf("round %d, killed %v after the first acknowledgement: %w", round, after, err)
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			fmt.Fprintf(c.stdout, "%d rounds, %d acknowledgements\n", round, c.acked)
		}
	}
	if err := c.last(ctx); err != nil {
		return fmt.Errorf("last round: %w", err)
	}
	if g := c.guarded; g != nil {
		fmt.Fprintf(c.stdout, "suite %v: %d frames of devices in %d epochs, and %d of the daemon on the wire, %d of them more than once, and no counter used for two; %d devices started again and %d times a fleet of %d was killed, %d of its frames in the journal\n",
			g.suite, g.tap.up, len(g.tap.epochs), g.tap.down, g.tap.again, g.reboots, g.kills, fleetMasters, g.records)
	}
	fmt.Fprintf(c.stdout, "%d kills, %d acknowledgements seen, %d frames in the journal: none lost, none twice, none altered, in order; %d resends recognised; the account balances; slowest start %v; %v\n",
		c.rounds, c.acked, c.position, c.repeated(), c.slowest.Round(time.Millisecond), time.Since(begun).Round(time.Second))
	return nil
}

func (c *chaos) repeated() (n uint64) {
	for _, s := range c.senders {
		n += s.resentAcked
	}
	return n
}

// round starts the daemon, loads it, kills it, and compares.
func (c *chaos) round(ctx context.Context, after time.Duration) error {
	var replayed [][]byte
	if g := c.guarded; g != nil {
		replayed = c.heard()
		if c.random.IntN(rebootOneIn) == 0 {
			g.reboots++
			if err := c.boot(c.senders[c.random.IntN(len(c.senders))]); err != nil {
				return err
			}
		}
	}
	d, err := c.start(ctx)
	if err != nil {
		return err
	}
	stop, err := c.load(d, c.random.IntN(5))
	if err != nil {
		d.kill()
		return err
	}
	if c.guarded != nil {
		c.guarded.noise.Go(func() { shout(d.direct, replayed) })
	}
	select {
	case <-time.After(after):
	case <-d.ended:
		return fmt.Errorf("the daemon ended by itself: %v", d.cmd.ProcessState)
	}
	d.kill()
	if err := stop(); err != nil {
		return err
	}
	return c.compare(ctx)
}

// last is a round that ends in order: every frame is acknowledged and the account balances.
func (c *chaos) last(ctx context.Context) error {
	if c.guarded != nil {
		c.guarded.quiet()
		if err := c.compare(ctx); err != nil {
			return err
		}
	}
	d, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	due, before := c.owed(), c.position
	stop, err := c.load(d, 5)
	if err != nil {
		return err
	}
	time.Sleep(c.longest)
	for _, s := range c.senders {
		s.finish.Store(true)
	}
	if err := stop(); err != nil {
		return err
	}
	for _, s := range c.senders {
		if n := len(s.open); n > 0 {
			return violated("master %d has %d frames that were never acknowledged", s.serial, n)
		}
	}
	for i, s := range c.senders {
		reused := 0
		if i == 0 && !c.broken {
			reused = reusedFrames
		}
		if err := s.repeat(d.field, reused); err != nil {
			return err
		}
		c.acked += uint64(reused)
	}
	if err := c.balance(ctx, d, due); err != nil {
		return err
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.ended:
	case <-time.After(20 * time.Second):
		return errors.New("the daemon does not stop")
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the daemon stopped with %d", code)
	}
	if err := c.compare(ctx); err != nil {
		return err
	}
	return c.settled(ctx, d, due, c.position-before)
}

// load connects every master, and a stranger who sends so much rubbish; the function that is returned waits until their
// connections have ended.
func (c *chaos) load(d *daemon, rubbish int) (stop func() error, err error) {
	var wg sync.WaitGroup
	first := make(chan struct{}, len(c.senders))
	problems := make(chan error, len(c.senders)+1)
	wg.Go(func() {
		if err := c.stranger.run(d.field, rubbish); err != nil {
			problems <- err
		}
	})
	for _, s := range c.senders {
		wg.Go(func() {
			if err := s.run(d.field, func() { first <- struct{}{} }); err != nil {
				problems <- err
			}
		})
	}
	stop = func() error {
		wg.Wait()
		close(problems)
		c.acked = 0
		for _, s := range c.senders {
			c.acked += s.acked
		}
		return <-problems // nil when there is none
	}
	select {
	case <-first:
	case <-d.ended:
		return stop, errors.Join(fmt.Errorf("the daemon ended at once: %v", d.cmd.ProcessState), stop())
	case <-time.After(20 * time.Second):
		return stop, errors.New("no acknowledgement within 20 s")
	}
	return stop, nil
}

// daemon is a running program.
type daemon struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	field  string // address, of the daemon or of the tap before it
	direct string // of the daemon
	admin  string // URL
	token  string

	listeners map[string]string // addresses, by name
}

func (c *chaos) start(ctx context.Context) (*daemon, error) {
	addresses := c.file("addresses.json")
	if err := os.Remove(addresses); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	d, begun := &daemon{ended: make(chan struct{})}, time.Now()
	command := append(slices.Clone(c.wrap), c.program, "serve", "--config", c.file("config.toml"), "--addresses-file", addresses)
	d.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = c.stderr, c.stderr
	d.cmd.Env = os.Environ()
	if c.breaksDaemon() {
		d.cmd.Env = append(d.cmd.Env, breakVariable+"=1")
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = d.cmd.Wait() // how it ended stands in ProcessState
		close(d.ended)
	}()
	var a struct {
		Admin     string
		Listeners map[string]string
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if text, err := os.ReadFile(addresses); err == nil && json.Unmarshal(text, &a) == nil {
			break
		}
		select {
		case <-d.ended:
			return nil, fmt.Errorf("the daemon does not start: %v", d.cmd.ProcessState)
		default:
		}
		if time.Now().After(end) {
			d.kill()
			return nil, errors.New("the daemon does not open its ports")
		}
	}
	c.slowest = max(c.slowest, time.Since(begun))
	d.listeners = a.Listeners
	d.direct, d.admin = a.Listeners["field"], a.Admin
	if d.field = d.direct; c.guarded != nil {
		d.field = c.guarded.tap.address()
		c.guarded.tap.to.Store(&d.direct)
	}
	if token, err := os.ReadFile(c.file("data/admin.token")); err == nil {
		d.token = strings.TrimSpace(string(token))
	}
	return d, nil
}

// kill is kill -9.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // it has ended already, or it does now
	<-d.ended
}
