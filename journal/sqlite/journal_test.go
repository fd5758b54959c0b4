package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trama/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waiter is an owner that can be waited for.
type waiter struct {
	entry journal.Entry
	done  chan struct{}
	first uint64
	err   error
}

func (w *waiter) Committed(first uint64, err error) {
	w.first, w.err = first, err
	close(w.done)
}

// roomy is a disk that is used to a tenth.
func roomy() (Disk, error) { return Disk{Size: 1 << 40, Free: 9 << 40 / 10}, nil }

func open(t testing.TB, o Options) *Journal {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "journal.db")
	}
	if o.Disk == nil {
		o.Disk = roomy
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Hour
	}
	j, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

var begin = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// frames are n records of a master, a second apart, the first at minute m.
func frames(serial string, m, n int) []byte {
	var b []byte
	for i := range n {
		b = journal.AppendRecord(b, &journal.Record{
			Received: begin.Add(time.Duration(m)*time.Minute + time.Duration(i)*time.Second), Listener: "field", Connection: 7, Master: serial, Profile: 1, Command: "m",
			Flags: journal.Numbered, Number: uint64(m*1000 + i), Raw: fmt.Appendf(nil, "%s/%d/%d", serial, m, i),
		})
	}
	return b
}

// put appends and waits.
func put(t testing.TB, j *Journal, e journal.Entry) uint64 {
	t.Helper()
	w := &waiter{entry: e, done: make(chan struct{})}
	w.entry.Owner = w
	j.Append(&w.entry)
	<-w.done
	if w.err != nil {
		t.Fatal(w.err)
	}
	return w.first
}

func putFrames(t testing.TB, j *Journal, s *journal.Subject, m, n int) uint64 {
	t.Helper()
	return put(t, j, journal.Entry{Records: frames(s.Serial, m, n), Count: n, Subject: s})
}

func TestFramesComeBackInTheOrderTheyWereAppended(t *testing.T) {
	j := open(t, Options{})
	const senders, each = 8, 200
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			s := &journal.Subject{Serial: fmt.Sprint(i)}
			for n := range each {
				putFrames(t, j, s, n, 1)
			}
		})
	}
	wg.Wait()
	page, err := j.Read(t.Context(), 0, senders*each)
	if err != nil || len(page.Frames) != senders*each || len(page.Damage) > 0 {
		t.Fatalf("%d frames, damage %v, %v", len(page.Frames), page.Damage, err)
	}
	next := map[string]int{}
	for i, f := range page.Frames {
		if f.Seq != uint64(i+1) {
			t.Fatalf("frame %d has position %d", i, f.Seq)
		}
		if want := fmt.Sprintf("%s/%d/0", f.Master, next[f.Master]); string(f.Raw) != want {
			t.Fatalf("got %s, want %s", f.Raw, want)
		}
		next[f.Master]++
	}
	if s, err := j.Stats(t.Context()); err != nil || s.Commits == 0 || s.Brief.Frames != senders*each || s.Last != senders*each {
		t.Errorf("stats %+v, %v", s, err)
	}
}

func TestTheHistoryOfAMasterIsWholeBeforeAndAfterSweepsAndRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir of ours", "journal?.db")
	j := open(t, Options{Path: path})
	a, b := &journal.Subject{Serial: "00000001"}, &journal.Subject{Serial: "b/ü"}
	want := map[string]int{}
	add := func(s *journal.Subject, m, n int) {
		putFrames(t, j, s, m, n)
		want[s.Serial] += n
	}
	check := func(when string) {
		t.Helper()
		for serial, n := range want {
			page, err := j.Frames(t.Context(), journal.Query{Master: serial, Limit: 10_000})
			if err != nil || len(page.Frames) != n || len(page.Damage) > 0 {
				t.Fatalf("%s: %s has %d frames, want %d (%v, %v)", when, serial, len(page.Frames), n, page.Damage, err)
			}
			back, err := j.Frames(t.Context(), journal.Query{Master: serial, Limit: 10_000, Newest: true})
			if err != nil || len(back.Frames) != n || n > 0 && back.Frames[0].Seq != page.Frames[n-1].Seq {
				t.Fatalf("%s, newest first: %s has %d frames, want %d (%v)", when, serial, len(back.Frames), n, err)
			}
		}
	}
	add(a, 0, 10)
	add(b, 1, 3)
	check("never swept")
	if err := j.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("swept")
	for m := range 30 {
		add(a, 2+m, 5)
		add(b, 2+m, 1)
	}
	check("with a tail")
	if err := j.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(a, 60, 5)
	check("with spans and a tail")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	check("after a restart")
	subjects := map[string]*journal.Subject{}
	replayed := 0
	err := j.Restore(t.Context(), func(r journal.MasterRow) error {
		s := &journal.Subject{Serial: r.Serial}
		subjects[r.Serial] = s
		return r.Adopt(s)
	}, func(_ uint64, r *journal.Record) *journal.Subject { replayed++; return subjects[r.Master] })
	if err != nil || len(subjects) != 2 || replayed != 5 {
		t.Fatalf("%d masters, %d frames replayed, %v", len(subjects), replayed, err)
	}
	a, b = subjects[a.Serial], subjects[b.Serial]
	add(a, 61, 100)
	check("going on")
	if err := j.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(b, 62, 1)
	check("swept again")
	report, err := Verify(t.Context(), path)
	if err != nil || len(report.Damage) > 0 || report.Frames != uint64(want[a.Serial]+want[b.Serial]) || report.Spans == 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

