package fleet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/protect"
)

var deviceKey = protect.Key(bytes.Repeat([]byte{0x11}, 16))

// fort is a gateway that opens what devices send, remembers every nonce, and protects what it answers.
type fort struct {
	t       *testing.T
	profile *codec.Profile
	suite   protect.Suite
	port    net.Listener
	all     sync.WaitGroup
	deal    func(c *wall, f *codec.Frame, o protect.Opened) // nil acknowledges everything

	mu       sync.Mutex // guards what follows
	used     map[string]string
	epochs   map[uint8]int // frames in each
	messages map[string]int
	next     uint32
	plain    []string // frames that came unprotected
}

type wall struct {
	net.Conn
	g *fort
	n int
}

func listenProtected(t *testing.T, suite protect.Suite, deal func(*wall, *codec.Frame, protect.Opened)) *fort {
	t.Helper()
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &fort{t: t, profile: p, suite: suite, port: port, deal: deal, used: map[string]string{}, epochs: map[uint8]int{}, messages: map[string]int{}}
	g.all.Go(func() {
		for {
			conn, err := port.Accept()
			if err != nil {
				return
			}
			g.all.Go(func() { g.serve(&wall{Conn: conn, g: g}) })
		}
	})
	t.Cleanup(func() { _ = port.Close(); g.all.Wait() })
	return g
}

func (g *fort) options(t *testing.T, masters, frames int) Options {
	return Options{
		Address: g.port.Addr().String(), Profile: g.profile, Masters: masters, SerialFrom: "00000007", Frames: frames, Seed: 1, Every: time.Millisecond, AckTimeout: 10 * time.Second,
		Key:    func(string) (protect.Key, protect.Suite, error) { return deviceKey, g.suite, nil },
		Memory: filepath.Join(t.TempDir(), "state"),
	}
}

func (g *fort) serve(c *wall) {
	defer c.Close()
	layout := g.profile.Security()
	in := make([]byte, 0, 4096)
	for {
		n, err := c.Read(in[len(in):cap(in)])
		in = in[:len(in)+n]
		for {
			size, whole := layout.Find(in)
			if size == 0 && len(in) > 0 {
				g.mu.Lock()
				g.plain = append(g.plain, fmt.Sprintf("%x", in))
				g.mu.Unlock()
				return
			}
			if !whole {
				break
			}
			g.take(c, bytes.Clone(in[:size]))
			in = append(in[:0], in[size:]...)
		}
		if err != nil {
			return
		}
	}
}

func (g *fort) take(c *wall, wire []byte) {
	head := g.profile.Security().Head(wire)
	o, err := g.profile.Security().Open(nil, wire, &protect.Opening{Key: deviceKey, Epoch: head.Epoch, Counter: head.Counter})
	if err != nil || o.Server {
		g.t.Errorf("%x: %v", wire, err)
		return
	}
	var f codec.Frame
	if err := g.profile.Decode(codec.Uplink, o.Plain, &f); err != nil {
		g.t.Errorf("%x: %v", o.Plain, err)
		return
	}
	g.mu.Lock()
	nonce := fmt.Sprintf("%x %v %02x %d", o.Serial, o.Suite, o.SC(), o.Counter)
	if before, used := g.used[nonce]; used && before != string(wire) && o.Suite != protect.Auth24 {
		g.t.Errorf("nonce %s is used twice: %x and %x", nonce, before, wire)
	}
	g.used[nonce] = string(wire)
	g.epochs[o.Epoch]++
	g.messages[f.Message().Name]++
	g.mu.Unlock()
	c.n++
	if g.deal != nil {
		g.deal(c, &f, o)
		return
	}
	c.acknowledge(&f, o)
}

// acknowledgement is the plain one.
func (c *wall) acknowledgement(f *codec.Frame) []byte {
	out, due, err := c.g.profile.Reply(nil, f, codec.Env{Now: time.Now()})
	if err != nil || !due {
		c.g.t.Error(due, err)
	}
	return out
}

func (c *wall) acknowledge(f *codec.Frame, o protect.Opened) {
	_, _ = c.Write(c.protect(c.acknowledgement(f), o.Epoch, o.ReferenceTo())) // a master that has left misses nothing
}

