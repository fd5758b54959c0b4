package main

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// obey has a master answer one command of a letter that comes while do goes on.
func (c *peer) obey(letter string, do func()) {
	c.t.Helper()
	var answered sync.WaitGroup
	answered.Go(func() {
		head := c.receive(2)
		frame := append(head, c.receive(int(head[1])-7)...) // ML counts five bytes more than there are
		if got := string(frame[14]); got != letter {
			c.t.Errorf("the master got %x, want a command %s", frame, letter)
		}
		answer, err := hex.DecodeString("0020" + hex.EncodeToString(frame[2:27]))
		if err != nil {
			c.t.Error(err)
		}
		if _, err := c.Write(answer); err != nil {
			c.t.Error(err)
		}
	})
	do()
	answered.Wait()
}

// The outcome of a command is one line with its numbers, and an exit code.
func TestSendEndsWithTheOutcome(t *testing.T) {
	p := serveWith(t, twoPorts+"[masters]\nfile = \"masters.toml\"\n", map[string]string{"masters.toml": "[[master]]\nserial = \"32345678\"\n"})
	master := p.dial("field")
	master.ask(12345678, 1)
	master.obey("E", func() {
		p.cli("send", "12345678", "E", "LS=05").want(t, exitDone, "done: 12345678 answered E in ", "(command 1, transaction ")
	})
	p.cli("send", "12345678", "E", "LS=05", "--wait", "2s").want(t, exitUnknown, "command 2 to 12345678: sent",
		"unknown: E was sent to 12345678: no answer within 2s: it may have been executed (command 2, transaction ")
	p.cli("send", "32345678", "E", "LS=05").want(t, exitNotSent, "master is offline: 32345678 (never seen)")
	p.cli("send", "12345678", "E").want(t, exitUsage, "slaves: missing")
	p.cli("send", "99999999", "E", "LS=05").want(t, exitFailed, `unknown master: "99999999"`, "has its device dialled in?")
	p.cli("send", "12345678", "E", "LS=05", "--queue", "10").want(t, exitUsage, `--queue: found "10"`)
	p.cli("send", "12345678", "E", "LS=05", "--queue", "1ms").want(t, exitUsage, "--queue: found 1ms, allowed 1s to 30d")

	p.cli("commands").want(t, exitDone, "set-slaves LS=05", "done", "unknown", "it may have been executed")
	p.cli("commands", "12345678", "--state", "unknown", "--json").want(t, exitDone, `"id": 2`)
	if r := p.cli("commands", "--state", "done"); strings.Count(r.stdout, "\n") != 2 || r.code != exitDone {
		t.Errorf("%d %s%s", r.code, r.stdout, r.stderr)
	}
	p.cli("commands", "--open").want(t, exitDone, "no command fits")
	p.cli("commands", "--state", "dun").want(t, exitUsage, `did you mean "done"?`)
	p.cli("commands", "99999999").want(t, exitFailed, "unknown master")
	p.cli("command", "1").want(t, exitDone, "set-slaves LS=05", "by local from 127.0.0.1:", "response", "claimed", "sent", "45 00 ")
	p.cli("command", "9").want(t, exitFailed, "unknown command: 9")
	p.cli("command", "x").want(t, exitUsage, "not the number of a command")
	p.cli("cancel", "1").want(t, exitFailed, "it is done")
	changes := p.cli("events", "12345678", "--kind", "change", "--wide").stdout // a number is told of no command that nobody finds
	if strings.Count(changes, "  failed: 422 bad command") != 1 || strings.Count(changes, "  command ") != 2 {
		t.Errorf("changes:\n%s", changes)
	}
}

