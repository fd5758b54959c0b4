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
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
	call := uintptr(unix.SYS_SETGROUPS)
	if strconv.IntSize == 32 {
		call = 206 // setgroups32, on 386 and arm: the other one has groups of 16 bits
	}
	if _, _, errno := unix.RawSyscall(call, uintptr(len(groups)), uintptr(first), 0); errno != 0 {
		return errno
	}
	return nil
}
