package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/faultfs"
)

// life is a journal over several processes on one simulated disk, with everything under way at once: masters that send, states, events, sweeps,
// retention, checkpoints, a consumer with its cursor, definitions.  It knows what was promised to whom.
type life struct {
	disk    *faultfs.Disk
	options Options

	mu       sync.Mutex         // guards the rest
	frames   map[string]*parcel // raw bytes: what they came with
	parcels  []*parcel
	states   map[string]span2 // of each master
	cursor   span2
	profiles map[string]uint32
	sent     int // parcels, in all processes
	failed   bool
	problems []string
}

// span2 is a number that has been promised, and one that was tried.
type span2 struct{ promised, tried int }

// parcel is an entry and what became of it.
type parcel struct {
	life  *life
	entry journal.Entry
	raws  []string
	event string // reason of its event
	first uint64 // its position; 0: nobody was told
	told  bool
	done  chan struct{}
}

func newLife(d *faultfs.Disk) *life {
	return &life{disk: d, frames: map[string]*parcel{}, states: map[string]span2{}, profiles: map[string]uint32{}}
}

// clock is one that is set by an hour, forth and back, now and then.  Called with the mutex held.
func (l *life) clock() time.Time {
	return time.Now().Add(-time.Hour * time.Duration(l.sent/40%2))
}

