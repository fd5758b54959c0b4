package sqlite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"trama/journal"
	"trama/journal/faultfs"
)

// damaged opens and reads a journal whose files somebody has damaged, and says whether it was noticed.  A frame that is served is
// one that was written, at its place.
func (l *load) damaged(t *testing.T, image faultfs.Image) (missing int, noticed bool) {
	t.Helper()
	d := faultfs.Open(image, 1)
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	j, err := on(t, d)
	if err != nil {
		return len(l.acknowledged), true
	}
	defer j.Close()
	noticed = len(j.FoundDamaged()) > 0
	page, err := j.Read(t.Context(), 0, 2*loadFrames)
	noticed = noticed || err != nil || len(page.Damage) > 0
	for _, f := range page.Frames {
		if l.acknowledged[string(f.Raw)] != f.Seq {
			t.Errorf("served %q at %d", f.Raw, f.Seq)
		}
	}
	return len(l.acknowledged) - len(page.Frames), noticed
}

// files are those of a journal that was closed.
func files(t *testing.T) (*load, faultfs.Image) {
	t.Helper()
	d, l := faultfs.New(0), &load{}
	if err := l.run(t, d); err != nil {
		t.Fatal(err)
	}
	image := d.Image()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return l, image
}

func TestFlippedBitIsFoundAndNotServed(t *testing.T) {
	l, image := files(t)
	if missing, noticed := l.damaged(t, image.Clone()); missing > 0 || noticed {
		t.Fatalf("undamaged: %d missing, damage %v", missing, noticed)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	found, flips := 0, max(rounds(), 200) // about one in ten hits something
	for range flips {
		bit := rng.IntN(len(image["j.db"]) * 8)
		copied := image.Clone()
		copied.Flip("j.db", bit)
		missing, noticed := l.damaged(t, copied)
		if missing > 0 && !noticed {
			t.Errorf("bit %d of page %d: %d frames are missing and nobody says so", bit%(8*pageBytes), bit/8/pageBytes+1, missing)
		}
		if noticed {
			found++
		}
	}
	t.Logf("%d flips, %d in what is read; the others hit free space, indexes and other tables", flips, found)
	if found == 0 {
		t.Error("no flip hit anything")
	}
}

func TestTruncatedDatabaseIsFound(t *testing.T) {
	l, image := files(t)
	size := len(image["j.db"])
	for cut := size - 1; cut >= size-2*pageBytes && cut > 0; cut -= 61 {
		copied := image.Clone()
		copied.Truncate("j.db", cut)
		if missing, noticed := l.damaged(t, copied); missing > 0 && !noticed {
			t.Errorf("%d bytes of %d: %d frames are missing and nobody says so", cut, size, missing)
		}
	}
	for page := range size/pageBytes - 1 {
		t.Run(fmt.Sprint(page+1, " pages"), func(t *testing.T) {
			copied := image.Clone()
			copied.Truncate("j.db", (page+1)*pageBytes)
			if _, noticed := l.damaged(t, copied); !noticed {
				t.Error("nobody says so")
			}
		})
	}
}

// SQLite takes a log with a damaged end for one that ends earlier.  The mark beside it knows better.
func TestLogThatLostItsEndIsFound(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Path: filepath.Join(dir, "journal.db")})
	s := &journal.Subject{Serial: "12345678"}
	for i := range loadFrames {
		putFrames(t, j, s, i, 1)
	}
	files := faultfs.Image{}
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.db-mark"} { // as a killed process leaves them
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	const wal = "journal.db-wal"
	restart := func(image faultfs.Image) (frames int, noticed bool) {
		dir := t.TempDir()
		for name, content := range image {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		j, err := Open(t.Context(), Options{Path: filepath.Join(dir, "journal.db"), Disk: roomy})
		if err != nil {
			return 0, true
		}
		defer j.Close()
		page, err := j.Read(t.Context(), 0, 2*loadFrames)
		return len(page.Frames), err != nil || len(j.FoundDamaged()) > 0 || len(page.Damage) > 0
	}
	if frames, noticed := restart(files); frames != loadFrames || noticed {
		t.Fatalf("undamaged: %d frames, damage %v", frames, noticed)
	}
	lost, n := 0, len(files[wal])
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 40 {
		image := files.Clone()
		if i%2 == 0 {
			image.Truncate(wal, rng.IntN(n))
		} else {
			image.Flip(wal, rng.IntN(n*8))
		}
		frames, noticed := restart(image)
		if frames < loadFrames {
			lost++
		}
		if frames < loadFrames && !noticed {
			t.Errorf("%d: %d frames are missing and nobody says so", i, loadFrames-frames)
		}
	}
	if lost < 20 {
		t.Errorf("only %d of 40 damages lost anything", lost)
	}
}
