package master

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

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
	var s scratch
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
		m.replay(e, &f, uint64(n+1), &journal.Record{Received: time.Unix(1_790_000_000+int64(n), 5), Raw: raw}, &s)
	}
	m.first, m.connects, m.takeovers, m.commands, m.duplicates, m.lastNumber = time.Unix(1_780_000_000, 0), 3, 1, 300, 2, 1<<40
	return m, fresh, find
}

func TestTheStateOfAMasterComesBack(t *testing.T) {
	m, fresh, find := stateful(t)
	state := m.encode().State
	back := fresh()
	if err := back.decode(state, find); err != nil {
		t.Fatal(err)
	}
	if again := back.encode().State; !bytes.Equal(again, state) {
		t.Errorf("%x\nbecame\n%x", state, again)
	}
	if len(back.latest) != 1 || len(back.points.list) != 2 || back.recent.kept != recentFree || back.lastNumber != 1<<40 || back.seen.Load() != m.seen.Load() {
		t.Errorf("%d newest frames, %d seenFrames, %d", len(back.latest), back.recent.kept, back.lastNumber)
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

// Between two states a master writes the frames that the state has no room for; together they are all that it remembers.
func TestWhatAMasterRemembersComesBackFromItsWindows(t *testing.T) {
	d := NewDirectory(Options{System: new(supervise.System), ResendBytes: 8 << 20})
	m, send := remembering(t, d, "1", 100)
	var windows []journal.Window
	var state []byte
	sent := uint64(0)
	for _, n := range []uint64{3, 64, 65, 1, 0, 1000, 63, 64, 66, 2} {
		send(sent, sent+n)
		sent += n
		state = m.encode().State
		if w := m.window(); w != nil {
			windows = append(windows, w)
		}
	}
	if len(windows) != 5 {
		t.Errorf("%d windows were written", len(windows))
	}
	back := NewDirectory(Options{System: new(supervise.System), ResendBytes: 8 << 20}).newMaster("1")
	back.recallWindows(windows)
	if err := back.decode(state, nil); err != nil {
		t.Fatal(err)
	}
	if n := back.recent.known(0, sent); n != int(sent) || back.recent.kept != uint32(sent) {
		t.Errorf("%d of %d frames are known, %d are remembered", n, sent, back.recent.kept)
	}
	if w := back.window(); w != nil {
		t.Errorf("%d bytes are written again", len(w))
	}
}

// oneMaster is a journal with one master.
type oneMaster struct {
	journal.Memory
	row journal.MasterRow
}

func (j *oneMaster) Restore(_ context.Context, master func(journal.MasterRow) error, _ func(uint64, *journal.Record) *journal.Subject) error {
	return master(j.row)
}

// A state that cannot be read takes nothing else with it: what is sent again is known from the windows.
func TestWindowsAreKeptWithoutTheState(t *testing.T) {
	m, send := remembering(t, NewDirectory(Options{System: new(supervise.System), ResendBytes: 8 << 20}), "1", 100)
	send(0, 1000)
	j := &oneMaster{row: journal.MasterRow{Serial: "1", State: []byte{99}, Windows: []journal.Window{m.window()}}}
	d := NewDirectory(Options{System: &supervise.System{Log: hclog.NewNullLogger()}, Journal: j, Profiles: profiles.NewStore(j), ResendBytes: 8 << 20})
	if err := d.Restore(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if n := d.restored[0].recent.known(0, 1000); n != 1000 {
		t.Errorf("%d of 1000 frames are known", n)
	}
}

// A state is read from disk: whatever it is, reading it neither panics nor takes more memory than it has bytes.
func FuzzState(f *testing.F) {
	m, fresh, find := stateful(f)
	f.Add([]byte(m.encode().State))
	f.Add([]byte(fresh().encode().State))
	f.Add([]byte{})
	f.Add(append(bytes.Repeat([]byte{stateVersion}, 40), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := fresh()
		if err := m.decode(b, find); err != nil {
			return
		}
		if m.recent.kept > recentFree {
			t.Fatalf("%d frames seen", m.recent.kept)
		}
		state := m.encode().State
		if len(state) > len(b)+64 {
			t.Fatalf("%d bytes became %d", len(b), len(state))
		}
		again := fresh()
		err := again.decode(state, find)
		again.lastNumber = m.lastNumber // it begins with the clock
		if err != nil || !bytes.Equal(again.encode().State, state) {
			t.Fatalf("%x became %x, %v", state, again.encode().State, err)
		}
	})
}