func TestQueriesAreBoundedByTimePositionAndNumber(t *testing.T) {
	j := open(t, Options{})
	s, other := &journal.Subject{Serial: "1"}, &journal.Subject{Serial: "2"}
	for m := range 50 {
		putFrames(t, j, s, m, 2)
		putFrames(t, j, other, m, 1)
		if m == 20 {
			if err := j.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(m int) time.Time { return begin.Add(time.Duration(m) * time.Minute) }
	for _, c := range []struct {
		name  string
		q     journal.Query
		first string
		n     int
	}{
		{"since", journal.Query{Master: "1", Since: at(40)}, "1/40/0", 20},
		{"until", journal.Query{Master: "1", Until: at(10)}, "1/0/0", 20},
		{"between", journal.Query{Master: "1", Since: at(19), Until: at(22)}, "1/19/0", 6},
		{"newest", journal.Query{Master: "1", Newest: true, Limit: 3}, "1/49/1", 3},
		{"newest until", journal.Query{Master: "1", Newest: true, Until: at(5), Limit: 3}, "1/4/1", 3},
		{"limit", journal.Query{Master: "1", Limit: 7}, "1/0/0", 7},
		{"all since", journal.Query{Since: at(49)}, "1/49/0", 3},
		{"all newest", journal.Query{Newest: true, Limit: 2}, "2/49/0", 2},
		{"nobody", journal.Query{Master: "3"}, "", 0},
	} {
		page, err := j.Frames(t.Context(), c.q)
		if err != nil || len(page.Frames) != c.n || c.n > 0 && string(page.Frames[0].Raw) != c.first {
			t.Errorf("%s: %d frames, want %d, beginning with %v (%v)", c.name, len(page.Frames), c.n, page.Frames, err)
		}
	}
	for _, master := range []string{"", "1"} {
		for _, newest := range []bool{false, true} {
			var got []uint64
			q := journal.Query{Master: master, Limit: 7, Newest: newest}
			for {
				page, err := j.Frames(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Frames) == 0 {
					break
				}
				for _, f := range page.Frames {
					got = append(got, f.Seq)
				}
				q.After = page.Next
			}
			if want := map[string]int{"": 150, "1": 100}[master]; len(got) != want {
				t.Errorf("in pages (master %q, newest first %v): %d frames, want %d", master, newest, len(got), want)
			}
		}
	}
}

func TestEventsAndDefinitionsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin, Kind: journal.EventOnline, Master: "1", Listener: "field", Connection: 3, Remote: "127.0.0.1:1"}}})
	put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin.Add(time.Second), Kind: journal.EventRejected, Listener: "field", Reason: "checksum", Raw: []byte{1, 2}}}})
	id, err := j.Profile(t.Context(), "mine", []byte("hash of it"), []byte("text"))
	if err != nil || id != 1 {
		t.Fatal(id, err)
	}
	if again, err := j.Profile(t.Context(), "mine", []byte("hash of it"), []byte("text")); err != nil || again != id {
		t.Error("the same definition has two numbers", again, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin.Add(time.Minute), Kind: journal.EventOffline, Master: "1"}}})
	all, damage, err := j.Events(t.Context(), journal.EventQuery{})
	if err != nil || len(damage) > 0 || len(all) != 3 || string(all[1].Raw) != "\x01\x02" || all[2].ID != 3 {
		t.Errorf("%+v, damage %v, %v", all, damage, err)
	}
	if mine, _, _ := j.Events(t.Context(), journal.EventQuery{Master: "1", Newest: true, Limit: 1}); len(mine) != 1 || mine[0].Kind != journal.EventOffline {
		t.Errorf("newest of a master: %+v", mine)
	}
	if rows, err := j.Profiles(t.Context()); err != nil || len(rows) != 1 || rows[0].Name != "mine" || string(rows[0].Sources) != "text" {
		t.Errorf("%+v, %v", rows, err)
	}
	if j.Boot() != 2 {
		t.Errorf("boot %d", j.Boot())
	}
}

