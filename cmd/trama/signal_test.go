package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the program in a process of its own, for what signals do.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	log       *logBuffer
	addresses Addresses
}

// programVariable makes the test binary be the program: what signals do is tried on a process of its own.
const programVariable = "TRAMA_TEST_PROGRAM"

func startProcess(t *testing.T) *process { return startProcessIn(t, t.TempDir()) }

// startProcessIn is startProcess in a directory that another one may have left.
func startProcessIn(t *testing.T, dir string) *process { return startProcessWith(t, dir, twoPorts) }

// startProcessWith is startProcessIn with a configuration.
func startProcessWith(t *testing.T, dir, config string) *process {
	t.Helper()
	return startProcessUnder(t, "", dir, config)
}

// startProcessUnder is startProcessWith behind commands of the shell, such as "ulimit -n 200;".
func startProcessUnder(t *testing.T, prepare, dir, config string) *process {
	t.Helper()
	p := launch(t, prepare, dir, config)
	p.awaitAddresses()
	return p
}

// launch is startProcessUnder that does not wait until the ports are open.
func launch(t *testing.T, prepare, dir, config string) *process {
	t.Helper()
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	addresses := filepath.Join(dir, "addresses.json")
	if err := os.RemoveAll(addresses); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, log: &logBuffer{}, cmd: exec.Command("sh", "-c", prepare+`exec "$0" "$@"`, os.Args[0], "serve", "--config", file, "--addresses-file", addresses)}
	p.cmd.Stderr, p.cmd.Env = p.log, append(os.Environ(), programVariable+"=1")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it has ended already when the test went well
	return p
}

func (p *process) awaitAddresses() {
	p.t.Helper()
	await(p.t, "the addresses file", func() bool {
		text, err := os.ReadFile(p.addressesFile())
		return err == nil && json.Unmarshal(text, &p.addresses) == nil
	})
}

func (p *process) addressesFile() string { return p.cmd.Args[len(p.cmd.Args)-1] }

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait returns the exit code.
func (p *process) wait() int {
	p.t.Helper()
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	err := p.cmd.Wait()
	if code := p.cmd.ProcessState.ExitCode(); code >= 0 {
		return code
	}
	p.t.Fatalf("it did not end by itself: %v\n%s", err, p.log)
	return -1
}

func TestSignals(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(fmt.Sprint(s, " drains"), func(t *testing.T) {
			p := startProcess(t)
			conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write(fromHex(t, measurement(12345678, 1))); err != nil {
				t.Fatal(err)
			}
			(&peer{t, conn}).receive(27)
			p.signal(s)
			if code := p.wait(); code != 0 {
				t.Errorf("exit code %d\n%s", code, p.log)
			}
			if !p.log.has("gateway drained", "addresses file removed", "trama: stopped:", "acknowledged=1") {
				t.Errorf("the log:\n%s", p.log)
			}
			if _, err := os.Stat(p.addressesFile()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the addresses file is still there: %v", err)
			}
		})
	}
	t.Run("a second signal ends it at once", func(t *testing.T) {
		p := startProcess(t)
		// A request whose body never comes keeps the orderly end waiting.
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.addresses.Admin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		token, err := os.ReadFile(filepath.Join(filepath.Dir(p.addressesFile()), "data", "admin.token"))
		if err != nil {
			t.Fatal(err)
		}
		request := "POST /api/v1/masters/1/commands HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + string(bytes.TrimSpace(token)) + "\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		(&peer{t, conn}).receive(len("HTTP/1.1 100 Continue")) // it waits for the body now
		p.signal(syscall.SIGTERM)
		await(t, "the drain", func() bool { return p.log.has("gateway drained") })
		start := time.Now()
		p.signal(syscall.SIGTERM)
		if code := p.wait(); code != exitFailed || time.Since(start) > 5*time.Second {
			t.Errorf("exit code %d after %v\n%s", code, time.Since(start), p.log)
		}
		if n := strings.Count(p.log.String(), "trama: ending at once: a second signal"); n != 1 {
			t.Errorf("the second signal is logged %d times, want once\n%s", n, p.log)
		}
		if p.log.has("trama: stopped:") {
			t.Errorf("it finished in order all the same\n%s", p.log)
		}
	})
}

func TestGatewayThatGivesUpEndsTheProgram(t *testing.T) {
	p := serve(t, twoPorts)
	for range 20 {
		if r := p.cli("fault", "trama"); r.code != 0 {
			break // it has ended
		}
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("it goes on:\n%s", p.log)
	}
	if p.code != exitFailed || !p.log.has("the gateway has ended: error=") {
		t.Errorf("exit code %d\n%s", p.code, p.log)
	}
}

// A master may do a command once for each transaction number: behind a kill the next command must not have that of the last.
func TestACommandBehindAKillHasANumberOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	var numbers []string
	for n := range 3 {
		p := startProcessIn(t, dir)
		conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
		if err != nil {
			t.Fatal(err)
		}
		link := &peer{t, conn}
		link.send(fromHex(t, measurement(12345678, n)))
		link.receive(27)
		token := filepath.Join(dir, "data", "admin.token")
		sent := make(chan result, 1)
		go func() {
			sent <- command(t, "", "send", "12345678", "B", "--admin", p.addresses.Admin, "--token-file", token)
		}()
		asked := link.receive(27)
		link.send(asked)
		(<-sent).want(t, exitDone, "done: 12345678 answered B")
		numbers = append(numbers, fmt.Sprintf("%x", asked[23:27]))
		p.signal(syscall.SIGKILL)
		_ = p.cmd.Wait()
		_ = conn.Close()
	}
	if slices.Sort(numbers); len(slices.Compact(slices.Clone(numbers))) != 3 {
		t.Errorf("the numbers of three commands: %v", numbers)
	}
}
