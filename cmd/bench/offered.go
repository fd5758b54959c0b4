package main

import (
	"context"
	"fmt"
	"time"

	"trama/codec/protect"
)

const offeredConnections = 10_000

// runOffered offers the same frames a second to both servers by turns.
func (s *settings) runOffered(ctx context.Context) error {
	connections := offeredConnections
	if len(s.connections) > 0 {
		connections = s.connections[0]
	}
	every := time.Duration(float64(time.Second) * float64(connections) / float64(s.offered))
	fmt.Fprintf(s.stdout, "%d masters, a frame each every %v: %d frames/s offered; what an acknowledgement took from the moment its frame was due.\n\n", connections, every, s.offered)
	fmt.Fprintln(s.stdout, "| server | frames/s | p50 | p99 | p99.9 | worst |\n|---|---:|---:|---:|---:|---:|")
	first := firstTransaction()
	for range s.rounds {
		for _, against := range []string{s.against, "bare"} {
			turn := *s
			if turn.against = against; against == "bare" {
				turn.suite = protect.None
			}
			if err := turn.offer(ctx, connections, every, first); err != nil {
				return err
			}
			first += 1_000_000
		}
	}
	return nil
}

func (s *settings) offer(ctx context.Context, connections int, every time.Duration, first uint64) error {
	srv, cleanup, err := s.startMeasured(ctx, connections)
	if err != nil {
		return err
	}
	defer cleanup()
	l := &load{address: srv.address, devices: srv.devices, size: srv.answerBytes(), connections: connections,
		inFlight: 1, every: every, warmUp: max(s.warmUp, 2*every), duration: s.duration, first: first}
	r, err := l.run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "| %s | %.0f | %v | %v | %v | %v |\n", srv.name, r.rate(), r.p50, r.p99, r.p999,
		r.worst.Round(time.Microsecond))
	return srv.alive()
}
