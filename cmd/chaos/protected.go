package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"trama/codec"
	"trama/codec/protect"
	"trama/fleet"
	"trama/journal"
	"trama/keys"
)

// guarded is what a run with keys has beside the others: devices instead of masters, a tap on the wire, and a simulated
// fleet in a process of its own, which is killed at moments of its own.
type guarded struct {
	suite  protect.Suite
	layout *protect.Layout
	store  *keys.Store
	memory *fleet.Memory // of the senders
	tap    *tap
	ticks  *rand.Rand // of the fleet's kills

	stop  chan struct{} // closed when the fleet is killed for the last time
	once  sync.Once
	fleet sync.WaitGroup
	noise sync.WaitGroup // strangers
	forks sync.Mutex     // a process that starts has the lock of a journal that is open here, until it is itself
	mu    sync.Mutex     // guards kills and wrong
	kills int
	wrong error // of the fleet

	stored  map[answered]bool // of the simulated fleet: what the journal has
	records uint64
	reboots int
}

const (
	fleetSerial   = 40_000_000
	fleetMasters  = 8
	rebootOneIn   = 4 // rounds in which a device starts again
	replayedAtAll = 12
)

// equip makes the keys and the tap, and writes the part of the configuration that says so.
func (c *chaos) equip(suite string) (config string, err error) {
	g := &guarded{stored: map[answered]bool{}, stop: make(chan struct{}), ticks: rand.New(rand.NewPCG(c.seed, 2))}
	if g.suite, err = protect.ParseSuite(suite); err != nil || !g.suite.SaysWay() {
		return "", fmt.Errorf("-suite: %q has no counter that stands in each frame", suite)
	}
	p, err := codec.Shipped("extended")
	if err != nil {
		return "", err
	}
	g.layout = p.Security()
	if err := os.MkdirAll(c.file("data"), 0o700); err != nil {
		return "", err
	}
	if err := keys.Make(c.file("data/keys")); err != nil {
		return "", err
	}
	if g.store, err = keys.Open(c.file("data/keys")); err != nil {
		return "", err
	}
	var all []keys.New
	add := func(first, n int) {
		for i := range n {
			all = append(all, keys.New{Serial: strconv.Itoa(first + i), Key: keys.Generate(), Suite: g.suite})
		}
	}
	add(firstSerial, c.masters)
	add(fleetSerial, fleetMasters)
	if err := g.store.Add(time.Now(), all...); err != nil {
		return "", err
	}
	if g.memory, err = fleet.OpenMemory(c.file("senders.state")); err != nil {
		return "", err
	}
	if g.tap, err = newTap(g.layout, g.fleetKey); err != nil {
		return "", err
	}
	c.guarded = g
	return fmt.Sprintf("security = \"required\"\nsuites = [%q]\n\n[keys]\n", suite), nil
}

// fleetKey is the key of a device of the simulated fleet.
func (g *guarded) fleetKey(serial [4]byte) (protect.Key, bool) {
	if serial[0] != 0x40 {
		return protect.Key{}, false
	}
	e, has := g.store.Key(hex.EncodeToString(serial[:]))
	return e.Key, has
}

// epochFrames is after how many frames a device begins a new epoch: some will, and none comes to its last one.
func (c *chaos) epochFrames() int { return 300 + 30*c.rounds }

// boot starts the device of a sender, as after a loss of power: it has the frames that are not acknowledged, and
// protects them anew.
func (c *chaos) boot(s *sender) error {
	g, serial := c.guarded, strconv.Itoa(s.serial)
	if err := g.memory.Start(serial); err != nil {
		return err
	}
	e, _ := g.store.Key(serial)
	var err error
	s.device, err = fleet.NewDevice(g.layout, serial, &e.Key, g.suite, g.memory, uint32(c.epochFrames()))
	for i := range s.open {
		if err == nil {
			s.open[i].wire, err = s.device.Protect(nil, s.open[i].plain, nil)
		}
	}
	s.last = nil // the daemon does not know them any more by their counters
	return err
}

// heard are frames that were acknowledged in earlier rounds, and one of them changed.  A stranger may send them again:
// whatever it is told, nothing of it may come into the journal.
func (c *chaos) heard() (frames [][]byte) {
	for range replayedAtAll {
		if s := c.senders[c.random.IntN(len(c.senders))]; len(s.last) > 0 {
			frames = append(frames, s.last[c.random.IntN(len(s.last))].wire)
		}
	}
	if len(frames) > 0 {
		forged := bytes.Clone(frames[0])
		forged[len(forged)-1] ^= 1
		frames = append(frames, forged)
	}
	return frames
}

