package sqlite

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// The ballast is made where there is room, given back once, kept over a restart and made again.
func TestTheBallastIsThereToBeGivenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	disk := Disk{Size: 64 << 20, Free: 60 << 20}
	o := Options{Path: path, Disk: func() (Disk, error) { return disk, nil }}
	j := open(t, o)
	have := func(when string, want int64) {
		t.Helper()
		if got := sizeOf(path + ballastSuffix); got != want {
			t.Errorf("%s: %d bytes, want %d", when, got, want)
		}
	}
	j.stow()
	have("with room", 2<<20)
	if !j.makeRoom() || j.makeRoom() {
		t.Error("it is not given back exactly once")
	}
	have("given back", 0)
	disk.Free = 1 << 20
	_ = j.look(true)
	j.stow()
	have("on a full disk", 0)
	disk.Free = 60 << 20
	_ = j.look(true)
	j.stow()
	have("with room again", 2<<20)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	disk.Free = 1 << 20
	j = open(t, o)
	if !j.makeRoom() {
		t.Error("the next process does not find it")
	}
	have("given back by the next process", 0)
	if _, err := os.Stat(path + ballastSuffix); err == nil {
		t.Error("the file is still there")
	}
}

// The ballast rests for a minute of the process, whatever is done to the clock of the machine.
func TestTheBallastRests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	var now atomic.Int64
	j := open(t, Options{Path: path, Elapsed: func() time.Duration { return time.Duration(now.Load()) },
		Disk: func() (Disk, error) { return Disk{Size: 64 << 20, Free: 60 << 20}, nil }})
	for i, want := range []bool{true, false, true} {
		j.watch(t.Context())
		if got := sizeOf(path+ballastSuffix) > 0; got != want {
			t.Errorf("look %d: the ballast is there: %v", i, got)
		}
		if i == 0 {
			j.makeRoom()
		}
		now.Add(int64(ballastRest) * int64(i))
	}
}

// Room that the ballast gives back is not taken for room, an absolute floor counts beside the percentage, and a disk that is tiny is of use.
func TestRoomIsAPercentageAndAFloor(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		what string
		r    room
		low  bool
	}{
		{"a terabyte, half of it free", room{disk: Disk{Size: mib * mib, Free: mib * mib / 2}}, false},
		{"a terabyte of which 20 MiB are free", room{disk: Disk{Size: mib * mib, Free: 20 * mib}}, true},
		{"and 26 MiB", room{disk: Disk{Size: mib * mib, Free: 26 * mib}}, false},
		{"and a log of 4 MiB", room{disk: Disk{Size: mib * mib, Free: 26 * mib}, log: 4 * mib}, true},
		{"and 4 MiB free inside", room{disk: Disk{Size: mib * mib, Free: 26 * mib}, log: 4 * mib, free: 4 * mib}, false},
		{"and a gigabyte free inside, but nothing for the log", room{disk: Disk{Size: mib * mib, Free: 8 * mib}, free: 1 << 30}, true},
		{"with the ballast in place", room{disk: Disk{Size: mib * mib, Free: 18 * mib}, stowed: 8 * mib}, false},
		{"with the ballast given back", room{disk: Disk{Size: mib * mib, Free: 18*mib + 2*mib}}, true},
		{"8 MiB, empty", room{disk: Disk{Size: 8 * mib, Free: 8 * mib}}, false},
		{"8 MiB, half full", room{disk: Disk{Size: 8 * mib, Free: 4 * mib}}, false},
		{"8 MiB, full", room{disk: Disk{Size: 8 * mib, Free: mib / 2}}, true},
	} {
		if got := c.r.low(); got != c.low {
			t.Errorf("%s: low %v", c.what, got)
		}
	}
}
