package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"trama/journal/sqlite"
)

// Each file of the journal is moved, deleted, cut off or replaced under a daemon that is in use: it acknowledges nothing more and ends within a
// second or so; no start after it overwrites anything, and with the file in its place again every acknowledged frame is there.
func TestAFileThatIsTakenFromUnderTheDaemonEndsIt(t *testing.T) {
	t.Parallel()
	const db, log, index, mark = "journal.db", "journal.db-wal", "journal.db-shm", "journal.db-mark"
	move := func(names ...string) func(t *testing.T, at func(string) string) {
		return func(t *testing.T, at func(string) string) {
			for _, name := range names {
				if err := os.Rename(at(name), at(name)+".moved"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	back := func(names ...string) func(t *testing.T, at func(string) string) {
		return func(t *testing.T, at func(string) string) {
			for _, name := range names {
				if err := os.Rename(at(name)+".moved", at(name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	replace := func(name string, with func(t *testing.T) []byte) func(t *testing.T, at func(string) string) {
		return func(t *testing.T, at func(string) string) {
			text := with(t)
			move(name)(t, at)
			if err := os.WriteFile(at(name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(names ...string) func(t *testing.T, at func(string) string) {
		return func(t *testing.T, at func(string) string) {
			for _, name := range names {
				if err := os.Remove(at(name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	empty := func(*testing.T) []byte { return nil }
	for _, c := range []struct {
		name    string
		do      func(t *testing.T, at func(string) string)
		refused string                                     // what the next start says; "": it starts
		mend    func(t *testing.T, at func(string) string) // nil: the file is lost
	}{
		{"database moved", move(db), "is not there", back(db)},
		{"database deleted", remove(db), "is not there", nil},
		{"database replaced by nothing", replace(db, empty), "is not there, or empty", back(db)},
		{"database replaced by a text", replace(db, func(*testing.T) []byte { return []byte(strings.Repeat("text", 100)) }), "is no database", back(db)},
		{"database replaced by another one", replace(db, anotherDatabase), "is another database", back(db)},
		{"database cut off", func(t *testing.T, at func(string) string) {
			if err := os.Truncate(at(db), 0); err != nil {
				t.Fatal(err)
			}
		}, "is not there, or empty", nil},
		{"log cut off", func(t *testing.T, at func(string) string) { cutInHalf(t, at(log)) }, "", nil},
		{"log moved", move(log), "", back()},
		{"log deleted", remove(log), "", back()},
		{"index deleted", remove(index), "", back()},
		{"everything moved", move(db, log, index, mark), "", back(db, log, mark)},
		{"directory moved", func(t *testing.T, at func(string) string) {
			if err := os.Rename(filepath.Dir(at(db)), filepath.Dir(at(db))+".moved"); err != nil {
				t.Fatal(err)
			}
		}, "", func(t *testing.T, at func(string) string) {
			dir := filepath.Dir(at(db))
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(dir+".moved", dir); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, "journal", name) }
			config := twoPorts + "[journal]\npath = \"journal/journal.db\"\n"
			p := startProcessWith(t, dir, config)
			conn := (&program{t: t, addresses: p.addresses}).dial("field")
			acknowledged := 0
			for acknowledged < 200 {
				conn.ask(12345678, acknowledged+1)
				acknowledged++
			}
			c.do(t, at)
			begun := time.Now()
			conn.send(fromHex(t, frameOf(12345678, acknowledged+1, 1)))
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("acknowledged behind it: %d bytes", n)
			}
			if code := p.wait(); code != exitFailed || !strings.Contains(p.log.String(), "under the daemon") {
				t.Errorf("exit code %d\n%s", code, p.log)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			before := files(t, filepath.Join(dir, "journal"))
			if c.refused != "" {
				for range 2 {
					r := command(t, "", "serve", "--config", filepath.Join(dir, "config.toml"))
					r.want(t, exitFailed, c.refused, "Put the database back", "trama journal new")
				}
				if after := files(t, filepath.Join(dir, "journal")); after != before {
					t.Errorf("the start has changed the files from\n%s to\n%s", before, after)
				}
			}
			if c.mend == nil {
				return
			}
			c.mend(t, at)
			q := startProcessWith(t, dir, config)
			q.signal(syscall.SIGTERM)
			if code := q.wait(); code != exitDone {
				t.Errorf("then: exit code %d\n%s", code, q.log)
			}
			r, err := sqlite.Verify(t.Context(), at(db))
			if err != nil || len(r.Damage) > 0 || r.Frames < uint64(acknowledged) {
				t.Errorf("%d acknowledged, %+v, %v", acknowledged, r, err)
			}
		})
	}
}

func cutInHalf(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()/2); err != nil {
		t.Fatal(err)
	}
}

// anotherDatabase is one that another daemon has made.
func anotherDatabase(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	p := startProcessWith(t, dir, twoPorts)
	(&program{t: t, addresses: p.addresses}).dial("field").ask(87654321, 1, 2, 3)
	p.signal(syscall.SIGTERM)
	p.wait()
	text, err := os.ReadFile(filepath.Join(dir, "data", "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// files is what is in a directory, with names.
func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e.Name()+" "+string(text))
	}
	return strings.Join(list, "\n")
}

// A log that is taken away while nobody uses it is missed by the next start, as long as the mark says that it held something.
func TestAStartWithoutTheLogOfAKilledDaemonIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, "data", name) }
	p := startProcessWith(t, dir, twoPorts)
	(&program{t: t, addresses: p.addresses}).dial("field").ask(12345678, 1, 2, 3)
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	log := at("journal.db-wal")
	if err := os.Rename(log, log+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(at("journal.db-shm")); err != nil { // which is of the log
		t.Fatal(err)
	}
	before := files(t, filepath.Join(dir, "data"))
	for range 2 {
		r := command(t, "", "serve", "--config", filepath.Join(dir, "config.toml"))
		r.want(t, exitFailed, "journal.db-wal is not there, and frames 1 to 3 were in it", "Put the log back", "journal.db-mark away")
	}
	if after := files(t, filepath.Join(dir, "data")); after != before {
		t.Errorf("the start has changed the files from\n%.300q to\n%.300q", before, after)
	}
	if err := os.Rename(log+".moved", log); err != nil {
		t.Fatal(err)
	}
	q := startProcessWith(t, dir, twoPorts)
	q.signal(syscall.SIGTERM)
	q.wait()
	if r, err := sqlite.Verify(t.Context(), at("journal.db")); err != nil || len(r.Damage) > 0 || r.Frames != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}
