package master

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"trama/actors/profiles"
	"trama/actors/supervise"
	"trama/codec"
	"trama/journal"
)

// stateful is a master with something in every part of its state, and what finds its definition.
func stateful(t testing.TB) (m *Master, fresh func() *Master, find func(uint32) (*profiles.Installed, error)) {
	t.Helper()
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	d := NewDirectory(Options{System: new(supervise.System), Journal: new(journal.Memory)})
	e := &profiles.Installed{Profile: p, Number: 1}
	find = func(number uint32) (*profiles.Installed, error) {
		if number != e.Number {
			return nil, errors.New("no such definition")
		}
		return e, nil
	}
	fresh = func() *Master { return d.newMaster("12345678") }
	m = fresh()
	var f codec.Frame
	for n := range 70 { // more than are remembered
		raw, err := hex.DecodeString(fmt.Sprintf("00250100000000123456780102036d0020261123143000%08d0041ac0000", n))
		if err != nil {
			t.Fatal(err)
		}
		if n == 69 {
			raw, _ = hex.DecodeString("00200100000000123456780102036b002026112314300000000070")
		}
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			t.Fatal(err)
		}
		m.replay(e, &f, &journal.Record{Received: time.Unix(1_790_000_000+int64(n), 5), Raw: raw})
	}
	m.first, m.connects, m.takeovers, m.commands, m.duplicates, m.lastNumber = time.Unix(1_780_000_000, 0), 3, 1, 300, 2, 1<<40
	return m, fresh, find
}

func TestTheStateOfAMasterComesBack(t *testing.T) {
	m, fresh, find := stateful(t)
	state := m.encode(nil)
	back := fresh()
	if err := back.decode(state, find); err != nil {
		t.Fatal(err)
	}
	if again := back.encode(nil); !bytes.Equal(again, state) {
		t.Errorf("%x\nbecame\n%x", state, again)
	}
	if len(back.latest) != 2 || len(back.recent.seen) != recentKept || back.lastNumber != 1<<40 || back.seen.Load() != m.last.UnixNano() {
		t.Errorf("%d kinds of frames, %d seenFrames, %d", len(back.latest), len(back.recent.seen), back.lastNumber)
	}
	for n := range state {
		if err := fresh().decode(state[:n], find); n > 0 && err == nil {
			t.Errorf("%d bytes of %d are taken for a state", n, len(state))
		}
	}
	if err := fresh().decode(append(bytes.Clone(state), 0), find); !errors.Is(err, journal.ErrDamaged) {
		t.Error("a byte too many:", err)
	}
}

// A state is read from disk: whatever it is, reading it neither panics nor takes more memory than it has bytes.
func FuzzState(f *testing.F) {
	m, fresh, find := stateful(f)
	f.Add(m.encode(nil))
	f.Add(fresh().encode(nil))
	f.Add([]byte{})
	f.Add(append(bytes.Repeat([]byte{stateVersion}, 40), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := fresh()
		if err := m.decode(b, find); err != nil {
			return
		}
		if len(m.recent.seen) > recentMost {
			t.Fatalf("%d frames seen", len(m.recent.seen))
		}
		state := m.encode(nil)
		if len(state) > len(b)+64 {
			t.Fatalf("%d bytes became %d", len(b), len(state))
		}
		again := fresh()
		if err := again.decode(state, find); err != nil || !bytes.Equal(again.encode(nil), state) {
			t.Fatalf("%x became %x, %v", state, again.encode(nil), err)
		}
	})
}
