package master

import (
	"testing"
	"time"

	"trama/actors/supervise"
	"trama/codec"
)

// remembering is a master with a budget for what it remembers.
func remembering(t *testing.T, d *Directory, serial string, at int64) (*Master, func(from, to uint64)) {
	t.Helper()
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	m := d.newMaster(serial)
	m.seen.Store(at)
	return m, func(from, to uint64) {
		for n := from; n < to; n++ {
			m.remember(seenFrame{number: n, content: uint32(n), at: uint32(at)}, p)
		}
	}
}

// known counts those of the frames from … to that are known.
func (r *recent) known(from, to uint64) (n int) {
	for i := from; i < to; i++ {
		if what, _ := r.find(seenFrame{number: i, content: uint32(i)}, forever); what == sightResend {
			n++
		}
	}
	return n
}

func TestTheNewestFramesAreRemembered(t *testing.T) {
	for _, c := range []struct{ budget, frames, want int }{
		{0, 3, 3}, {0, 64, 64}, {0, 65, 64}, {0, 1000, 64}, {1 << 20, 1000, 1000}, {64 << 20, 10_000, 10_000}, {64 << 20, 100_000, 100_000},
		{windowShare * 1024 * seenBytes, 3000, 1024},
	} {
		m, send := remembering(t, NewDirectory(Options{System: new(supervise.System), ResendBytes: c.budget}), "1", 100)
		send(0, uint64(c.frames))
		if newest := m.recent.known(uint64(c.frames-c.want), uint64(c.frames)); newest != c.want {
			t.Errorf("%d frames in %d bytes: %d of the last %d are known", c.frames, c.budget, newest, c.want)
		}
		if older := m.recent.known(0, uint64(c.frames-c.want)); older > 0 {
			t.Errorf("%d frames in %d bytes: %d older ones than %d are known", c.frames, c.budget, older, c.want)
		}
	}
}

// A frame with the number of an older one is known beside it, and a number that is used again and again costs no more.
func TestBothFramesOfANumberAreKnown(t *testing.T) {
	m, send := remembering(t, NewDirectory(Options{System: new(supervise.System), ResendBytes: 1 << 20}), "1", 100)
	send(0, 200)
	m.recent.beginAnew(7)
	other := seenFrame{number: 5, content: 1005, at: 100}
	if what, age := m.recent.find(other, time.Hour); what != sightReused || age != 194 {
		t.Errorf("the number of a frame before: %d, %d", what, age)
	}
	m.recent.add(other)
	for _, c := range []struct {
		content uint32
		what    sight
		age     uint32
	}{{5, sightResend, 195}, {1005, sightResend, 0}, {6, sightReused, 0}} {
		if what, age := m.recent.find(seenFrame{number: 5, content: c.content, at: 100}, time.Hour); what != c.what || age != c.age {
			t.Errorf("content %d: %d, %d", c.content, what, age)
		}
	}
	for n := range uint32(1000) {
		m.recent.add(seenFrame{number: 5, content: 2000 + n, at: 100})
	}
	if what, _ := m.recent.find(seenFrame{number: 5, content: 2990}, time.Hour); what != sightResend {
		t.Error("a frame that came a little before is not known:", what)
	}
}

// What is older than the profile asks for makes room, and does not make the window grow.
func TestAnExpiredFrameIsNotKnownAndGivesItsPlace(t *testing.T) {
	m, send := remembering(t, NewDirectory(Options{System: new(supervise.System), ResendBytes: 1 << 20}), "1", 100)
	send(0, 64)
	p, _ := codec.Shipped("extended")
	late := uint32(100 + 24*3600 + 1)
	if what, _ := m.recent.find(seenFrame{number: 1, content: 1, at: late}, p.Resend().Within); what != sightNew {
		t.Error("a frame of yesterday is known:", what)
	}
	for n := range uint64(64) {
		m.remember(seenFrame{number: 1000 + n, content: 1, at: late}, p)
	}
	if len(m.recent.frames) != 64 {
		t.Errorf("room for %d frames", len(m.recent.frames))
	}
}

