package sqlite

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/faultfs"
)

// make power takes 10,000.
var seeds = flag.Int("seeds", 200, "simulated power cuts, each with 0, 50 and 100 percent of what was not synced kept")

// rounds are the seeds; few under the race detector, which makes SQLite some twenty times slower and looks at other things.
func rounds() int {
	if raceEnabled {
		return *seeds / 20
	}
	return *seeds
}

// on opens the journal of a disk.
func on(t testing.TB, d *faultfs.Disk) (*Journal, error) {
	return Open(t.Context(), Options{Path: "j.db", VFS: d.VFS(), OpenMark: marks(d), Disk: roomy, SweepEvery: time.Hour})
}

// marks keeps the mark on the same disk.
func marks(d *faultfs.Disk) func(string) (MarkFile, error) {
	return func(path string) (MarkFile, error) {
		f, err := d.Plain(path)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}

// load is what masters would do to a journal: frames of theirs come, some with a state, a few at a time.
type load struct {
	disk *faultfs.Disk

	mu           sync.Mutex        // guards the rest
	acknowledged map[string]uint64 // raw bytes of a frame: its position
	appended     int
	failure      error
	problems     []string
	waiting      sync.WaitGroup
}

// sent is a frame whose acknowledgement is waited for.
type sent struct {
	entry journal.Entry
	raw   string
	load  *load
}

func (s *sent) Committed(first uint64, err error) {
	l := s.load
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.waiting.Done()
	switch {
	case err != nil:
		l.failure = err
		return
	case l.failure != nil:
		l.problems = append(l.problems, fmt.Sprintf("%s was acknowledged after the journal had failed", s.raw))
	case !l.disk.OnPlatter([]byte(s.raw)):
		l.problems = append(l.problems, fmt.Sprintf("%s was acknowledged before it was synced", s.raw))
	}
	l.acknowledged[s.raw] = first
}

// giveRoom makes room on a disk whenever a journal holds something back for want of it, until the result is called.
func giveRoom(d *faultfs.Disk, j *Journal) (end func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
			if j.held.Load() {
				d.Heal()
				j.again()
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

const (
	loadFrames = 40
	loadBurst  = 3 // frames that are appended before one waits
)

// run puts frames into the journal of a disk until it fails or all are there.  The power is off or the journal is closed afterwards.
func (l *load) run(t testing.TB, d *faultfs.Disk) (failure error) {
	l.disk, l.acknowledged = d, map[string]uint64{}
	j, err := on(t, d)
	if err != nil {
		d.Crash(0).Close() // the process ends
		return err
	}
	defer giveRoom(d, j)()
	defer func() {
		if err := j.Close(); err != nil {
			failure = err
			d.Crash(0).Close()
			_ = j.release() // memory only: the power is off
		}
	}()
	masters := []*journal.Subject{{Serial: "12345678"}, {Serial: "12345679"}}
	for i := range loadFrames {
		s := masters[i%len(masters)]
		raw := fmt.Sprintf("frame %04d of %s", i, s.Serial)
		f := &sent{raw: raw, load: l}
		f.entry = journal.Entry{Owner: f, Subject: s, Count: 1, Records: journal.AppendRecord(nil, &journal.Record{
			Received: time.Now(), Listener: "field", Connection: 7, Master: s.Serial, Profile: 1, Command: "m", Raw: []byte(raw)})}
		if i%7 == 6 {
			f.entry.Rows = []journal.Row{journal.State(raw)}
		}
		l.waiting.Add(1)
		l.appended++
		j.Append(&f.entry)
		if i%loadBurst == loadBurst-1 {
			l.waiting.Wait()
		}
		if i%10 == 9 { // as the checkpointer does, but between commits: so that it always happens at the same calls
			l.waiting.Wait()
			if j.Err() != nil {
				break
			}
			if err := j.moveLog(); err != nil {
				j.broken(err)
			}
		}
	}
	l.waiting.Wait()
	return j.Err()
}

// check is the restart: everything acknowledged is there, once, at its position; nothing else but what was on its way.
func (l *load) check(t testing.TB, d *faultfs.Disk) (problems []string) {
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	j, err := on(t, d)
	if err != nil {
		return []string{err.Error()}
	}
	defer j.Close()
	page, err := j.Read(t.Context(), 0, 2*loadFrames)
	if err != nil || len(page.Damage) > 0 || len(j.FoundDamaged()) > 0 {
		bad("damage %v %v, %v", page.Damage, j.FoundDamaged(), err)
	}
	at := map[string]uint64{}
	for i, f := range page.Frames {
		if f.Seq != uint64(i+1) || at[string(f.Raw)] != 0 {
			bad("%s at %d, the %d. frame, before at %d", f.Raw, f.Seq, i+1, at[string(f.Raw)])
		}
		at[string(f.Raw)] = f.Seq
	}
	for raw, position := range l.acknowledged {
		if at[raw] != position {
			bad("%s was acknowledged at %d and is at %d", raw, position, at[raw])
		}
	}
	if len(at) > l.appended {
		bad("%d frames of %d", len(at), l.appended)
	}
	if next := put(t, j, journal.Entry{Records: frames("1", 0, 1), Count: 1, Subject: &journal.Subject{Serial: "1"}}); next != uint64(len(at)+1) {
		bad("the next frame is at %d behind %d", next, len(at))
	}
	return problems
}

// after tries the futures of a disk whose power is off.
func (l *load) after(t testing.TB, d *faultfs.Disk) (problems []string) {
	problems = l.problems
	for _, keep := range []int{0, 50, 100} {
		for _, p := range l.check(t, d.Crash(keep)) {
			problems = append(problems, fmt.Sprintf("keep %d: %s", keep, p))
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return problems
}

// calls of each kind that an undisturbed load makes.
func calls(t *testing.T) map[faultfs.Kind]int {
	t.Helper()
	d, l := faultfs.New(0), load{}
	if err := l.run(t, d); err != nil {
		t.Fatal(err)
	}
	n := map[faultfs.Kind]int{faultfs.Any: d.Calls(faultfs.Any)}
	for _, k := range faultfs.Kinds() {
		n[k] = d.Calls(k)
	}
	if problems := l.after(t, d); len(l.acknowledged) != loadFrames || len(problems) > 0 {
		t.Fatalf("undisturbed: %d frames, %v", len(l.acknowledged), problems)
	}
	return n
}

func TestAcknowledgedFramesSurvivePowerCuts(t *testing.T) {
	n := calls(t)
	acknowledged, cut := 0, 0
	for seed := range uint64(rounds()) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f := faultfs.Fault{Failure: faultfs.PowerCut, Kind: []faultfs.Kind{faultfs.Any, faultfs.Write, faultfs.Any, faultfs.Sync}[seed%4]}
		f.Call = 1 + rng.IntN(n[f.Kind])
		d, l := faultfs.New(seed), load{}
		d.Inject(f)
		if err := l.run(t, d); err != nil {
			cut++
		}
		for _, problem := range l.after(t, d) {
			t.Errorf("seed %d (%v %d): %s", seed, f.Kind, f.Call, problem)
		}
		acknowledged += len(l.acknowledged)
	}
	t.Logf("%d frames acknowledged in %d rounds, %d of them cut", acknowledged, rounds(), cut)
	if acknowledged < rounds() || cut < rounds()*9/10 {
		t.Error("the power goes too early or too late to show anything")
	}
}

// The first error is the last thing that happens: it is never hidden, nothing is acknowledged after it, and no file that failed to sync is
// synced again.  But a write for which there is no room ends nothing: what it was for waits until there is room.
func TestJournalStopsAtAFaultInAnyCall(t *testing.T) {
	n := calls(t)
	for _, f := range []faultfs.Fault{
		{Failure: faultfs.EIO}, {Failure: faultfs.EIO, Forever: true}, {Failure: faultfs.EIO, Short: true},
		{Failure: faultfs.ENOSPC, Short: true}, {Failure: faultfs.ENOSPC, Forever: true},
		{Kind: faultfs.Write, Failure: faultfs.ENOSPC, Short: true}, {Kind: faultfs.Write, Failure: faultfs.ENOSPC, Forever: true},
	} {
		hidden, all := 0, 0
		for call := range n[f.Kind] {
			if raceEnabled && call%20 != 0 {
				continue
			}
			f.Call = call + 1
			d, l := faultfs.New(uint64(call)), load{}
			d.Inject(f)
			err := l.run(t, d)
			if l.appended > 0 && f.Kind == faultfs.Write && (err != nil || len(l.acknowledged) != loadFrames) {
				t.Errorf("%+v: %v, %d frames acknowledged", f, err, len(l.acknowledged))
			}
			if err == nil && len(l.acknowledged) == loadFrames {
				all++
			}
			if err == nil && d.Calls(faultfs.Any) >= f.Call { // else this run made fewer calls: what is committed together is left to chance
				hidden++
			}
			// An error while the journal is opened closes the database, and then SQLite syncs; nothing has been acknowledged.
			if again := d.SyncsAfterFailure(); again > 0 && l.appended > 0 {
				t.Errorf("%+v: %v, and then %d syncs", f, err, again)
			}
			for _, problem := range l.after(t, d) {
				t.Errorf("%+v (%v): %s", f, err, problem)
			}
		}
		t.Logf("%+v: of %d calls %d went unnoticed, with %d everything was acknowledged", f, n[f.Kind], hidden, all)
		if harmless := 15 + 5; f.Failure == faultfs.EIO && hidden > harmless {
			t.Errorf("%+v: %d of %d errors went unnoticed, more than there are calls to close the database and looks at how large the log is", f, hidden, n[faultfs.Any])
		}
	}
}

// The harness notices: a device that says it has synced, and has not, loses what was acknowledged.
func TestLyingDiskIsNoticed(t *testing.T) {
	d, l := faultfs.New(1), load{}
	d.Inject(faultfs.Fault{Kind: faultfs.Sync, File: "-wal", Call: 3, Failure: faultfs.Lost, Forever: true})
	if err := l.run(t, d); err != nil {
		t.Fatal(err)
	}
	if problems := l.after(t, d); len(problems) < loadFrames {
		t.Errorf("only %d problems were seen", len(problems))
	}
}
