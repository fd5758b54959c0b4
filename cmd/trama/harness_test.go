package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait of a test; nothing waits that long when all is well.
const patience = 20 * time.Second

// program is one running `trama serve` inside the test, with the files it was started with.
type program struct {
	t         *testing.T
	dir       string
	addresses Addresses
	log       *logBuffer
	stop      context.CancelFunc
	ended     chan struct{}
	code      int // after ended
}

// twoPorts is a configuration like the shipped one on ports that the system chooses.
const twoPorts = `
[admin]
listen = "127.0.0.1:0"
allow_faults = true
[[listener]]
name = "field"
address = "127.0.0.1:0"
profile = "extended"
[[listener]]
name = "compact"
address = "127.0.0.1:0"
profile = "compact"
`

// serve starts the program and waits until its ports are open; it is stopped with the test.
func serve(t *testing.T, config string) *program {
	t.Helper()
	return serveWith(t, config, nil)
}

// serveWith is serve with further files beside the configuration.
func serveWith(t *testing.T, config string, files map[string]string) *program {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return serveIn(t, dir, config)
}

// serveIn is serve in a directory that another program may have left.
func serveIn(t *testing.T, dir, config string) *program {
	t.Helper()
	p := &program{t: t, dir: dir, log: &logBuffer{}, ended: make(chan struct{})}
	p.write("config.toml", config)
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	args := []string{"serve", "--config", p.file("config.toml"), "--addresses-file", p.file("addresses.json")}
	go func() {
		defer close(p.ended)
		p.code = run(ctx, args, strings.NewReader(""), io.Discard, p.log)
	}()
	t.Cleanup(func() { p.end() })
	await(t, "the addresses file", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("serve ended with %d:\n%s", p.code, p.log)
		default:
		}
		text, err := os.ReadFile(p.file("addresses.json"))
		return err == nil && json.Unmarshal(text, &p.addresses) == nil
	})
	return p
}

// end stops the program as a signal does and returns its exit code.
func (p *program) end() int {
	p.t.Helper()
	p.stop()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("serve does not end:\n%s", p.log)
	}
	return p.code
}

func (p *program) file(name string) string { return filepath.Join(p.dir, name) }

func (p *program) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.file(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// cli runs a command against the program.
func (p *program) cli(args ...string) result {
	p.t.Helper()
	return command(p.t, "", append(args, "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token"))...)
}

// result is what one call of the program gave.
type result struct {
	code           int
	stdout, stderr string
}

// command runs the program to its end.
func command(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, strings.NewReader(stdin), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// want checks exit code and a part of what was printed.
func (r result) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
	for _, part := range parts {
		if !strings.Contains(r.stdout+r.stderr, part) {
			t.Errorf("it does not say %q\nstdout: %s\nstderr: %s", part, r.stdout, r.stderr)
		}
	}
}

// peer is a raw connection of a master.
type peer struct {
	t *testing.T
	net.Conn
}

func (p *program) dial(listener string) *peer {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.addresses.Listeners[listener])
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	return &peer{p.t, conn}
}

func (c *peer) send(raw []byte) {
	c.t.Helper()
	if _, err := c.Write(raw); err != nil {
		c.t.Fatal(err)
	}
}

// receive reads exactly n bytes.
func (c *peer) receive(n int) []byte {
	c.t.Helper()
	raw := make([]byte, n)
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	got, err := io.ReadFull(c, raw)
	if err != nil {
		c.t.Fatalf("%d of %d bytes came (%x): %v", got, n, raw[:got], err)
	}
	return raw
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// logBuffer takes what a running program logs.
type logBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) has(parts ...string) bool {
	text := b.String()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// measurement is an extended m frame.
func measurement(serial, transaction int) string {
	return fmt.Sprintf("00250100000000%08d0102036d0020261123143000%08d0041ac0000", serial, transaction)
}

// receipt is its acknowledgement with the time masked.
func receipt(serial, transaction int) string {
	return fmt.Sprintf("00200100000000%08d0102036d00%s%08d", serial, maskedTime, transaction)
}

const maskedTime = "<------TS---->"

// masked is an extended frame in hexadecimal with its time replaced.
func masked(raw []byte) string {
	text := hex.EncodeToString(raw)
	if len(text) < 46 {
		return text
	}
	return text[:32] + maskedTime + text[46:]
}
