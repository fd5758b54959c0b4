package faultfs

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// cut runs the load on a new disk, cuts the power at one of the calls that the load makes, and returns the disk.
func cut(l *load, seed uint64, calls int) *Disk {
	d := New(seed)
	at := 1 + rand.New(rand.NewPCG(seed, 99)).IntN(calls)
	d.Inject(Fault{Call: at, Failure: PowerCut})
	_ = l.run(d) // ended by the power cut, or before it
	return d
}

// calls that a load makes when nothing goes wrong.
func (l load) calls(t *testing.T) int {
	t.Helper()
	d := disk(t, 0)
	if err := l.run(d); err != nil {
		t.Fatal(err)
	}
	return d.Calls(Any)
}

func TestCommittedRowsSurvivePowerCuts(t *testing.T) {
	seeds := 500
	if raceEnabled { // SQLite is some twenty times slower under it, and it looks at other things than the seeds
		seeds = 20
	}
	for _, mode := range []struct {
		name       string
		parameters []string
		moment     bool // the commit takes effect in one call, which also reports it
	}{
		{"wal", wal, false},
		{"wal, checkpoints by itself", []string{"_pragma=journal_mode(wal)", "_pragma=synchronous(full)", "_pragma=wal_autocheckpoint(5)"}, false},
		{"rollback journal", []string{"_pragma=journal_mode(delete)", "_pragma=synchronous(extra)"}, true},
		{"truncated journal", []string{"_pragma=journal_mode(truncate)", "_pragma=synchronous(full)"}, false},
	} {
		t.Run(mode.name, func(t *testing.T) {
			work := load{batches: 8, rows: 3, checkpoint: 3, parameters: mode.parameters}
			calls := work.calls(t)
			acknowledged, uncertain := 0, 0
			for seed := range uint64(seeds) {
				l := work
				d := cut(&l, seed, calls)
				for _, keep := range []int{0, 50, 100} {
					after := d.Crash(keep)
					rows, err := found(after, mode.parameters...)
					if err != nil || rows != l.acknowledged && rows != l.attempted {
						t.Errorf("seed %d, keep %d: %d rows (%v), %d were acknowledged of %d", seed, keep, rows, err, l.acknowledged, l.attempted)
					}
					if rows > l.acknowledged {
						uncertain++
					}
					if err := after.Close(); err != nil {
						t.Error(err)
					}
				}
				acknowledged += l.acknowledged
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			if acknowledged < seeds || uncertain == 0 && !mode.moment && !raceEnabled {
				t.Errorf("%d rows acknowledged, %d times more was found: the cuts come too early or too late", acknowledged, uncertain)
			}
		})
	}
}

// The harness can fail: a database that does not sync loses what it acknowledged.
func TestWithoutSyncAcknowledgedRowsAreLost(t *testing.T) {
	unsafe := []string{"_pragma=journal_mode(wal)", "_pragma=synchronous(off)", "_pragma=wal_autocheckpoint(0)"}
	lost := map[int]int{}
	for seed := range uint64(40) {
		l := load{batches: 5, rows: 3, parameters: unsafe}
		d := disk(t, seed)
		d.Inject(Fault{Kind: Write, File: "-wal", Call: 20, Failure: PowerCut})
		_ = l.run(d)
		if !d.PowerIsOff() || l.acknowledged == 0 {
			t.Fatalf("the power was not cut, or too early: %d acknowledged", l.acknowledged)
		}
		for _, keep := range []int{0, 50, 100} {
			rows, err := found(closing(t, d.Crash(keep)), unsafe...)
			if err != nil || rows < l.acknowledged {
				lost[keep]++
			}
		}
	}
	if lost[0] != 40 || lost[50] == 0 || lost[100] != 0 {
		t.Errorf("acknowledged rows were lost by keep %v, want all 40 at 0, some at 50 and none at 100", lost)
	}
}

// The directory counts: a journal whose deletion is not synced comes back and undoes the commit.  That is why SQLite has EXTRA.
func TestUnsyncedDeletionOfTheJournalUndoesTheCommit(t *testing.T) {
	for _, mode := range []struct {
		synchronous string
		want        int
	}{{"full", 3}, {"extra", 6}} {
		l := load{batches: 2, rows: 3, parameters: []string{"_pragma=journal_mode(delete)", "_pragma=synchronous(" + mode.synchronous + ")"}}
		d := disk(t, 1)
		if err := l.run(d); err != nil {
			t.Fatal(err)
		}
		if rows, err := found(closing(t, d.Crash(0)), l.parameters...); rows != mode.want || err != nil {
			t.Errorf("%s: %d rows, %v, want %d", mode.synchronous, rows, err, mode.want)
		}
	}
}

// A device that only says that it has synced is caught as well.
func TestLostSyncLosesAcknowledgedRows(t *testing.T) {
	l := load{batches: 5, rows: 3, parameters: wal}
	d := disk(t, 1)
	d.Inject(Fault{Kind: Sync, Forever: true, Failure: Lost})
	if err := l.run(d); err != nil {
		t.Fatal(err)
	}
	if rows, _ := found(closing(t, d.Crash(0)), wal...); rows != 0 || l.acknowledged == 0 {
		t.Errorf("%d rows of %d acknowledged survived without a sync", rows, l.acknowledged)
	}

	// Only the database lies: the checkpoint believes it, and the WAL is written over.
	lost := 0
	for seed := range uint64(40) {
		l := load{batches: 7, rows: 3, checkpoint: 2, parameters: wal}
		d := disk(t, seed)
		d.Inject(Fault{Kind: Sync, File: database, Call: 4, Forever: true, Failure: Lost})
		l.failed = func() { t.Error("an error") }
		if err := l.run(d); err != nil {
			t.Fatal(err)
		}
		if rows, err := found(closing(t, d.Crash(50)), wal...); err != nil || rows < l.acknowledged {
			lost++
		}
	}
	if lost < 10 {
		t.Errorf("a database that was not synced by its checkpoints was whole in %d of 40 cases", 40-lost)
	}
}

func TestUncommittedRowsNeverAppear(t *testing.T) {
	for seed := range uint64(30) {
		d := disk(t, seed)
		db := open(t, d, append(wal, "_pragma=cache_size(2)")...) // so small that uncommitted pages are written
		must(t, db, "create table rows(id integer primary key, content blob)")
		must(t, db, "insert into rows(id, content) values(1, ?)", content(1))
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		writes := d.Calls(Write)
		for n := 2; n < 40; n++ {
			must(t, tx, "insert into rows(id, content) values(?, ?)", n, content(n))
		}
		if d.Calls(Write) == writes {
			t.Fatal("nothing was written before the commit: this test shows nothing")
		}
		for _, keep := range []int{0, 50, 100} {
			if rows, err := found(closing(t, d.Crash(keep)), wal...); rows != 1 || err != nil {
				t.Errorf("seed %d, keep %d: %d rows, %v", seed, keep, rows, err)
			}
		}
		_ = tx.Rollback()
	}
}

// The image is another disk: a cut while the first cut is being recovered from changes nothing.
func TestPowerCutDuringRecovery(t *testing.T) {
	work := load{batches: 8, rows: 3, checkpoint: 3, parameters: wal}
	calls := work.calls(t)
	second := 0
	for seed := range uint64(200) {
		l := work
		d := closing(t, cut(&l, seed, calls))
		again := closing(t, d.Crash(50))
		again.Inject(Fault{Call: 1 + int(seed%40), Failure: PowerCut})
		_, _ = found(again, wal...)
		if again.PowerIsOff() {
			second++
		}
		rows, err := found(closing(t, again.Crash(50)), wal...)
		if err != nil || rows != l.acknowledged && rows != l.attempted {
			t.Errorf("seed %d: %d rows (%v), %d were acknowledged of %d", seed, rows, err, l.acknowledged, l.attempted)
		}
	}
	if second < 100 {
		t.Errorf("only %d of 200 recoveries were cut", second)
	}
}

func TestAfterThePowerCutNothingWorks(t *testing.T) {
	d := disk(t, 1)
	db := open(t, d, wal...)
	must(t, db, "create table rows(id integer primary key, content blob)")
	after := closing(t, d.Crash(100))
	before := fmt.Sprint(d.Image())
	if _, err := db.Exec("insert into rows(id) values(1)"); sqliteCode(err)&0xff != 10 { // SQLITE_IOERR
		t.Errorf("a write after the power cut: %v, want an I/O error", err)
	}
	if err := open(t, d, wal...).Ping(); err == nil {
		t.Error("opened after the power cut")
	}
	db.Close()
	if fmt.Sprint(d.Image()) != before {
		t.Error("the old disk changed after the power cut")
	}
	if rows, err := found(after, wal...); rows != 0 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
}
