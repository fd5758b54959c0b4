package main

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// On a terminal a command that is never sent twice is asked about, and its course is one line that changes.
func TestSendAsksOnATerminal(t *testing.T) {
	never, _, _ := strings.Cut(edited(t, `name      = "set-slaves"`, "name = \"set-slaves\"\nclass = \"never\""), "[[example]]")
	p := serveWith(t, strings.Replace(twoPorts, `profile = "extended"`, `profile = "never.toml"`, 1), map[string]string{"never.toml": never})
	master := p.dial("field")
	master.ask(12345678, 1)
	ended := func(typed string, course func(seen *logBuffer), args []string, code int, words ...string) {
		t.Helper()
		program, keys, seen := pty(t, 60, 24)
		cmd := exec.Command(os.Args[0], append(args, "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token"))...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
		cmd.Env = append(os.Environ(), programVariable+"=1", "TERM=xterm")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if typed != "" {
			await(t, "the question", func() bool { return seen.has("Send it? [y/N]") })
			if _, err := io.WriteString(keys, typed); err != nil {
				t.Fatal(err)
			}
		}
		if course != nil {
			course(seen)
		}
		_ = cmd.Wait() // the exit code says it
		for _, w := range words {
			await(t, w, func() bool { return seen.has(w) }) // the terminal passes it on a moment later
		}
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("exit code %d, want %d: %q", got, code, seen)
		}
	}
	e := []string{"send", "12345678", "E", "LS=05"}
	ended("n\n", nil, e, exitNotSent, " to 12345678: nothing sends it twice", "nothing was sent")
	p.cli("commands").want(t, exitDone, "no command fits")
	master.obey("E", func() { ended("y\n", nil, e, exitDone, "done: 12345678 answered E") })
	ended("n\n", nil, []string{"send", "--all", "A"}, exitNotSent, "A to 1 master.  Send it? [y/N]", "nothing was sent")
	counts := regexp.MustCompile("\r\x1b\\[Kcommand 2 to 12345678: sent [1-9][0-9]*s ago")
	ended("", func(seen *logBuffer) {
		await(t, "the seconds", func() bool { return counts.MatchString(seen.String()) })
		_ = master.Close()
	}, append(e, "--yes", "--wait", "5m"), exitUnknown, "\r\x1b[Kunknown: E was sent to 12345678")
}

// A daemon that is killed while a command waits for its answer leaves it unknown: the program hears so of the next one.
func TestSendGoesOnBehindAKill(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "admin.sock")
	p := startProcessWith(t, dir, withSocket(socket, ""))
	conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
	if err != nil {
		t.Fatal(err)
	}
	master := &peer{t, conn}
	t.Cleanup(func() { _ = conn.Close() })
	master.ask(12345678, 1)
	said, ended := &logBuffer{}, make(chan int, 1)
	go func() {
		ended <- run(context.Background(), []string{"send", "12345678", "E", "LS=05", "--wait", "5m", "--admin", "unix:" + socket}, strings.NewReader(""), said, said)
	}()
	master.receive(28)
	await(t, "the course", func() bool { return said.has("to 12345678: sent") })
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	await(t, "the word of the end", func() bool { return said.has("the daemon has ended; command ") })
	p = startProcessWith(t, dir, withSocket(socket, ""))
	if code := <-ended; code != exitUnknown || !said.has("\nunknown: E was sent to 12345678: the gateway ended before an answer came: it may have been executed (command ") {
		t.Errorf("%d: %s", code, said)
	}
	if !p.log.has("command unknown: master=12345678 command=E id=1 by=", "the gateway ended before an answer came") {
		t.Errorf("the log does not tell of it:\n%s", p.log)
	}
}