// A command that goes to many masters is made for all of them first, and the worst outcome is the exit code.
func TestSendToManyMasters(t *testing.T) {
	t.Parallel()
	p := serveWith(t, twoPorts+"[masters]\nfile = \"masters.toml\"\n", map[string]string{"masters.toml": `
[[master]]
serial = "12345678"
site = "north"
[[master]]
serial = "12345679"
site = "north"
tags = ["away"]
[[master]]
serial = "22345678"
site = "south"
`})
	near, far := p.dial("field"), p.dial("field")
	near.ask(12345678, 1)
	far.ask(22345678, 1)
	p.cli("send", "--all", "E").want(t, exitUsage, "12345678: bad command", "slaves: missing", "nothing was sent")
	p.cli("send", "--all", "E", "LS=05").want(t, exitUsage, "E LS=05 to 3 masters, 1 of them offline: --yes is missing; nothing was sent")
	p.cli("send", "--site", "nowhere", "E", "LS=05").want(t, exitFailed, "no master is chosen")
	p.cli("send", "--all").want(t, exitUsage, "COMMAND")
	p.cli("send", "--site", "", "--tag", "away", "E", "LS=05", "--yes").want(t, exitUsage, "--site: its value is empty")
	p.cli("send", "--site", "north", "E", "LS=05", "--dry-run").want(t, exitDone, "SERIAL", "12345678", "4500", "12345679", "offline")
	p.cli("commands").want(t, exitDone, "no command fits")
	near.obey("E", func() {
		far.obey("E", func() {
			p.cli("send", "--all", "E", "LS=05", "--yes").want(t, exitNotSent, "done: 12345678 answered E", "not sent: 12345679: master is offline",
				"done: 22345678 answered E", "3 masters: 2 done, 1 not sent")
		})
	})
	near.obey("E", func() {
		p.cli("send", "--prefix", "12", "E", "LS=05", "--yes", "--json").want(t, exitNotSent, `"state": "done"`, `"error": "master is offline`)
	})
	near.obey("E", func() { // the far one is silent
		p.cli("send", "--all", "E", "LS=05", "--yes", "--wait", "2s").want(t, exitUnknown, "3 masters: 1 done, 1 unknown, 1 not sent")
	})
}

// Commands that wait for a master that is away are listed, and withdrawn one by one or all at once; the others are sent.
func TestQueuedCommandsAreWithdrawn(t *testing.T) {
	p := serve(t, twoPorts)
	master := p.dial("field")
	master.ask(12345678, 1)
	_ = master.Close()
	await(t, "its end", func() bool { return len(p.masters()["12345678"].Links) == 0 })
	p.cli("cancel", "--master", "12345678").want(t, exitDone, "no command waits for 12345678")
	if r := p.cli("cancel", "--master", "99999999"); r.code != exitFailed || strings.Contains(r.stderr, "no command waits") || !strings.Contains(r.stderr, "unknown master") {
		t.Errorf("%d %s%s", r.code, r.stdout, r.stderr)
	}
	p.cli("cancel", "1", "--master", "12345678").want(t, exitUsage, "one argument too many")
	for range 3 {
		p.cli("send", "12345678", "E", "LS=05", "--queue", "1h", "--wait", "50ms").want(t, exitDone, "queued: E for 12345678: it waits for its master until ")
	}
	p.cli("send", "12345678", "E", "LS=07", "--queue", "1h", "--wait", "50ms", "--key", "k").want(t, exitDone, "(command 4")
	p.cli("send", "12345678", "E", "LS=07", "--queue", "1h", "--wait", "50ms", "--key", "k").want(t, exitDone, "(command 4")
	p.cli("cancel", "2").want(t, exitDone, "command 2 is cancelled: set-slaves LS=05 was not sent to 12345678")
	p.cli("cancel", "2", "1").want(t, exitFailed, "it is cancelled", "command 1 is cancelled")
	p.cli("commands", "--open").want(t, exitDone, " 3  ", " 4  ")
	p.cli("command", "2").want(t, exitDone, "cancelled", "by local")
	p.cli("cancel", "3", "--json").want(t, exitDone, `"state":"cancelled"`)
	master = p.dial("field")
	master.ask(12345678, 2)
	master.obey("E", func() {})
	await(t, "the one that is left", func() bool { return strings.Contains(p.cli("command", "4").stdout, "done") })
	p.cli("send", "12345678", "E", "LS=05", "--queue", "1h", "--wait", "50ms", "--listener", "compact").want(t, exitDone, "queued")
	p.cli("cancel", "--master", "12345678").want(t, exitDone, "command 5 is cancelled")
	p.cli("commands", "--open").want(t, exitDone, "no command fits")
}

