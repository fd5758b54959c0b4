package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"trama/actors"
)

// pty is a terminal of so many columns: its end for the program, and what a person types and sees.
func pty(t *testing.T, columns, rows uint16) (program *os.File, keys io.Writer, seen *logBuffer) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
	seen = &logBuffer{}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(seen, person) // it ends with an error when the terminal goes
	}()
	t.Cleanup(func() {
		_ = program.Close()
		_ = person.Close()
		<-copied
	})
	return program, person, seen
}

// The live screen shows masters, opens one, and closes a connection after a question.
func TestTopShowsAndCloses(t *testing.T) {
	p := serveWith(t, twoPorts+"[masters]\nfile = \"masters.toml\"\n", map[string]string{"masters.toml": "[[master]]\nserial = \"32345678\"\n"})
	c := p.dial("field")
	c.ask(12345678, 1)
	p.dial("field").ask(22345678, 1)
	p.cli("send", "32345678", "A").want(t, exitNotSent, "offline: 32345678 (never seen)")
	program, keys, seen := pty(t, 100, 24)
	cmd := exec.Command(os.Args[0], "top", "--every", "500ms", "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.Env = append(os.Environ(), programVariable+"=1", "TERM=xterm-256color")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended already when the test went well
	typed := func(text string, then ...string) {
		t.Helper()
		if _, err := io.WriteString(keys, text); err != nil {
			t.Fatal(err)
		}
		await(t, fmt.Sprintf("%q behind %q", then, text), func() bool {
			screen := onScreen(seen.String())
			return !slices.ContainsFunc(then, func(part string) bool { return !strings.Contains(screen, part) })
		})
	}
	typed("", "masters: 2 online, 1 never seen", "12345678", "22345678", "q end")
	if once := p.cli("top", "--once", "--every", "500ms"); !regexp.MustCompile(`(?m)^32345678 +never seen +- +- +- +0 `).MatchString(once.stdout) {
		t.Errorf("no age of what was never seen:\n%s%s", once.stdout, once.stderr)
	}
	typed("/", "show only: _")
	typed("1234", "show only: 1234_")
	typed("\r", "only 1234 (escape: all)")
	typed("\r", "master 12345678; escape goes back", "MS/2/3")
	var m actors.MasterInfo
	p.get("/api/v1/masters/12345678", &m)
	typed("k", fmt.Sprintf("close connection %d of 12345678? y: yes", m.Links[0].Connection))
	typed("y", fmt.Sprintf("connection %d is closed", m.Links[0].Connection))
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection: %v", err)
	}
	typed("\x1b", "[masters]", "22345678")
	typed("\t", "[connections]")
	typed("\t", "[alarms]")
	if _, err := io.WriteString(keys, "q"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// onScreen is what a terminal shows behind what was sent to it: texts, and where they are put.
func onScreen(sent string) string {
	const rows, columns = 24, 100
	screen := slices.Repeat([]rune(strings.Repeat(" ", columns)+"\n"), rows)
	y, x := 0, 0
	for sent != "" {
		if control := controls.FindStringSubmatch(sent); control != nil {
			sent = sent[len(control[0]):]
			if _, err := fmt.Sscanf(control[1], "%d;%dH", &y, &x); err == nil {
				y, x = y-1, x-1
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(sent)
		if sent = sent[size:]; r >= ' ' && y < rows && x < columns {
			screen[y*(columns+1)+x] = r
			x++
		}
	}
	return string(screen)
}

var controls = regexp.MustCompile(`^\x1b(?:\[([^@-~]*[@-~])|[()][A-Z0-9]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[=>78])`)