// Memory is one for all: the masters that have been silent for longest give theirs up.
func TestTheMemoryForResendsIsOneForAllMasters(t *testing.T) {
	d := NewDirectory(Options{System: new(supervise.System), ResendBytes: windowShare * 1024 * seenBytes})
	d.windows.start()
	all := map[*Master]bool{}
	for at := range int64(3 * windowShare) {
		m := d.newMaster("1")
		m.seen.Store(at)
		out, ok := d.windows.claim(m, 1024*seenBytes)
		if !ok {
			t.Fatal("refused")
		}
		for _, each := range out {
			if at-each.seen.Load() != windowShare || !all[each] {
				t.Errorf("master %d takes the memory of master %d", at, each.seen.Load())
			}
			delete(all, each)
		}
		all[m] = true
	}
	if len(all) != windowShare || d.windows.used != d.windows.limit {
		t.Errorf("%d masters have %d bytes", len(all), d.windows.used)
	}
	for m := range all {
		m.forgetOld()
	}
	if d.windows.used != 0 || len(d.windows.of) != 0 {
		t.Errorf("%d bytes are counted for nobody", d.windows.used)
	}
}

// A master that gives up what it has knows its last frames.
func TestAMasterThatGivesUpItsWindowKnowsItsLastFrames(t *testing.T) {
	m, send := remembering(t, NewDirectory(Options{System: new(supervise.System), ResendBytes: 1 << 20}), "1", 100)
	send(0, 500)
	m.forgetOld()
	if m.recent.known(500-recentFree, 500) != recentFree || m.recent.known(0, 500-recentFree) != 0 || m.dir.windows.used != 0 {
		t.Errorf("%d known, %d bytes counted", m.recent.known(0, 500), m.dir.windows.used)
	}
	send(500, 1000)
	if n := m.recent.known(500-recentFree, 1000); n != 500+recentFree {
		t.Errorf("%d known afterwards", n)
	}
}

// However numbers follow each other (times in milliseconds, counters in steps, hashes), all frames are known.
func TestNumbersOfAnyStepAreKnown(t *testing.T) {
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []uint64{1, 2, 10, 16, 256, 1000, 60_000, 1 << 20, 10_000_000, 1 << 32, 0x9e3779b97f4a7c15} {
		m := NewDirectory(Options{System: new(supervise.System), ResendBytes: 8 << 20}).newMaster("1")
		const frames = 10_000
		for n := range uint64(frames) {
			m.remember(seenFrame{number: n * step, content: uint32(n), at: 100}, p)
		}
		for n := range uint64(frames) {
			if what, _ := m.recent.find(seenFrame{number: n * step, content: uint32(n), at: 100}, time.Hour); what != sightResend {
				t.Fatalf("step %d: frame %d is not known: %d", step, n, what)
			}
		}
	}
}

// Of numbers that go round soon no more are remembered than half, so that a counter that goes round is no restart.
func TestNumbersThatGoRoundAreNoRestart(t *testing.T) {
	m := NewDirectory(Options{System: new(supervise.System), ResendBytes: 1 << 20}).newMaster("1")
	p, err := codec.Shipped("modbus-tcp")
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(3 << 16) {
		s := seenFrame{number: n & 0xffff, content: uint32(n), at: 100}
		if what, _ := m.recent.find(s, time.Hour); what != sightNew {
			t.Fatalf("number %d: %d", n, what)
		}
		m.remember(s, p)
	}
}

// A wall clock that was set back must not make what comes now a resend of what is still to come.
func TestAClockThatWasSetBackLosesNothing(t *testing.T) {
	m, _ := remembering(t, NewDirectory(Options{System: new(supervise.System)}), "1", 100)
	p, _ := codec.Shipped("compact")
	m.remember(seenFrame{number: 7, content: 7, at: 5000}, p)
	for _, c := range []struct {
		at   uint32
		what sight
	}{{5000, sightResend}, {5020, sightResend}, {5021, sightNew}, {4990, sightResend}, {1400, sightNew}} {
		if what, _ := m.recent.find(seenFrame{number: 7, content: 7, at: c.at}, p.Resend().Within); what != c.what {
			t.Errorf("at %d: %d, want %d", c.at, what, c.what)
		}
	}
}

// Equal frames of a protocol without numbers are told apart by their time, also after a restart: the newest one counts.
func TestTheNewestOfEqualFramesComesBack(t *testing.T) {
	d := NewDirectory(Options{System: new(supervise.System)})
	m, _ := remembering(t, d, "1", 100)
	p, _ := codec.Shipped("compact")
	for at := uint32(1000); at <= 3000; at += 1000 {
		m.remember(seenFrame{number: 7, content: 7, at: at}, p)
	}
	back := d.newMaster("1")
	if err := back.decode(m.encode().State, nil); err != nil {
		t.Fatal(err)
	}
	if what, _ := back.recent.find(seenFrame{number: 7, content: 7, at: 3010}, p.Resend().Within); what != sightResend || back.recent.kept != 3 {
		t.Errorf("a resend of the last one: %d; %d frames are remembered", what, back.recent.kept)
	}
}
