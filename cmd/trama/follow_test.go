package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"trama/journal"
)

// A watch goes on when the daemon is killed and another one starts: each frame is shown once, also the ones
// that came before the command asked again.
func TestAWatchGoesOnBehindAKill(t *testing.T) {
	dir := t.TempDir()
	socket := "unix:" + filepath.Join(dir, "admin.sock")
	config := withSocket(filepath.Join(dir, "admin.sock"), "")
	p := startProcessWith(t, dir, config)
	p.acknowledged(t, 12345678, 1)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	follow := func(args ...string) (out, said *logBuffer, ended chan int) {
		out, said, ended = &logBuffer{}, &logBuffer{}, make(chan int, 1)
		go func() { ended <- run(ctx, append(args, "--admin", socket), strings.NewReader(""), out, said) }()
		return out, said, ended
	}
	frames, said, framesEnded := follow("watch", "12345678", "--cursor", "0")
	events, _, eventsEnded := follow("events", "--follow")
	starts, waiting, startsEnded := follow("events", "--follow", "--kind", journal.EventStart) // nothing to show before the kill
	await(t, "the first frame", func() bool { return frames.has("#1 ") })
	p.acknowledged(t, 12345678, 2)
	await(t, "the second frame", func() bool { return frames.has("#2 ") })
	await(t, "an event", func() bool { return events.has(journal.EventOffline) })
	if !said.has("waiting for frames of 12345678") {
		t.Errorf("said %q", said)
	}

	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	await(t, "the end of the daemon", func() bool { return said.has("the daemon has ended") && waiting.has("the daemon has ended") })
	p = startProcessWith(t, dir, config)
	p.acknowledged(t, 12345678, 3)
	await(t, "a frame of the next daemon", func() bool { return frames.has("#3 ") })
	await(t, "an event of the next daemon", func() bool { return strings.Count(events.String(), journal.EventStart) == 1 })
	await(t, "the first event of a kind", func() bool { return strings.Count(starts.String(), journal.EventStart) == 1 })
	cancel()
	for _, ended := range []chan int{framesEnded, eventsEnded, startsEnded} {
		if code := <-ended; code != exitDone {
			t.Errorf("exit code %d", code)
		}
	}
	for _, number := range []string{"#1 ", "#2 ", "#3 "} {
		if n := strings.Count(frames.String(), number); n != 2 { // a line for each of its two samples
			t.Errorf("%s stands in %d lines:\n%s", number, n, frames)
		}
	}
}

// The next daemon may wait for room on the disk when it is asked.
func TestAWatchGoesOnBehindADaemonThatIsNotReady(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var asked atomic.Int32
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			_, _ = fmt.Fprintln(w, `{"id":1,"kind":"online"}`)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintln(w, `{"error":"the start waits for room"}`)
		default:
			_, _ = fmt.Fprintln(w, `{"id":2,"kind":"offline"}`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}))
	defer daemon.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(strings.Repeat("A", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, said, ended := &logBuffer{}, &logBuffer{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"events", "--follow", "--admin", daemon.URL, "--token-file", token}, strings.NewReader(""), out, said)
		cancel()
	}()
	await(t, "the event behind it, or the end", func() bool { return out.has("offline") || ctx.Err() != nil })
	cancel()
	if code := <-ended; code != exitDone || !out.has("online") || !out.has("offline") {
		t.Errorf("exit code %d\n%s\n%s", code, out, said)
	}
}

// A master that nobody knows is said at once: its frames may never come.
func TestAWatchOfAnUnknownMasterSaysSo(t *testing.T) {
	p := serve(t, twoPorts)
	ctx, cancel := context.WithCancel(context.Background())
	said, ended := &logBuffer{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"watch", "12345679", "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token")},
			strings.NewReader(""), &logBuffer{}, said)
	}()
	await(t, "what it waits for", func() bool { return said.has("unknown master", "12345679", "waiting for frames") })
	cancel()
	<-ended
}

// acknowledged has a new connection send a measurement and waits for its acknowledgement.
func (p *process) acknowledged(t *testing.T, serial, number int) {
	t.Helper()
	conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &peer{t, conn}
	c.send(fromHex(t, measurement(serial, number)))
	c.receive(27)
}
