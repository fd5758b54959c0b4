package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv(bareVariable) != "" { // startBare starts this binary
		if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// bareAddress starts a bare server inside the test.
func bareAddress(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- serveBare(ctx, "127.0.0.1:0", in) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

func TestTheBareServerEchoesHeadersHoweverTheStreamIsCut(t *testing.T) {
	c, err := net.Dial("tcp", bareAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	frame := mustHex("00250100000000123456780102036d0020261123143000000000070041ac0000")
	want := mustHex("00200100000000123456780102036d002026112314300000000007")
	go func() {
		for _, b := range frame {
			_, _ = c.Write([]byte{b})
		}
		_, _ = c.Write(bytes.Repeat(frame, 300))
	}()
	got := make([]byte, len(want)*301)
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, bytes.Repeat(want, 301)) {
		t.Errorf("error %v, begins with %x", err, got[:len(want)])
	}
}

func TestAFixedNumberOfFramesIsAcknowledgedWhole(t *testing.T) {
	for _, inFlight := range []int{1, 16} {
		l := &load{address: bareAddress(t), connections: 20, inFlight: inFlight, frames: 101, duration: 20 * time.Second, first: transactionLimit - 50}
		r, err := l.run(t.Context())
		if err != nil || r.frames != 20*101 || r.worst <= 0 || r.p99 > 2*r.worst {
			t.Errorf("%d in flight: %+v, %v", inFlight, r, err)
		}
	}
}

func TestAWrongAcknowledgementIsFound(t *testing.T) {
	good := mustHex("00200100000000100000000102036d002026112314300000000007")
	for at := range good {
		if at >= timeAt && at < transactionAt {
			continue // the server's clock
		}
		m := &master{load: &load{inFlight: 1}, shard: new(histogram), wanted: 7, answer: bytes.Clone(good)}
		m.sent = make([]atomic.Int64, 1)
		if err := m.check(good, time.Now()); err != nil {
			t.Fatal(err)
		}
		m.wanted = 7
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if err := m.check(bad, time.Now()); err == nil {
			t.Errorf("byte %d changed and not noticed", at)
		}
	}
}

func TestTheTableComesOutWithTheBareServerAgainstItself(t *testing.T) {
	var out bytes.Buffer
	args := strings.Fields("-server bare -c 5,10 -f 1,16 -rounds 1 -warm-up 10ms -duration 100ms")
	if err := run(t.Context(), args, nil, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(rows) != 8 || !strings.HasPrefix(rows[4], "| 5 | 1 | ") || !strings.HasPrefix(rows[7], "| 10 | 16 | ") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestIdleMastersAreMeasured(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), strings.Fields("-server bare -idle 100 -settle 1ms"), nil, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "bytes per connection") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestGoodMastersAreMeasuredBesideAFlood(t *testing.T) {
	var out bytes.Buffer
	args := []string{"-server", "bare", "-strangers", "2000", "-rounds", "2", "-warm-up", "10ms", "-duration", "200ms"}
	if err := run(t.Context(), args, strings.NewReader(""), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"100 good masters", "2000 frames a second of serials that are made up", "ratio of p99: median"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, &out)
		}
	}
}

func TestPollsAreMeasured(t *testing.T) {
	var out bytes.Buffer
	args := strings.Fields("-polls 20 -every 1s -memory -settle 3s -rounds 2 -warm-up 10ms -duration 1s")
	if err := run(t.Context(), args, nil, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"20 masters, each polled every 1s", "(20 due)", "100 good masters", "ratio of p99 in a pair: median"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, &out)
		}
	}
}

func TestBadFlagsAreRefused(t *testing.T) {
	for _, args := range []string{"-c 0", "-c x", "-f ,", "-rounds 0", "-server other", "-commands 10 -server bare", "-polls 10 -server bare", "-load 192.0.2.1:1", "-bare -listen :0", "surplus", "-nonsense"} {
		if err := run(t.Context(), strings.Fields(args), nil, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}

func TestBucketsLeaveNoGap(t *testing.T) {
	for us := range uint64(1_000_000) {
		if i := bucket(us); us < bucketStart(i) || us >= bucketStart(i+1) {
			t.Fatalf("%d falls into bucket %d, which is %d…%d", us, i, bucketStart(i), bucketStart(i+1))
		}
	}
	var h histogram
	for i := range 1000 {
		h.record(time.Duration(i+1) * time.Millisecond)
	}
	if q := h.quantile(0.99); q < 990*time.Millisecond || q > 1025*time.Millisecond {
		t.Errorf("p99 %v", q)
	}
}
