package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"trama/actors/ledger"
	"trama/journal"
	"trama/journal/sqlite"
)

// Users and masters of a run with commands.
const (
	usersAtAll     = 8
	ordersAtOnce   = 5 // of each user
	decoys         = 5 // masters of a listener that get no commands
	settleCommands = 90 * time.Second
	slackOfAWrite  = time.Second
	shownProblems  = 40
)

// orders is a run in which users give commands to masters, and the gateway is killed meanwhile.
type orders struct {
	*chaos
	book    book
	devices []*device // that get commands
	all     []*device
	calm    atomic.Bool
	gateway atomic.Pointer[daemon] // nil: there is none
	next    atomic.Int64
	kills   int
	told    io.Writer
	events  map[uint64][]string

	mu     sync.Mutex // guards the rest
	asks   []*ask
	down   map[string]int // answers that a command is not taken, by status
	failed error
}

func (o *orders) problem(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = errors.Join(o.failed, err)
}

func (o *orders) turnedDown(status int, body []byte) {
	if status != http.StatusConflict && status != http.StatusNotFound { // it is away, or was never seen by this daemon
		o.problem(fmt.Errorf("POST of a command: %d %s", status, body))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down[strconv.Itoa(status)]++
}

// commanded runs the whole.
func (c *chaos) commanded(ctx context.Context) error {
	o := &orders{chaos: c, book: book{moves: map[relay]int{}}, down: map[string]int{}}
	users := o.people()
	if err := c.prepare(ctx, o.configuration(users)); err != nil {
		return err
	}
	log, err := os.Create(c.file("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	o.told = c.stderr
	c.stderr = log // of all the daemons
	d, err := c.start(ctx)
	if err != nil {
		return err
	}
	o.gateway.Store(d)
	defer func() {
		if d := o.gateway.Load(); d != nil {
			d.kill()
		}
	}()
	begun := time.Now()
	field, hangUp := context.WithCancel(ctx)
	var masters, senders sync.WaitGroup
	o.connect(field, &masters)
	defer masters.Wait()
	defer hangUp()
	if err := o.there(ctx); err != nil {
		return err
	}
	ended := make(chan struct{})
	for i, u := range users {
		for k := range ordersAtOnce {
			u := *u
			u.random = rand.New(rand.NewPCG(c.seed, uint64(1000+usersAtAll*k+i)))
			senders.Go(func() { o.give(ctx, &u) })
		}
	}
	go func() { senders.Wait(); close(ended) }()
	if err := o.killing(ctx, ended); err != nil {
		return err
	}
	<-ended
	took := time.Since(begun)
	o.calm.Store(true)
	rows, err := o.settled(ctx, users[0])
	if err != nil {
		return err
	}
	hangUp()
	masters.Wait()
	stored, err := o.stopAndRead(ctx)
	if err != nil {
		return err
	}
	return o.verdict(rows, stored, took)
}

// give gives commands until all are given.
func (o *orders) give(ctx context.Context, u *user) {
	for ctx.Err() == nil {
		n := int(o.next.Add(1))
		if n > o.commands {
			return
		}
		a := u.order(ctx, n)
		o.mu.Lock()
		o.asks = append(o.asks, a)
		o.mu.Unlock()
	}
}

// people are the users, each with a token.
func (o *orders) people() (users []*user) {
	transport := &http.Transport{MaxIdleConnsPerHost: usersAtAll * ordersAtOnce}
	for i := range usersAtAll {
		users = append(users, &user{orders: o, name: fmt.Sprintf("user-%d", i), token: newToken(o.random),
			client: &http.Client{Transport: transport}})
	}
	return users
}

// connect makes the masters, and has them connect.
func (o *orders) connect(ctx context.Context, wg *sync.WaitGroup) {
	seed := uint64(100)
	for _, k := range dialects {
		for i := range o.masters/len(dialects) + decoys {
			seed++
			d := &device{dialect: k, serial: strconv.Itoa(k.firstSerial + i), decoy: strconv.Itoa(k.firstSerial + i%decoys), book: &o.book,
				random: rand.New(rand.NewPCG(o.seed, seed)), calm: &o.calm, broken: o.broken, values: map[[2]byte]uint16{}}
			if i >= decoys {
				o.devices = append(o.devices, d)
			}
			o.all = append(o.all, d)
			wg.Go(func() { d.run(ctx, o.address) })
		}
	}
}

// address is that of a listener of the gateway of the moment.
func (o *orders) address(listener string) string {
	if d := o.gateway.Load(); d != nil {
		return d.listeners[listener]
	}
	return "127.0.0.1:1"
}

// there waits until each master is known.
func (o *orders) there(ctx context.Context) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var masters []struct{ State string }
		if err := o.gateway.Load().get(ctx, "/api/v1/masters", &masters); err != nil {
			return err
		}
		online := 0
		for _, m := range masters {
			if m.State == "online" {
				online++
			}
		}
		if online >= len(o.all) {
			return nil
		}
	}
	return fmt.Errorf("not all of %d masters are there", len(o.all))
}

// killing kills the gateway, or stops it in order, at random moments until all commands are given, and starts it again.
func (o *orders) killing(ctx context.Context, ended <-chan struct{}) error {
	said := time.Now()
	for {
		d := o.gateway.Load()
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-d.ended:
			return fmt.Errorf("the daemon ended by itself: %v", d.cmd.ProcessState)
		case <-time.After(10 * (o.shortest + time.Duration(o.random.Int64N(int64(o.longest-o.shortest))))): // starts take their time
		}
		o.gateway.Store(nil)
		if o.random.IntN(4) > 0 {
			d.kill()
			o.kills++
		} else if err := d.stop(); err != nil {
			return err
		}
		d, err := o.start(ctx)
		if err != nil {
			return err
		}
		o.gateway.Store(d)
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			fmt.Fprintf(o.stdout, "%d commands given, %d kills\n", min(int(o.next.Load()), o.commands), o.kills)
		}
	}
}

