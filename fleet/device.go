package fleet

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"trama/codec/protect"
)

// Device is the side of a protected conversation that stands in a device: its key, epoch and counters.  One goroutine
// at a time uses it.
type Device struct {
	layout *protect.Layout
	serial string
	key    protect.Key
	old    protect.Key // of the epoch before
	made   uint32      // identifies the key that it was made with
	suite  protect.Suite
	memory *Memory

	kept    Kept
	counter uint32 // of the next frame
	moved   uint32 // counter at which the next epoch begins
	heard   heard  // in this epoch
	before  heard  // in the one before
}

// Why a device refuses a frame of the server, beside protect.ErrTag.
var (
	ErrPlain     = errors.New("unprotected")
	ErrReplayed  = errors.New("replayed")
	ErrOldEpoch  = errors.New("wrong epoch")
	ErrReference = errors.New("answers another frame")
	ErrCounters  = errors.New("no counter is left")
)

const (
	lastEpoch   = 63
	epochFrames = 1 << 20
)

// NewDevice starts a device.  Its first counter is behind all that memory knows of; the caller has started memory.  nil: it
// never starts again.  After frames frames a new epoch begins; 0: after 2^20.
func NewDevice(layout *protect.Layout, serial string, key *protect.Key, suite protect.Suite, memory *Memory,
	frames uint32) (*Device, error) {
	if n, err := hex.DecodeString(serial); err != nil || len(n) != 4 {
		return nil, fmt.Errorf("serial %q: a device with a key has 8 digits", serial)
	}
	if frames == 0 {
		frames = epochFrames
	}
	d := &Device{layout: layout, serial: serial, key: *key, suite: suite, memory: memory, moved: frames, old: *key}
	if memory != nil {
		d.kept, _ = memory.Of(serial)
	}
	if d.kept.Next.Instead != replaced(key) {
		d.kept.Next = Next{} // it has another key since
	} else {
		d.key, d.old = d.kept.Next.Key, d.kept.Next.Key
	}
	d.made = replaced(key)
	d.counter = d.kept.Counter
	d.heard, d.before = heardBelow(d.kept.Heard), heardBelow(^uint32(0))
	return d, nil
}

// reserve makes sure that the next counter is one that no start will use again.
func (d *Device) reserve() error {
	if d.counter >= d.moved && d.kept.Epoch < lastEpoch {
		if err := d.Move(); err != nil {
			return err
		}
	}
	if d.counter < d.kept.Counter+keepEvery {
		return nil
	}
	err := d.keep()
	if d.counter < d.kept.Counter+keepEvery+keepLate {
		return nil
	}
	return err
}

// keep writes where the device is.
func (d *Device) keep() error {
	k := Kept{Epoch: d.kept.Epoch, Counter: d.counter, Heard: d.heard.next(), Next: d.kept.Next}
	return d.store(&k)
}

func (d *Device) store(k *Kept) error {
	if d.memory != nil {
		if err := d.memory.Keep(d.serial, k); err != nil {
			return err
		}
	}
	d.kept = *k
	return nil
}

// Move begins the next epoch.
func (d *Device) Move() error { return d.move(&d.kept.Next) }

func (d *Device) move(next *Next) error {
	if d.kept.Epoch == lastEpoch {
		return fmt.Errorf("%w: epoch %d is the last one; the device needs a new key", ErrCounters, lastEpoch)
	}
	k := Kept{Epoch: d.kept.Epoch + 1, Next: *next}
	if err := d.store(&k); err != nil {
		return err
	}
	d.counter, d.before, d.heard, d.old = 0, d.heard, heard{}, d.key
	return nil
}

// Adopt takes over the next key, as it comes wrapped under the present one, and begins an epoch with it.
func (d *Device) Adopt(wrapped []byte) error {
	number, err := hex.DecodeString(d.serial)
	if err != nil {
		return err
	}
	by := protect.WrappingKey(&d.key, [4]byte(number))
	next, err := protect.UnwrapKey(&by, wrapped)
	if err != nil {
		return err
	}
	if err := d.move(&Next{next, d.made}); err != nil {
		return err
	}
	d.key = next
	return nil
}

// Epoch is the current one.
func (d *Device) Epoch() uint8 { return d.kept.Epoch }