func (c *wall) protect(plain []byte, epoch uint8, reference []byte) []byte {
	c.g.mu.Lock()
	c.g.next++
	how := &protect.Protection{Suite: c.g.suite, Key: deviceKey, Epoch: epoch, Counter: c.g.next, Server: true, Reference: reference}
	c.g.mu.Unlock()
	out, err := c.g.profile.Protect(nil, plain, how)
	if err != nil {
		c.g.t.Error(err)
	}
	return out
}

func TestDevicesAreHeardAndAcknowledgedUnderEachSuite(t *testing.T) {
	for _, suite := range []protect.Suite{protect.Auth24, protect.Enc24, protect.CCM8, protect.CCM16} {
		g := listenProtected(t, suite, nil)
		o := g.options(t, 5, 20)
		s := runFleet(t, o)
		if s.Sent != 100 || s.Acknowledged != 100 || s.Waiting != 0 || s.Unexpected+s.WrongTag+s.Replayed+s.Unprotected+s.Misplaced != 0 || len(g.plain) > 0 {
			t.Errorf("suite %v: %+v, plain %v", suite, s, g.plain)
		}
	}
}

// What is not from the server, or not for this frame, is refused and counted, and the frame stays open.
func TestDevicesRefuseWhatIsNotProtectedAsItShouldBe(t *testing.T) {
	var first []byte // the acknowledgement of the first frame
	g := listenProtected(t, protect.CCM8, func(c *wall, f *codec.Frame, o protect.Opened) {
		if c.n == 1 {
			first = c.protect(c.acknowledgement(f), o.Epoch, o.ReferenceTo())
			_, _ = c.Write(first)
			return
		}
		how := &protect.Protection{Suite: protect.CCM8, Key: protect.Key{1}, Epoch: o.Epoch, Counter: 900, Server: true, Reference: o.ReferenceTo()}
		wrong, err := c.g.profile.Protect(nil, c.acknowledgement(f), how)
		if err != nil {
			c.g.t.Error(err)
		}
		other := o
		other.Counter++
		for _, bad := range [][]byte{c.acknowledgement(f), wrong, first, c.protect(c.acknowledgement(f), o.Epoch, other.ReferenceTo())} {
			_, _ = c.Write(bad)
		}
		c.acknowledge(f, o)
	})
	s := runFleet(t, g.options(t, 1, 2))
	if s.Acknowledged != 2 || s.Waiting != 0 || s.Unprotected != 1 || s.WrongTag != 1 || s.Replayed != 1 || s.Misplaced != 1 || s.Unexpected != 0 {
		t.Errorf("%+v", s)
	}
}

