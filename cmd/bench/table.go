package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/codec/protect"
)

// scenario is one row of the table.
type scenario struct{ connections, inFlight int }

// scenarios are those of the flags, all with all, or the standard ones.
func (s *settings) scenarios() []scenario {
	if len(s.connections) == 0 && len(s.inFlight) == 0 {
		return []scenario{{50, 1}, {1000, 1}, {5000, 1}, {50, 16}, {1000, 16}}
	}
	connections, inFlight := s.connections, s.inFlight
	if len(connections) == 0 {
		connections = []int{50, 1000, 5000}
	}
	if len(inFlight) == 0 {
		inFlight = []int{1}
	}
	var all []scenario
	for _, f := range inFlight {
		for _, c := range connections {
			all = append(all, scenario{c, f})
		}
	}
	return all
}

// sample is one measurement of one server.
type sample struct {
	result
	cpu time.Duration // of the server, during the measurement
	rss int64         // at its end
}

func (m sample) cpuPerFrame() float64 {
	return float64(m.cpu.Microseconds()) / float64(max(m.frames, 1))
}

// runTable measures the two servers by turns and prints a row for each scenario.
func (s *settings) runTable(ctx context.Context) error {
	fmt.Fprintf(s.stdout, "Extended `m` frames, closed loop; %d rounds of %v for each server by turns; ratios are the median (lowest–highest) of the rounds.\n\n",
		s.rounds, s.duration)
	ours, theirs := s.against, "bare"
	if s.suite != protect.None {
		ours, theirs = "suite "+s.suite.String(), "plain"
	}
	fmt.Fprintf(s.stdout, "| connections | in flight | frames/s %s | frames/s %[2]s | ratio | p99 | p99 %[2]s | worst | worst %[2]s | worst ratio | CPU µs/frame | %[2]s | RSS MiB | %[2]s |\n", ours, theirs)
	fmt.Fprintln(s.stdout, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	first := firstTransaction()
	for _, sc := range s.scenarios() {
		if err := s.row(ctx, sc, &first); err != nil {
			return fmt.Errorf("%d connections, %d in flight: %w", sc.connections, sc.inFlight, err)
		}
	}
	return nil
}

func (s *settings) row(ctx context.Context, sc scenario, first *uint64) error {
	measured, cleanup, err := s.startMeasured(ctx, sc.connections)
	if err != nil {
		return err
	}
	defer cleanup()
	bare, stop, err := s.startOther(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var ours, theirs []sample
	for range s.rounds {
		a, err := s.measure(ctx, measured, sc, first)
		if err != nil {
			return fmt.Errorf("%s: %w", measured.name, err)
		}
		b, err := s.measure(ctx, bare, sc, first)
		if err != nil {
			return fmt.Errorf("%s: %w", bare.name, err)
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	rate := func(m sample) float64 { return m.rate() }
	p99 := func(m sample) float64 { return float64(m.p99.Microseconds()) / 1000 }
	worst := func(m sample) float64 { return float64(m.worst.Microseconds()) / 1000 }
	rss := func(m sample) float64 { return float64(m.rss) / (1 << 20) }
	fmt.Fprintf(s.stdout, "| %d | %d | %.0f | %.0f | %s | %.2f ms | %.2f ms | %.0f ms | %.0f ms | %s | %.1f | %.1f | %.0f | %.0f |\n",
		sc.connections, sc.inFlight, median(ours, rate), median(theirs, rate), ratio(ours, theirs, rate),
		median(ours, p99), median(theirs, p99), median(ours, worst), median(theirs, worst), ratio(ours, theirs, worst),
		median(ours, sample.cpuPerFrame), median(theirs, sample.cpuPerFrame), median(ours, rss), median(theirs, rss))
	return nil
}

// measure runs one load and watches the server meanwhile.
func (s *settings) measure(ctx context.Context, srv *server, sc scenario, first *uint64) (sample, error) {
	var m sample
	var before time.Duration
	l := &load{
		address: srv.address, devices: srv.devices, size: srv.answerBytes(), connections: sc.connections, inFlight: sc.inFlight,
		warmUp: s.warmUp, duration: s.duration, first: *first,
		started: func() { before = srv.cpu() },
		stopped: func() { m.cpu, m.rss = srv.cpu()-before, srv.rss() },
	}
	*first += 1_000_000
	var err error
	if m.result, err = l.run(ctx); err != nil {
		select { // connections that end often mean that the server does
		case <-srv.ended:
		case <-time.After(time.Second):
		}
	}
	return m, errors.Join(err, srv.alive())
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, 0, len(samples))
	for _, m := range samples {
		values = append(values, of(m))
	}
	return middle(values)
}

// ratio is the median of the paired ratios with the lowest and the highest.
func ratio(a, b []sample, of func(sample) float64) string {
	values := make([]float64, 0, len(a))
	for i := range a {
		values = append(values, of(a[i])/of(b[i]))
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", middle(values), slices.Min(values), slices.Max(values))
}

func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