func TestCursorsAreKeptAndOnlyGoForward(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	s := &journal.Subject{Serial: "1"}
	putFrames(t, j, s, 0, 10)
	if err := j.MoveCursor(t.Context(), "north", 4, false); err != nil {
		t.Fatal(err)
	}
	if err := j.MoveCursor(t.Context(), "north", 3, false); !errors.Is(err, journal.ErrBackwards) {
		t.Error("backwards:", err)
	}
	if err := j.MoveCursor(t.Context(), "north", 11, false); !errors.Is(err, journal.ErrBeyond) {
		t.Error("beyond:", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	c, err := j.Cursor(t.Context(), "north")
	if err != nil || c.Position != 4 || c.Lag != 6 {
		t.Errorf("%+v, %v", c, err)
	}
	page, err := j.Read(t.Context(), c.Position, 100)
	if err != nil || len(page.Frames) != 6 || page.Frames[0].Seq != 5 || page.Next != 10 {
		t.Errorf("%+v, %v", page, err)
	}
	if err := j.RemoveCursor(t.Context(), "north"); err != nil {
		t.Error(err)
	}
	if _, err := j.Cursor(t.Context(), "north"); !errors.Is(err, journal.ErrNoCursor) {
		t.Error("removed, and:", err)
	}
}

func TestRetentionDeletesTheOldestAndTellsCursorsWhatTheyLost(t *testing.T) {
	j := open(t, Options{FramesUpTo: 1 << 20})
	s := &journal.Subject{Serial: "1"}
	raw := make([]byte, 900)
	n := 0
	if err := j.MoveCursor(t.Context(), "slow", 0, false); err != nil {
		t.Fatal(err)
	}
	for range 4000 {
		put(t, j, journal.Entry{Count: 1, Subject: s, Records: journal.AppendRecord(nil, &journal.Record{Received: begin, Master: "1", Raw: raw})})
		n++
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err := j.retain(t.Context()); err != nil {
			t.Fatal(err)
		}
		st, err := j.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if st.UsedBytes <= 1<<20 && st.First > 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %d bytes from frame %d on", st.UsedBytes, st.First)
		}
	}
	page, err := j.Frames(t.Context(), journal.Query{Master: "1", Limit: n})
	if err != nil || len(page.Frames) == 0 || len(page.Frames) >= n || len(page.Damage) > 0 || page.Frames[len(page.Frames)-1].Seq != uint64(n) {
		t.Fatalf("%d frames left of %d, %v, %v", len(page.Frames), n, page.Damage, err)
	}
	c, err := j.Cursor(t.Context(), "slow")
	later, err2 := j.Stats(t.Context()) // the keeper may be deleting beside the test
	if err != nil || err2 != nil || c.Lost < page.Frames[0].Seq-1 || c.Lost > later.First-1 {
		t.Errorf("cursor %+v, first frame %d and then %d, %v, %v", c, page.Frames[0].Seq, later.First, err, err2)
	}
}

func TestABackupMadeWhileRunningIsAWholeJournal(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Path: filepath.Join(dir, "journal.db")})
	s := &journal.Subject{Serial: "1"}
	putFrames(t, j, s, 0, 50)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for m := 1; ; m++ {
			select {
			case <-stop:
				return
			default:
				putFrames(t, j, s, m, 5)
			}
		}
	})
	copied := filepath.Join(dir, "copy.db")
	err := Backup(t.Context(), j.options.Path, copied)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), j.options.Path, copied); !errors.Is(err, os.ErrExist) {
		t.Error("a backup over a file:", err)
	}
	report, err := Verify(t.Context(), copied)
	if err != nil || len(report.Damage) > 0 || report.Frames < 50 {
		t.Fatalf("%+v, %v", report, err)
	}
	back := open(t, Options{Path: copied})
	page, err := back.Frames(t.Context(), journal.Query{Master: "1", Limit: 10_000})
	if err != nil || uint64(len(page.Frames)) != report.Frames {
		t.Errorf("%d frames in the restored journal, %d in the report, %v", len(page.Frames), report.Frames, err)
	}
	putFrames(t, back, s, 9999, 1)
}

