package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"trama/journal"
)

// wander is a journal on a machine whose clock is set now and then, between commits and between receipt and commit, and what was received when.
type wander struct {
	journal  *Journal
	clock    atomic.Int64    // Unix nanoseconds; the keeper of the journal reads it at any moment
	frames   []journal.Frame // all, in order
	commits  map[int64]int64 // first position of a batch: when it was committed
	subjects []*journal.Subject
}

func (w *wander) now() time.Time { return time.Unix(0, w.clock.Load()).UTC() }

// set lets the clock go on, or sets it back.
func (w *wander) set(by time.Duration) { w.clock.Add(int64(by)) }

// wandered puts some hundred frames of three masters into a journal; step sets the clock.
func wandered(t *testing.T, path string, rng *rand.Rand, step func(w *wander)) *wander {
	t.Helper()
	w := &wander{commits: map[int64]int64{}}
	w.clock.Store(begin.UnixNano())
	w.journal = open(t, Options{Path: path, Now: w.now})
	for i := range 3 {
		w.subjects = append(w.subjects, &journal.Subject{Serial: fmt.Sprint("1000000", i)})
	}
	for range 250 {
		w.set(time.Duration(rng.IntN(20_000)) * time.Millisecond)
		s := w.subjects[rng.IntN(len(w.subjects))]
		var records []byte
		n := 1 + rng.IntN(3)
		for range n {
			r := journal.Record{Received: w.now(), Listener: "field", Master: s.Serial, Profile: 1, Command: "m", Raw: []byte("raw")}
			w.frames = append(w.frames, journal.Frame{Seq: uint64(len(w.frames) + 1), Record: r})
			records = journal.AppendRecord(records, &r)
		}
		step(w)
		first := put(t, w.journal, journal.Entry{Records: records, Count: n, Subject: s})
		w.commits[int64(first)] = w.clock.Load()
		step(w)
		if rng.IntN(20) == 0 {
			put(t, w.journal, journal.Entry{Subject: s, Rows: []journal.Row{journal.State("state")}})
		}
	}
	return w
}

// sometimes sets the clock by seconds or hours, forth or back.
func sometimes(rng *rand.Rand) func(w *wander) {
	return func(w *wander) {
		switch rng.IntN(40) {
		case 0:
			w.set(time.Duration(rng.IntN(8)-4) * time.Second)
		case 1:
			w.set(time.Duration(rng.IntN(600)-300) * time.Minute)
		}
	}
}

// once sets the clock between the receipt of one frame and its commit, and right again before the next; and later the other way.
func once() func(w *wander) {
	calls := 0
	return func(w *wander) {
		switch calls++; calls {
		case 100, 201:
			w.set(5 * time.Hour)
		case 101, 200:
			w.set(-5 * time.Hour)
		}
	}
}

// compare asks for random times, in pages, and holds the answers against what was received.
func (w *wander) compare(t *testing.T, rng *rand.Rand) {
	t.Helper()
	moment := func() (at time.Time) {
		if rng.IntN(4) > 0 {
			at = w.frames[rng.IntN(len(w.frames))].Received.Add(time.Duration(rng.IntN(3)-1) * time.Duration(rng.Int64N(int64(time.Hour))))
		}
		return at
	}
	byTime := func(a, b journal.Frame) int { return a.Received.Compare(b.Received) }
	for i := range 60 {
		q := journal.Query{Since: moment(), Until: moment(), Newest: rng.IntN(2) == 0, Limit: 20 + rng.IntN(300)}
		if i := rng.IntN(2 * len(w.subjects)); i < len(w.subjects) {
			q.Master = w.subjects[i].Serial
		}
		switch latest, earliest := slices.MaxFunc(w.frames, byTime), slices.MinFunc(w.frames, byTime); i {
		case 0, 1:
			q.Since, q.Until, q.Newest, q.Master = latest.Received, time.Time{}, i == 0, latest.Master
		case 2, 3:
			q.Since, q.Until, q.Newest, q.Master = time.Time{}, earliest.Received.Add(1), i == 2, earliest.Master
		}
		var want, got []uint64
		for _, f := range w.frames {
			if s := (search{q: q}); s.wanted(&f.Record) {
				want = append(want, f.Seq)
			}
		}
		if q.Newest {
			slices.Reverse(want)
		}
		for {
			page, err := w.journal.Frames(t.Context(), q)
			if err != nil || len(page.Damage) > 0 {
				t.Fatalf("%+v: damage %v, %v", q, page.Damage, err)
			}
			for _, f := range page.Frames {
				got = append(got, f.Seq)
			}
			if len(page.Frames) == 0 {
				break
			}
			q.After = page.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d frames, want %d", q, len(got), len(want))
		}
	}
}

func TestNoFrameIsSkippedWhenTheClockWasSet(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 3))
		path := filepath.Join(t.TempDir(), "journal.db")
		w := wandered(t, path, rng, sometimes(rng))
		w.compare(t, rng)
		if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) > 0 {
			t.Errorf("%v, %v", r, err)
		}
	}
}

