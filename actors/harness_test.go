package actors

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"trama/codec"
	"trama/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait; nothing waits that long unless it is broken.
const patience = 30 * time.Second

func shipped(t testing.TB, name string) *codec.Profile {
	t.Helper()
	p, err := codec.Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start runs a gateway with the given listeners ("name:profile" or "name:profile:integrator") on free ports.
func start(t testing.TB, listeners ...string) *gateway {
	t.Helper()
	o := Options{}
	for _, spec := range listeners {
		part := strings.Split(spec, ":")
		lo := ListenerOptions{Profile: shipped(t, part[1]), Transport: transport.Options{Name: part[0], Address: "127.0.0.1:0"}}
		if len(part) > 2 {
			lo.Role = RoleIntegrator
		}
		o.Listeners = append(o.Listeners, lo)
	}
	return startAll(t, o)
}

func startAll(t testing.TB, o Options) *gateway {
	t.Helper()
	if o.AllowFaults = true; o.Logger == nil {
		o.Logger = testLog()
	}
	g, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Drain(ctx); err != nil && g.Err() == nil {
			t.Errorf("drain: %v", err)
		}
	})
	return g.(*gateway)
}

func testLog() hclog.Logger {
	level := hclog.Off
	if l := os.Getenv("TRAMA_TEST_LOG"); l != "" {
		level = hclog.LevelFromString(l)
	}
	return hclog.New(&hclog.LoggerOptions{Level: level})
}

func (g *gateway) address(name string) string {
	p, err := g.port(name)
	if err != nil {
		return ""
	}
	return p.Addr()
}

// device is a PLC master on a real socket.
type device struct {
	t testing.TB
	net.Conn
}

func dial(t testing.TB, g *gateway, listener string) *device {
	t.Helper()
	c, err := net.Dial("tcp", g.address(listener))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &device{t, c}
}

func (d *device) send(hexes ...string) {
	d.t.Helper()
	b, err := hex.DecodeString(strings.Join(hexes, ""))
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.Write(b); err != nil {
		d.t.Fatal(err)
	}
}

// receive reads n bytes and returns them as hex.
func (d *device) receive(n int) string {
	d.t.Helper()
	b := make([]byte, n)
	_ = d.SetReadDeadline(time.Now().Add(patience))
	if got, err := io.ReadFull(d, b); err != nil {
		d.t.Fatalf("read %d of %d bytes (%x): %v", got, n, b[:got], err)
	}
	return hex.EncodeToString(b)
}

// quiet fails when anything arrives within a short while.
func (d *device) quiet() {
	d.t.Helper()
	b := make([]byte, 256)
	_ = d.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := d.Read(b); n > 0 {
		d.t.Fatalf("unexpected %x", b[:n])
	} else if e, ok := err.(net.Error); !ok || !e.Timeout() {
		d.t.Fatalf("expected silence, got %v", err)
	}
}

// closed waits for the end of the stream.
func (d *device) closed() {
	d.t.Helper()
	_ = d.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(d)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		d.t.Fatalf("expected the end, got %v", err)
	}
	if len(rest) > 0 {
		d.t.Fatalf("unexpected %x before the end", rest)
	}
}

// measurement is an extended `m` of serial with transaction number nut; acknowledged is what must come back, its time masked.
func measurement(serial string, nut int) string {
	at := "20261123143000"
	if now := time.Now(); now.Year() < 2026 { // by the clock of a bubble the device's would be wrong, and set
		at = now.Format("20060102150405")
	}
	return fmt.Sprintf("00250100000000%s0102036d00%s%08d0041ac0000", serial, at, nut)
}

func header(serial, command string, rc, nut int) string {
	return fmt.Sprintf("00200100000000%s010203%x%02x%s%08d", serial, command, rc, maskedTime, nut)
}

const (
	maskedTime      = "TTTTTTTTTTTTTT"
	extendedBytes   = 27
	measurementSize = 32
)

// mask hides the time of an extended header.
func mask(frame string) string {
	if len(frame) < 46 {
		return frame
	}
	return frame[:32] + maskedTime + frame[46:]
}

func (d *device) acknowledged(serial, command string, nut int) {
	d.t.Helper()
	if got, want := mask(d.receive(extendedBytes)), header(serial, command, 0, nut); got != want {
		d.t.Fatalf("acknowledgement\n got %s\nwant %s", got, want)
	}
}

// await polls until the condition holds.
func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