func TestWaitReturnsWithTheNextFrame(t *testing.T) {
	j := open(t, Options{})
	got := make(chan error, 1)
	go func() { got <- j.Wait(context.Background(), 0) }()
	putFrames(t, j, &journal.Subject{Serial: "1"}, 0, 1)
	if err := <-got; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Wait(ctx, j.Last()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAFullDiskIsToldAndForgotten(t *testing.T) {
	const tib = 1 << 40
	disk := Disk{Size: tib, Free: tib / 25}
	j := open(t, Options{Disk: func() (Disk, error) { return disk, nil }})
	if err := j.Accepting(); !errors.Is(err, journal.ErrFull) {
		t.Error("at 96 %:", err)
	}
	disk.Free = tib / 10
	_ = j.look(true)
	if err := j.Accepting(); err != nil {
		t.Error("at 90 %:", err)
	}
}

func TestAfterCloseNothingIsTaken(t *testing.T) {
	j := open(t, Options{})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	w := &waiter{done: make(chan struct{})}
	w.entry = journal.Entry{Records: frames("1", 0, 1), Count: 1, Owner: w}
	j.Append(&w.entry)
	if <-w.done; !errors.Is(w.err, journal.ErrClosed) {
		t.Error(w.err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, inFlight := range []int{1, 64, 1000} {
		b.Run(fmt.Sprint(inFlight), func(b *testing.B) {
			j := open(b, Options{})
			var wg sync.WaitGroup
			per := b.N/inFlight + 1
			b.ResetTimer()
			for range inFlight {
				wg.Go(func() {
					s := &journal.Subject{Serial: "12345678"}
					for range per {
						w := &waiter{done: make(chan struct{})}
						r := journal.Record{Received: time.Now(), Listener: "field", Connection: 7, Master: s.Serial, Profile: 1, Command: "m", Raw: []byte("frame")}
						w.entry = journal.Entry{Records: journal.AppendRecord(nil, &r), Count: 1, Subject: s, Owner: w}
						j.Append(&w.entry)
						<-w.done
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(per*inFlight)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}

func TestALongHistoryIsReadInPagesBothWays(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "1"}
	const sweeps, each = 3*spansAtOnce + 5, spanPositions
	for m := range sweeps {
		putFrames(t, j, s, m, each)
		putFrames(t, j, &journal.Subject{Serial: "2"}, m, 1)
		if err := j.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	putFrames(t, j, s, sweeps, 7)
	for _, newest := range []bool{false, true} {
		q := journal.Query{Master: "1", Newest: newest, Limit: 1000}
		seen, last := 0, uint64(0)
		for {
			page, err := j.Frames(t.Context(), q)
			if err != nil || len(page.Damage) > 0 {
				t.Fatal(page.Damage, err)
			}
			for _, f := range page.Frames {
				if last != 0 && (f.Seq > last) == newest {
					t.Fatalf("newest first %v: %d follows %d", newest, f.Seq, last)
				}
				last = f.Seq
				seen++
			}
			if len(page.Frames) < q.Limit {
				break
			}
			q.After = page.Next
		}
		if seen != sweeps*each+7 {
			t.Errorf("newest first %v: %d frames, want %d", newest, seen, sweeps*each+7)
		}
	}
	from := begin.Add(90 * time.Minute)
	page, err := j.Frames(t.Context(), journal.Query{Master: "1", Since: from, Limit: 1})
	if err != nil || len(page.Frames) != 1 || !page.Frames[0].Received.Equal(from) {
		t.Errorf("%+v, %v", page.Frames, err)
	}
}
