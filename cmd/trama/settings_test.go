package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asks sends p of a master, made now, and reads its acknowledgement.
func (c *peer) asks(serial, number int, wishes string) {
	c.t.Helper()
	c.send(fromHex(c.t, fmt.Sprintf("00240100000000%08d0102037000%s%08d%x", serial, time.Now().Format("20060102150405"), number, wishes)))
	if raw := c.receive(27); raw[14] != 'p' {
		c.t.Fatalf("acknowledgement %x", raw)
	}
}

// obeys reads a command and answers it with a response code.
func (c *peer) obeys(letter byte, bytes, code int) {
	c.t.Helper()
	raw := c.receive(bytes)
	if raw[14] != letter {
		c.t.Fatalf("told %x, want %c", raw, letter)
	}
	c.send(append(append([]byte{0, 0x20}, raw[2:15]...), append([]byte{byte(code)}, raw[16:27]...)...))
}

func TestADialogueThatIsCutOffShowsWhatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	socket := "unix:" + filepath.Join(dir, "admin.sock")
	config := withSocket(filepath.Join(dir, "admin.sock"), "")
	p := startProcessWith(t, dir, config)
	p.acknowledged(t, 12345678, 1)
	cli := func(args ...string) result { return command(t, "", append(args, "--admin", socket)...) }
	connect := func() *peer {
		conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return &peer{t, conn}
	}
	cli("settings", "12345678", "set", "set-slaves", "slaves=5").want(t, exitDone, "it is told when 12345678 next asks")
	cli("settings", "12345678", "set", "set-levels", "report-period=15", "wait=120", "very-high-level=95.5", "high-level=80.25",
		"low-level=10.125", "very-low-level=-2.5").want(t, exitDone)
	d := connect()
	d.asks(12345678, 2, "1111")
	d.obeys('D', 27, 0)
	d.obeys('E', 28, 0)
	if raw := d.receive(46); raw[14] != 'C' || fmt.Sprintf("%x", raw[27:]) != "15012042bf000042a0800041220000c0200000" {
		t.Errorf("told %x", raw)
	}
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()

	p = startProcessWith(t, dir, config)
	cli("settings", "12345678").want(t, exitDone, "set-slaves  acknowledged", "set-levels  waiting")
	diff := cli("settings", "12345678", "diff")
	diff.want(t, exitDone, "report-period", "very-low-level")
	if strings.Contains(diff.stdout, "set-slaves") {
		t.Errorf("what was acknowledged differs:\n%s", diff.stdout)
	}
	cli("commands", "12345678", "--state", "unknown").want(t, exitDone, "C")
	d = connect()
	d.asks(12345678, 3, "0001")
	d.obeys('C', 46, 0)
	await(t, "the acknowledgement", func() bool { return strings.Contains(cli("settings", "12345678").stdout, "set-levels  acknowledged") })
	if got := cli("settings", "12345678", "diff"); !strings.Contains(got.stderr, "has acknowledged all that is kept") {
		t.Errorf("diff: %q %q", got.stdout, got.stderr)
	}
}

func TestASettingThatIsSentAtOnceHasTheOutcomeAsExitCode(t *testing.T) {
	p := serve(t, twoPorts)
	d := p.dial("field")
	d.send(fromHex(t, measurement(12345678, 1)))
	d.receive(27)
	for slaves, c := range []struct {
		code, exit int
		said       string
	}{{0, exitDone, "12345678 has acknowledged it"}, {5, exitRefused, "12345678 has refused it with code 5"}} {
		done := make(chan result, 1)
		go func() {
			done <- p.cli("settings", "12345678", "set", "set-slaves", fmt.Sprint("slaves=", slaves+1), "--send")
		}()
		d.obeys('E', 28, c.code)
		(<-done).want(t, c.exit, c.said)
	}
	for _, c := range []struct{ line, want string }{
		{"set set-slavs slaves=5", `did you mean "set-slaves"?`}, {"set set-slaves slave=5", `did you mean "slaves"?`},
		{"set set-slaves slaves=256", "255"}, {"sett set-slaves", `did you mean "set"?`}, {"diff set-slaves", "one argument too many"},
		{"get --send", "--send goes with set"}, {"set set-time", "nothing is kept for set-time"},
	} {
		got := p.cli(append([]string{"settings", "12345678"}, strings.Fields(c.line)...)...)
		if got.code == exitDone || !strings.Contains(got.stderr, c.want) {
			t.Errorf("settings 12345678 %s: %d %s, want %s", c.line, got.code, got.stderr, c.want)
		}
	}
	p.cli("settings", "12345678", "remove", "set-slaves").want(t, exitDone, "set-slaves is not kept for 12345678 any more")
	p.cli("settings", "99999999").want(t, exitFailed, "unknown master")
}
