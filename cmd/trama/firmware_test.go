//go:build firmware

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"trama/cmd/trama/internal/admin"
)

const (
	firmwareFiles  = "../../docs/firmware"
	firmwareSerial = "12345678"
	firmwareKey    = "2b7e151628aed2a6abf7158809cf4f3c"
)

const protectedPorts = `
[keys]
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "extended"
address = "127.0.0.1:0"
profile = "extended"
security = "required"
suites = ["10", "11", "20", "21"]
[[listener]]
name = "compact"
address = "127.0.0.1:0"
profile = "compact"
security = "required"
suites = ["10", "11", "20", "21"]
`

// keyedProcess starts a daemon that has the key of the device.
func keyedProcess(t *testing.T, dir, suite string) *process {
	t.Helper()
	giveKey(t, dir, suite)
	return startProcessWith(t, dir, protectedPorts)
}

// giveKey gives the daemon in a directory the key of the device.
func giveKey(t *testing.T, dir, suite string) {
	t.Helper()
	at := filepath.Join(dir, "data", "keys")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	text := "key = \"" + firmwareKey + "\"\nsuite = \"" + suite + "\"\n"
	if err := os.WriteFile(filepath.Join(at, firmwareSerial+".key"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ask runs a command against the daemon.
func (p *process) ask(args ...string) result {
	p.t.Helper()
	token := filepath.Join(filepath.Dir(p.addressesFile()), "data", "admin.token")
	return command(p.t, "", append(args, "--admin", p.addresses.Admin, "--token-file", token)...)
}

// frames is how many measurements and answers to obeys the journal has of the device.
func (p *process) frames() int {
	p.t.Helper()
	r := p.ask("history", firmwareSerial, "--frames", "--format", "csv")
	r.want(p.t, exitDone)
	n := 0
	for line := range strings.Lines(r.stdout) {
		column := strings.Split(line, ",")
		if index := column[1]; (index == "0" || index == "") && strings.Contains("m s E", column[10]) { // the first row of a frame, or the only one
			n++
		}
	}
	return n
}

// has waits until the journal has so many frames of the device; it must not have more.
func (p *process) has(n int) {
	p.t.Helper()
	got := p.frames()
	for end := time.Now().Add(patience / 4); got < n && time.Now().Before(end); got = p.frames() {
		time.Sleep(10 * time.Millisecond)
	}
	if got != n {
		p.t.Errorf("the journal has %d frames, want %d", got, n)
	}
}

// counters are the epoch and the highest counter that the daemon knows of the device.
func (p *process) counters() (epoch uint8, counter uint32) {
	p.t.Helper()
	r := p.ask("keys", "list", "--json", "--config", filepath.Join(filepath.Dir(p.addressesFile()), "config.toml"))
	var all []admin.KeyInfo
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil || len(all) != 1 || all[0].Frames == nil {
		p.t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	return all[0].Frames.Epoch, all[0].Frames.Counter
}

// answers is how many answers to commands there are of n: none under the suite for telemetry.
func answers(suite string, n int) int {
	if suite == "11" {
		return 0
	}
	return n
}

// wire is what lies between a device and a daemon that comes back on another port; it hears all and can speak to the device.
type wire struct {
	t *testing.T
	net.Listener
	ended  sync.WaitGroup
	mu     sync.Mutex // guards all that follows
	target string
	device net.Conn
	heard  []byte // from the daemon, since the last dial
}

func newWire(t *testing.T) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, Listener: listener}
	t.Cleanup(w.end) // behind the end of the device, which begins later
	w.ended.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.ended.Go(func() { w.carry(conn) })
		}
	})
	return w
}

func (w *wire) carry(device net.Conn) {
	defer device.Close()
	w.mu.Lock()
	w.device, w.heard = device, nil
	daemon, err := net.Dial("tcp", w.target)
	w.mu.Unlock()
	if err != nil {
		return
	}
	defer daemon.Close()
	w.ended.Go(func() {
		_, _ = io.Copy(daemon, device)
		_ = daemon.Close()
	})
	buffer := make([]byte, 4096)
	for {
		n, err := daemon.Read(buffer)
		w.mu.Lock()
		w.heard = append(w.heard, buffer[:n]...)
		_, failed := device.Write(buffer[:n])
		w.mu.Unlock()
		if err != nil || failed != nil {
			return
		}
	}
}

func (w *wire) end() {
	_ = w.Close()
	w.ended.Wait()
}

// aim makes the daemon the one that is dialled next.
func (w *wire) aim(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = address
}

