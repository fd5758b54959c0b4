package actors

import (
	"context"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// A gateway that is stopped while its listeners are suspended, resumed and restarted, and masters dial in and report, stops: at once, without an error,
// and with an account that balances.
func TestDrainInAStorm(t *testing.T) {
	frames := uint64(0)
	for round := range 8 {
		random := rand.New(rand.NewPCG(7, uint64(round)))
		g := start(t, "one:extended", "two:extended", "three:extended")
		stop := make(chan struct{})
		var storm sync.WaitGroup
		again := func(do func(name string)) {
			random := rand.New(rand.NewPCG(random.Uint64(), 1))
			storm.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						do([]string{"one", "two", "three"}[random.IntN(3)])
					}
				}
			})
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		again(func(name string) { _ = g.Suspend(ctx, name) })
		again(func(name string) { _ = g.Resume(ctx, name) })
		again(func(name string) { _ = g.Restart(ctx, "trama/listeners/"+name); time.Sleep(time.Millisecond) })
		for i := range 4 {
			serial := []string{"11111111", "22222222", "33333333", "44444444"}[i]
			number := 0
			again(func(name string) {
				c, err := net.Dial("tcp", g.address(name))
				if err != nil {
					return // it is suspended
				}
				defer c.Close()
				for range 3 {
					number++
					b, err := hex.DecodeString(measurement(serial, number))
					if err != nil {
						t.Error(err)
					}
					if _, err := c.Write(b); err != nil {
						return
					}
				}
				_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
				_, _ = io.ReadFull(c, make([]byte, 3*extendedBytes)) // or not: it is stopping
			})
		}
		time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		if err := g.Drain(ctx); err != nil {
			t.Error(err)
		}
		close(stop)
		storm.Wait()
		cancel()
		total := g.Totals()
		frames += total.Frames
		sum := total.Stored + total.Duplicates + total.Poisoned
		for _, n := range total.Rejected {
			sum += n
		}
		if sum != total.Frames || total.Connections != 0 {
			t.Errorf("the account does not balance: %+v", total)
		}
		for _, l := range g.Listeners() {
			if l.Live != 0 || l.State != "draining" || l.BytesIn != l.InFrames+l.Skipped+l.Aside+l.Pending+l.CutOff {
				t.Errorf("%+v", l)
			}
		}
	}
	if frames == 0 {
		t.Error("no frame came")
	}
}
