package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// smallBuffer makes the kernel take little, so that the queue of our own is what fills up.
func smallBuffer(t *testing.T, c *Conn) {
	t.Helper()
	if err := c.tcp.SetWriteBuffer(4096); err != nil {
		t.Fatal(err)
	}
}

func TestAPeerThatDoesNotReadIsClosedWhenTheQueueIsFullAndStallsNobody(t *testing.T) {
	r := start(t, Options{WriteQueueBytes: 32 << 10}, echo)
	_, c := r.connect()
	smallBuffer(t, c)
	q, _ := r.connect()
	chunk := make([]byte, 1000)
	var err error
	for n := 0; err == nil; n += len(chunk) {
		if n > 64<<20 {
			t.Fatal("the queue has no end")
		}
		begin := time.Now()
		err = c.Write(chunk)
		if took := time.Since(begin); took > standstill {
			t.Fatalf("Write took %v", took)
		}
		if s := c.Stats(); s.Queued > 32<<10 {
			t.Fatalf("%d bytes queued", s.Queued)
		}
	}
	if !errors.Is(err, ErrSlowPeer) {
		t.Errorf("error %v", err)
	}
	q.send("<well>")
	q.expect("<well>")
	r.expectReason(CloseSlowPeer)
	if s := c.Stats(); s.Unsent == 0 || s.Queued != 0 {
		t.Errorf("stats %+v", s)
	}
	if err := c.Write(chunk); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestAPeerThatDoesNotReadIsClosedAfterWriteTimeout(t *testing.T) {
	r := start(t, Options{WriteTimeout: 100 * time.Millisecond, WriteQueueBytes: 16 << 20}, echo)
	_, c := r.connect()
	smallBuffer(t, c)
	chunk := make([]byte, 1<<20)
	begin := time.Now()
	for c.Stats().Queued == 0 {
		if err := c.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	r.expectReason(CloseSlowPeer)
	if took := time.Since(begin); took < 100*time.Millisecond {
		t.Errorf("closed after %v", took)
	}
}

func TestASlowReaderGetsEverythingInOrder(t *testing.T) {
	r := start(t, Options{WriteQueueBytes: 8 << 20}, echo)
	p, c := r.connect()
	smallBuffer(t, c)
	var want bytes.Buffer
	for i := 0; want.Len() < 2<<20; i++ {
		fmt.Fprintf(&want, "<%d>", i)
	}
	go func() {
		for data := want.Bytes(); len(data) > 0; data = data[min(777, len(data)):] {
			if err := c.Write(data[:min(777, len(data))]); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(p, got); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("not what was written, error %v", err)
	}
	eventually(t, "queue empty", func() bool { return c.Stats().Queued == 0 })
	if s := c.Stats(); int(s.Sent) != want.Len() {
		t.Errorf("stats %+v", s)
	}
	// The transient writer is gone and direct writes work again.
	eventually(t, "no writer", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.draining })
	p.send("<direct>")
	p.expect("<direct>")
}

func TestWritesOfManyGoroutinesDoNotMix(t *testing.T) {
	const writers, each = 20, 200
	r := start(t, Options{WriteQueueBytes: 8 << 20}, echo)
	p, c := r.connect()
	smallBuffer(t, c)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := c.Write([]byte(fmt.Sprintf("<%02d %03d %s>", w, i, strings.Repeat("x", 100)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	last := map[int]int{}
	buf := make([]byte, 109)
	for range writers * each {
		if _, err := io.ReadFull(p, buf); err != nil {
			t.Fatal(err)
		}
		var w, i int
		if n, err := fmt.Sscanf(string(buf), "<%d %d x", &w, &i); n != 2 || buf[108] != '>' {
			t.Fatalf("mixed: %q, %v", buf, err)
		}
		if i != last[w] {
			t.Fatalf("writer %d: %d after %d", w, i, last[w])
		}
		last[w]++
	}
	wg.Wait()
}

func TestWhatIsQueuedGetsAChanceWhenWeEndAConnectionThatIsWell(t *testing.T) {
	for _, reason := range []CloseReason{CloseShutdown, CloseTakenOver, CloseKicked} {
		t.Run(reason.String(), func(t *testing.T) {
			r := start(t, Options{WriteQueueBytes: 8 << 20}, echo)
			p, c := r.connect()
			smallBuffer(t, c)
			chunk := bytes.Repeat([]byte("x"), 256<<10)
			total := 0
			for c.Stats().Queued == 0 {
				if err := c.Write(chunk); err != nil {
					t.Fatal(err)
				}
				total += len(chunk)
			}
			p.send("<not read any more>")
			c.Close(reason, "")
			if got := len(p.expectEnd()); got != total {
				t.Errorf("%d of %d bytes came", got, total)
			}
			r.expectReason(reason)
		})
	}
}

func TestTheChanceIsShortForAPeerThatDoesNotRead(t *testing.T) {
	t.Parallel() // it waits most of the time
	r := start(t, Options{WriteQueueBytes: 8 << 20}, echo)
	_, c := r.connect()
	smallBuffer(t, c)
	for c.Stats().Queued == 0 {
		if err := c.Write(make([]byte, 256<<10)); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	c.Close(CloseShutdown, "")
	r.expectReason(CloseShutdown)
	if took := time.Since(begin); took > flushGrace+standstill {
		t.Errorf("took %v", took)
	}
	if s := c.Stats(); s.Unsent == 0 {
		t.Errorf("stats %+v", s)
	}
}