// Protect protects a plain frame, with the next counter, and appends it to dst.  reference says what it answers; nil in
// other frames.
func (d *Device) Protect(dst, plain, reference []byte) ([]byte, error) {
	if err := d.reserve(); err != nil {
		return dst, err
	}
	frame, err := d.layout.Protect(dst, plain, &protect.Protection{Suite: d.suite, Key: d.key, Epoch: d.kept.Epoch,
		Counter: d.counter, Reference: reference})
	d.counter++
	return frame, err
}

// ReferenceTo is the reference that an answer to a frame on the wire carries.
func (d *Device) ReferenceTo(frame []byte) []byte {
	o := protect.Opened{Head: d.layout.Head(frame)}
	copy(o.Tag[:], frame[4:7])
	if n := o.Suite.TagBits() / 8; n > 3 {
		o.Tag = [4]byte(frame[len(frame)-n:])
	}
	return o.ReferenceTo()
}

// split finds protected frames, also those of suites that a stream of others is not searched for, and otherwise asks plain.
func (d *Device) split(plain bufio.SplitFunc) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		switch n, whole := d.layout.Find(data); {
		case whole:
			return n, data[:n], nil
		case n > 0 && len(data) < n:
			return 0, nil, nil
		}
		return plain(data, atEOF)
	}
}

// Open opens a frame of the server, appending the plain one to dst, and takes it in: it is not accepted a second time.
// An answer must refer to one of asked, frames on the wire.
func (d *Device) Open(dst, frame []byte, asked ...[]byte) (protect.Opened, error) {
	if n, whole := d.layout.Find(frame); !whole || n != len(frame) {
		return protect.Opened{}, ErrPlain
	}
	head := d.layout.Head(frame)
	switch {
	case head.Suite != d.suite:
		return protect.Opened{}, fmt.Errorf("%w by suite %v", ErrPlain, d.suite)
	case hex.EncodeToString(head.Serial[:]) != d.serial:
		return protect.Opened{}, fmt.Errorf("%w: it is for device %x", protect.ErrTag, head.Serial)
	}
	epoch := head.Epoch
	if !head.Suite.SaysWay() {
		epoch = d.kept.Epoch
	}
	h, key := &d.heard, d.key
	switch {
	case epoch == d.kept.Epoch:
	case epoch+1 == d.kept.Epoch:
		h, key = &d.before, d.old
	default:
		return protect.Opened{}, ErrOldEpoch
	}
	o, err := d.layout.Open(dst, frame, &protect.Opening{Key: key, Epoch: epoch, Counter: head.CounterNear(h.highest), Server: true})
	if err != nil {
		return o, err
	}
	if !o.Server {
		return o, fmt.Errorf("%w: it is a frame of the device", ErrReplayed)
	}
	switch {
	case o.Suite != protect.Auth24 && !h.fresh(o.Counter), o.Suite == protect.Auth24 && o.Reference == nil: // nothing says that it is new
		return o, ErrReplayed
	}
	if o.Reference != nil && !d.refers(o.Reference, asked) {
		return o, ErrReference
	}
	h.take(o.Counter)
	return o, nil
}

func (d *Device) refers(reference []byte, asked [][]byte) bool {
	for _, frame := range asked {
		if len(frame) > 0 && bytes.Equal(reference, d.ReferenceTo(frame)) {
			return true
		}
	}
	return false
}

// Remember writes what was heard: a command that is obeyed is not obeyed a second time after a start.
func (d *Device) Remember() error { return d.keep() }

// heard knows which counters of the server came: the highest one and the 64 up to it.
type heard struct {
	highest uint32
	seen    uint64 // bit n: highest - n
}

// heardBelow has heard all counters below one.
func heardBelow(next uint32) heard {
	if next == 0 {
		return heard{}
	}
	return heard{highest: next - 1, seen: ^uint64(0)}
}

// next is the counter behind the highest one.
func (h *heard) next() uint32 {
	if h.seen == 0 {
		return 0
	}
	return h.highest + 1
}

func (h *heard) fresh(counter uint32) bool {
	if h.seen == 0 || counter > h.highest {
		return true
	}
	back := h.highest - counter
	return back < 64 && h.seen>>back&1 == 0
}

func (h *heard) take(counter uint32) {
	if h.seen == 0 {
		h.highest, h.seen = counter, 1
		return
	}
	if counter > h.highest {
		h.seen, h.highest = h.seen<<(counter-h.highest)|1, counter
		return
	}
	h.seen |= 1 << (h.highest - counter)
}
