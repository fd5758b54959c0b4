package faultfs

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// unsafeAcknowledgement returns the first mark "acknowledged …" that a write to the WAL came before without a sync between them.
func unsafeAcknowledgement(trace []Call) (Call, bool) {
	var dirty bool
	for _, c := range trace {
		switch {
		case c.Result != sqlite3.SQLITE_OK:
		case c.Kind == Write && strings.HasSuffix(c.File, "-wal"):
			dirty = true
		case c.Kind == Sync && strings.HasSuffix(c.File, "-wal"):
			dirty = false
		case c.Kind == Mark && strings.HasPrefix(c.File, "acknowledged") && dirty:
			return c, true
		}
	}
	return Call{}, false
}

func TestTraceShowsThatAcknowledgementsFollowTheirSync(t *testing.T) {
	for synchronous, wantSafe := range map[string]bool{"full": true, "normal": false} {
		d := disk(t, 1)
		d.Record()
		l := load{batches: 5, rows: 3, parameters: []string{"_pragma=journal_mode(wal)", "_pragma=synchronous(" + synchronous + ")"}}
		if err := l.run(d); err != nil {
			t.Fatal(err)
		}
		call, unsafe := unsafeAcknowledgement(d.Trace())
		if unsafe == wantSafe {
			t.Errorf("synchronous=%s: an acknowledgement before its sync: %v (%v)", synchronous, unsafe, call)
		}
	}
}

func TestTraceNumbersCallsInOneOrder(t *testing.T) {
	d := disk(t, 1)
	db := open(t, d, wal...)
	must(t, db, "create table rows(id integer primary key, content blob)")
	d.Record()
	calls := d.Calls(Any)
	var all sync.WaitGroup
	for writer := range 3 {
		all.Go(func() {
			for n := range 10 {
				if _, err := db.Exec("insert into rows(content) values(?)", content(n)); err != nil {
					t.Error(err)
				}
				d.Mark(fmt.Sprintf("writer %d row %d", writer, n))
			}
		})
	}
	all.Wait()
	trace := d.Trace()
	marks := 0
	for i, c := range trace {
		if c.Sequence != trace[0].Sequence+i {
			t.Fatalf("%v follows %v", c, trace[i-1])
		}
		if c.Kind == Mark {
			marks++
		}
	}
	if marks != 30 || len(trace)-marks != d.Calls(Any)-calls {
		t.Errorf("%d marks and %d calls in the trace, want 30 and %d", marks, len(trace)-marks, d.Calls(Any)-calls)
	}
}

func TestOnPlatterAndUnsyncedFollowTheSync(t *testing.T) {
	frame := bytes.Repeat([]byte("frame-8117;"), 9)
	for synchronous, want := range map[string]bool{"full": true, "normal": false} {
		d := disk(t, 1)
		db := open(t, d, "_pragma=journal_mode(wal)", "_pragma=synchronous("+synchronous+")")
		must(t, db, "create table rows(id integer primary key, content blob)")
		must(t, db, "pragma wal_checkpoint(truncate)")
		must(t, db, "insert into rows(content) values(?)", []byte("makes the name of the WAL safe"))
		if d.OnPlatter(frame) {
			t.Fatal("on the platter before it was written")
		}
		must(t, db, "insert into rows(content) values(?)", frame)
		if got := d.OnPlatter(frame); got != want {
			t.Errorf("synchronous=%s: on the platter %v", synchronous, got)
		}
		if unsynced := d.Unsynced(database+"-wal") > 0; unsynced == want {
			t.Errorf("synchronous=%s: something of the WAL unsynced %v", synchronous, unsynced)
		}
		must(t, db, "pragma wal_checkpoint(truncate)")
		if !d.OnPlatter(frame) || d.Unsynced("") != 0 {
			t.Errorf("synchronous=%s: after the checkpoint on the platter %v, unsynced %d", synchronous, d.OnPlatter(frame), d.Unsynced(""))
		}
	}
}

// Damage at rest: what a test does to an image is what SQLite reads.
func TestDamageOfAnImageIsRead(t *testing.T) {
	l := load{batches: 10, rows: 5, parameters: wal}
	d := disk(t, 1)
	if err := l.run(d); err != nil {
		t.Fatal(err)
	}
	image := d.Image()
	if rows, err := found(closing(t, Open(image, 1)), wal...); rows != l.acknowledged || err != nil {
		t.Fatalf("undamaged: %d rows, %v", rows, err)
	}
	flipped := image.Clone()
	at := bytes.Index(flipped[database], content(37)) * 8
	flipped.Flip(database, at+9)
	if _, err := found(closing(t, Open(flipped, 1)), wal...); err == nil {
		t.Error("a flipped bit in a row was not seen")
	}
	if flipped.Flip(database, at+9); !bytes.Equal(flipped[database], image[database]) {
		t.Error("a bit flipped twice is not as before")
	}
	flipped.Truncate(database, len(flipped[database])-4096)
	if _, err := found(closing(t, Open(flipped, 1)), wal...); err == nil {
		t.Error("a missing page was not seen")
	}
	if rows, err := found(closing(t, Open(image, 1)), wal...); rows != l.acknowledged || err != nil {
		t.Errorf("the original has changed with its copy: %d rows, %v", rows, err)
	}
}
