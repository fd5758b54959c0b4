package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
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

// asUser asks over the socket as another user; the answer is its status and text.
func asUser(t *testing.T, path string, uid int, gids []int, method, page string) string {
	t.Helper()
	answer := make(chan string)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		groups := make([]uint32, len(gids))
		for i, gid := range gids {
			groups[i] = uint32(gid)
		}
		answer <- func() string {
			// These are of the thread, unlike those of package syscall.
			if err := setThreadGroups(groups); err != nil {
				return err.Error()
			}
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, 49_999, 49_999, 49_999); errno != 0 {
				return errno.Error()
			}
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
				return errno.Error()
			}
			conn, err := net.Dial("unix", path)
			if err != nil {
				return err.Error()
			}
			defer conn.Close()
			if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, page); err != nil {
				return err.Error()
			}
			w, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return err.Error()
			}
			defer w.Body.Close()
			text, _ := io.ReadAll(w.Body)
			return fmt.Sprintf("%d %s", w.StatusCode, text)
		}()
	}()
	return <-answer
}

// manyGroups are more than most users are in.
func manyGroups() (gids []int) {
	for gid := range 1000 {
		gids = append(gids, 50_000+gid)
	}
	return gids
}

func TestGroupsOfTheSocketGiveRoles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be other users")
	}
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "admin.sock")
	p := serveIn(t, dir, withSocket(path, "read_group = \"41001\"\noperate_group = \"41002\"\nadmin_group = \"41003\""))
	const get, suspend, reload = "GET /api/v1/version", "POST /api/v1/listeners/field/suspend", "POST /api/v1/reload"
	for _, c := range []struct {
		gids []int
		ask  string
		want string
	}{
		{[]int{41001}, get, "200 "},
		{[]int{41001}, suspend, "403 "},
		{[]int{41001, 41002}, suspend, "200 "},
		{[]int{41001, 41002}, reload, "403 "},
		{[]int{41001, 41003, 41002}, reload, "200 "},
		{append(manyGroups(), 41001, 41003), reload, "200 "},
		{[]int{41002}, get, "dial unix"}, // the socket belongs to the first group
		{nil, get, "dial unix"},
	} {
		method, page, _ := strings.Cut(c.ask, " ")
		if got := asUser(t, path, 41000, c.gids, method, page); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s as a member of %v: %s, want %s", c.ask, c.gids, got, c.want)
		}
	}
	if err := os.Chmod(path, 0o666); err != nil { // what the mode lets in, the kernel names still
		t.Fatal(err)
	}
	if got := asUser(t, path, 41000, []int{41009}, "GET", "/api/v1/version"); !strings.HasPrefix(got, "403 ") || !strings.Contains(got, "uid 41000 is in none of the groups") {
		t.Errorf("a member of no group: %s", got)
	}
	if got := asUser(t, path, 41000, []int{41009}, "GET", "/livez"); !strings.HasPrefix(got, "200 ") {
		t.Errorf("livez for a member of no group: %s", got)
	}
	await(t, "the audit", func() bool {
		r := command(t, "", "events", "--kind", "change", "--admin", "unix:"+path).stdout
		for _, want := range []string{"uid 41000 (operate): suspend field", "uid 41000 (read): suspend field", "uid 41000 (admin): reload", "uid 41000 (none): GET /api/v1/version"} {
			if !strings.Contains(r, want) {
				return false
			}
		}
		return true
	})
	p.end()
}

// setThreadGroups sets the supplementary groups of this thread alone.
func setThreadGroups(groups []uint32) error {
	var first unsafe.Pointer
	if len(groups) > 0 {
		first = unsafe.Pointer(&groups[0])
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(first), 0); errno != 0 {
		return errno
	}
	return nil
}
