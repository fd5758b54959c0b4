package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

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
	startProcessWith(t, dir, withSocket(socket, ""))
	if code := <-ended; code != exitUnknown || !said.has("\nunknown: E was sent to 12345678: the gateway ended before an answer came: it may have been executed (command ") {
		t.Errorf("%d: %s", code, said)
	}
}
