//go:build fulldisk

// A file system of its own is mounted for each of these tests: make fulldisk.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/sqlite"
)

// small is a daemon whose journal has a file system of its own.
type small struct {
	t *testing.T
	*process
	dir, disk string
	config    string
}

func onSmallDisk(t *testing.T, mib int, more string) *small {
	t.Helper()
	s := &small{t: t, dir: t.TempDir(), disk: t.TempDir()}
	if err := syscall.Mount("none", s.disk, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(s.disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s.config = fmt.Sprintf("[admin]\nlisten = %q\n[[listener]]\nname = \"field\"\naddress = \"127.0.0.1:0\"\nprofile = \"extended\"\n[journal]\npath = %q\n%s",
		"unix:"+filepath.Join(s.dir, "socket"), filepath.Join(s.disk, "journal.db"), more)
	s.launch()
	s.awaitAddresses()
	return s
}

func (s *small) launch() {
	s.t.Helper()
	s.process = launch(s.t, "", s.dir, s.config)
}

func (s *small) dial() *peer {
	s.t.Helper()
	return (&program{t: s.t, addresses: s.addresses}).dial("field")
}

// get asks over the socket.
func (s *small) get(path string, into any) (code int) {
	s.t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(s.dir, "socket"))
	}}}
	r, err := client.Get("http://localhost" + path)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	if into != nil {
		if err := json.NewDecoder(r.Body).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
	return r.StatusCode
}

func (s *small) brief() (b journal.Brief) {
	s.t.Helper()
	s.get("/api/v1/journal", &b)
	return b
}

// fill takes the rest of the disk, to the last page.
func (s *small) fill(name string) {
	s.t.Helper()
	f, err := os.Create(filepath.Join(s.disk, name))
	if err != nil {
		s.t.Fatal(err)
	}
	for part := make([]byte, 4096); err == nil; {
		_, err = f.Write(part)
	}
	_ = f.Close()
}

