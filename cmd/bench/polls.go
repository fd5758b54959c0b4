package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"trama/fleet"
)

// pollLooks is how often the daemon is looked at while it polls and nothing else goes on.
const pollLooks = 5

// answers is how many requests masters have answered, and when.
type answers struct {
	mu  sync.Mutex // guards all that follows
	all []fleet.Progress
}

func (a *answers) add(p fleet.Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, p)
}

// now is how many there were up to now.
func (a *answers) now() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int(a.all[len(a.all)-1].Commands)
}

// most is the largest rate in any second or little more, behind the first so many.
func (a *answers) most(behind int) (rate float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	begin := 0
	for _, p := range a.all {
		for begin+1 < len(a.all) && p.Elapsed-a.all[begin+1].Elapsed >= time.Second {
			begin++
		}
		from := a.all[begin]
		rate = max(rate, (float64(p.Commands)-max(float64(from.Commands), float64(behind)))/max(p.Elapsed-from.Elapsed, time.Second).Seconds())
	}
	return rate
}

// runPolls measures what it costs to poll many masters: first nothing but that, then what acknowledgements of good masters
// take without polls and beside them, by turns.
func (s *settings) runPolls(ctx context.Context) error {
	srv, cleanup, err := s.startMeasured(ctx, 0)
	if err != nil {
		return err
	}
	defer cleanup()
	var asked answers
	leave, err := s.startField(ctx, srv.address, s.polls, asked.add)
	if err != nil {
		return err
	}
	defer leave()
	path := filepath.Join(srv.cmd.Dir, "config.toml")
	config, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	poll := func(on bool) error {
		text := string(config)
		if on {
			text += fmt.Sprintf("\n[[poll]]\nname = \"measurement\"\nevery = \"%v\"\ncommand = \"ask-measurement\"\nserials = [\"2*\"]\n", s.every)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		w, err := srv.call(ctx, http.MethodPost, "/api/v1/reload")
		if err == nil {
			err = w.Body.Close()
		}
		return err
	}
	if err := s.pollAlone(ctx, srv, &asked, poll); err != nil {
		return err
	}
	return s.pollBeside(ctx, srv, &asked, poll)
}

// pollAlone looks at the daemon while it polls and nothing else goes on.
func (s *settings) pollAlone(ctx context.Context, srv *server, asked *answers, poll func(on bool) error) error {
	fmt.Fprintf(s.stdout, "%d masters, each polled every %v, journal in memory: %v\n\n", s.polls, s.every, s.memory)
	fmt.Fprintln(s.stdout, "| after | answered | CPU ms/s | resident MiB | heap MiB | goroutines |\n|---:|---:|---:|---:|---:|---:|")
	pause(ctx, s.settle/pollLooks) // as those that connected together come to rest
	begun, before, busy := time.Now(), asked.now(), srv.cpu()
	for i := range pollLooks + 1 {
		if i > 0 {
			pause(ctx, s.settle/pollLooks)
		}
		v, err := srv.vitals(ctx, time.Since(begun))
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stdout, "| %v | %d | %.0f | %.1f | %.1f | %.0f |\n", v.at.Round(time.Second), asked.now()-before,
			(srv.cpu()-busy).Seconds()*1000/max(v.at, time.Second).Seconds(), v.rss, v.heap, v.goroutines)
		if i > 0 {
			continue
		}
		if err := poll(true); err != nil {
			return err
		}
	}
	n, took := asked.now()-before, time.Since(begun)
	if n == 0 {
		return errors.New("no master was asked")
	}
	most, mean := asked.most(before), float64(n)/took.Seconds()
	fmt.Fprintf(s.stdout, "\nrequests answered in a second: %.0f in the mean (%.0f due), at most %.0f (%.2f)\n", mean, float64(s.polls)/s.every.Seconds(), most,
		most/mean)
	return srv.alive()
}

// pollBeside measures good masters without polls and beside them.
func (s *settings) pollBeside(ctx context.Context, srv *server, asked *answers, poll func(on bool) error) error {
	fmt.Fprintf(s.stdout, "\n%d good masters, a frame each every %v, without polls and beside them\n\n", goodMasters, goodPace)
	fmt.Fprintln(s.stdout, "| p50 without | beside | p99 without | beside | CPU ms/s without | beside | MiB without | beside | answered |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	var ratios []float64
	var rows [2][3][]float64 // without polls and beside them: p50 and p99 in ms, CPU
	for i := range s.rounds + 1 {
		var r [2]result
		var cpu [2]float64
		var rss [2]int64
		n := 0
		for turn := range 2 {
			on := (i + turn) % 2 // by turns the one or the other is first
			if err := poll(on == 1); err != nil {
				return err
			}
			var busy time.Duration
			before := 0
			l := &load{address: srv.address, connections: goodMasters, inFlight: 1, every: goodPace, warmUp: s.warmUp, duration: s.duration,
				first: firstTransaction() + uint64(2*i+turn)*1_000_000, started: func() { busy, before = srv.cpu(), asked.now() }}
			l.stopped = func() {
				cpu[on], rss[on] = (srv.cpu()-busy).Seconds()*1000/s.duration.Seconds(), srv.rss()
				n = max(n, asked.now()-before)
			}
			var err error
			if r[on], err = l.run(ctx); err != nil {
				return err
			}
		}
		if i == 0 { // the good masters are known now, and what came of it is left out
			continue
		}
		const mib = 1 << 20
		fmt.Fprintf(s.stdout, "| %v | %v | %v | %v | %.0f | %.0f | %.1f | %.1f | %d |\n", r[0].p50, r[1].p50, r[0].p99, r[1].p99, cpu[0], cpu[1],
			float64(rss[0])/mib, float64(rss[1])/mib, n)
		ratios = append(ratios, float64(r[1].p99)/float64(r[0].p99))
		for on := range rows {
			for k, v := range []float64{r[on].p50.Seconds() * 1000, r[on].p99.Seconds() * 1000, cpu[on]} {
				rows[on][k] = append(rows[on][k], v)
			}
		}
	}
	fmt.Fprintf(s.stdout, "\nmedians without and beside: p50 %.2f and %.2f ms, p99 %.1f and %.1f ms, CPU %.0f and %.0f ms/s; ratio of p99 in a pair: median %.2f (%.2f–%.2f)\n",
		middle(rows[0][0]), middle(rows[1][0]), middle(rows[0][1]), middle(rows[1][1]), middle(rows[0][2]), middle(rows[1][2]),
		middle(slices.Clone(ratios)), slices.Min(ratios), slices.Max(ratios))
	return srv.alive()
}
