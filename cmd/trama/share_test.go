package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cli runs a command against the process, whose files are in dir.
func (p *process) cli(dir string, args ...string) result {
	p.t.Helper()
	return command(p.t, "", append(args, "--admin", p.addresses.Admin, "--token-file", filepath.Join(dir, "data/admin.token"))...)
}

// Clients without a token take neither the descriptors of masters and journal, nor the turn of somebody with a token.
func TestStrangersAtTheAdminPortTakeNothingFromOthers(t *testing.T) {
	dir := t.TempDir()
	p := startProcessUnder(t, "ulimit -n 200;", dir, twoPorts)
	address := strings.TrimPrefix(p.addresses.Admin, "http://")
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var answered atomic.Int64
	for i := range 400 {
		clients.Go(func() {
			for ctx.Err() == nil {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				leave := context.AfterFunc(ctx, func() { _ = c.Close() })
				if i%2 == 0 { // the others say nothing
					_, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
				}
				if n, _ := io.Copy(io.Discard, c); n > 0 { // until the daemon closes it
					answered.Add(1)
				}
				leave()
				_ = c.Close()
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	defer clients.Wait()
	defer stop()
	await(t, "answers to strangers", func() bool { return answered.Load() > 400 })
	for i := range 10 {
		c := (&program{t: t, addresses: p.addresses}).dial("field")
		c.send(fromHex(t, measurement(10000001+i, 1)))
		if got := masked(c.receive(27)); got != receipt(10000001+i, 1) {
			t.Errorf("a master got %s", got)
		}
		begun := time.Now()
		p.cli(dir, "masters", fmt.Sprint(10000001+i)).want(t, 0, "online")
		if took := time.Since(begun); took > patience/4 {
			t.Errorf("a request with the token took %v", took)
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil || len(open) > 128 {
		t.Errorf("%d descriptors are open, %v", len(open), err)
	}
	if p.log.has("too many open files") {
		t.Errorf("it ran out of descriptors:\n%s", p.log)
	}
}

// Answers of many rows are written as they are read: eight at once do not need eight times their size.
func TestLongAnswersTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures the memory of a process without the race detector")
	}
	dir := t.TempDir()
	p := startProcessIn(t, dir)
	const frames = 20_000
	c := (&program{t: t, addresses: p.addresses}).dial("field")
	go func() {
		out := bufio.NewWriter(c)
		for i := range frames {
			_, _ = out.Write(fromHex(t, measurement(12345678, i+1))) // the receipts tell when it fails
		}
		_ = out.Flush()
	}()
	c.receive(27 * frames)
	token, err := os.ReadFile(filepath.Join(dir, "data/admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	before := p.memory("VmRSS")
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	paths := []string{"/api/v1/frames?limit=100000", "/api/v1/masters/12345678/values?limit=100000", "/api/v1/frames?limit=100000&newest=true",
		"/api/v1/events?limit=100000"}
	var bytes [8]int64
	var all sync.WaitGroup
	for i := range bytes {
		all.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.addresses.Admin+paths[i%len(paths)], nil)
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
			r.Close = true
			w, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Body.Close()
			text, err := io.ReadAll(w.Body)
			if err != nil || w.StatusCode != http.StatusOK && w.StatusCode != http.StatusTooManyRequests {
				t.Errorf("%s: %d, %v", paths[i%len(paths)], w.StatusCode, err)
			}
			all := regexp.MustCompile(`"position":(\d+),"received"`).FindAllSubmatch(text, -1)
			if whole := regexp.MustCompile(`\}\],"epoch":"[0-9a-f]+"\}\n$`).Match(text) && len(all) == frames; w.StatusCode == http.StatusOK && i%len(paths) == 0 && !whole {
				t.Errorf("%d of %d frames, and then %s", len(all), frames, text[max(0, len(text)-100):])
			}
			for n := 1; n < len(all) && i%len(paths) == 0; n++ {
				if before, _ := strconv.Atoi(string(all[n-1][1])); strconv.Itoa(before+1) != string(all[n][1]) {
					t.Errorf("behind frame %d stands %s", before, all[n][1])
					return
				}
			}
			bytes[i] = int64(len(text))
		})
	}
	all.Wait()
	most := p.memory("VmHWM")
	t.Logf("%d KiB before, %d KiB at most; answers of %v bytes", before, most, bytes)
	if most-before > 64<<10 {
		t.Errorf("resident memory rose by %d KiB", most-before)
	}
	if longest := slices.Max(bytes[:]); longest < 500*frames {
		t.Errorf("the longest answer has %d bytes for %d frames", longest, frames)
	}
}

// memory is a line of the process's status, in KiB.
func (p *process) memory(line string) int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	found := regexp.MustCompile(line + `:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		p.t.Fatalf("no line %s in %s", line, text)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}
