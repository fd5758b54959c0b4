//go:build faults

package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/actors/ledger"
	"trama/cmd/trama/internal/admin"
)

// told reads frames until the gateway is gone, answers each command, and returns those that came.
func (c *peer) told() (commands []string) {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	for {
		var b [27]byte
		n := 0
		for n < len(b) {
			k, err := c.Read(b[n:])
			if err != nil {
				return commands
			}
			n += k
		}
		commands = append(commands, hex.EncodeToString(b[:]))
		_, _ = c.Write(b[:]) // its answer is the same, with response code 0
	}
}

// A command is killed with the gateway at each step of its life.  The next process knows what may have been executed, sends
// none of that again, and takes the same request for the same command.
func TestAKillLeavesTheTruthOfACommand(t *testing.T) {
	for _, c := range []struct {
		at    string
		queue string // how long it waits for its master, which is away
		state ledger.State
		heard int // times that the master has it from the first process, at most
		words string
	}{
		{at: "command claimed", state: ""},
		{at: "command on disk claimed", state: ledger.Unknown, words: "may have been executed"},
		{at: "command handed over", state: ledger.Unknown, words: "may have been executed"},
		{at: "command written", state: ledger.Unknown, heard: 1, words: "may have been executed"},
		{at: "command done", state: ledger.Unknown, heard: 1, words: "may have been executed"},
		{at: "command on disk done", state: ledger.Done, heard: 1},
		{at: "command queued", queue: "1h", state: ""},
		{at: "command on disk queued", queue: "1h", state: ledger.Queued},
	} {
		t.Run(c.at, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			process, p := faulty(t, "kill "+c.at+"@1", dir)
			d := p.dial("field")
			d.reports(12345678, 1)
			body := `{"command":"A","idempotency_key":"k","wait":"20s"}`
			if c.queue != "" {
				_ = d.Close()
				await(t, "the master is away", func() bool {
					var m actors.MasterInfo
					p.get("/api/v1/masters/12345678", &m)
					return m.State != "online"
				})
				body = fmt.Sprintf(`{"command":"A","idempotency_key":"k","queue":%q,"async":true}`, c.queue)
			}
			token, err := os.ReadFile(p.file("data/admin.token"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequest(http.MethodPost, p.addresses.Admin+"/api/v1/masters/12345678/commands", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
			go func() {
				if answer, err := http.DefaultClient.Do(r); err == nil { // else: the daemon is gone
					_ = answer.Body.Close()
				}
			}()
			commands := d.told()
			if len(commands) > c.heard {
				t.Fatalf("the master heard %v", commands)
			}
			late := time.AfterFunc(patience, func() { _ = process.cmd.Process.Signal(os.Interrupt) })
			if _ = process.cmd.Wait(); !late.Stop() {
				t.Fatal("it did not come by there")
			}

			p = &program{t: t, dir: dir, log: &logBuffer{}}
			p.addresses = startProcessUnder(t, "", dir, portOf("")).addresses
			known := func() (all admin.Commands) { p.get("/api/v1/commands", &all); return all }
			d = p.dial("field")
			if c.state == ledger.Queued {
				d.reports(12345678, 2)
				d.answers(d.receive(27))
				await(t, "the outcome", func() bool { return known().Commands[0].State == ledger.Done })
			} else { // what is told the master would come behind an acknowledgement
				d.reports(12345678, 2)
				d.reports(12345678, 3)
				await(t, "what became of it", func() bool {
					all := known().Commands
					return c.state == "" && len(all) == 0 || len(all) == 1 && all[0].State == c.state && strings.Contains(all[0].Detail, c.words)
				})
			}
			if c.state == ledger.Unknown && len(commands) == 1 { // the answer that was lost comes again
				d.answers(fromHex(t, commands[0]))
				await(t, "the late answer", func() bool { now := known().Commands[0]; return now.State == ledger.Done && now.Late })
			}
			again := make(chan ledger.Command, 1)
			go func() {
				var now ledger.Command
				p.request(http.MethodPost, "/api/v1/masters/12345678/commands", body, &now)
				again <- now
			}()
			if c.state == "" { // nobody had it
				d.answers(d.receive(27))
			}
			now := <-again
			d.reports(12345678, 4)
			d.reports(12345678, 5)
			if n := len(known().Commands); n != 1 || now.Serial == "" || c.state != "" && now.ID != known().Commands[0].ID {
				t.Errorf("%d commands; asked again it is %+v", n, now)
			}
		})
	}
}

// answers sends a command back as its answer.
func (c *peer) answers(command []byte) {
	c.t.Helper()
	if !bytes.Contains(command, []byte("A")) {
		c.t.Fatalf("no command: %x", command)
	}
	c.send(command)
}