// A step of seconds, as that of a time server, begins no new stretch: what was received in an hour is found without looking at what is before.
func TestAnHourIsFoundByHalves(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	w := wandered(t, "", rng, func(w *wander) { w.set(time.Duration(rng.IntN(8)-4) * time.Second) })
	middle := w.frames[len(w.frames)/2]
	tx, err := w.journal.read.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	s := &search{j: w.journal, tx: tx, q: journal.Query{Since: middle.Received, Until: middle.Received.Add(time.Minute)}}
	found, err := s.stretches(t.Context())
	if err != nil || len(found) != 2 || found[0] != (stretch{1, 1}) {
		t.Fatal(found, err)
	}
	if r := found[1]; r.lo > int64(middle.Seq) || r.hi < int64(middle.Seq) || r.hi-r.lo > int64(len(w.frames)/4) {
		t.Errorf("%+v of %d for frame %d", r, len(w.frames), middle.Seq)
	}
}

// outdate makes the database what a program wrote that gave batches, and so spans, the time of their commit.
func (w *wander) outdate(t *testing.T) {
	t.Helper()
	at := func(seq uint64) int64 {
		first := int64(seq)
		for w.commits[first] == 0 {
			first--
		}
		return w.commits[first]
	}
	bounds := func(list []byte) (from, until int64) {
		positions, err := journal.ReadPositions(list)
		if err != nil {
			t.Fatal(err)
		}
		for i, seq := range positions {
			if a := at(seq); i == 0 {
				from, until = a, a
			} else {
				from, until = min(from, a), max(until, a)
			}
		}
		return from, until
	}
	type row struct {
		serial      string
		last        int64
		list, state []byte
	}
	collect := func(ctx context.Context, c *sql.Conn, text string) (all []row) {
		rows, err := c.QueryContext(ctx, text)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.serial, &r.last, &r.list, &r.state); err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		return all
	}
	if err := w.journal.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		for first, at := range w.commits {
			b, err := scanBatch(c.QueryRowContext(ctx, findBatch, first).Scan)
			if err != nil {
				return err
			}
			if _, err := c.ExecContext(ctx, "UPDATE batch SET at = ?, crc = ? WHERE first = ?", at, batchSum([4]int64{first, int64(b.n), at, b.boot}, b.records), first); err != nil {
				return err
			}
		}
		for _, r := range collect(ctx, c, "SELECT serial, last, positions, x'' FROM span") {
			from, until := bounds(r.list)
			if _, err := c.ExecContext(ctx, "UPDATE span SET from_at = ?, until_at = ?, crc = ? WHERE serial = ? AND last = ?", from, until, sum(r.serial, r.last, from, until, r.list), r.serial, r.last); err != nil {
				return err
			}
		}
		for _, r := range collect(ctx, c, "SELECT serial, through, pending, state FROM master") {
			from, until := bounds(r.list)
			if _, err := c.ExecContext(ctx, "UPDATE master SET from_at = ?, until_at = ?, crc = ? WHERE serial = ?", from, until, sum(r.serial, r.last, from, until, blob(r.list), blob(r.state)), r.serial); err != nil {
				return err
			}
		}
		for _, text := range []string{"DROP TABLE clock", "PRAGMA user_version = 1"} {
			if _, err := c.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderJournalIsSearchedRightly(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 5))
		path := filepath.Join(t.TempDir(), "journal.db")
		step := sometimes(rng)
		if seed == 0 {
			step = once()
		}
		w := wandered(t, path, rng, step)
		w.outdate(t)
		if err := w.journal.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) > 0 {
			t.Fatalf("before it was opened: %v, %v", r, err)
		}
		w.journal = open(t, Options{Path: path, Now: w.now})
		w.subjects = nil // those of the process before; their rows come back
		through := map[string]uint64{}
		if err := w.journal.Restore(t.Context(), func(r journal.MasterRow) error {
			s := &journal.Subject{Serial: r.Serial}
			w.subjects = append(w.subjects, s)
			through[r.Serial] = r.Through
			return r.Adopt(s)
		}, func(seq uint64, r *journal.Record) *journal.Subject {
			for _, s := range w.subjects {
				if s.Serial == r.Master && seq > through[r.Master] {
					return s
				}
			}
			return nil
		}); err != nil || len(w.subjects) != 3 {
			t.Fatal(len(w.subjects), err)
		}
		w.compare(t, rng)
		for _, s := range w.subjects { // what was pending becomes spans
			for range 2 {
				n := len(w.frames) + 1
				for len(w.frames) < n+spanPositions {
					w.frames = append(w.frames, journal.Frame{Seq: uint64(len(w.frames) + 1), Record: journal.Record{Received: w.now(), Master: s.Serial}})
					put(t, w.journal, journal.Entry{Records: journal.AppendRecord(nil, &w.frames[len(w.frames)-1].Record), Count: 1, Subject: s})
				}
				put(t, w.journal, journal.Entry{Subject: s, Rows: []journal.Row{journal.State("state")}})
			}
		}
		w.compare(t, rng)
		if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) > 0 {
			t.Errorf("%v, %v", r, err)
		}
	}
}