// last is the frame that the daemon sent last.
func (w *wire) last() (frame []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := w.heard; len(rest) >= 7; {
		n := 7 + int(rest[0]>>4)*1000 + int(rest[0]&15)*100 + int(rest[1]>>4)*10 + int(rest[1]&15)
		frame, rest = rest[:n], rest[n:]
	}
	return frame
}

// say sends bytes to the device that are not the daemon's.
func (w *wire) say(frame []byte) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.device.Write(frame); err != nil {
		w.t.Fatal(err)
	}
}

// deviceProcess is a program of docs/firmware, or its sister, as a process.
type deviceProcess struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	dead  *time.Timer
	said  []string
	wrong *logBuffer
}

func startDevice(t *testing.T, name string, args ...string) *deviceProcess {
	t.Helper()
	m := &deviceProcess{t: t, cmd: exec.Command(name, args...), wrong: &logBuffer{}}
	in, err := m.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	m.in, m.out, m.cmd.Stderr = in, bufio.NewReader(out), m.wrong
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.dead = time.AfterFunc(2*patience, func() { _ = m.cmd.Process.Kill() })
	t.Cleanup(m.kill)
	return m
}

func (m *deviceProcess) kill() {
	m.dead.Stop()
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

func (m *deviceProcess) order(lines ...string) {
	m.t.Helper()
	if _, err := io.WriteString(m.in, strings.Join(lines, "\n")+"\n"); err != nil {
		m.t.Fatalf("%v: it said %q, %s", err, m.said, m.wrong)
	}
}

// until waits for a line and gives its rest.
func (m *deviceProcess) until(begin string) string {
	m.t.Helper()
	for {
		line, err := m.out.ReadString('\n')
		if err != nil {
			m.t.Fatalf("it ended before %q: it said %q, %s", begin, m.said, m.wrong)
		}
		line = strings.TrimSpace(line)
		m.said = append(m.said, line)
		if rest, is := strings.CutPrefix(line, begin); is {
			return strings.TrimSpace(rest)
		}
	}
}

// reports has a measurement sent and waits for its acknowledgement, which must be of it.
func (m *deviceProcess) reports(value string) {
	m.t.Helper()
	m.order("send " + value)
	if sent, got := m.until("sent"), m.until("acknowledged"); got != sent {
		m.t.Errorf("acknowledged %s, sent %s", got, sent)
	}
}

// obeys has the daemon send a command, which the device must do and answer; under the suite for telemetry none goes out.
func (m *deviceProcess) obeys(p *process, suite string) {
	m.t.Helper()
	r := p.ask("send", firmwareSerial, "E", "LS=5") // behind which nothing is asked
	if suite == "11" {
		r.want(m.t, exitNotSent, "suite 11 is for telemetry")
		return
	}
	if r.want(m.t, exitDone, "done: "+firmwareSerial+" answered E"); r.code != exitDone {
		m.t.FailNow()
	}
	if got := m.until("command E"); got != "05" {
		m.t.Errorf("the command came with %q", got)
	}
}

// takesKey has the daemon hand a new key over, which the device uses from its next frame on.
func (m *deviceProcess) takesKey(p *process, dir string) {
	m.t.Helper()
	if r := p.ask("keys", "rotate", firmwareSerial, "--send", "--config", filepath.Join(dir, "config.toml")); r.code != exitDone {
		m.t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	m.until("command K")
	m.reports("4")
	await(m.t, "the end of the rotation", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "data", "keys", firmwareSerial+".key"))
		return err == nil && !strings.Contains(string(text), "next") && !strings.Contains(string(text), firmwareKey)
	})
}

