package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"trama/codec"
	"trama/codec/protect"
	"trama/fleet"
	"trama/keys"
)

// server is a process that is measured.
type server struct {
	name    string
	address string
	admin   string // host:port; of the daemon
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process has been waited for
	cleanup func()
	suite   protect.Suite
	devices []*fleet.Device // of the masters, by connection; nil: they have no keys
}

// startBare runs this program again as the bare server; it ends when its standard input does, hence with us.
func startBare(ctx context.Context, stderr io.Writer) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-bare")
	cmd.Env = append(os.Environ(), bareVariable+"=1")
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	s := &server{name: "bare", address: strings.TrimSpace(address), cmd: cmd, ended: make(chan struct{})}
	s.cleanup = func() { _ = in.Close() }
	go s.reap()
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("bare server: %w", err)
	}
	return s, nil
}

// startTrama runs the daemon with one extended listener on the loopback interface and a directory of its own.  So many
// masters have a key if there is a suite; more stands in the table of the listener.
func startTrama(ctx context.Context, program, more string, memory bool, suite protect.Suite, masters int,
	stderr io.Writer) (*server, error) {
	program, err := filepath.Abs(program) // it runs in another directory
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "trama-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{name: "trama", ended: make(chan struct{}), cleanup: func() { _ = os.RemoveAll(dir) }}
	started := false
	defer func() {
		if !started {
			s.cleanup()
		}
	}()
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s.address, s.admin = ports[0], ports[1]
	protected := more
	if suite != protect.None {
		if err := s.equip(filepath.Join(dir, "keys"), suite, masters); err != nil {
			return nil, err
		}
		s.name, protected = s.name+" with suite "+suite.String(),
			more+fmt.Sprintf("security = \"required\"\nsuites = [%q]\n\n[keys]\ndirectory = \"keys\"\n", suite)
	}
	config := fmt.Sprintf(`[log]
level = "warn"

[admin]
listen     = %q
token_file = "admin.token"

[journal]
memory = %v

[[listener]]
name    = "field"
address = %q
profile = "extended"
%s`, ports[1], memory, ports[0], protected)
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, program, "serve", "--config", path)
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = stderr, stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	started = true
	go s.reap()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			return s, c.Close()
		}
		select {
		case <-s.ended:
			s.cleanup()
			return nil, fmt.Errorf("%s serve ended: %v", program, s.cmd.ProcessState)
		default:
		}
		if time.Now().After(end) || ctx.Err() != nil {
			s.stop()
			return nil, fmt.Errorf("%s serve does not listen on %s", program, s.address)
		}
	}
}

// buildTrama compiles the daemon of this module into dir.
func buildTrama(ctx context.Context, dir string, stderr io.Writer) (string, error) {
	program := filepath.Join(dir, "trama")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "trama/cmd/trama")
	cmd.Stdout, cmd.Stderr = stderr, stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build trama/cmd/trama: %w", err)
	}
	return program, nil
}

// alive is an error when the process has ended by itself.
func (s *server) alive() error {
	select {
	case <-s.ended:
		return fmt.Errorf("the server ended: %v", s.cmd.ProcessState)
	default:
		return nil
	}
}

func (s *server) reap() {
	_ = s.cmd.Wait()
	close(s.ended)
}

// stop asks the process to end and sees to it that it does.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(15 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	s.cleanup()
}

