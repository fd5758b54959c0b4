package transport

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

func TestTwoHundredConnectionsAtOnce(t *testing.T) {
	const peers, frames = 200, 50
	r := start(t, Options{}, echo)
	var wg sync.WaitGroup
	for i := range peers {
		p := r.dial()
		wg.Go(func() {
			got := make([]byte, 0, 64)
			for j := range frames {
				frame := fmt.Sprintf("<c%df%d>", i, j)
				if _, err := io.WriteString(p, frame); err != nil {
					t.Error(err)
					return
				}
				got = got[:len(frame)]
				if _, err := io.ReadFull(p, got); err != nil || string(got) != frame {
					t.Errorf("got %q, want %q, error %v", got, frame, err)
					return
				}
			}
			_ = p.Close()
		})
	}
	wg.Wait()
	for range peers {
		r.expectReason(ClosePeer)
	}
	eventually(t, "all have ended", func() bool { return r.Stats().Live == 0 })
	if s := r.Stats(); s.Frames != peers*frames || s.Sent != s.InFrames || s.Closed[ClosePeer] != peers {
		t.Errorf("stats %+v", s)
	}
}

func TestTheAccountAddsUpAtEveryMoment(t *testing.T) {
	r := start(t, Options{}, echo)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		p, c := r.connect()
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := io.WriteString(p, "<a>-<bcd"[:1+i%8]); err != nil {
					return
				}
			}
		})
		wg.Go(func() { _, _ = io.Copy(io.Discard, p) })
		wg.Go(func() {
			for range 2000 {
				if s := c.Stats(); s.Received != s.InFrames+s.Skipped+s.Pending+s.CutOff {
					t.Errorf("does not add up: %+v", s)
				}
				if s := r.Stats(); s.Received != s.InFrames+s.Skipped+s.Pending+s.CutOff {
					t.Errorf("does not add up: %+v", s)
				}
			}
			c.Close(CloseKicked, "")
		})
	}
	for range 4 {
		r.expectReason(CloseKicked)
	}
	close(stop)
	wg.Wait()
}

// pingPong returns a function that sends a stream of whole frames and reads the answer.
func pingPong(tb testing.TB, stream []byte) (once func(), end func()) {
	l, err := Listen(tb.Context(), Options{Address: "127.0.0.1:0", Cutter: SplitFunc(splitBrackets)})
	if err != nil {
		tb.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		_ = l.Serve(func(c *Conn) {
			running.Add(1)
			c.Start(func(b *Batch) {
				_ = c.Write(b.Frames[len(b.Frames)-1])
				b.Release()
			}, running.Done)
		})
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	last := stream[bytes.LastIndexByte(stream, '<'):]
	answer := make([]byte, len(last))
	return func() {
			if _, err := c.Write(stream); err != nil {
				tb.Fatal(err)
			}
			if _, err := io.ReadFull(c, answer); err != nil || !bytes.Equal(answer, last) {
				tb.Fatalf("%q, %v", answer, err)
			}
		}, func() {
			_ = c.Close()
			_ = l.Close()
			running.Wait()
		}
}

func TestReadingDeliveringWritingAndReleasingAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	for name, stream := range map[string]string{"one frame": "<abc>", "sixteen frames": "<0><1><2><3><4><5><6><7><8><9><a><b><c><d><e><f>"} {
		once, end := pingPong(t, []byte(stream))
		once()
		if n := testing.AllocsPerRun(2000, once); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		end()
	}
}

func BenchmarkPingPong(b *testing.B) {
	for name, stream := range map[string]string{"1": "<abc>", "16": "<0><1><2><3><4><5><6><7><8><9><a><b><c><d><e><f>"} {
		b.Run(name, func(b *testing.B) {
			once, end := pingPong(b, []byte(stream))
			defer end()
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
		})
	}
	b.Run("bare", func(b *testing.B) { // the same exchange without this package
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
		if err != nil {
			b.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 4096)
			for {
				n, err := s.Read(buf)
				if err != nil {
					return
				}
				_, _ = s.Write(buf[:n])
			}
		}()
		buf := make([]byte, 5)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = c.Write([]byte("<abc>"))
			_, _ = io.ReadFull(c, buf)
		}
		_ = c.Close()
		<-done
		_ = s.Close()
	})
}
