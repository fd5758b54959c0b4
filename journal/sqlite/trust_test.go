package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/sqlite"
)

// house is a journal on a file, with the masters of each process.
type house struct {
	t        *testing.T
	path     string
	j        *sqlite.Journal
	subjects map[string]*journal.Subject
	warnings []string
}

// restart opens the journal as a start does and says what comes back: serials with their trust and the frame up
// to which it goes, and how many frames are read for each.
func (h *house) restart() string {
	h.t.Helper()
	h.stop()
	var err error
	if h.j, err = sqlite.Open(h.t.Context(), sqlite.Options{Path: h.path, SweepEvery: time.Hour, Warn: func(what string, args ...any) {
		h.warnings = append(h.warnings, fmt.Sprint(what, args))
	}}); err != nil {
		h.t.Fatal(err)
	}
	h.subjects = map[string]*journal.Subject{}
	back, through := map[string]string{}, map[string]uint64{}
	if err := h.j.Restore(h.t.Context(), func(r journal.MasterRow) error {
		back[r.Serial] = fmt.Sprintf("%s:state=%s,trust=%s", r.Serial, r.State, r.Trust)
		through[r.Serial] = r.Through
		if len(r.Trust) > 0 {
			back[r.Serial] += fmt.Sprint("@", r.TrustThrough)
		}
		if r.Forgotten {
			back[r.Serial] += ",forgotten"
			return nil
		}
		for _, w := range r.Windows {
			back[r.Serial] += ",window=" + string(w)
		}
		for _, s := range r.Settings {
			back[r.Serial] += "," + s.Name + "=" + string(s.Body)
		}
		return r.Adopt(h.subject(r.Serial))
	}, func(seq uint64, r *journal.Record) *journal.Subject {
		if seq <= through[r.Master] {
			return nil
		}
		back[r.Master] += "+"
		return h.subject(r.Master)
	}); err != nil {
		h.t.Fatal(err)
	}
	all := slices.Sorted(maps.Values(back))
	for _, serial := range slices.Sorted(maps.Keys(back)) {
		if s := back[serial]; strings.Trim(s, "+") == "" {
			all = append(all, serial+":"+s)
		}
	}
	return strings.TrimLeft(strings.Join(all, " "), "+ ")
}

func (h *house) stop() {
	h.t.Helper()
	if h.j == nil {
		return
	}
	if err := h.j.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.j = nil
}

func (h *house) subject(serial string) *journal.Subject {
	if h.subjects[serial] == nil {
		h.subjects[serial] = &journal.Subject{Serial: serial}
	}
	return h.subjects[serial]
}

// put appends frames of a master with rows beside them.
func (h *house) put(serial string, frames int, rows ...journal.Row) {
	h.t.Helper()
	e := journal.Entry{Subject: h.subject(serial), Count: frames, Rows: rows}
	for range frames {
		e.Records = journal.AppendRecord(e.Records, &journal.Record{Received: time.Now(), Listener: "field", Master: serial, Raw: []byte(serial),
			Protection: journal.Protection{Suite: 0x20, Counter: 7}})
	}
	done := make(committed, 1)
	e.Owner = done
	h.j.Append(&e)
	if err := <-done; err != nil {
		h.t.Fatal(err)
	}
}

// forget is what becomes of a master that is forgotten.
func (h *house) forget(serial string, rows ...journal.Row) {
	h.t.Helper()
	h.put(serial, 0, append(rows, journal.Forget{})...)
	delete(h.subjects, serial)
}

func (h *house) expect(what, got, want string) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// frames is how many frames the history of a master has.
func (h *house) frames(serial string) string {
	h.t.Helper()
	page, err := h.j.Frames(h.t.Context(), journal.Query{Master: serial})
	if err != nil || len(page.Damage) > 0 {
		h.t.Error(page.Damage, err)
	}
	for _, f := range page.Frames {
		if f.Protection.Counter != 7 {
			h.t.Errorf("protection %+v", f.Protection)
		}
	}
	return fmt.Sprint(len(page.Frames))
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, path: filepath.Join(t.TempDir(), "journal.db")}
	h.restart()
	t.Cleanup(h.stop)
	return h
}

