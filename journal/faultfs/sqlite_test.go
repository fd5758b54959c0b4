package faultfs

import (
	"errors"
	"strings"
	"sync"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// What the rest of the program asks of SQLite: before 3.51.3 a WAL could be reset into a corrupt database.
func TestSQLiteIsNewEnough(t *testing.T) {
	if sqlite3.SQLITE_VERSION_NUMBER < 3051003 {
		t.Fatalf("SQLite %s, want 3.51.3 or newer", sqlite3.SQLITE_VERSION)
	}
}

func TestSQLiteWorksWithSeveralConnections(t *testing.T) {
	d := disk(t, 1)
	db := open(t, d, wal...)
	if mode := one[string](t, db, "pragma journal_mode"); mode != "wal" {
		t.Fatalf("journal mode %s", mode)
	}
	must(t, db, "create table rows(id integer primary key, content blob)")

	const batches, rows, readers = 30, 20, 2
	written := make(chan struct{})
	finish := sync.OnceFunc(func() { close(written) })
	var all sync.WaitGroup
	defer all.Wait()
	defer finish()
	for range readers {
		all.Go(func() {
			reader := open(t, d, "_pragma=busy_timeout(2000)", "_pragma=query_only(1)")
			for last := 0; ; {
				n := one[int](t, reader, "select count(*) from rows")
				if n < last || n%rows != 0 {
					t.Errorf("%d rows after %d: readers see whole batches, and never fewer", n, last)
				}
				last = n
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	all.Go(func() { // checkpoints from a connection of its own
		checkpointer := open(t, d, wal...)
		for {
			if _, err := checkpointer.Exec("pragma wal_checkpoint(passive)"); err != nil {
				t.Error(err)
			}
			select {
			case <-written:
				return
			default:
			}
		}
	})
	for batch := range batches {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for row := range rows {
			n := batch*rows + row + 1
			must(t, tx, "insert into rows(id, content) values(?, ?)", n, content(n))
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	finish()
	all.Wait()

	must(t, db, "pragma wal_checkpoint(truncate)")
	if n := len(d.Image()[database+"-wal"]); n != 0 {
		t.Errorf("the WAL has %d bytes after it was truncated", n)
	}
	must(t, db, "delete from rows where id % 2 = 0")
	must(t, db, "vacuum into 'copy.db'")
	must(t, db, "vacuum")
	if verdict := one[string](t, db, "pragma integrity_check"); verdict != "ok" {
		t.Error(verdict)
	}

	image := d.Image()
	if len(image["copy.db"]) == 0 {
		t.Fatalf("no copy among %v", image.Names())
	}
	copied := closing(t, Open(Image{database: image["copy.db"]}, 2))
	if n := one[int](t, open(t, copied), "select count(*) from rows"); n != batches*rows/2 {
		t.Errorf("%d rows in the copy", n)
	}
}

func TestTwoWritersExcludeEachOther(t *testing.T) {
	for _, mode := range []string{"wal", "delete"} {
		d := disk(t, 1)
		first := open(t, d, "_pragma=journal_mode("+mode+")")
		must(t, first, "create table rows(id integer primary key, content blob)")
		second := open(t, d)
		tx, err := first.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		must(t, tx, "insert into rows(id) values(1)")
		if _, err := second.Exec("insert into rows(id) values(2)"); sqliteCode(err)&0xff != sqlite3.SQLITE_BUSY {
			t.Errorf("%s: the second writer got %v, want busy", mode, err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		must(t, second, "insert into rows(id) values(2)")
	}
}

func TestReaderKeepsWriterFromCommittingWithoutWAL(t *testing.T) {
	d := disk(t, 1)
	db := open(t, d)
	must(t, db, "create table rows(id integer primary key, content blob)")
	must(t, db, "insert into rows(id) values(1), (2)")
	reading, err := open(t, d).Query("select id from rows")
	if err != nil {
		t.Fatal(err)
	}
	reading.Next()
	if _, err := db.Exec("insert into rows(id) values(3)"); sqliteCode(err)&0xff != sqlite3.SQLITE_BUSY {
		t.Errorf("commit beside a reader: %v, want busy", err)
	}
	reading.Close()
	must(t, db, "insert into rows(id) values(3)")
}

func TestDisksAreApartAndCloseTellsWhatIsOpen(t *testing.T) {
	a, b := New(1), disk(t, 1)
	db := open(t, a)
	must(t, db, "create table rows(id integer primary key)")
	if names := b.Image().Names(); len(names) != 0 {
		t.Errorf("the other disk has %v", names)
	}
	if err := a.Close(); !errors.Is(err, ErrInUse) {
		t.Errorf("closed under an open database: %v", err)
	}
	db.Close()
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := open(t, a).Ping(); err == nil || !strings.Contains(err.Error(), "no such vfs") {
		t.Errorf("opened on a closed disk: %v", err)
	}
}
