package fleet

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trama/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gateway is the least that masters can talk to: it acknowledges, and what a test wants differently it does in deal.
type gateway struct {
	t       *testing.T
	profile *codec.Profile
	port    net.Listener
	deal    func(c *link, f *codec.Frame) // nil acknowledges everything

	mu     sync.Mutex // guards heard
	heard  []string   // JSON of every frame
	serial map[string]int
	all    sync.WaitGroup
}

type link struct {
	net.Conn
	g *gateway
	n int // frames heard on it
}

func (c *link) acknowledge(f *codec.Frame) {
	out, due, err := c.g.profile.Reply(nil, f, codec.Env{Now: time.Now()})
	if err != nil {
		c.g.t.Error(err)
	}
	if due {
		_, _ = c.Write(out) // a master that has left misses nothing
	}
}

func listen(t *testing.T, profile string, deal func(*link, *codec.Frame)) *gateway {
	t.Helper()
	p, err := codec.Shipped(profile)
	if err != nil {
		t.Fatal(err)
	}
	return listenWith(t, p, deal)
}

func listenWith(t *testing.T, p *codec.Profile, deal func(*link, *codec.Frame)) *gateway {
	t.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, profile: p, port: port, deal: deal, serial: map[string]int{}}
	g.all.Go(func() {
		for {
			conn, err := port.Accept()
			if err != nil {
				return
			}
			g.all.Go(func() { g.serve(&link{Conn: conn, g: g}) })
		}
	})
	t.Cleanup(func() { _ = port.Close(); g.all.Wait() })
	return g
}

func (g *gateway) serve(c *link) {
	defer c.Close()
	in := bufio.NewScanner(c)
	in.Split(g.profile.Splitter(codec.Uplink))
	var f codec.Frame
	for in.Scan() {
		if err := g.profile.Decode(codec.Uplink, in.Bytes(), &f); err != nil {
			g.t.Errorf("%x: %v", in.Bytes(), err)
			return
		}
		text, _ := f.AppendJSON(nil)
		g.mu.Lock()
		g.heard = append(g.heard, string(text))
		g.serial[string(f.Identity())]++
		g.mu.Unlock()
		c.n++
		if g.deal != nil {
			g.deal(c, &f)
		} else {
			c.acknowledge(&f)
		}
	}
}

func (g *gateway) has(parts ...string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, line := range g.heard {
		found := true
		for _, part := range parts {
			found = found && strings.Contains(line, part)
		}
		if found {
			return true
		}
	}
	return false
}

func (g *gateway) options(masters, frames int) Options {
	return Options{
		Address: g.port.Addr().String(), Profile: g.profile, Masters: masters, SerialFrom: "00000007", Frames: frames, Seed: 1,
		Every: time.Millisecond, AckTimeout: 10 * time.Second, // so that no frame is sent again because the machine stood still
	}
}

func runFleet(t *testing.T, o Options) Summary {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("the fleet did not come home: %+v", s)
	}
	return s
}

func TestEveryFrameIsSentAndAcknowledged(t *testing.T) {
	for _, profile := range []string{"compact", "extended"} {
		g := listen(t, profile, nil)
		s := runFleet(t, g.options(20, 5))
		if s.Sent != 100 || s.Acknowledged != 100 || s.Waiting != 0 || s.Unexpected != 0 || s.Noise != 0 || s.Connected != 0 || s.MostConnected < 1 {
			t.Errorf("%s: %+v", profile, s)
		}
		if len(g.serial) != 20 || g.serial["00000007"] != 5 || g.serial["00000026"] != 5 {
			t.Errorf("%s: serials %v", profile, g.serial)
		}
		if s.P50 <= 0 || s.P50 > s.P99 || s.P99 > s.Max {
			t.Errorf("%s: latency %v %v %v", profile, s.P50, s.P99, s.Max)
		}
	}
}

func TestUnacknowledgedFrameIsSentAgainWithTheSameBytes(t *testing.T) {
	g := listen(t, "extended", func(c *link, f *codec.Frame) {
		if c.n > 1 { // the first is overheard
			c.acknowledge(f)
		}
	})
	o := g.options(1, 1)
	o.AckTimeout = time.Second
	s := runFleet(t, o)
	if s.Sent != 1 || s.Resent != 1 || s.Acknowledged != 1 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
	if len(g.heard) != 2 || g.heard[0] != g.heard[1] {
		t.Errorf("heard %v", g.heard)
	}
}

func TestFrameInFlightSurvivesTheConnection(t *testing.T) {
	var broken atomic.Bool
	g := listen(t, "extended", func(c *link, f *codec.Frame) {
		if broken.CompareAndSwap(false, true) {
			_ = c.Close()
			return
		}
		c.acknowledge(f)
	})
	s := runFleet(t, g.options(1, 2))
	if s.Sent != 2 || s.Resent != 1 || s.Acknowledged != 2 || s.Lost != 1 || s.Connects != 2 {
		t.Errorf("%+v", s)
	}
}

func TestFramesNobodyAcknowledgesAreReported(t *testing.T) {
	g := listen(t, "extended", func(*link, *codec.Frame) {})
	o := g.options(3, 0)
	o.Duration, o.AckTimeout = 50*time.Millisecond, time.Second
	if s := runFleet(t, o); s.Waiting != 3 || s.Acknowledged != 0 || s.Sent != 3 {
		t.Errorf("%+v", s)
	}
}

