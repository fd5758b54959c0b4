package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"trama/codec/protect"
)

// tap stands between the masters and the daemon, and knows every whole frame that was on the wire.
type tap struct {
	layout *protect.Layout
	port   net.Listener
	to     atomic.Pointer[string] // the daemon of this round
	all    sync.WaitGroup
	keys   func(serial [4]byte) (protect.Key, bool)
	seed   maphash.Seed

	mu       sync.Mutex // guards the rest
	seen     map[nonce]uint64
	up, down int            // frames
	again    int            // frames that came with the same bytes
	epochs   map[nonce]bool // without counters
	reused   error
	acked    map[answered]bool // of the simulated fleet: what the daemon said that it has
	open     map[net.Conn]bool
}

// nonce is what must not be used for two frames; each device has one key.
type nonce struct {
	serial    [4]byte
	suite, sc byte
	counter   uint32
}

// answered is the frame of a device that an acknowledgement refers to.
type answered struct {
	serial [4]byte
	to     [8]byte
}

func newTap(layout *protect.Layout, keys func([4]byte) (protect.Key, bool)) (*tap, error) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{layout: layout, port: port, keys: keys, seed: maphash.MakeSeed(), seen: map[nonce]uint64{},
		acked: map[answered]bool{}, epochs: map[nonce]bool{}, open: map[net.Conn]bool{}}
	t.all.Go(func() {
		for {
			c, err := port.Accept()
			if err != nil {
				return
			}
			t.all.Go(func() { t.carry(c.(*net.TCPConn)) })
		}
	})
	return t, nil
}

func (t *tap) address() string { return t.port.Addr().String() }

// close ends all connections.
func (t *tap) close() {
	_ = t.port.Close()
	t.mu.Lock()
	for c := range t.open {
		_ = c.Close()
	}
	t.mu.Unlock()
	t.all.Wait()
}

func (t *tap) keep(c net.Conn, yes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[c] = true; !yes {
		delete(t.open, c)
	}
}

// carry is one connection, in both directions.
func (t *tap) carry(master *net.TCPConn) {
	defer master.Close()
	t.keep(master, true)
	defer t.keep(master, false)
	to := t.to.Load()
	if to == nil {
		return
	}
	c, err := net.DialTimeout("tcp", *to, time.Second)
	if err != nil {
		return // it has been killed
	}
	daemon := c.(*net.TCPConn)
	defer daemon.Close()
	var up sync.WaitGroup
	up.Go(func() {
		if errors.Is(t.copy(daemon, master, false), io.EOF) {
			_ = daemon.CloseWrite() // the daemon may have answers to give
			return
		}
		_ = daemon.Close()
	})
	_ = t.copy(master, daemon, true) // however it ends, the connection does
	_ = master.Close()
	up.Wait()
}

// copy hands on what one side says and takes note of the frames.
func (t *tap) copy(to, from *net.TCPConn, server bool) error {
	buffer, rest := make([]byte, 16<<10), []byte(nil)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			rest = t.note(append(rest, buffer[:n]...), server)
			if _, err := to.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// note takes note of the whole frames in data, and returns what is left.
func (t *tap) note(data []byte, server bool) (rest []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(data) > 0 {
		n, whole := t.layout.Find(data)
		switch {
		case whole:
			t.frame(data[:n], server)
			data = data[n:]
		case n > len(data):
			return bytes.Clone(data)
		default: // rubbish
			data = data[1:]
		}
	}
	return nil
}

// frame takes note of one frame.  Called with the mutex held.
func (t *tap) frame(frame []byte, server bool) {
	h := t.layout.Head(frame)
	if h.Server != server {
		return // no device and no daemon has made it
	}
	key, hash := nonce{serial: h.Serial, suite: byte(h.Suite), sc: h.SC(), counter: h.Counter}, maphash.Bytes(t.seed, frame)
	before, used := t.seen[key]
	switch {
	case used && before == hash:
		t.again++
	case used:
		t.reused = fmt.Errorf("device %x, suite %v, SC %02x, counter %d: used for two frames, the second is %x",
			h.Serial, h.Suite, h.SC(), h.Counter, frame)
	case server:
		t.down++
	default:
		t.up++
		t.epochs[nonce{serial: h.Serial, suite: byte(h.Suite), sc: h.SC()}] = true
	}
	t.seen[key] = hash
	if server {
		t.answer(h, frame)
	}
}

// answer takes note of what an acknowledgement to the simulated fleet says.
func (t *tap) answer(h protect.Head, frame []byte) {
	k, ours := t.keys(h.Serial)
	if !ours {
		return
	}
	o, err := t.layout.Open(nil, frame, &protect.Opening{Key: k, Server: true})
	if err == nil && len(o.Reference) == 8 {
		t.acked[answered{h.Serial, [8]byte(o.Reference)}] = true
	}
}

// problem is a nonce that was used twice; nil: none was.
func (t *tap) problem() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reused
}