// shout sends frames from another address and waits a moment for what comes of it.
func shout(address string, frames [][]byte) {
	d := net.Dialer{Timeout: time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := d.Dial("tcp", address)
	if err != nil {
		return // it has been killed already
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
	for _, frame := range frames {
		if _, err := conn.Write(frame); err != nil {
			return
		}
	}
	_, _ = io.Copy(io.Discard, conn) // until the daemon closes it, or the moment is over
}

// runFleet runs the simulated fleet and kills it, over and over, until the run stops it.
func (c *chaos) runFleet(ctx context.Context) {
	g := c.guarded
	for {
		if c.broken { // a device whose memory does not survive
			if err := os.Remove(c.file("fleet.state")); err != nil && !errors.Is(err, os.ErrNotExist) {
				g.fail(err)
				return
			}
		}
		cmd := exec.CommandContext(ctx, c.program, "simulate", "--address", g.tap.address(), "--profile", "extended",
			"--masters", strconv.Itoa(fleetMasters),
			"--serial-from", strconv.Itoa(fleetSerial), "--every", "3ms", "--jitter", "1", "--key-dir",
			c.file("data/keys"), "--suite", g.suite.String(), "--state", c.file("fleet.state"), "--epoch-frames",
			strconv.Itoa(c.epochFrames()))
		cmd.Stderr = c.stderr
		g.forks.Lock()
		err := cmd.Start()
		g.forks.Unlock()
		if err != nil {
			g.fail(err)
			return
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait() // how it ended stands in ProcessState
			close(ended)
		}()
		stopped := false
		select {
		case <-time.After(20*time.Millisecond + time.Duration(g.ticks.Int64N(int64(2*c.longest)))):
		case <-g.stop:
			stopped = true
		case <-ended:
			g.fail(fmt.Errorf("the simulated fleet ended by itself: %v", cmd.ProcessState))
			return
		}
		_ = cmd.Process.Kill() // it has ended already, or it does now
		<-ended
		g.mu.Lock()
		g.kills++
		g.mu.Unlock()
		if stopped {
			return
		}
	}
}

func (g *guarded) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wrong = errors.Join(g.wrong, err)
}

// state is what went wrong on the wire or with the fleet so far.
func (g *guarded) state() error {
	if err := g.tap.problem(); err != nil {
		return violated("%w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wrong
}

// came holds what a record came under against what was sent; s is nil for one of the simulated fleet.
func (c *chaos) came(f *journal.Frame, s *sender) error {
	g, p := c.guarded, f.Protection
	if p.Suite != uint8(g.suite) || p.Tag == ([4]byte{}) {
		return violated("record %d, of device %s, has not come under suite %v: %+v", f.Seq, f.Master, g.suite, p)
	}
	if s != nil { // each new frame has a higher counter
		came := uint64(p.SC)<<32 | uint64(p.Counter)
		if came < s.came {
			return violated("record %d, of device %s: %+v comes behind %x", f.Seq, f.Master, p, s.came)
		}
		s.came = came
		return nil
	}
	serial, err := hex.DecodeString(f.Master)
	if err != nil || len(serial) != 4 {
		return violated("record %d: device %q", f.Seq, f.Master)
	}
	to := protect.Opened{Head: protect.Head{Suite: g.suite, Counter: p.Counter}, Tag: p.Tag}
	is := answered{[4]byte(serial), [8]byte(to.ReferenceTo())}
	if g.stored[is] {
		return violated("record %d, of device %s: counter %d is there twice", f.Seq, f.Master, p.Counter)
	}
	g.stored[is] = true
	g.records++
	return nil
}

// kept says whether all frames of the simulated fleet that the daemon has acknowledged are in the journal.
func (g *guarded) kept() error {
	g.tap.mu.Lock()
	defer g.tap.mu.Unlock()
	for a := range g.tap.acked {
		if !g.stored[a] {
			return violated("device %x was told that its frame %x is on disk, and the journal has none", a.serial, a.to)
		}
		delete(g.tap.acked, a)
	}
	return nil
}

// quiet ends the simulated fleet and the strangers.
func (g *guarded) quiet() {
	g.once.Do(func() { close(g.stop) })
	g.fleet.Wait()
	g.noise.Wait()
}

func (g *guarded) close() {
	g.quiet()
	g.tap.close()
	_ = g.memory.Close() // nothing is read from it any more
}

// fleetSeen is how many devices of the simulated fleet the journal knows.
func (c *chaos) fleetSeen() int {
	if c.guarded == nil {
		return 0
	}
	of := map[[4]byte]bool{}
	for a := range c.guarded.stored {
		of[a.serial] = true
	}
	return len(of)
}

func (c *chaos) fleetRecords() uint64 {
	if c.guarded == nil {
		return 0
	}
	return c.guarded.records
}
