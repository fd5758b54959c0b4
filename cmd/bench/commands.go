package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"trama/codec"
	"trama/fleet"
)

// Masters that get commands, and users who give them: each user has a share of the admin endpoint.
const (
	commandedMasters = 200
	commandedSerial  = 20_000_000
	commandUsers     = 24 // a user may ask 200 times a second
	ordersAtOnce     = 40
)

// commander gives commands to a daemon.
type commander struct {
	admin  string
	tokens []string
	client *http.Client
	leave  func()
}

// startCommanded starts the daemon, with masters that obey.
func (s *settings) startCommanded(ctx context.Context, memory bool) (*server, *commander, error) {
	turn := *s
	turn.memory = memory
	c := &commander{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: ordersAtOnce}}}
	for i := range commandUsers {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // it never fails
		c.tokens = append(c.tokens, base64.RawURLEncoding.EncodeToString(b))
		turn.tables += fmt.Sprintf("\n[[admin.token]]\nname = \"user-%d\"\nrole = \"operate\"\nhash = \"sha256:%x\"\n", i, sha256.Sum256([]byte(c.tokens[i])))
	}
	srv, stop, err := turn.startMeasured(ctx, 0)
	if err != nil {
		return nil, nil, err
	}
	c.admin = "http://" + srv.admin
	hangUp, err := s.startField(ctx, srv.address, commandedMasters, func(fleet.Progress) {})
	if err != nil {
		stop()
		return nil, nil, err
	}
	c.leave = func() { hangUp(); stop() }
	return srv, c, nil
}

// startField has so many masters connect that obey, and waits until all are there.  seen hears 20 times a second what they
// have done.
func (s *settings) startField(ctx context.Context, address string, n int, seen func(fleet.Progress)) (leave func(), err error) {
	profile, err := codec.Shipped("extended")
	if err != nil {
		return nil, err
	}
	field, hangUp := context.WithCancel(ctx)
	var masters sync.WaitGroup
	connected := make(chan bool, 1)
	ramp := time.Duration(n) * time.Millisecond
	masters.Go(func() {
		_, err := fleet.Run(field, fleet.Options{Address: address, Profile: profile, Masters: n, SerialFrom: strconv.Itoa(commandedSerial),
			Every: time.Hour, Ramp: ramp, Progress: func(p fleet.Progress) {
				seen(p)
				if p.Acknowledged >= uint64(n) {
					select {
					case connected <- true:
					default:
					}
				}
			}, ProgressEvery: 50 * time.Millisecond})
		if err != nil {
			fmt.Fprintln(s.stderr, "fleet:", err)
		}
	})
	leave = func() { hangUp(); masters.Wait() }
	select {
	case <-connected:
		return leave, nil
	case <-time.After(ramp + 20*time.Second):
		leave()
		return nil, fmt.Errorf("not all of %d masters are there", n)
	}
}

// order gives one command and waits for its end.
func (c *commander) order(ctx context.Context, n int) error {
	body := `{"command":"operate-relay","fields":{"RN":3,"OP":1},"wait":"10s"}`
	url := fmt.Sprintf("%s/api/v1/masters/%d/commands", c.admin, commandedSerial+n%commandedMasters)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.tokens[n%commandUsers])
	r.Header.Set("Content-Type", "application/json")
	w, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		return err
	}
	var ended struct{ Outcome string }
	if err := json.Unmarshal(answer, &ended); err != nil || ended.Outcome != "done" {
		return fmt.Errorf("command %d: %s %s", n, w.Status, bytes.TrimSpace(answer))
	}
	return nil
}

