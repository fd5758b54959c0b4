package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"trama/codec"
	"trama/codec/protect"
)

// A flood comes on a new connection each tick, from one of many addresses, so that no ban ends it.
const (
	ticksASecond   = 100
	floodAddresses = 250
	newMasters     = "new_masters_per_minute = 1000\n" // as a gateway on the Internet has it: the good ones come in at once
)

// runStrangers measures good masters alone and beside a flood, by turns: of serials that are made up or, when the masters
// have keys, of frames of theirs with wrong tags.
func (s *settings) runStrangers(ctx context.Context) error {
	srv, cleanup, err := s.startMeasured(ctx, goodMasters)
	if err != nil {
		return err
	}
	defer cleanup()
	frame, of := madeUp, "serials that are made up"
	if s.suite != protect.None {
		of = "frames with wrong tags"
		if frame, err = wrongTags(s.suite); err != nil {
			return err
		}
	}
	run := uint64(0)
	good := func() (result, error) {
		run++
		l := &load{address: srv.address, devices: srv.devices, size: srv.answerBytes(), connections: goodMasters, inFlight: 1,
			every: goodPace, warmUp: s.warmUp, duration: s.duration, first: firstTransaction() + run*1_000_000}
		return l.run(ctx)
	}
	if _, err := good(); err != nil { // they are known now
		return err
	}
	fmt.Fprintf(s.stdout, "%d good masters, a frame each every %v, alone and beside %d frames a second of %s\n\n", goodMasters, goodPace, s.strangers, of)
	fmt.Fprintln(s.stdout, "| p50 alone | beside | p99 alone | beside | ratio | worst alone | beside | frames of the flood |\n|---:|---:|---:|---:|---:|---:|---:|---:|")
	var ratios []float64
	for range s.rounds {
		alone, err := good()
		if err != nil {
			return err
		}
		flooding, stop := context.WithCancel(ctx)
		sent := make(chan int)
		go func() { sent <- flood(flooding, srv.address, s.strangers, frame) }()
		beside, err := good()
		stop()
		frames := <-sent
		if err != nil {
			return err
		}
		ratios = append(ratios, float64(beside.p99)/float64(alone.p99))
		fmt.Fprintf(s.stdout, "| %v | %v | %v | %v | %.2f | %v | %v | %d |\n", alone.p50, beside.p50, alone.p99, beside.p99, ratios[len(ratios)-1],
			alone.worst.Round(time.Microsecond), beside.worst.Round(time.Microsecond), frames)
	}
	fmt.Fprintf(s.stdout, "\nratio of p99: median %.2f (%.2f–%.2f)\n", middle(slices.Clone(ratios)), slices.Min(ratios), slices.Max(ratios))
	return srv.alive()
}

// madeUp is a frame of a serial that nobody has.
func madeUp(n int) []byte { return frameOf(uint64(firstSerial + goodMasters + n%80_000_000)) }

// wrongTags makes frames under a key that no master has.
func wrongTags(suite protect.Suite) (func(n int) []byte, error) {
	profile, err := codec.Shipped("extended")
	if err != nil {
		return nil, err
	}
	key := protect.Key{0xff}
	made := make([][]byte, 1000)
	for i := range made {
		plain := frameOf(firstSerial + rand.Uint64N(goodMasters))
		made[i], err = profile.Protect(nil, plain, &protect.Protection{Suite: suite, Key: key, Counter: 1<<20 + uint32(i)})
		if err != nil {
			return nil, err
		}
	}
	return func(n int) []byte { return made[n%len(made)] }, nil
}

// flood sends so many frames a second until ctx ends, and returns how many it has sent.
func flood(ctx context.Context, address string, perSecond int, frame func(n int) []byte) (n int) {
	var open sync.WaitGroup
	defer open.Wait()
	tick := time.NewTicker(time.Second / ticksASecond)
	defer tick.Stop()
	for from := 0; ; from++ {
		select {
		case <-ctx.Done():
			return n
		case <-tick.C:
		}
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+from%floodAddresses))}, Timeout: time.Second}
		c, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			continue // it is refused, as it may be
		}
		var all []byte
		for range max(perSecond/ticksASecond, 1) {
			all = append(all, frame(n)...)
			n++
		}
		open.Go(func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(time.Second))
			_, _ = c.Write(all) // what becomes of it is not the question
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		})
	}
}