// A command is obeyed once, and its answer refers to it.
func TestDevicesAnswerCommandsOnce(t *testing.T) {
	command := mustHex(t, "002001000000000000000701020341002026112314300500000021")
	answered := make(chan protect.Opened, 9)
	var wire []byte
	g := listenProtected(t, protect.CCM8, func(c *wall, f *codec.Frame, o protect.Opened) {
		if f.Command() == "A" {
			answered <- o
			return
		}
		switch c.n {
		case 1:
			wire = c.protect(command, o.Epoch, nil)
			_, _ = c.Write(append(bytes.Clone(wire), wire...))
		case 3:
			_, _ = c.Write(wire)
		}
		c.acknowledge(f, o)
	})
	o := g.options(t, 1, 4)
	s := runFleet(t, o)
	if s.Commands != 1 || s.Replayed != 2 || len(answered) != 1 {
		t.Fatalf("%+v, %d answers", s, len(answered))
	}
	head := g.profile.Security().Head(wire)
	sent := protect.Opened{Head: head, Tag: [4]byte(wire[len(wire)-8:])}
	if answer := <-answered; !bytes.Equal(answer.Reference, sent.ReferenceTo()) {
		t.Errorf("the answer refers to %x, not to %x", answer.Reference, sent.ReferenceTo())
	}
	// nor after the device has started again
	g.mu.Lock()
	g.deal = func(c *wall, f *codec.Frame, o protect.Opened) {
		if c.n == 1 {
			_, _ = c.Write(wire)
		}
		c.acknowledge(f, o)
	}
	g.mu.Unlock()
	if s := runFleet(t, o); s.Commands != 0 || s.Replayed != 1 {
		t.Errorf("after a start: %+v", s)
	}
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	var b []byte
	if _, err := fmt.Sscanf(text, "%x", &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// A frame whose connection was lost comes again over the next one, with the same bytes.
func TestDevicesSendTheSameBytesAgain(t *testing.T) {
	var lost atomic.Int64
	g := listenProtected(t, protect.CCM8, func(c *wall, f *codec.Frame, o protect.Opened) {
		if lost.Add(1)%2 == 1 {
			_ = c.Close()
			return
		}
		c.acknowledge(f, o)
	})
	s := runFleet(t, g.options(t, 1, 3))
	if s.Acknowledged != 3 || s.Lost != 3 || s.Resent != 3 || len(g.used) != 3 {
		t.Errorf("%+v, %d nonces", s, len(g.used))
	}
}

func TestDevicesBeginNewEpochs(t *testing.T) {
	g := listenProtected(t, protect.CCM8, nil)
	o := g.options(t, 1, 25)
	o.EpochFrames = 10
	s := runFleet(t, o)
	if s.Acknowledged != 25 || !maps.Equal(g.epochs, map[uint8]int{0: 10, 1: 10, 2: 5}) {
		t.Errorf("%+v, frames by epoch %v", s, g.epochs)
	}
}

// A gateway that has lost what it knew of counters takes nothing but a newer epoch.
func TestDeviceThatNobodyHearsBeginsANewEpochWithTheSameFrame(t *testing.T) {
	g := listenProtected(t, protect.CCM8, func(c *wall, f *codec.Frame, o protect.Opened) {
		if o.Epoch > 0 {
			c.acknowledge(f, o)
		}
	})
	o := g.options(t, 1, 1)
	o.AckTimeout = 20 * time.Millisecond
	s := runFleet(t, o)
	if s.Sent != 1 || s.Acknowledged != 1 || g.epochs[0] != sendsToMove || g.epochs[1] < 1 {
		t.Errorf("%+v, frames by epoch %v", s, g.epochs)
	}
}

func TestNoNonceIsUsedAgainByAFleetThatWasKilled(t *testing.T) {
	g := listenProtected(t, protect.CCM8, nil)
	o := g.options(t, 3, keepEvery/2+7)
	for range 6 { // the file is closed and not written to, as when the process is killed
		if s := runFleet(t, o); s.Waiting != 0 {
			t.Fatalf("%+v", s)
		}
	}
	if len(g.used) != 6*3*o.Frames {
		t.Errorf("%d nonces for %d frames", len(g.used), 6*3*o.Frames)
	}
}

// alone is a device with a memory of its own.
func alone(t *testing.T, path string, start bool) (*Device, *Memory) {
	t.Helper()
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	m, err := OpenMemory(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	if start {
		if err := m.Start("00000007"); err != nil {
			t.Fatal(err)
		}
	}
	d, err := NewDevice(p.Security(), "00000007", &deviceKey, protect.CCM8, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	return d, m
}

// The power goes at any moment, also in the middle of a write to the memory.
func TestNoNonceIsUsedAgainWhereverThePowerGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	rng := rand.New(rand.NewPCG(1, 1))
	plain := mustHex(t, "00250100000000000000070102036d0020261123143000000000070041ac0000")
	used := map[[2]uint32]bool{}
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for life := range 200 {
		d, m := alone(t, path, true)
		for range rng.IntN(3 * keepEvery) {
			wire, err := d.Protect(nil, plain, nil)
			if err != nil {
				t.Fatal(err)
			}
			h := d.layout.Head(wire)
			if nonce := [2]uint32{uint32(h.Epoch), h.Counter}; used[nonce] {
				t.Fatalf("life %d: epoch %d, counter %d again", life, h.Epoch, h.Counter)
			} else {
				used[nonce] = true
			}
		}
		before := size()
		var err error
		if rng.IntN(5) == 0 && d.Epoch() < lastEpoch { // a write, and nothing is sent behind it
			err = d.Move()
		} else {
			err = d.Remember()
		}
		after := size()
		if err = errors.Join(err, m.Close()); err != nil || after == before {
			t.Fatal(before, after, err)
		}
		if err := os.Truncate(path, before+rng.Int64N(after-before+1)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d nonces", len(used))
}

// When its memory breaks a device stops before it could use a counter that a start uses again.
func TestDeviceStopsWhenItsMemoryBreaks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	d, m := alone(t, path, true)
	plain := mustHex(t, "00250100000000000000070102036d0020261123143000000000070041ac0000")
	var last uint32
	send := func(d *Device) error {
		wire, err := d.Protect(nil, plain, nil)
		if err == nil {
			last = d.layout.Head(wire).Counter
		}
		return err
	}
	for range 3*keepEvery + 5 {
		if err := send(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	more := 0
	for ; more < 2*keepEvery && send(d) == nil; more++ {
	}
	if more == 2*keepEvery || last != 4*keepEvery+keepLate-1 {
		t.Errorf("it has sent %d frames more, the last with counter %d", more, last)
	}
	was := last
	if d, _ := alone(t, path, true); send(d) != nil || last <= was {
		t.Errorf("after a start: counter %d behind %d", last, was)
	}
}

func TestMemoryOfDevicesIsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	m, err := OpenMemory(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenMemory(path); err == nil || !strings.Contains(err.Error(), "another fleet") {
		t.Error("opened twice:", err)
	}
	want := map[string]Kept{"00000001": {Epoch: 3, Counter: 512, Heard: 9}, "00000002": {Counter: 256}}
	for _, serial := range slices.Sorted(maps.Keys(want)) {
		k := want[serial]
		if err := errors.Join(m.Keep(serial, &Kept{}), m.Keep(serial, &k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	open := func(text []byte) (map[string]Kept, error) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := OpenMemory(path)
		if err != nil {
			return nil, err
		}
		return m.last, m.Close()
	}
	if got, err := open(text); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	end := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	want["00000002"] = Kept{}
	for n := end; n < len(text); n++ { // a write that was cut short
		if got, err := open(text[:n]); err != nil || !maps.Equal(got, want) {
			t.Fatalf("%q: %v, %v", text[:n], got, err)
		}
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 1
		if got, err := open(bad); err == nil && (i < end || len(got) != 2 || got["00000002"] != Kept{}) {
			t.Errorf("byte %d changed: %v", i, got)
		}
	}
}

func TestMastersWithoutAKeyAreTold(t *testing.T) {
	g := listenProtected(t, protect.CCM8, nil)
	o := g.options(t, 2, 1)
	o.Key = func(serial string) (protect.Key, protect.Suite, error) {
		if serial == "00000008" {
			return protect.Key{}, 0, io.EOF
		}
		return deviceKey, protect.CCM8, nil
	}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "key of device 00000008") {
		t.Error(err)
	}
	p, err := codec.Shipped("gt06")
	if err != nil {
		t.Fatal(err)
	}
	o.Profile = p
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "never protected") {
		t.Error(err)
	}
}

// A key that the server has sent outlives the process, until the device is made with another one.
func TestADeviceKeepsTheKeyThatItWasSent(t *testing.T) {
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state")
	next, other := protect.Key(bytes.Repeat([]byte{0x22}, 16)), protect.Key(bytes.Repeat([]byte{0x33}, 16))
	plain, _ := hex.DecodeString("00250100000000123456780102036d0020261123143000000000070041ac0000")
	speaks := func(made protect.Key, adopt bool) (key protect.Key, at protect.Head) {
		memory, err := OpenMemory(path)
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		if err := memory.Start("12345678"); err != nil {
			t.Fatal(err)
		}
		d, err := NewDevice(p.Security(), "12345678", &made, protect.CCM8, memory, 0)
		if err == nil && adopt {
			by := protect.WrappingKey(&made, [4]byte{0x12, 0x34, 0x56, 0x78})
			err = d.Adopt(protect.WrapKey(&by, &next))
		}
		if err != nil {
			t.Fatal(err)
		}
		frame, err := d.Protect(nil, plain, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []protect.Key{made, next} {
			if o, err := p.Security().Open(nil, frame, &protect.Opening{Key: key}); err == nil {
				return key, o.Head
			}
		}
		t.Fatal("the frame is under no key that is known")
		return key, at
	}
	if key, at := speaks(deviceKey, true); key != next || at.Epoch != 1 || at.Counter != 0 {
		t.Errorf("sent: epoch %d, counter %d, next key %v", at.Epoch, at.Counter, key == next)
	}
	if key, at := speaks(deviceKey, false); key != next || at.Epoch != 1 || at.Counter == 0 {
		t.Errorf("started again: epoch %d, counter %d, next key %v", at.Epoch, at.Counter, key == next)
	}
	if key, _ := speaks(other, false); key != other {
		t.Error("made with another key, and speaks under the one that it was sent")
	}
}
