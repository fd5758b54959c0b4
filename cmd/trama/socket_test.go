package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withSocket is twoPorts with a socket before the port.
func withSocket(path, more string) string {
	return strings.Replace(twoPorts, `listen = "127.0.0.1:0"`, fmt.Sprintf("listen = [%q, \"127.0.0.1:0\"]\n%s", "unix:"+path, more), 1)
}

func TestSocketNeedsNoToken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run", "admin.sock")
	p := serveIn(t, dir, withSocket(path, ""))
	me := "user root"
	if os.Geteuid() != 0 {
		me = "user " // whoever runs the tests
	}
	command(t, "", "masters", "--admin", "unix:"+path).want(t, 0, "SERIAL")
	command(t, "", "masters", "--config", p.file("config.toml")).want(t, 0, "SERIAL")
	command(t, "", "suspend", "field", "--admin", "unix:"+path).want(t, 0, "field is suspended")
	await(t, "the change", func() bool {
		r := command(t, "", "events", "--kind", "change", "--admin", "unix:"+path).stdout
		return strings.Contains(r, me) && strings.Contains(r, " (admin): suspend field") && strings.Contains(r, fmt.Sprintf("socket, pid %d", os.Getpid()))
	})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("the socket: %v, %v", info, err)
	}

	// A token says more than the user: whoever has one for reading may not change anything.
	made := command(t, "", "token", "add", "reader", "--role", "read", "--admin", "unix:"+path)
	made.want(t, 0)
	p.write("reader", made.stdout)
	command(t, "", "resume", "field", "--admin", "unix:"+path, "--token-file", p.file("reader")).want(t, 1, "reader has the role read")

	// The port beside it takes tokens as ever.
	url := p.log.String()
	_, url, _ = strings.Cut(url, path+" ")
	url, _, _ = strings.Cut(url, `"`)
	command(t, "", "resume", "field", "--admin", url, "--token-file", p.file("data/admin.token")).want(t, 0, "accepts again")

	// Another daemon does not take a socket that is in use.
	second := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(second, []byte(withSocket(path, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "serve", "--config", second).want(t, 1, "another process listens on it")
	p.end()
	command(t, "", "masters", "--admin", "unix:"+path).want(t, 1, "nothing answers at unix:"+path)
}

func TestSocketThatIsLeftOrUnsafe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "admin.sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	_ = left.Close()
	p := serveIn(t, dir, withSocket(path, ""))
	command(t, "", "masters", "--admin", "unix:"+path).want(t, 0)
	p.end()

	config := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "serve", "--config", config).want(t, 1, "a file that is no socket has this name")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	command(t, "", "serve", "--config", config).want(t, 1, "others can write into its folder")
	if err := os.WriteFile(config, []byte(withSocket("/nowhere/a.sock", `read_group = "no such group"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "serve", "--config", config).want(t, 1, "[admin] read_group", "no such group")
}