// cpu is the processor time that the process has used, from /proc/PID/stat in ticks of 10 ms.
func (s *server) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the command's name may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])   // utime, field 14 of proc(5)
	system, _ := strconv.Atoi(fields[12]) // stime
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss is the resident memory of the process in bytes.
func (s *server) rss() int64 {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// freePorts returns loopback addresses that nobody listens on now.
func freePorts(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

// startMeasured starts what -server names, for so many masters.
func (s *settings) startMeasured(ctx context.Context, masters int) (*server, func(), error) {
	if s.against == "bare" {
		srv, err := startBare(ctx, s.stderr)
		if err != nil {
			return nil, nil, err
		}
		return srv, srv.stop, nil
	}
	program, dir := s.program, ""
	if program == "" {
		var err error
		if dir, err = os.MkdirTemp("", "trama-bench-"); err != nil {
			return nil, nil, err
		}
		if program, err = buildTrama(ctx, dir, s.stderr); err != nil {
			_ = os.RemoveAll(dir)
			return nil, nil, err
		}
	}
	more := ""
	if s.strangers > 0 {
		more = newMasters
	}
	srv, err := startTrama(ctx, program, more+s.tables, s.memory, s.suite, masters, s.stderr)
	if err != nil {
		_ = os.RemoveAll(dir) // an empty name removes nothing
		return nil, nil, err
	}
	return srv, func() { srv.stop(); _ = os.RemoveAll(dir) }, nil
}

// startOther starts what it is compared with: the bare server, or, for the daemon with keys, the daemon without.
func (s *settings) startOther(ctx context.Context) (*server, func(), error) {
	other := *s
	if other.suite == protect.None {
		other.against = "bare"
	}
	other.suite = protect.None
	return other.startMeasured(ctx, 0)
}

// equip writes the keys of masters, and makes these devices.
func (s *server) equip(dir string, suite protect.Suite, masters int) error {
	p, err := codec.Shipped("extended")
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s.suite = suite
	for i := range masters {
		serial, key := strconv.Itoa(firstSerial+i), keys.Generate()
		text := fmt.Sprintf("key = \"%x\"\nsuite = %q\n", key.Bytes(), suite) // not synced: thousands of them would take long
		if err := os.WriteFile(filepath.Join(dir, serial+".key"), []byte(text), 0o600); err != nil {
			return err
		}
		d, err := fleet.NewDevice(p.Security(), serial, &key, suite, nil, 0)
		if err != nil {
			return err
		}
		s.devices = append(s.devices, d)
	}
	return nil
}

// protect makes of a frame of master i what goes on the wire.
func (s *server) protect(i int, dst, frame []byte) ([]byte, error) {
	if s.devices == nil {
		return append(dst, frame...), nil
	}
	return s.devices[i].Protect(dst, frame, nil)
}

// answerBytes is the size of an acknowledgement on the wire.
func (s *server) answerBytes() int {
	if s.devices == nil {
		return headerBytes
	}
	return headerBytes + s.suite.ReferenceBytes() + securityBytes + s.suite.TagBits()/8
}

// securityBytes are those of epoch and counter.
const securityBytes = 5

// The extended frame, as far as a bare server needs it: two BCD bytes of length count what follows the seven-byte
// prefix, and the header of 27 bytes is acknowledged by itself with length 0020.
const (
	prefixBytes = 7
	headerBytes = 27
	ackLength   = "\x00\x20"
	bareBuffer  = 4 << 10
)

// serveBare is what the gateway is compared with: a goroutine for each connection, which cuts frames by their length
// and echoes their headers, one write for all frames of a read.  Nothing is checked or counted.  The
// server ends with ctx.
func serveBare(ctx context.Context, address string, out io.Writer) error {
	listener, err := (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	fmt.Fprintln(out, listener.Addr())
	for {
		c, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go echoHeaders(c)
	}
}

func echoHeaders(c net.Conn) {
	defer c.Close()
	buf := make([]byte, bareBuffer)
	answers := make([]byte, 0, bareBuffer)
	filled := 0
	for {
		n, err := c.Read(buf[filled:])
		if err != nil {
			return
		}
		filled += n
		rest := buf[:filled]
		answers = answers[:0]
		for len(rest) >= prefixBytes {
			size := prefixBytes + bcd(rest[0])*100 + bcd(rest[1])
			if size > bareBuffer || size < headerBytes {
				return
			}
			if len(rest) < size {
				break
			}
			answers = append(answers, ackLength...)
			answers = append(answers, rest[len(ackLength):headerBytes]...)
			rest = rest[size:]
		}
		filled = copy(buf, rest)
		if len(answers) > 0 {
			if _, err := c.Write(answers); err != nil {
				return
			}
		}
	}
}

func bcd(b byte) int { return int(b>>4)*10 + int(b&15) }

// putBCD writes n with as many digits as dst has room for.
func putBCD(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte(n%10) | byte(n/10%10)<<4
		n /= 100
	}
}
