package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
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
	wrap     []string // what the daemon is started by
	position uint64   // how far it has been read
	acked    uint64
	looks    int // into the journal
}

func (c *chaos) all(ctx context.Context) error {
	if err := c.prepare(ctx); err != nil {
		return err
	}
	for i := range c.masters {
		c.senders = append(c.senders, newSender(firstSerial+i, c.inFlight))
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
	fmt.Fprintf(c.stdout, "%d kills, %d acknowledgements seen, %d frames in the journal: none lost, none twice, none altered, in order; %d resends recognised; %v\n",
		c.rounds, c.acked, c.position, c.repeated(), time.Since(begun).Round(time.Second))
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
	d, err := c.start(ctx)
	if err != nil {
		return err
	}
	stop, err := c.load(d)
	if err != nil {
		d.kill()
		return err
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
	d, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	stop, err := c.load(d)
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
	if err := d.balance(ctx); err != nil {
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
	return c.compare(ctx)
}

// load connects every master; the function that is returned waits until their connections have ended.
func (c *chaos) load(d *daemon) (stop func() error, err error) {
	var wg sync.WaitGroup
	first := make(chan struct{}, len(c.senders))
	problems := make(chan error, len(c.senders))
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
	cmd   *exec.Cmd
	ended chan struct{}
	field string // address
	admin string // URL
	token string
}

func (c *chaos) start(ctx context.Context) (*daemon, error) {
	addresses := c.file("addresses.json")
	if err := os.Remove(addresses); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	d := &daemon{ended: make(chan struct{})}
	command := append(slices.Clone(c.wrap), c.program, "serve", "--config", c.file("config.toml"), "--addresses-file", addresses)
	d.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = c.stderr, c.stderr
	d.cmd.Env = os.Environ()
	if c.broken {
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
	d.field, d.admin = a.Listeners["field"], a.Admin
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

// balance checks the daemon's account of this process.
func (d *daemon) balance(ctx context.Context) error {
	if d.admin == "" {
		return nil // the broken one has no endpoint
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.admin+"/api/v1/totals", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	var t struct {
		Frames, Stored, Duplicates, Poisoned uint64
		Rejected                             map[string]uint64
	}
	if err := json.NewDecoder(w.Body).Decode(&t); err != nil {
		return err
	}
	sum := t.Stored + t.Duplicates + t.Poisoned
	for _, n := range t.Rejected {
		sum += n
	}
	if sum != t.Frames || t.Frames == 0 {
		return violated("the account does not balance: %+v", t)
	}
	return nil
}