// give gives commands for a while, so many at once, so many a second or, with 0, each when the one before has ended, and
// returns how long each took from the moment it was due.
func (c *commander) give(ctx context.Context, atOnce, perSecond int, d time.Duration) (took []time.Duration, err error) {
	var mu sync.Mutex // guards took and err
	var wg sync.WaitGroup
	begun := time.Now()
	for i := range atOnce {
		wg.Go(func() {
			var own []time.Duration
			var failed error
			for n := i; failed == nil && ctx.Err() == nil; n += atOnce {
				due := time.Now()
				if perSecond > 0 {
					due = begun.Add(time.Duration(n) * time.Second / time.Duration(perSecond))
					time.Sleep(time.Until(due))
				}
				if time.Since(begun) > d {
					break
				}
				if failed = c.order(ctx, n); failed == nil {
					own = append(own, time.Since(due))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, own...)
			if failed != nil && ctx.Err() == nil {
				err = failed
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took, err
}

// at is a quantile of what is sorted.
func at(took []time.Duration, q float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	return took[min(int(q*float64(len(took))), len(took)-1)]
}

// runCommands measures what a command takes with the journal on disk and in memory, by turns, and what acknowledgements of
// good masters take alone and beside commands.
func (s *settings) runCommands(ctx context.Context) error {
	fmt.Fprintf(s.stdout, "Commands to %d masters over HTTP, each waited for, journal on disk and in memory by turns, %v each\n\n", commandedMasters, s.duration)
	fmt.Fprintln(s.stdout, "| at once | commands/s disk | memory | ratio | p50 disk | memory | p99 disk | memory |\n|---:|---:|---:|---:|---:|---:|---:|---:|")
	disk, onDisk, err := s.startCommanded(ctx, false)
	if err != nil {
		return err
	}
	defer onDisk.leave()
	memory, inMemory, err := s.startCommanded(ctx, true)
	if err != nil {
		return err
	}
	defer inMemory.leave()
	for _, atOnce := range []int{1, ordersAtOnce} {
		for range s.rounds {
			a, err := onDisk.give(ctx, atOnce, 0, s.duration)
			if err != nil {
				return err
			}
			b, err := inMemory.give(ctx, atOnce, 0, s.duration)
			if err != nil {
				return err
			}
			seconds := s.duration.Seconds()
			fmt.Fprintf(s.stdout, "| %d | %.0f | %.0f | %.2f | %v | %v | %v | %v |\n", atOnce, float64(len(a))/seconds, float64(len(b))/seconds,
				float64(len(a))/float64(len(b)), at(a, 0.5), at(b, 0.5), at(a, 0.99), at(b, 0.99))
		}
	}
	fmt.Fprintf(s.stdout, "\n%d good masters, a frame each every %v, alone and beside %d commands a second\n\n", goodMasters, goodPace, s.commands)
	fmt.Fprintln(s.stdout, "| p50 alone | beside | p99 alone | beside | ratio | commands | p50 | p99 |\n|---:|---:|---:|---:|---:|---:|---:|---:|")
	var ratios []float64
	for i := range s.rounds {
		good := func(turn int) *load {
			return &load{address: disk.address, connections: goodMasters, inFlight: 1, every: goodPace, warmUp: s.warmUp, duration: s.duration,
				first: firstTransaction() + uint64(2*i+turn)*1_000_000}
		}
		alone, err := good(0).run(ctx)
		if err != nil {
			return err
		}
		giving, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		var took []time.Duration
		go func() {
			var err error
			took, err = onDisk.give(giving, ordersAtOnce, s.commands, s.warmUp+s.duration)
			done <- err
		}()
		beside, err := good(1).run(ctx)
		stop()
		if failed := <-done; err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
		ratios = append(ratios, float64(beside.p99)/float64(alone.p99))
		fmt.Fprintf(s.stdout, "| %v | %v | %v | %v | %.2f | %d | %v | %v |\n", alone.p50, beside.p50, alone.p99, beside.p99, ratios[i], len(took), at(took, 0.5), at(took, 0.99))
	}
	fmt.Fprintf(s.stdout, "\nratio of p99: median %.2f (%.2f–%.2f)\n", middle(slices.Clone(ratios)), slices.Min(ratios), slices.Max(ratios))
	if err := memory.alive(); err != nil {
		return err
	}
	return disk.alive()
}
