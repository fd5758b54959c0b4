package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	soakConnections = 5000
	flapShortest    = 2 * time.Second // how long a master stays connected, and away
	flapLongest     = 20 * time.Second
	soakLook        = 15 * time.Second
	soakSettle      = 30 * time.Second
)

// vitals is what the daemon says of itself, from /metrics.
type vitals struct {
	at                             time.Duration
	rss, heap                      float64 // MiB
	goroutines, descriptors        float64
	connections, masters           float64
	frames, stored, again, refused float64
}

// runSoak has masters come and go: each connects, sends some frames, waits for their acknowledgements, stays quiet for
// a while, and leaves: in order, by reset, or with half a frame.  Before, meanwhile and after it looks at the daemon.
func (s *settings) runSoak(ctx context.Context) error {
	connections := soakConnections
	if len(s.connections) > 0 {
		connections = s.connections[0]
	}
	srv, cleanup, err := s.startMeasured(ctx, 0)
	if err != nil {
		return err
	}
	defer cleanup()
	if srv.admin == "" {
		return errors.New("only the daemon can be soaked")
	}
	base, err := srv.vitals(ctx, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%d masters that come and go for %v\n\n", connections, s.soak)
	fmt.Fprintln(s.stdout, "| after | resident MiB | heap MiB | goroutines | descriptors | connections | masters | frames | stored | resends |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	fmt.Fprintln(s.stdout, base)
	flapping, stop := context.WithTimeout(ctx, s.soak)
	defer stop()
	var wg sync.WaitGroup
	var acked, wrong atomic.Uint64
	for i := range connections {
		wg.Go(func() {
			f := flapper{address: srv.address, frame: frameOf(firstSerial + uint64(i)), number: firstTransaction(),
				acked: &acked, wrong: &wrong}
			f.run(flapping)
		})
	}
	begun := time.Now()
	var seen []vitals
	look := time.NewTicker(soakLook)
	defer look.Stop()
	shown := 0
	for flapping.Err() == nil {
		select {
		case <-look.C:
		case <-flapping.Done():
			continue
		case <-srv.ended:
			return srv.alive()
		}
		v, err := srv.vitals(ctx, time.Since(begun))
		if err != nil {
			return err
		}
		seen = append(seen, v)
		if n := int(v.at * 20 / s.soak); n >= shown { // some twenty rows
			shown = n + 1
			fmt.Fprintln(s.stdout, v)
		}
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	time.Sleep(soakSettle)
	end, err := srv.vitals(ctx, time.Since(begun))
	if err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, end)
	fmt.Fprintf(s.stdout, "\n%d acknowledgements, %d wrong ones; resident memory of the second half: %s\n",
		acked.Load(), wrong.Load(), trend(seen))
	return soakVerdict(base, end, acked.Load(), wrong.Load())
}

// soakVerdict is an error when something of the masters stayed behind.
func soakVerdict(base, end vitals, acked, wrong uint64) error {
	switch {
	case end.connections != 0:
		return fmt.Errorf("%.0f connections are left", end.connections)
	case end.descriptors > base.descriptors+8: // the journal's readers have come meanwhile
		return fmt.Errorf("%.0f descriptors, %.0f before", end.descriptors, base.descriptors)
	case end.goroutines > base.goroutines+16:
		return fmt.Errorf("%.0f goroutines, %.0f before", end.goroutines, base.goroutines)
	case wrong > 0 || acked == 0:
		return fmt.Errorf("%d acknowledgements, %d wrong ones", acked, wrong)
	case end.frames != end.stored+end.again+end.refused:
		return fmt.Errorf("the account does not balance: %.0f frames, %.0f stored, %.0f resends, %.0f refused",
			end.frames, end.stored, end.again, end.refused)
	}
	return nil
}

// trend is how resident memory changed over the second half, by the mean of its quarters.
func trend(seen []vitals) string {
	half := seen[len(seen)/2:]
	if len(half) < 4 {
		return "too short to say"
	}
	mean := func(v []vitals) (m float64) {
		for _, each := range v {
			m += each.rss / float64(len(v))
		}
		return m
	}
	first, last := mean(half[:len(half)/2]), mean(half[len(half)/2:])
	return fmt.Sprintf("%.1f MiB, then %.1f MiB (%+.1f %%)", first, last, 100*(last-first)/first)
}

// String is a row of the table.
func (v vitals) String() string {
	return fmt.Sprintf("| %v | %.1f | %.1f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f |", v.at.Round(time.Second),
		v.rss, v.heap, v.goroutines, v.descriptors,
		v.connections, v.masters, v.frames, v.stored, v.again)
}

// vitals reads /metrics.
func (s *server) vitals(ctx context.Context, at time.Duration) (vitals, error) {
	w, err := s.call(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return vitals{}, err
	}
	defer w.Body.Close()
	sums := map[string]float64{}
	lines := bufio.NewScanner(w.Body)
	for lines.Scan() {
		name, value, found := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); found && err == nil {
			name, _, _ = strings.Cut(name, "{")
			sums[name] += n
		}
	}
	const mib = 1 << 20
	return vitals{
		at: at, rss: sums["process_resident_memory_bytes"] / mib, heap: sums["go_memstats_heap_alloc_bytes"] / mib,
		goroutines:  sums["go_goroutines"],
		descriptors: sums["process_open_fds"], connections: sums["trama_connections"], masters: sums["trama_masters"],
		frames: sums["trama_frames_total"],
		stored: sums["trama_stored_total"], again: sums["trama_duplicates_total"],
		refused: sums["trama_rejected_total"] + sums["trama_poisoned_total"],
	}, lines.Err()
}

// call asks the admin endpoint as an administrator.
func (s *server) call(ctx context.Context, method, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.admin+path, nil)
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(s.cmd.Dir, "admin.token"))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	w, err := http.DefaultClient.Do(r)
	if err == nil && w.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s %s: %s", method, path, w.Status), w.Body.Close())
	}
	return w, err
}