func (l *life) bad(format string, args ...any) { // called with the mutex held
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// Committed implements journal.Committer.
func (p *parcel) Committed(first uint64, err error) {
	l := p.life
	l.mu.Lock()
	defer l.mu.Unlock()
	defer close(p.done)
	switch {
	case err != nil:
		l.failed = true
		return
	case l.failed:
		l.bad("%v was acknowledged after a failure", p.raws)
	}
	for _, raw := range p.raws {
		if tag, _, _ := strings.Cut(raw, ">"); !l.disk.OnPlatter([]byte(tag + ">")) {
			l.bad("%.40s was acknowledged before it was synced", raw)
		}
	}
	p.told, p.first = true, first
}

// machine is a master in one process.
type machine struct {
	life    *life
	journal *Journal
	subject journal.Subject
	writing sync.WaitGroup
}

// Snapshot implements journal.Snapshotter.
func (m *machine) Snapshot() {
	m.writing.Go(func() { m.send(0, false, true) })
}

// send appends an entry and returns it.
func (m *machine) send(count int, event, state bool) *parcel {
	l := m.life
	p := &parcel{life: l, done: make(chan struct{})}
	l.mu.Lock()
	l.sent++
	for i := range count {
		tag := fmt.Sprintf("<%s %d.%d of %d>", m.subject.Serial, l.sent, i, count)
		raw := tag + tag // the end of a page leaves one of them in one piece
		if l.sent%11 == 0 {
			raw += strings.Repeat("long", 700)
		}
		p.raws = append(p.raws, raw)
		p.entry.Records = journal.AppendRecord(p.entry.Records, &journal.Record{Received: l.clock(), Listener: "field", Connection: 7, Master: m.subject.Serial,
			Profile: 1, Command: "m", Flags: journal.Numbered, Number: uint64(l.sent), Raw: []byte(raw)})
		l.frames[raw] = p
	}
	if event {
		p.event = fmt.Sprintf("event %d", l.sent)
		p.entry.Rows = append(p.entry.Rows, &journal.Event{At: time.Now(), Kind: journal.EventAlarm, Master: m.subject.Serial, Reason: p.event, Raw: []byte(p.event)})
	}
	number := 0
	if state {
		s := l.states[m.subject.Serial]
		s.tried++
		number = s.tried
		l.states[m.subject.Serial] = s
		p.entry.Rows = append(p.entry.Rows, journal.State(fmt.Appendf(nil, "%s %d", m.subject.Serial, number)),
			journal.Trust(fmt.Appendf(nil, "trust in %s %d", m.subject.Serial, number)),
			journal.Setting{Name: "levels", Body: fmt.Appendf(nil, "levels of %s %d", m.subject.Serial, number)})
	}
	p.entry.Count, p.entry.Subject, p.entry.Owner = count, &m.subject, p
	l.parcels = append(l.parcels, p)
	m.journal.Append(&p.entry) // under the mutex: in the order of the numbers
	l.mu.Unlock()
	if state {
		<-p.done
		l.mu.Lock()
		if s := l.states[m.subject.Serial]; p.told {
			s.promised = max(s.promised, number)
			l.states[m.subject.Serial] = s
		}
		l.mu.Unlock()
	}
	return p
}

const machines = 3

func serialOf(i int) string { return fmt.Sprintf("4000000%d", i) }

// boot is one process: open, work, until the work is done or the journal fails.  It returns the journal, still open, or the error of opening it.
func (l *life) boot(t testing.TB, rng *rand.Rand) (*Journal, error) {
	o := l.options
	o.Path, o.VFS, o.OpenMark, o.SweepEvery = "j.db", l.disk.VFS(), marks(l.disk), time.Hour
	o.Disk = roomy
	o.Warn = func(what string, args ...any) {
		if strings.Contains(what, "damaged") {
			l.mu.Lock()
			l.bad("warned: %s %v", what, args)
			l.mu.Unlock()
		}
	}
	l.failed = false
	j, err := Open(t.Context(), o)
	if err != nil {
		return nil, err
	}
	defer giveRoom(l.disk, j)()
	ms := map[string]*machine{}
	for i := range machines {
		m := &machine{life: l, journal: j}
		m.subject = journal.Subject{Serial: serialOf(i), Owner: m}
		ms[m.subject.Serial] = m
	}
	through := map[string]uint64{}
	if err := j.Restore(t.Context(), func(r journal.MasterRow) error {
		through[r.Serial] = r.Through
		if ms[r.Serial] == nil {
			return nil
		}
		return r.Adopt(&ms[r.Serial].subject)
	}, func(seq uint64, r *journal.Record) *journal.Subject {
		if seq <= through[r.Master] || ms[r.Master] == nil {
			return nil
		}
		return &ms[r.Master].subject
	}); err != nil {
		return j, nil // a fault; what it did to the promises is looked at afterwards
	}
	var work sync.WaitGroup
	for i := range machines {
		m, rng := ms[serialOf(i)], rand.New(rand.NewPCG(rng.Uint64(), 1))
		work.Go(func() {
			for range 12 {
				p := m.send(1+rng.IntN(3), rng.IntN(4) == 0, rng.IntN(6) == 0)
				if rng.IntN(3) == 0 {
					<-p.done
				}
				if j.Err() != nil {
					return
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	work.Go(func() {
		_ = j.Sweep(ctx) // an error is the journal's, or of the engine's end
		_ = j.retain(ctx)
		_ = j.Sweep(ctx)
	})
	work.Go(func() { l.consume(ctx, j) })
	work.Go(func() {
		for range 3 {
			if j.Err() != nil {
				return
			}
			if err := j.moveLog(); err != nil {
				j.broken(err)
			}
		}
	})
	work.Wait()
	for _, m := range ms {
		m.writing.Wait()
	}
	for _, p := range l.parcels {
		<-p.done
	}
	return j, nil
}

// consume reads on from the cursor; what a consumer has seen is as good as acknowledged.
func (l *life) consume(ctx context.Context, j *Journal) {
	l.mu.Lock()
	hash := []byte(fmt.Sprintf("hash %d", len(l.profiles)%4))
	l.mu.Unlock()
	if id, err := j.Profile(ctx, "mine", hash, hash); err == nil {
		l.mu.Lock()
		if known := l.profiles[string(hash)]; known != 0 && known != id {
			l.bad("definition %s was %d and is %d", hash, known, id)
		}
		l.profiles[string(hash)] = id
		l.mu.Unlock()
	}
	for range 4 {
		l.mu.Lock()
		after := uint64(l.cursor.promised)
		l.mu.Unlock()
		page, err := j.Read(ctx, after, 20)
		if err != nil || page.Next == after {
			continue
		}
		l.mu.Lock()
		for _, d := range page.Damage {
			l.bad("read: %+v", d)
		}
		for _, f := range page.Frames {
			if p := l.frames[string(f.Raw)]; p != nil {
				p.told = true
				if p.first == 0 {
					p.first = f.Seq - uint64(slices.Index(p.raws, string(f.Raw)))
				}
			}
		}
		l.cursor.tried = max(l.cursor.tried, int(page.Next))
		l.mu.Unlock()
		if err := j.MoveCursor(ctx, "north", page.Next, false); err == nil {
			l.mu.Lock()
			l.cursor.promised = max(l.cursor.promised, int(page.Next))
			l.mu.Unlock()
		}
	}
}

// end ends a process the way a crash does: the memory is gone.  The power must be off.
func (l *life) end(j *Journal) {
	if j == nil {
		return
	}
	_ = j.Close()
	_ = j.release()
}

// check looks into a disk after a restart: every promise is kept, nothing is there by half, nothing is damaged.
func (l *life) check(t testing.TB, d *faultfs.Disk) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	o := Options{Path: "j.db", VFS: d.VFS(), OpenMark: marks(d), SweepEvery: time.Hour, Disk: roomy}
	j, err := Open(t.Context(), o)
	if err != nil {
		return []string{"open: " + err.Error()}
	}
	defer func() {
		if err := j.Close(); err != nil {
			bad("close: %v", err)
		}
	}()
	if damage := j.FoundDamaged(); len(damage) > 0 {
		bad("found damaged: %v", damage)
	}
	if r, err := verify(t.Context(), o); err != nil || len(r.Damage) > 0 {
		bad("verify: %+v, %v", r, err)
	}
	page, err := j.Read(t.Context(), 0, 1<<20)
	if err != nil || len(page.Damage) > 0 {
		bad("read: %v, %v", page.Damage, err)
	}
	oldest := j.oldest.Load()
	at, ofMaster, due := map[string]uint64{}, map[string]int{}, oldest
	for _, f := range page.Frames {
		p := l.frames[string(f.Raw)]
		switch {
		case p == nil || f.Master != p.entry.Subject.Serial:
			bad("%.40s was never sent", f.Raw)
		case at[string(f.Raw)] != 0:
			bad("%.40s is there twice", f.Raw)
		case f.Seq != due:
			bad("position %d comes where %d is due", f.Seq, due)
		}
		due = f.Seq + 1
		at[string(f.Raw)] = f.Seq
		ofMaster[f.Master]++
	}
	if j.Last() != due-1 {
		bad("the last frame is %d, the last one read %d", j.Last(), due-1)
	}
	for serial := range l.states {
		mine, err := j.Frames(t.Context(), journal.Query{Master: serial, Limit: 1 << 20})
		if err != nil || len(mine.Damage) > 0 || len(mine.Frames) != ofMaster[serial] {
			bad("history of %s: %d frames of %d, %v, %v", serial, len(mine.Frames), ofMaster[serial], mine.Damage, err)
		}
	}
	events := map[string]int{}
	list, damage, err := j.Events(t.Context(), journal.EventQuery{Limit: 1 << 20})
	if err != nil || len(damage) > 0 {
		bad("events: %v, %v", damage, err)
	}
	for _, e := range list {
		if events[e.Reason]++; string(e.Raw) != e.Reason || events[e.Reason] > 1 {
			bad("event %+v", e)
		}
	}
	last := map[string]uint64{}
	for _, p := range l.parcels { // in the order of Append
		there := 0
		for i, raw := range p.raws {
			if at[raw] != 0 {
				there++
				if p.told && at[raw] != p.first+uint64(i) {
					bad("%.40s was promised at %d and is at %d", raw, p.first+uint64(i), at[raw])
				}
				if at[raw] <= last[p.entry.Subject.Serial] {
					bad("%.40s at %d is out of order", raw, at[raw])
				}
				last[p.entry.Subject.Serial] = at[raw]
			}
		}
		gone := p.told && p.first < oldest // by retention, or without frames
		switch {
		case there != 0 && there != len(p.raws):
			bad("%d of %d frames of %.40s", there, len(p.raws), p.raws)
		case p.told && there != len(p.raws) && !gone:
			bad("%.40s was acknowledged at %d and is lost", p.raws, p.first)
		case p.event != "" && p.told && events[p.event] != 1 && l.options.EventsUpTo == 0:
			bad("%s was acknowledged and is lost", p.event)
		case p.event != "" && !p.told && len(p.raws) > 0 && (events[p.event] == 1) != (there > 0) && oldest == 1 && l.options.EventsUpTo == 0:
			bad("%s is there %d times, its frames %d times", p.event, events[p.event], there)
		}
	}
	if err := j.Restore(t.Context(), func(r journal.MasterRow) error {
		var n int
		if _, err := fmt.Sscanf(string(r.State), r.Serial+" %d", &n); err != nil || n < l.states[r.Serial].promised || n > l.states[r.Serial].tried {
			bad("state of %s is %q, promised %+v", r.Serial, r.State, l.states[r.Serial])
		}
		if want := "trust in " + string(r.State); string(r.Trust) != want {
			bad("trust is %q, want %q", r.Trust, want)
		}
		if want := "levels of " + string(r.State); len(r.Settings) != 1 || string(r.Settings[0].Body) != want {
			bad("settings are %q, want %q", r.Settings, want)
		}
		return nil
	}, func(uint64, *journal.Record) *journal.Subject { return nil }); err != nil {
		bad("restore: %v", err)
	}
	if s, err := j.Stats(t.Context()); err != nil || s.Masters == 0 && slices.ContainsFunc(slices.Collect(maps.Values(l.states)), func(s span2) bool { return s.promised > 0 }) {
		bad("%d masters, %v", s.Masters, err)
	}
	c, err := j.Cursor(t.Context(), "north")
	if errors.Is(err, journal.ErrNoCursor) && l.cursor.promised == 0 {
		err = nil
	}
	if err != nil || int(c.Position) < l.cursor.promised || int(c.Position) > l.cursor.tried {
		bad("cursor at %d, promised %+v, %v", c.Position, l.cursor, err)
	}
	rows, err := j.Profiles(t.Context())
	if err != nil {
		bad("definitions: %v", err)
	}
	for hash, id := range l.profiles {
		if !slices.ContainsFunc(rows, func(r journal.ProfileRow) bool { return r.ID == id && string(r.Hash) == hash }) {
			bad("definition %d is lost", id)
		}
	}
	return problems
}