func TestTrustComesBackWithItsMaster(t *testing.T) {
	h := newHouse(t)
	h.put("1", 1, journal.State("s"), journal.Trust("t1"))
	h.put("2", 2, journal.Trust("t2")) // it has told no state yet
	h.put("3", 1)
	h.expect("back", h.restart(), "1:state=s,trust=t1@1 2:state=,trust=t2@3++ 3:+")
	h.put("1", 0, journal.Trust("new"))
	h.put("2", 0, journal.Trust{})
	h.expect("replaced and removed", h.restart(), "1:state=s,trust=new@4 2:++ 3:+")
	if r, err := sqlite.Verify(t.Context(), h.path); err != nil || len(r.Damage) > 0 {
		t.Error(r, err)
	}
}

func TestMasterThatIsForgottenDoesNotComeBack(t *testing.T) {
	h := newHouse(t)
	h.put("1", 3, journal.State("s"), journal.Window("w"))
	h.put("1", 2)
	h.put("2", 1)
	h.put("3", 1, journal.Trust("t"))
	h.forget("1")
	h.forget("3")
	if err := h.j.Sweep(t.Context()); err != nil { // nobody waits for the state of one that is gone
		t.Fatal(err)
	}
	h.expect("its frames", h.frames("1"), "5")
	h.expect("back", h.restart(), "2:state=,trust= 3:state=,trust=t@7,forgotten")
	h.expect("its frames after a restart", h.frames("1"), "5")
	h.forget("3", journal.Trust{})
	h.put("1", 1)
	h.expect("frames of both of its lives", h.frames("1"), "6")
	h.expect("back by what lies behind", h.restart(), "2:state=,trust= 1:+")
	h.put("1", 0, journal.State("new"), journal.Window("w2"))
	h.expect("and with its state", h.restart(), "1:state=new,trust=,window=w2 2:state=,trust=")
	h.forget("1")
	h.put("1", 1)
	h.forget("1")
	if err := h.j.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.expect("forgotten again", h.restart(), "2:state=,trust=")
	h.expect("all of its frames", h.frames("1"), "7")
}

// Frames of a master lie behind the last sweep when it is forgotten and the process is killed: the start does not make it of them.
func TestFramesBeforeTheForgettingBringNobodyBack(t *testing.T) {
	h := newHouse(t)
	h.put("1", 100)
	h.forget("1")
	h.expect("back", h.restart(), "")
	h.expect("its frames", h.frames("1"), "100")
	h.put("1", 1)
	h.expect("back as new", h.restart(), "1:+")
	h.expect("its frames and the new one", h.frames("1"), "101")
}

func TestDamagedTrustAndForgottenRowsAreTold(t *testing.T) {
	h := newHouse(t)
	h.put("1", 1, journal.State("s"), journal.Trust("t1"))
	h.put("2", 1)
	h.forget("2")
	if err := h.j.SetGeneration(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	h.restart()
	if n, err := h.j.Generation(t.Context()); n != 7 || err != nil {
		t.Error("undamaged:", n, err)
	}
	h.stop()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE trust SET trust = 'tx'; UPDATE forgotten SET through = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.Verify(context.Background(), h.path)
	if err != nil || len(r.Damage) != 2 || r.Damage[0].Where != "forgotten 2" || r.Damage[1].Where != "trust of 1" {
		t.Errorf("verify: %+v, %v", r, err)
	}
	h.warnings = nil
	h.expect("back", h.restart(), "1:state=s,trust= 2:+")
	if len(h.warnings) != 2 {
		t.Errorf("warnings %q", h.warnings)
	}
	if n, err := h.j.Generation(t.Context()); n != 0 || err != nil {
		t.Error("damaged:", n, err)
	}
	if err := h.j.SetGeneration(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	if n, err := h.j.Generation(t.Context()); n != 8 || err != nil {
		t.Error("taken care of:", n, err)
	}
}

// A backup has all trust and no generation: whoever starts with it knows that counters may have been used since.
func TestBackupHasNoGeneration(t *testing.T) {
	h := newHouse(t)
	h.put("1", 1, journal.State("s"), journal.Trust("t1"))
	h.put("2", 1)
	h.forget("2")
	if err := h.j.SetGeneration(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	copied := h.path + ".copy"
	if err := sqlite.Backup(t.Context(), h.path, copied); err != nil {
		t.Fatal(err)
	}
	if r, err := sqlite.Verify(t.Context(), copied); err != nil || len(r.Damage) > 0 {
		t.Error(r, err)
	}
	if n, err := h.j.Generation(t.Context()); n != 7 || err != nil {
		t.Error(n, err)
	}
	h.path = copied
	h.expect("back", h.restart(), "1:state=s,trust=t1@1")
	if n, err := h.j.Generation(t.Context()); n != 0 || err != nil {
		t.Error(n, err)
	}
}
