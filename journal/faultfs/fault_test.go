package faultfs

import (
	"bytes"
	"fmt"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// Every call of a small load fails, in each way.  Whatever happens, what was acknowledged is there afterwards, and no error is
// hidden but those of closing the database.
func TestEveryFaultAtEveryCall(t *testing.T) {
	for _, fault := range []Fault{
		{Failure: EIO}, {Failure: EIO, Forever: true}, {Failure: EIO, Short: true},
		{Failure: ENOSPC}, {Failure: ENOSPC, Forever: true}, {Failure: ENOSPC, Short: true, Forever: true},
	} {
		t.Run(fmt.Sprintf("%v short=%v forever=%v", fault.Failure, fault.Short, fault.Forever), func(t *testing.T) {
			work := load{batches: 4, rows: 3, checkpoint: 2, parameters: wal}
			hit := map[Kind]int{}
			for call := range work.calls(t) {
				fault.Call = call + 1
				l := work
				d := New(uint64(call))
				d.Record()
				d.Inject(fault)
				l.failed = func() { d.Crash(0).Close() } // a program that stops at the first error
				err := l.run(d)
				bad := firstFailure(d.Trace())
				if hit[bad.Kind]++; bad.Kind == Any || err == nil && !after(d.Trace(), bad, finished) {
					t.Errorf("hidden: %v", bad)
				}
				for _, keep := range []int{0, 50, 100} {
					rows, problem := found(closing(t, d.Crash(keep)), wal...)
					if problem != nil || rows != l.acknowledged && rows != l.attempted {
						t.Errorf("%v (%v), keep %d: %d rows (%v), %d were acknowledged of %d", bad, err, keep, rows, problem, l.acknowledged, l.attempted)
					}
				}
				// While the database is made it has no WAL yet, and SQLite undoes the change that failed with another sync.
				if late := d.SyncsAfterFailure(); late > 0 && err != nil && l.attempted > 0 {
					t.Errorf("%v: %d syncs after it", bad, late)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			for _, k := range Kinds() {
				if hit[k] == 0 {
					t.Errorf("no %v failed", k)
				}
			}
		})
	}
}

// firstFailure is the first call that a fault hit: SQLite itself reads beyond the end of files and tries locks.
func firstFailure(trace []Call) Call {
	for _, c := range trace {
		if c.Result != sqlite3.SQLITE_OK && c.Result != sqlite3.SQLITE_IOERR_SHORT_READ && c.Result != sqlite3.SQLITE_BUSY {
			return c
		}
	}
	return Call{}
}

// after reports whether a call came after a mark.
func after(trace []Call, call Call, mark string) bool {
	for _, c := range trace {
		if c.Kind == Mark && c.File == mark {
			return call.Sequence > c.Sequence
		}
	}
	return false
}

// Why the journal checkpoints by itself: an automatic checkpoint hides that the database file could not be synced, and syncs it again.
func TestAutomaticCheckpointHidesAFailedSync(t *testing.T) {
	for _, mode := range []struct {
		name      string
		work      load
		wantError bool
	}{
		{"automatic", load{batches: 8, rows: 3, parameters: []string{"_pragma=journal_mode(wal)", "_pragma=synchronous(full)", "_pragma=wal_autocheckpoint(4)"}}, false},
		{"explicit", load{batches: 8, rows: 3, checkpoint: 2, parameters: wal}, true},
	} {
		t.Run(mode.name, func(t *testing.T) {
			l := mode.work
			d := disk(t, 1)
			d.Inject(Fault{Kind: Sync, File: database, Call: 2, Failure: EIO}) // the first is that of its creation
			l.failed = func() { closing(t, d.Crash(0)) }
			err := l.run(d)
			if (err != nil) != mode.wantError || d.Pending() > 0 {
				t.Errorf("error %v, want one: %v", err, mode.wantError)
			}
			if again := d.SyncsAfterFailure() > 0; again == mode.wantError {
				t.Errorf("synced again: %v", again)
			}
		})
	}
}

// Closing the database after a failed sync syncs again: a program that must not do that ends without closing.
func TestClosingAfterAFailedSyncSyncsAgain(t *testing.T) {
	l := load{batches: 8, rows: 3, checkpoint: 4, parameters: wal}
	d := disk(t, 1)
	d.Inject(Fault{Kind: Sync, File: "-wal", Call: 4, Failure: EIO})
	if err := l.run(d); sqliteCode(err) != sqlite3.SQLITE_IOERR_FSYNC {
		t.Fatalf("%v, want an error of the sync", err)
	}
	if d.SyncsAfterFailure() == 0 {
		t.Error("no second sync was seen")
	}
}

func TestFaultHitsItsCall(t *testing.T) {
	const created = sqlite3.SQLITE_OPEN_CREATE | sqlite3.SQLITE_OPEN_READWRITE
	d := disk(t, 1)
	a, _ := d.open("a", created)
	b, _ := d.open("b", created)
	defer a.close()
	defer b.close()
	d.Inject(
		Fault{Kind: Write, File: "b", Call: 2, Failure: ENOSPC},
		Fault{Kind: Sync, Call: 2, Failure: EIO, Forever: true},
	)
	for i, call := range []struct {
		do   func() int32
		want int32
	}{
		{func() int32 { return a.write([]byte("1"), 0) }, 0},
		{func() int32 { return a.write([]byte("2"), 0) }, 0},
		{func() int32 { return b.write([]byte("1"), 0) }, 0},
		{func() int32 { return b.write([]byte("2"), 0) }, sqlite3.SQLITE_FULL},
		{func() int32 { return b.write([]byte("3"), 0) }, 0},
		{a.sync, 0},
		{b.sync, sqlite3.SQLITE_IOERR_FSYNC},
		{a.sync, sqlite3.SQLITE_IOERR_FSYNC},
	} {
		if got := call.do(); got != call.want {
			t.Errorf("call %d: %d, want %d", i, got, call.want)
		}
	}
	if string(a.file.data) != "2" || string(b.file.data) != "3" {
		t.Errorf("a %q, b %q", a.file.data, b.file.data)
	}
	if got := d.Calls(Write); got != 5 {
		t.Errorf("%d writes", got)
	}
	if got := d.SyncsAfterFailure(); got != 0 {
		t.Errorf("%d syncs after a failed one, every file was tried once", got)
	}
	d.Heal()
	if code := a.sync(); code != 0 || d.SyncsAfterFailure() != 1 {
		t.Errorf("sync %d, after failure %d", code, d.SyncsAfterFailure())
	}
}

func TestShortWriteWritesABeginning(t *testing.T) {
	lengths := map[int]bool{}
	for seed := range uint64(200) {
		d := disk(t, seed)
		h, _ := d.open("a", sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_READWRITE)
		d.Inject(Fault{Kind: Write, Failure: ENOSPC, Short: true})
		if code := h.write([]byte("0123456789"), 3); code != sqlite3.SQLITE_FULL {
			t.Fatalf("code %d", code)
		}
		if got := h.file.data; len(got) > 0 && !bytes.HasPrefix([]byte("\x00\x00\x000123456789"), got) {
			t.Fatalf("wrote %q", got)
		}
		lengths[len(h.file.data)] = true
		h.close()
	}
	if !lengths[0] || !lengths[13] || len(lengths) != 11 {
		t.Errorf("lengths %v, want none and each from 4 to 13", lengths)
	}
}

func TestFullDiskStopsTheWriterAndKeepsWhatItAcknowledged(t *testing.T) {
	stopped := 0
	for room := 4096; room < 150_000; room += 5003 {
		l := load{batches: 40, rows: 3, checkpoint: 4, parameters: wal}
		d := disk(t, uint64(room))
		d.Limit(room)
		l.failed = func() { closing(t, d.Crash(0)) }
		if err := l.run(d); sqliteCode(err)&0xff != sqlite3.SQLITE_FULL {
			t.Errorf("room for %d bytes: %v, want full", room, err)
		}
		used := 0
		for _, content := range d.Image() {
			used += len(content)
		}
		if used > room || used < room-2*4096 {
			t.Errorf("%d bytes on a disk of %d", used, room)
		}
		for _, keep := range []int{0, 100} {
			if rows, err := found(closing(t, d.Crash(keep)), wal...); err != nil || rows != l.acknowledged {
				t.Errorf("room for %d bytes, keep %d: %d rows, %v, %d were acknowledged", room, keep, rows, err, l.acknowledged)
			}
		}
		if l.acknowledged > 0 {
			stopped++
		}
	}
	if stopped < 10 {
		t.Errorf("only %d of 30 loads had acknowledged something", stopped)
	}
}

// After a failed sync the pages count as clean: what it did not write is never written, though the next sync succeeds.
func TestFailedSyncLosesWhatItDidNotWrite(t *testing.T) {
	lost := 0
	for seed := range uint64(100) {
		d := disk(t, seed)
		h, _ := d.open("a-wal", sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_WAL)
		h.sync() // makes the name safe
		h.write(bytes.Repeat([]byte{1}, 4*sectorBytes), 0)
		d.Inject(Fault{Kind: Sync, Failure: EIO})
		if code := h.sync(); code != sqlite3.SQLITE_IOERR_FSYNC {
			t.Fatalf("code %d", code)
		}
		h.write([]byte{2}, 4*sectorBytes)
		if code := h.sync(); code != sqlite3.SQLITE_OK || d.SyncsAfterFailure() != 1 {
			t.Fatalf("second sync: %d, counted %d", code, d.SyncsAfterFailure())
		}
		if got := d.Image()["a-wal"]; bytes.Count(got, []byte{1}) != 4*sectorBytes {
			t.Fatal("before the power goes everything can be read")
		}
		got := closing(t, d.Crash(100)).Image()["a-wal"]
		if len(got) != 4*sectorBytes+1 || got[4*sectorBytes] != 2 {
			t.Fatal("what was written after the failed sync, and synced, is gone")
		}
		if bytes.Count(got, []byte{1}) < 4*sectorBytes {
			lost++
		}
		h.close()
	}
	if lost == 0 || lost == 100 {
		t.Errorf("data was lost in %d of 100 cases", lost)
	}
}
