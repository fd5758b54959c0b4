package sqlite

import (
	"fmt"
	"math/rand/v2"
	"testing"

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
	found := 0
	for range rounds() {
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
	t.Logf("%d flips, %d in what is read; the others hit free space, indexes and other tables", rounds(), found)
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