func (s *small) giveBack(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(s.disk, name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// within waits for a code of /readyz, and fails when it takes too long.
func (s *small) within(most time.Duration, code int) {
	s.t.Helper()
	begun := time.Now()
	await(s.t, fmt.Sprint("readyz ", code), func() bool { return s.get("/readyz", nil) == code })
	if took := time.Since(begun); took > most {
		s.t.Errorf("it took %v until readyz said %d", took, code)
	}
	if live := s.get("/livez", nil); live != http.StatusOK {
		s.t.Errorf("livez: %d", live)
	}
}

// refuses sends a frame that must not be acknowledged.
func (s *small) refuses(number int) {
	s.t.Helper()
	before := s.rejected()
	s.dial().send(fromHex(s.t, frameOf(12345678, number, 1)))
	await(s.t, "the frame is refused", func() bool { return s.rejected() > before })
}

func (s *small) rejected() uint64 {
	var totals struct {
		Rejected map[string]uint64 `json:"rejected"`
	}
	s.get("/api/v1/totals", &totals)
	return totals.Rejected[journal.ErrFull.Error()]
}

// has verifies the journal of a daemon that has ended.
func (s *small) has(frames int) {
	s.t.Helper()
	r, err := sqlite.Verify(s.t.Context(), filepath.Join(s.disk, "journal.db"))
	if err != nil || len(r.Damage) > 0 || r.Frames != uint64(frames) {
		s.t.Errorf("%d frames were acknowledged; %+v, %v", frames, r, err)
	}
}

func TestFullDiskEndsNothing(t *testing.T) {
	s := onSmallDisk(t, 40, "")
	s.dial().ask(12345678, 1, 2, 3)
	await(t, "the ballast", func() bool { return len(files(t, s.disk)) > 1<<20 })
	s.fill("a")
	s.within(5*time.Second, http.StatusServiceUnavailable)
	time.Sleep(3 * time.Second) // checkpoints, sweeps, looks
	s.fill("b")
	s.refuses(4)
	s.signal(syscall.SIGKILL)
	_ = s.cmd.Wait() // it was killed
	for _, more := range []string{"c", "d"} {
		s.fill(more)
		s.launch()
		s.within(5*time.Second, http.StatusServiceUnavailable)
		s.signal(syscall.SIGTERM)
		s.wait()
	}
	s.launch()
	s.within(5*time.Second, http.StatusServiceUnavailable)
	s.giveBack("a", "b", "c", "d")
	s.within(5*time.Second, http.StatusOK)
	s.awaitAddresses()
	s.dial().ask(12345678, 4, 5)
	s.signal(syscall.SIGTERM)
	if code := s.wait(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, s.log)
	}
	s.has(5)
}

func TestFullDiskWithoutRoomForAStart(t *testing.T) {
	s := onSmallDisk(t, 40, "")
	s.dial().ask(12345678, 1, 2, 3)
	await(t, "the ballast", func() bool { return len(files(t, s.disk)) > 1<<20 })
	s.signal(syscall.SIGTERM)
	s.wait()
	s.giveBack("journal.db-ballast")
	s.fill("a")
	s.launch()
	s.within(5*time.Second, http.StatusServiceUnavailable)
	var problem struct{ Error string }
	if code := s.get("/api/v1/masters", &problem); code != http.StatusServiceUnavailable || problem.Error == "" {
		t.Errorf("masters: %d %+v", code, problem)
	}
	s.giveBack("a")
	s.within(5*time.Second, http.StatusOK)
	s.awaitAddresses()
	s.dial().ask(12345678, 4)
	s.signal(syscall.SIGTERM)
	s.wait()
	s.has(4)
}

// A burst on a disk that is far too small, where disk_limit is no protection, ends nothing.
func TestFullDiskByABurst(t *testing.T) {
	for _, mib := range []int{4, 24} {
		t.Run(fmt.Sprint(mib, " MiB"), func(t *testing.T) {
			s := onSmallDisk(t, mib, "disk_limit = 100\nframes_mib = 0\n") // nothing is deleted to make room
			const window = 50
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var acknowledged atomic.Int64
			var senders sync.WaitGroup
			for serial := 10000001; serial <= 10000020; serial++ {
				senders.Go(func() {
					for n := 1; ctx.Err() == nil; {
						c := s.dial()
						stopped := context.AfterFunc(ctx, func() { _ = c.Close() })
						for got := window * 27; got == window*27; n += window {
							var batch []byte
							for i := range window {
								now := time.Now().Format("200601021504") // a clock that is wrong would be set: 27 bytes more
								batch = append(batch, fromHex(t, strings.Replace(frameOf(serial, n+i, 1), minuteOfFrames, now, 1))...)
							}
							_, _ = c.Write(batch) // the read says what came of it
							_ = c.SetReadDeadline(time.Now().Add(time.Second))
							got, _ = io.ReadFull(c, make([]byte, window*27))
							acknowledged.Add(int64(got / 27))
						}
						stopped()
						_ = c.Close()
					}
				})
			}
			for full := 0; full < 3; time.Sleep(time.Second) {
				if full++; !s.brief().Full {
					full = 0
				}
			}
			stop()
			senders.Wait()
			all, b := int(acknowledged.Load()), s.brief()
			if !b.Full || b.Failure != "" {
				t.Errorf("%+v\n%s", b, s.log)
			}
			s.signal(syscall.SIGTERM)
			if code := s.wait(); code != exitDone {
				t.Errorf("exit code %d\n%s", code, s.log)
			}
			r, err := sqlite.Verify(t.Context(), filepath.Join(s.disk, "journal.db"))
			if err != nil || len(r.Damage) > 0 || r.Frames < uint64(all) || all == 0 {
				t.Errorf("%d frames were acknowledged; %+v, %v", all, r, err)
			}
			t.Logf("%d frames acknowledged", all)
		})
	}
}