// fakeDaemon answers as told, one answer after the other and the last one again; a status of 0 ends the connection.
func fakeDaemon(t *testing.T, answers ...fakeAnswer) (base []string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex // guards requests
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/masters/12345678" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		mu.Lock()
		requests = append(requests, r.Method+" "+r.URL.RequestURI())
		now := answers[min(len(requests), len(answers))-1]
		mu.Unlock()
		switch now.status {
		case 0:
			panic(http.ErrAbortHandler)
		case -1:
			<-r.Context().Done()
		default:
			w.WriteHeader(now.status)
			_, _ = io.WriteString(w, now.text)
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(strings.Repeat("A", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--admin", server.URL, "--token-file", file}, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(requests)
	}
}

type fakeAnswer struct {
	status int // -1: it comes never
	text   string
}

const (
	sentCommand = `{"id":7,"serial":"12345678","command":"O","state":"sent","asked":"2026-11-30T12:00:00Z","changes":[{"at":"2026-11-30T12:00:00Z","state":"queued"},{"at":"2026-11-30T12:00:00Z","state":"sent"}]}`
	doneCommand = `{"id":7,"serial":"12345678","command":"O","state":"done","outcome":"done","asked":"2026-11-30T12:00:00Z","ended":"2026-11-30T12:00:01Z","elapsed_ms":1000}`
)

// The wait for a command goes on by its number when the daemon ends and another one starts.
func TestSendGoesOnWithTheNextDaemon(t *testing.T) {
	base, asked := fakeDaemon(t, fakeAnswer{202, sentCommand}, fakeAnswer{}, fakeAnswer{503, `{"error":"the start waits for room"}`}, fakeAnswer{200, doneCommand})
	command(t, "", append([]string{"send", "12345678", "O"}, base...)...).want(t, exitDone,
		"trama: the daemon has ended; command 7 goes on with the next one, and trama command 7 tells its outcome", "done: 12345678 answered O in 1s (command 7)")
	want := []string{"POST /api/v1/masters/12345678/commands"}
	for range 3 {
		want = append(want, "GET /api/v1/commands/7?after=2&wait=30s")
	}
	if got := asked(); !slices.Equal(got, want) {
		t.Errorf("asked %q\nwant  %q", got, want)
	}
}

// A daemon that ends before it has said whether it took the command leaves that open, and so does the program.
func TestSendSaysThatNobodyKnowsWhetherItWasTaken(t *testing.T) {
	base, _ := fakeDaemon(t, fakeAnswer{})
	command(t, "", append([]string{"send", "12345678", "O"}, base...)...).want(t, exitFailed, "it has ended the connection before it answered; whether it took the command tells: trama commands 12345678")
}

// An interrupted wait says that the command goes on.
func TestSendInterruptedTellsHowToLook(t *testing.T) {
	base, asked := fakeDaemon(t, fakeAnswer{202, sentCommand}, fakeAnswer{-1, ""})
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	said, ended := &logBuffer{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"send", "12345678", "O", "--wait", "5m"}, base...), strings.NewReader(""), said, said)
	}()
	await(t, "the wait", func() bool { return len(asked()) == 2 })
	interrupt()
	if code := <-ended; code != exitFailed || !said.has("command 7 to 12345678: sent\n", "interrupted: command 7 goes on: trama command 7 tells its outcome") {
		t.Errorf("%d: %s", code, said)
	}
}

// A command that may wait for its master is followed while --wait lasts, and then left in the queue.
func TestSendLeavesAQueuedCommand(t *testing.T) {
	queued := strings.Replace(strings.Replace(sentCommand, `"state":"sent","asked"`, `"state":"queued","queue":true,"expires":"2026-11-30T18:00:00Z","asked"`, 1), `,{"at":"2026-11-30T12:00:00Z","state":"sent"}`, "", 1)
	base, _ := fakeDaemon(t, fakeAnswer{202, queued}, fakeAnswer{200, queued})
	command(t, "", append([]string{"send", "12345678", "O", "--queue", "6h", "--wait", "50ms"}, base...)...).want(t, exitDone,
		"queued: O for 12345678: it waits for its master until 2026-11-30 ", "(command 7)")
}