func firmwareInC(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "device")
	args := strings.Fields("-std=c99 -Wall -Wextra -Wpedantic -Werror -O1 -g -fsanitize=address,undefined -fno-sanitize-recover -o")
	args = append(args, program)
	for _, file := range []string{"trama.c", "aes.c", "device.c"} {
		args = append(args, filepath.Join(firmwareFiles, file))
	}
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// The C file for firmware and the daemon understand each other under each suite, in both profiles, over kills of either; what
// was said once is not believed again.
func TestTheFirmwareInCSpeaksWithTheDaemon(t *testing.T) {
	program := firmwareInC(t)
	for _, profile := range []string{"extended", "compact"} {
		for _, suite := range []string{"20", "21", "11", "10"} {
			t.Run(profile+" "+suite, func(t *testing.T) {
				dir := t.TempDir()
				p := keyedProcess(t, dir, suite)
				w := newWire(t)
				w.aim(p.addresses.Listeners[profile])
				_, port, err := net.SplitHostPort(w.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				args := []string{"127.0.0.1", port, firmwareSerial, firmwareKey, suite, profile, filepath.Join(dir, "memory")}
				m := startDevice(t, program, args...)

				m.order("connect")
				m.reports("1")
				ack := w.last()
				m.obeys(p, suite)
				asked := w.last()
				w.say(ack)
				if got := m.until("refused"); got != "-5" && (got != "-6" || suite != "10") {
					t.Errorf("an acknowledgement that came again: refused %s", got)
				}
				if suite != "11" {
					w.say(asked)
					if got := m.until("refused"); got != "-5" && (got != "-4" || suite != "10") {
						t.Errorf("a command that came again: refused %s", got)
					}
				}

				p.has(1 + answers(suite, 1))
				p.signal(syscall.SIGKILL)
				_ = p.cmd.Wait()
				m.until("closed")
				m.order("send 2")
				m.until("sent")
				p = startProcessWith(t, dir, protectedPorts)
				w.aim(p.addresses.Listeners[profile])
				m.order("connect", "again")
				got := m.until("acknowledged")
				if !slices.Contains(m.said, "sent "+got) {
					t.Errorf("acknowledged %s, it said %q", got, m.said)
				}
				m.obeys(p, suite)

				m.kill()
				if suite != "10" && slices.Contains(m.said, "refused -4") {
					t.Errorf("the device found a tag of the daemon wrong: %q", m.said)
				}
				m = startDevice(t, program, args...)
				m.order("connect")
				m.reports("3")
				if suite >= "20" {
					w.say(asked)
					if got := m.until("refused"); got != "-5" {
						t.Errorf("a command that came again after a start: refused %s", got)
					}
				}
				m.obeys(p, suite)
				p.has(3 + answers(suite, 3))

				if suite >= "20" {
					m.takesKey(p, dir)
					m.kill()
					m = startDevice(t, program, args...)
					m.order("connect")
					m.reports("5")
					m.obeys(p, suite)
				}
				m.kill()
			})
		}
	}
}

// A device without memory is challenged on each connection, and has a key of its own there; what was said on the connection
// before is worth nothing.  Commands under a tag of 24 bits go out behind a challenge only.
func TestTheFirmwareInCIsChallenged(t *testing.T) {
	program := firmwareInC(t)
	ports := strings.ReplaceAll(protectedPorts, "security =", "challenge = true\nsecurity =")
	for _, profile := range []string{"extended", "compact"} {
		for _, suite := range []string{"20", "21", "10"} {
			t.Run(profile+" "+suite, func(t *testing.T) {
				dir := t.TempDir()
				giveKey(t, dir, suite)
				p := startProcessWith(t, dir, ports)
				w := newWire(t)
				w.aim(p.addresses.Listeners[profile])
				_, port, err := net.SplitHostPort(w.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				c := startDevice(t, program, "127.0.0.1", port, firmwareSerial, firmwareKey, suite, profile, "-")
				var asked []byte
				for n := range 3 {
					c.order("connect")
					c.until("challenged")
					if n > 0 {
						w.say(asked)
						c.until("refused")
					}
					c.reports(strconv.Itoa(n))
					if r := p.ask("send", firmwareSerial, "E", "LS=5"); r.code != exitDone {
						t.Fatalf("exit code %d: %s, it said %q", r.code, r.stderr, c.said)
					}
					c.until("command E 05")
					asked = w.last()
				}
				c.kill()
				p.has(3 + 3)

				m := startDevice(t, "python3", "testdata/master.py", "127.0.0.1", port, firmwareSerial, firmwareKey, suite, profile)
				m.order("ahead 1", "connect", "send 9")
				m.until("challenged")
				m.until("acknowledged")
				m.order("send 10")
				m.until("acknowledged")
				p.ask("send", firmwareSerial, "E", "LS=5").want(t, exitDone)
				m.kill()
			})
		}
	}
}

// A device whose frames are refused although they are good begins a new epoch by itself after some connections, and is heard
// again: a stranger has used up the tries of its short tags, or the server knows less than it did.
func TestTheFirmwareInCComesBackByItself(t *testing.T) {
	program := firmwareInC(t)
	for name, harm := range map[string]struct {
		suite string
		does  func(t *testing.T, p *process, dir string) *process
	}{
		"tries used up": {"10", func(t *testing.T, p *process, _ string) *process {
			for n := range 16 {
				forged := fromHex(t, "00250110"+fmt.Sprintf("%06x", 0x100000+n)+"123456780102036d0020261123143000000000070041ac0000")
				from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 7, 7, byte(1+n))}}
				conn, err := from.Dial("tcp", p.addresses.Listeners["extended"])
				if err != nil {
					t.Fatal(err)
				}
				if _, err := conn.Write(forged); err != nil {
					t.Fatal(err)
				}
				if answer, err := io.ReadAll(conn); err != nil || len(answer) > 0 {
					t.Errorf("a forged frame is answered with %x, %v", answer, err)
				}
				_ = conn.Close()
			}
			return p
		}},
		"journal put back": {"20", func(t *testing.T, p *process, dir string) *process {
			p.signal(syscall.SIGTERM)
			if code := p.wait(); code != 0 {
				t.Fatalf("exit code %d\n%s", code, p.log)
			}
			data, copied := filepath.Join(dir, "data"), t.TempDir()
			keep := func(from, to string) {
				files, err := filepath.Glob(filepath.Join(from, "*.db*"))
				if err != nil || len(files) == 0 {
					t.Fatalf("no journal in %s: %v", from, err)
				}
				for _, file := range files {
					text, err := os.ReadFile(file)
					if err == nil {
						err = os.WriteFile(filepath.Join(to, filepath.Base(file)), text, 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			keep(data, copied)
			for range 2 { // two more starts, of which the copy does not know
				p = startProcessWith(t, dir, protectedPorts)
				p.signal(syscall.SIGTERM)
				if code := p.wait(); code != 0 {
					t.Fatalf("exit code %d\n%s", code, p.log)
				}
			}
			keep(copied, data)
			return startProcessWith(t, dir, protectedPorts)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := keyedProcess(t, dir, harm.suite)
			w := newWire(t)
			w.aim(p.addresses.Listeners["extended"])
			_, port, err := net.SplitHostPort(w.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			m := startDevice(t, program, "127.0.0.1", port, firmwareSerial, firmwareKey, harm.suite, "extended", filepath.Join(dir, "memory"))
			m.order("connect")
			m.reports("1")
			m.order("close")
			p = harm.does(t, p, dir)
			w.aim(p.addresses.Listeners["extended"])
			m.order("connect", "send 2")
			m.until("connected 0 0")
			m.until("sent")
			await(t, "the refusal", func() bool { return strings.Contains(p.ask("refused", firmwareSerial).stdout, firmwareSerial) })
			for epoch, n := "0", 0; epoch == "0"; n++ {
				if n > 10 {
					t.Fatalf("it stays in its epoch: %q", m.said)
				}
				m.order("connect")
				epoch = m.until("connected 0 ")
			}
			m.reports("3")
			m.order("again")
			lost := m.until("sent") // sealed anew: the epoch before is over behind a journal that was put back
			if got := m.until("acknowledged"); got != lost {
				t.Errorf("acknowledged %s, sent %s", got, lost)
			}
			p.has(3)
			if harm.suite == "20" {
				m.obeys(p, harm.suite)
			}
			m.kill()
		})
	}
}

// A master that was written apart from the server exchanges frames with it under each suite; then, with the same key at hand,
// it changes, cuts, repeats, reflects and strips frames: not a byte comes back but the acknowledgement of what is known, and
// nothing of it is in the journal.
func TestAMasterInPythonSpeaksWithTheDaemonAndCannotCheatIt(t *testing.T) {
	for _, profile := range []string{"extended", "compact"} {
		for _, suite := range []string{"20", "21", "11", "10"} {
			t.Run(profile+" "+suite, func(t *testing.T) {
				dir := t.TempDir()
				p := keyedProcess(t, dir, suite)
				_, port, err := net.SplitHostPort(p.addresses.Listeners[profile])
				if err != nil {
					t.Fatal(err)
				}
				m := startDevice(t, "python3", "testdata/master.py", "127.0.0.1", port, firmwareSerial, firmwareKey, suite, profile)
				m.order("connect")
				m.reports("1")
				m.obeys(p, suite)
				p.has(1 + answers(suite, 1))
				connections := 250
				if suite < "20" {
					connections = 15 // 16 wrong tags are the limit
				}
				m.order("attack " + strconv.Itoa(connections))
				if got := m.until("came back"); got != "0" {
					t.Errorf("%s bytes came back", got)
				}
				highest := uint32(answers(suite, 1) + connections)
				if suite == "10" { // has no counter
					highest = 0
				}
				if epoch, counter := p.counters(); epoch != 0 || counter != highest {
					t.Errorf("the daemon is at epoch %d, counter %d, the device at 0, %d", epoch, counter, highest)
				}
				m.order("connect")
				m.reports("2")
				m.order("close", "ahead 1", "connect")
				m.reports("3")
				p.has(1 + answers(suite, 1) + connections + 2)
				if suite >= "20" {
					m.takesKey(p, dir)
				}
				m.kill()
			})
		}
	}
}