// flapper is one master that comes and goes.
type flapper struct {
	address      string
	frame        []byte
	number       uint64
	open         bool // the frame was sent, perhaps, and not acknowledged
	acked, wrong *atomic.Uint64
}

func (f *flapper) run(ctx context.Context) {
	pause(ctx, rand.N(flapLongest))
	for ctx.Err() == nil {
		f.visit(ctx)
		pause(ctx, flapShortest+rand.N(flapLongest-flapShortest))
	}
}

// pause waits, but not beyond ctx.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (f *flapper) visit(ctx context.Context) {
	d := net.Dialer{KeepAlive: -1, Timeout: 20 * time.Second}
	c, err := d.DialContext(ctx, "tcp", f.address)
	if err != nil {
		return // the daemon may have no descriptors left: its counters tell
	}
	defer abandon(c)
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	answer := make([]byte, headerBytes)
	for range 1 + rand.IntN(3) {
		if !f.open {
			copy(f.frame[timeAt:], mustHex(time.Now().Format("20060102150405")))
			putBCD(f.frame[transactionAt:transactionAt+4], f.number%transactionLimit)
			f.open = true
		}
		if _, err := c.Write(f.frame); err != nil {
			return
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return // it is sent again with the next visit: a resend, if it was stored
		}
		if !bytes.Equal(answer[transactionAt:], f.frame[transactionAt:headerBytes]) {
			f.wrong.Add(1)
			return
		}
		f.acked.Add(1)
		f.number++
		f.open = false
	}
	pause(ctx, flapShortest+rand.N(flapLongest-flapShortest))
	switch rand.IntN(3) {
	case 0:
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = c.Read(answer)
	case 1:
		_, _ = c.Write(f.frame[:rand.IntN(len(f.frame))]) // half a frame, then a reset
	}
}
