package transport

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Whatever is sent comes back, whole and in order, and the end of the stream is seen: in pieces, with pauses around that after which a connection
// parks, with answers that take a while, few credits, and a framing that is changed meanwhile.
func TestNothingIsLostInPiecesAndPauses(t *testing.T) {
	for _, park := range []time.Duration{2 * time.Millisecond, 20 * time.Millisecond, -1} {
		t.Run(park.String(), func(t *testing.T) {
			r := start(t, Options{ParkAfter: park, Credits: 2}, func(c *Conn, b *Batch) {
				if rand.IntN(20) == 0 {
					time.Sleep(time.Millisecond)
				}
				echo(c, b)
			})
			stop := make(chan struct{})
			var framing, peers sync.WaitGroup
			framing.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(3 * time.Millisecond):
						if err := r.SetFraming(Framing{Cutter: SplitFunc(splitBrackets), MaxFrameBytes: 1024 + rand.IntN(3000)}); err != nil {
							t.Error(err)
						}
					}
				}
			})
			for n := range 20 {
				c := r.dial()
				peers.Go(func() { talkInPieces(t, c.TCPConn, rand.New(rand.NewPCG(uint64(n), 1))) })
			}
			peers.Wait()
			close(stop)
			framing.Wait()
		})
	}
}

// talkInPieces sends frames, ends the stream and wants all of them back.
func talkInPieces(t *testing.T, c *net.TCPConn, random *rand.Rand) {
	var all strings.Builder
	sent := make(chan error, 1)
	go func() {
		for i := range 200 {
			frame := fmt.Sprintf("<%d%s>", i, strings.Repeat("x", random.IntN(30)*random.IntN(30)))
			all.WriteString(frame)
			for n := 0; len(frame) > 0; frame = frame[n:] {
				if n = len(frame); random.IntN(5) == 0 {
					n = 1 + random.IntN(n)
				}
				if _, err := io.WriteString(c, frame[:n]); err != nil {
					sent <- err
					return
				}
				if random.IntN(15) == 0 {
					time.Sleep(time.Duration(random.IntN(1+random.IntN(30_000))) * time.Microsecond)
				}
			}
		}
		sent <- c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if failed := <-sent; failed != nil || err != nil || string(got) != all.String() {
		t.Errorf("%d bytes came back of %d (%v, %v)", len(got), all.Len(), failed, err)
	}
}
