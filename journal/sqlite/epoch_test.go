package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/journal"
)

// restored is a journal that went on behind a backup, which was then put in its place.
func restored(t *testing.T, replace func(dir, path, backup string)) (j *Journal, s *journal.Subject) {
	t.Helper()
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "journal.db"), filepath.Join(dir, "backup.db")
	j, s = open(t, Options{Path: path}), &journal.Subject{Serial: "00000001"}
	bring := func(n int) {
		for m := range n {
			putFrames(t, j, s, m, 1)
			put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin, Kind: journal.EventOnline}}})
		}
	}
	bring(5)
	if err := j.MoveCursor(t.Context(), "north", 4, false); err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), path, backup); err != nil {
		t.Fatal(err)
	}
	bring(7)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	replace(dir, path, backup)
	return open(t, Options{Path: path}), s
}

func replaceWith(t *testing.T) func(dir, path, backup string) {
	return func(_, path, backup string) {
		t.Helper()
		aside, err := Replace(t.Context(), path, backup)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := Verify(t.Context(), aside); err != nil || len(r.Damage) > 0 || r.Last != 12 || r.Events != 12 {
			t.Errorf("what was there: %+v, %v", r, err)
		}
	}
}

func TestARestoredBackupGivesNoPositionASecondTime(t *testing.T) {
	for name, replace := range map[string]func(dir, path, backup string){
		"by the command": replaceWith(t),
		"by hand": func(_, path, backup string) {
			for _, suffix := range []string{"", "-wal", "-shm", markSuffix, ballastSuffix} {
				if err := os.RemoveAll(path + suffix); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Rename(backup, path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			j, s := restored(t, replace)
			epochs := j.Epochs()
			if len(epochs) != 2 || epochs[0].ID == epochs[1].ID || len(j.FoundDamaged()) > 0 {
				t.Fatalf("epochs %+v, damage %v", epochs, j.FoundDamaged())
			}
			if c, err := j.Cursor(t.Context(), "north"); err != nil || c.Epoch != "" || c.Lag != 1 || c.Position != 4 {
				t.Errorf("cursor %+v, %v", c, err)
			}
			if err := j.MoveCursor(t.Context(), "north", 5, false); !errors.Is(err, journal.ErrRestored) {
				t.Errorf("its consumer is not told: %v", err)
			}
			first := putFrames(t, j, s, 40, 2)
			e := &journal.Event{At: begin, Kind: journal.EventOnline}
			put(t, j, journal.Entry{Rows: []journal.Row{e}})
			if first != epochGap+1 || e.ID != epochGap+1 {
				t.Errorf("the next frame is %d, the next event %d", first, e.ID)
			}
			page, err := j.Read(t.Context(), 4, 100)
			if err != nil || len(page.Damage) > 0 || len(page.Frames) != 3 || page.Frames[1].Seq != first {
				t.Errorf("behind 4: %+v, %v", page, err)
			}
			if err := j.MoveCursor(t.Context(), "north", 4, true); err != nil {
				t.Error(err)
			}
			if c, err := j.Cursor(t.Context(), "north"); err != nil || c.Epoch != epochs[1].ID || c.Lag != 3 || c.Lost != 0 {
				t.Errorf("cursor %+v, %v", c, err)
			}
			if r, err := Verify(t.Context(), j.options.Path); err != nil || len(r.Damage) > 0 || r.Epoch != epochs[1].ID {
				t.Errorf("%+v, %v", r, err)
			}
			for range 2 { // the epoch is the same at the next start
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				j = open(t, Options{Path: j.options.Path})
				if got := j.Epochs(); len(got) != 2 || got.Now() != epochs.Now() || len(j.FoundDamaged()) > 0 || j.Last() != first+1 {
					t.Errorf("epochs %+v, damage %v, last %d", got, j.FoundDamaged(), j.Last())
				}
			}
		})
	}
}

// A journal that was restored and has no frame since is read and waited for like any other.
func TestAReaderGoesOnOverTheGapOfAnEpoch(t *testing.T) {
	j, s := restored(t, replaceWith(t))
	page, err := j.Read(t.Context(), 5, 100)
	if err != nil || len(page.Damage)+len(page.Frames) > 0 || page.Next != epochGap || j.Last() != epochGap {
		t.Fatalf("%+v, %v, last %d", page, err, j.Last())
	}
	again, err := j.Read(t.Context(), page.Next, 100)
	if err != nil || again.Next != page.Next || len(again.Damage) > 0 {
		t.Errorf("%+v, %v", again, err)
	}
	putFrames(t, j, s, 40, 1)
	if page, err = j.Read(t.Context(), page.Next, 100); err != nil || len(page.Frames) != 1 || len(page.Damage) > 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestAJournalThatBeginsAnewGivesNoPositionASecondTime(t *testing.T) {
	replaced := 0
	j, s := restored(t, func(_, path, backup string) {
		for range 2 { // also of a journal that has begun anew, and was never opened
			if _, err := Replace(t.Context(), path, ""); err != nil {
				t.Fatal(err)
			}
			replaced++
		}
		kept, err := filepath.Glob(path + ".before-*" + markSuffix)
		if err != nil || len(kept) != 1 {
			t.Errorf("marks kept: %v, %v", kept, err)
		}
	})
	if first := putFrames(t, j, s, 0, 1); first != epochGap+1 || len(j.FoundDamaged()) > 0 {
		t.Errorf("the first frame is %d, damage %v", first, j.FoundDamaged())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Replace(t.Context(), j.options.Path, filepath.Join(filepath.Dir(j.options.Path), "backup.db")); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: j.options.Path})
	if first := putFrames(t, j, s, 0, 1); first != 2*epochGap+1 || len(j.FoundDamaged()) > 0 {
		t.Errorf("the first frame of the backup is %d, damage %v", first, j.FoundDamaged())
	}
	if r, err := Verify(t.Context(), j.options.Path); err != nil || len(r.Damage) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAJournalInUseIsNotReplaced(t *testing.T) {
	j := open(t, Options{})
	path := j.options.Path
	putFrames(t, j, &journal.Subject{Serial: "1"}, 0, 1)
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := Backup(t.Context(), path, backup); err != nil {
		t.Fatal(err)
	}
	if _, err := Replace(t.Context(), path, backup); !errors.Is(err, ErrInUse) {
		t.Errorf("%v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Replace(t.Context(), path, path); err == nil || !strings.Contains(err.Error(), "is the journal itself") {
		t.Errorf("%v", err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The place of a journal whose database was taken away is free for a backup.
func TestABackupTakesThePlaceOfALostDatabase(t *testing.T) {
	j, s := restored(t, func(dir, path, backup string) {
		if err := os.Rename(path, filepath.Join(dir, "lost.db")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Options{Path: path}); !errors.Is(err, ErrOrphaned) {
			t.Errorf("without its database: %v", err)
		}
		if _, err := Replace(t.Context(), path, backup); err != nil {
			t.Fatal(err)
		}
	})
	if first := putFrames(t, j, s, 0, 1); first != epochGap+1 || len(j.FoundDamaged()) > 0 {
		t.Errorf("the first frame is %d, damage %v", first, j.FoundDamaged())
	}
}

// A mistyped path is no place for a journal: root could make every directory of it.
func TestAJournalIsNotBegunInADirectoryThatIsNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nosuch")
	if aside, err := Replace(t.Context(), filepath.Join(dir, "journal.db"), ""); !errors.Is(err, fs.ErrNotExist) || aside != "" {
		t.Errorf("%q, %v", aside, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory: %v", err)
	}
}

func TestABackupToNowhereLeavesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	j := open(t, Options{Path: "data/journal.db"})
	if err := Backup(t.Context(), j.options.Path, ""); err == nil {
		t.Error("it is written")
	}
	if left, err := filepath.Glob("*.partial"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if left, err := filepath.Glob(".partial"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Numbers that an epoch has skipped are no events that are too many.
func TestTheGapOfAnEpochIsNoEvents(t *testing.T) {
	j, _ := restored(t, replaceWith(t))
	path := j.options.Path
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path, EventsUpTo: 6})
	for range 3 {
		put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin, Kind: journal.EventOnline}}})
	}
	for range 2 {
		if err := j.retain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	events, damage, err := j.Events(t.Context(), journal.EventQuery{})
	if err != nil || len(damage) > 0 || len(events) != 6 || events[0].ID != 3 {
		t.Errorf("%d events, %v, %v", len(events), damage, err)
	}
	s, err := j.Stats(t.Context())
	if err != nil || s.Events != 6 || s.Last-s.Swept > 5 {
		t.Errorf("%+v, %v", s, err)
	}
	if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