// settled waits until no command is open, and returns all that HTTP tells.
func (o *orders) settled(ctx context.Context, u *user) (rows []ledger.Command, err error) {
	open := -1
	for end := time.Now().Add(settleCommands); open != 0 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		all, err := o.list(ctx, u, "open=true&")
		if err != nil {
			return nil, err
		}
		open = len(all)
	}
	time.Sleep(latest + time.Second) // no answer is on its way any more
	return o.list(ctx, u, "")
}

// list pages through the commands.
func (o *orders) list(ctx context.Context, u *user, query string) (rows []ledger.Command, err error) {
	for cursor := ""; ; {
		status, body, err := u.do(ctx, http.MethodGet, "/api/v1/commands?"+query+"limit=1000"+cursor, nil, time.Minute)
		if err != nil {
			return nil, err
		}
		if status == http.StatusTooManyRequests {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("GET of commands: %d %s", status, body)
		}
		var page struct {
			Commands []ledger.Command
			Cursor   string
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		rows = append(rows, page.Commands...)
		if page.Cursor == "" || len(page.Commands) == 0 {
			return rows, nil
		}
		cursor = "&cursor=" + page.Cursor
	}
}

// stop ends a daemon in order.
func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.ended:
	case <-time.After(30 * time.Second):
		d.kill()
		return errors.New("the daemon does not stop")
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the daemon stopped with %d", code)
	}
	return nil
}

// stopAndRead ends the gateway in order and reads its database.
func (o *orders) stopAndRead(ctx context.Context) (stored []ledger.Command, err error) {
	d := o.gateway.Swap(nil)
	if err := d.stop(); err != nil {
		return nil, err
	}
	report, err := sqlite.Verify(ctx, o.file("data/journal.db"))
	if err != nil || len(report.Damage) > 0 {
		return nil, violated("the journal is damaged: %+v (%v)", report.Damage, err)
	}
	j, err := sqlite.Open(ctx, sqlite.Options{Path: o.file("data/journal.db")})
	if err != nil {
		return nil, err
	}
	defer j.Close()
	if o.events, err = ends(ctx, j); err != nil {
		return nil, err
	}
	for q := (journal.CommandQuery{Limit: 1000}); ; {
		page, damage, err := j.Commands(ctx, q)
		if err != nil || len(damage) > 0 {
			return nil, violated("commands of the journal are damaged: %+v (%v)", damage, err)
		}
		for i := range page {
			c, err := ledger.Read(&page[i])
			if err != nil {
				return nil, err
			}
			stored = append(stored, c)
			q.Before = c.ID
		}
		if len(page) == 0 {
			return stored, nil
		}
	}
}

