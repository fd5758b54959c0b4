package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trama/codec/protect"
)

// sendsToMove is after how many sends of one frame that nobody acknowledges a device begins a new epoch: its counters
// may be refused.
const sendsToMove = 8

// equip gives the masters their serials and, if they have keys, what makes them devices.
func (f *fleet) equip(ctx context.Context, masters []master) (err error) {
	serials := make([]string, len(masters))
	for i := range masters {
		masters[i].fleet = f
		masters[i].serial, _ = serial(f.SerialFrom, i) // withDefaults has tried the last one
		serials[i] = masters[i].serial
	}
	if f.Key == nil {
		return nil
	}
	for _, serial := range serials { // before a file is made
		if _, _, err := f.Key(serial); err != nil {
			return fmt.Errorf("key of device %s: %w", serial, err)
		}
	}
	if f.memory, err = OpenMemory(f.Memory); err != nil {
		return err
	}
	if ctx.Err() == nil { // else none of them sends anything
		err = f.memory.Start(serials...)
	}
	for i := 0; i < len(masters) && err == nil; i++ {
		m := &masters[i]
		var key protect.Key
		var suite protect.Suite
		if key, suite, err = f.Key(m.serial); err != nil {
			err = fmt.Errorf("key of device %s: %w", m.serial, err)
			break
		}
		if suite == protect.None {
			continue
		}
		m.device, err = NewDevice(f.Profile.Security(), m.serial, &key, suite, f.memory, uint32(f.EpochFrames))
	}
	if err != nil {
		return errors.Join(err, f.memory.Close())
	}
	return nil
}

// protect makes of a plain frame what goes on the wire.
func (m *master) protect(frame, reference []byte) ([]byte, error) {
	if m.device == nil {
		return frame, nil
	}
	return m.device.Protect(nil, frame, reference)
}

// open makes the plain frame of what came, and counts what is refused.
func (m *master) open(o *mouth, raw []byte) (protect.Opened, error) {
	opened, err := m.device.Open(o.plain[:0], raw, m.hello.wire, m.pending.wire)
	f := m.fleet
	switch {
	case err == nil:
		o.plain = opened.Plain
	case errors.Is(err, protect.ErrTag):
		f.wrongTag.Add(1)
	case errors.Is(err, ErrPlain):
		f.unprotected.Add(1)
	case errors.Is(err, ErrReference):
		f.misplaced.Add(1)
	default:
		f.replayed.Add(1)
	}
	return opened, err
}

// moveEpoch begins a new epoch with a frame that was sent often and never acknowledged, at most once a day.
func (m *master) moveEpoch(k *kept, now time.Time) (err error) {
	if m.device == nil || k.sends%sendsToMove != 0 || now.Before(m.movedAt.Add(24*time.Hour)) {
		return nil
	}
	m.work(func(*mouth) {
		if err = m.device.Move(); err == nil {
			k.wire, err = m.device.Protect(nil, k.frame, nil)
		}
	})
	m.movedAt = now
	return err
}