func TestMastersReconnect(t *testing.T) {
	g := listen(t, "extended", nil)
	o := g.options(2, 0)
	o.Every, o.ReconnectEvery, o.Duration = 5*time.Millisecond, 30*time.Millisecond, 2*time.Second
	s := runFleet(t, o)
	if s.Connects < 6 || s.Lost != 0 || s.Waiting != 0 || !g.has(`"message":"keep-alive"`) {
		t.Errorf("%+v", s)
	}
}

func TestSilentMasterSendsKeepAlives(t *testing.T) {
	g := listen(t, "compact", nil)
	o := g.options(1, 0)
	o.Every, o.KeepAlive, o.Duration = time.Hour, 20*time.Millisecond, 2*time.Second
	if s := runFleet(t, o); s.Sent < 4 || !g.has(`"message":"keep-alive"`) {
		t.Errorf("%+v", s)
	}
}

func TestCommandsAreAnswered(t *testing.T) {
	script := []struct {
		command string
		fields  map[string]any
	}{
		{"operate-relay", map[string]any{"RN": 3, "OP": 1}},
		{"ask-relays", nil}, {"ask-measurement", nil}, {"ask-slaves", nil}, {"ask-sensors", nil}, {"ask-configuration", nil}, {"set-slaves", map[string]any{"LS": 5}},
	}
	for _, profile := range []string{"compact", "extended"} {
		g := listen(t, profile, func(c *link, f *codec.Frame) {
			c.acknowledge(f)
			if c.n > 1 {
				return
			}
			for i, s := range script {
				c.order(f, s.command, uint64(100+i), s.fields)
			}
			c.orderUnknown(f)
		})
		o := g.options(1, 0)
		o.Every, o.Duration = time.Hour, time.Second
		s := runFleet(t, o)
		if s.Commands != uint64(len(script)) || s.Refused != 1 || s.Unexpected != 0 || s.Waiting != 0 {
			t.Errorf("%s: %+v", profile, s)
		}
		for _, want := range [][]string{
			{`"C":"O"`, `"RC":0`}, {`"C":"Z"`, `"RC":1`}, {`"message":"relay-report"`, `"RN":3`, `"OP":{"value":1,"label":"on"}`},
			{`"message":"slave-report"`}, {`"message":"sensor-report"`},
		} {
			if !g.has(want...) {
				t.Errorf("%s: no frame with %v in %v", profile, want, g.heard)
			}
		}
	}
}

// order sends a command to the master that f came from.
func (c *link) order(f *codec.Frame, command string, transaction uint64, fields map[string]any) {
	all := map[string]any{"SD": string(f.Identity()), "RFC": 1, "SC": 1}
	if c.g.profile.TransactionLimit() > 0 {
		all["CC"], all["NUT"] = 1, transaction
	}
	for key, value := range fields {
		all[key] = value
	}
	var out codec.Frame
	err := c.g.profile.BuildIn(codec.Env{Now: time.Now()}, &out, command, all)
	if err == nil {
		var raw []byte
		if raw, err = c.g.profile.Append(nil, &out); err == nil {
			_, err = c.Write(raw)
		}
	}
	if err != nil {
		c.g.t.Error(command, err)
	}
}

// orderUnknown sends a command that the profile does not list.
func (c *link) orderUnknown(f *codec.Frame) {
	var out codec.Frame
	var raw []byte
	fields := map[string]any{"SD": string(f.Identity()), "RFC": 1, "SC": 1, "C": "Z", "body": []byte{}}
	if c.g.profile.TransactionLimit() > 0 {
		fields["CC"], fields["NUT"] = 1, 999
	}
	err := c.g.profile.BuildIn(codec.Env{Now: time.Now()}, &out, "other", fields)
	if err == nil {
		if raw, err = c.g.profile.Append(nil, &out); err == nil {
			_, err = c.Write(raw)
		}
	}
	if err != nil {
		c.g.t.Error("unknown command:", err)
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	g := listen(t, "extended", nil)
	for name, spoil := range map[string]func(*Options){
		"no profile":     func(o *Options) { o.Profile = nil },
		"no masters":     func(o *Options) { o.Masters = 0 },
		"jitter":         func(o *Options) { o.Jitter = 2 },
		"negative":       func(o *Options) { o.Every = -1 },
		"serial":         func(o *Options) { o.SerialFrom = "x" },
		"serials":        func(o *Options) { o.SerialFrom, o.Masters = "99", 2 },
		"serial's width": func(o *Options) { o.SerialFrom = "123456789" },
		"descriptors":    func(o *Options) { o.Masters, o.SerialFrom = 1<<30, "0000000001" },
	} {
		o := g.options(1, 1)
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestUnreachableGatewayEndsInOrder(t *testing.T) {
	g := listen(t, "extended", nil)
	_ = g.port.Close()
	o := g.options(5, 1)
	o.Duration = 100 * time.Millisecond
	if s := runFleet(t, o); s.Connects != 0 || s.Failed == 0 {
		t.Errorf("%+v", s)
	}
}

func TestHistogramTellsQuantiles(t *testing.T) {
	var h histogram
	for n := range 1000 {
		h.add(time.Duration(n+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := h.quantile(q); got < want || float64(got) > 1.04*float64(want) {
			t.Errorf("quantile %v is %v, want %v to 4 %%", q, got, want)
		}
	}
	for d := time.Duration(1); d < 1<<40; d = d*3 + 1 {
		if b := bucketOf(d); upper(b) < d || b > 0 && upper(b-1) >= d {
			t.Errorf("%d falls into bucket %d, which ends at %d", d, b, upper(b))
		}
	}
}