// ends are the ends of commands as the events of a journal tell them.
func ends(ctx context.Context, j *sqlite.Journal) (map[uint64][]string, error) {
	all := map[uint64][]string{}
	for q := (journal.EventQuery{Kind: journal.EventCommand, Limit: 1000}); ; {
		page, _, err := j.Events(ctx, q)
		if err != nil || len(page) == 0 {
			return all, err
		}
		for _, e := range page {
			q.After = e.ID
			var id uint64
			if _, err := fmt.Sscanf(e.Detail, "command %d ", &id); err != nil {
				return nil, violated("an event of a command says %q", e.Detail)
			}
			all[id] = append(all[id], e.Reason+e.Detail[strings.LastIndex(e.Detail, " by "):])
		}
	}
}

// verdict has everything judged, and tells what has happened.
func (o *orders) verdict(rows, stored []ledger.Command, took time.Duration) error {
	states, late := map[string]int{}, 0
	for i := range rows {
		states[string(rows[i].State)]++
		if rows[i].Late {
			late++
		}
	}
	var counts []string
	for _, s := range slices.Sorted(maps.Keys(states)) {
		counts = append(counts, fmt.Sprintf("%s %d", s, states[s]))
	}
	fmt.Fprintf(o.stdout, "seed %d: %d commands asked for by %d users, %d kills, %d rows: %s, of which late %d; not taken %v; %d frames received, %d answers; slowest start %v; %v\n",
		o.seed, len(o.asks), usersAtAll, o.kills, len(rows), strings.Join(counts, ", "), late, o.down, len(o.book.receipts), len(o.book.replies),
		o.slowest.Round(time.Millisecond), took.Round(time.Second))
	problems := judge(claim{asks: o.asks, rows: rows, stored: stored, events: o.events, book: &o.book, slack: slackOfAWrite, others: []string{"ask-relays", "read-coils", "read-holding"}})
	rules := map[string]int{}
	for i, p := range problems {
		rule, _, _ := strings.Cut(p, ":")
		if rules[rule]++; rules[rule] <= shownProblems/8 {
			fmt.Fprintf(o.told, "%d %s\n", i, p)
		}
	}
	if o.failed != nil {
		return o.failed
	}
	if len(problems) > 0 {
		return violated("%d problems: %v", len(problems), rules)
	}
	fmt.Fprintln(o.stdout, "each ended once, was received at most once, and by its own answer if it is done")
	return nil
}

// configuration is that of the gateway, behind what prepare writes.
func (o *orders) configuration(users []*user) string {
	var s strings.Builder
	fmt.Fprint(&s, "\n[journal]\ncommands_max = 0\nevents_max = 0\n") // the judge reads them all
	for _, d := range dialects[1:] {
		profile, more := d.listener, ""
		if d.listener == "modbus" {
			profile, more = "modbus-rtu", "registration = \"imei\"\n"
		}
		fmt.Fprintf(&s, "\n[[listener]]\nname = %q\naddress = \"127.0.0.1:0\"\nprofile = %q\n%s", d.listener, profile, more)
	}
	for _, u := range users {
		fmt.Fprintf(&s, "\n[[admin.token]]\nname = %q\nrole = \"operate\"\nhash = %q\n", u.name, hashOf(u.token))
	}
	return s.String()
}

// newToken is a token as the gateway makes them, and hashOf what its configuration has of it.
func newToken(random *rand.Rand) string {
	b := make([]byte, 0, 32)
	for range 4 {
		b = binary.BigEndian.AppendUint64(b, random.Uint64())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashOf(token string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(token))) }
