package faultfs

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// history is a file's content after each of its changes, from the durable one on.
func history(durable []byte, changes []change) [][]byte {
	states := [][]byte{bytes.Clone(durable)}
	for _, c := range changes {
		states = append(states, c.apply(bytes.Clone(states[len(states)-1])))
	}
	return states
}

func sectorOf(content []byte, sector int) []byte {
	from := min(sector*sectorBytes, len(content))
	return content[from:min(from+sectorBytes, len(content))]
}

// within reports whether a sector is one of the file's past, as far as it is there: behind its end, and behind the end that the
// file had then, are zeros.
func within(states [][]byte, sector int, got []byte) bool {
	for _, state := range states {
		want := resize(bytes.Clone(sectorOf(state, sector)), sectorBytes)
		if bytes.Equal(resize(bytes.Clone(got), sectorBytes), want) {
			return true
		}
	}
	return false
}

func randomChanges(rng *rand.Rand, truncations bool) (durable []byte, changes []change) {
	fill := byte(1)
	some := func(n int) []byte {
		fill++
		return bytes.Repeat([]byte{fill}, n)
	}
	durable = some(rng.IntN(5 * sectorBytes))
	for range 1 + rng.IntN(8) {
		if truncations && rng.IntN(4) == 0 {
			changes = append(changes, change{truncation: true, offset: rng.IntN(6 * sectorBytes)})
			continue
		}
		changes = append(changes, change{offset: rng.IntN(6 * sectorBytes), data: some(1 + rng.IntN(3*sectorBytes))})
	}
	return durable, changes
}

func TestNothingOrEverythingSurvives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		durable, changes := randomChanges(rng, true)
		states := history(durable, changes)
		last := states[len(states)-1]
		if got := survive(durable, changes, len(last), 0, rng); !bytes.Equal(got, durable) {
			t.Fatal("0 percent changed something")
		}
		if got := survive(durable, changes, len(last), 100, rng); !bytes.Equal(got, last) {
			t.Fatal("100 percent lost something")
		}
	}
}

func TestSurvivingSectorsAreOfThePast(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	lost, kept, torn := 0, 0, 0
	for range 3000 {
		durable, changes := randomChanges(rng, false)
		states := history(durable, changes)
		last := states[len(states)-1]
		got := survive(durable, changes, len(last), 50, rng)
		if len(got) < len(durable) || len(got) > len(last) {
			t.Fatalf("%d bytes, was %d and %d in memory", len(got), len(durable), len(last))
		}
		for sector := range (len(last) + sectorBytes - 1) / sectorBytes {
			if !within(states, sector, sectorOf(got, sector)) {
				t.Fatalf("sector %d never was like that", sector)
			}
		}
		whole := false
		for _, state := range states {
			whole = whole || bytes.Equal(got, state)
		}
		switch {
		case bytes.Equal(got, durable):
			lost++
		case bytes.Equal(got, last):
			kept++
		case !whole:
			torn++
		}
	}
	if lost == 0 || kept == 0 || torn < 1000 {
		t.Errorf("of 3000: all lost %d, all kept %d, like no moment of the file %d", lost, kept, torn)
	}
}

// Lengths are those of a beginning of the truncations, or longer by what was written.
func TestLostTruncationKeepsTheOldEnd(t *testing.T) {
	durable := bytes.Repeat([]byte{1}, 4*sectorBytes)
	changes := []change{{truncation: true, offset: 0}, {offset: 0, data: bytes.Repeat([]byte{2}, 2*sectorBytes)}}
	old, cut := 0, 0
	for seed := range uint64(300) {
		got := survive(durable, changes, 2*sectorBytes, 50, rand.New(rand.NewPCG(seed, 0)))
		switch {
		case bytes.Equal(got, durable): // nothing behind the lost end is kept either
			old++
		case bytes.Contains(got, []byte{1}):
			t.Fatalf("seed %d: %d bytes, old ones among them", seed, len(got))
		default:
			cut++
		}
	}
	if old == 0 || cut == 0 {
		t.Errorf("old end %d times, new end %d times", old, cut)
	}
}

func TestSameSeedLosesTheSame(t *testing.T) {
	durable, changes := randomChanges(rand.New(rand.NewPCG(3, 3)), true)
	for seed := range uint64(50) {
		a := survive(durable, changes, 9999, 50, rand.New(rand.NewPCG(seed, 0)))
		b := survive(durable, changes, 9999, 50, rand.New(rand.NewPCG(seed, 0)))
		if !bytes.Equal(a, b) {
			t.Fatalf("seed %d: two outcomes", seed)
		}
	}
}

func TestNameOfNewFileIsSafeAfterTheDirectoryIsSynced(t *testing.T) {
	const created = 0x4 | 0x2 // SQLITE_OPEN_CREATE, SQLITE_OPEN_READWRITE
	const journal = 0x800     // SQLITE_OPEN_MAIN_JOURNAL
	d := disk(t, 1)
	file, _ := d.open("file", created)
	file.write([]byte("content"), 0)
	file.sync()
	if names := closing(t, d.Crash(0)).Image().Names(); len(names) != 0 {
		t.Errorf("%v: a synced file has a name that nobody synced", names)
	}
	file.close()

	d = disk(t, 1)
	file, _ = d.open("file", created)
	file.write([]byte("content"), 0)
	file.sync()
	other, _ := d.open("file-journal", created|journal)
	other.sync()
	d.remove("file-journal", false)
	image := closing(t, d.Crash(0)).Image()
	if string(image["file"]) != "content" || len(image) != 2 {
		t.Errorf("%v: the sync of a new journal makes names safe, a deletion without one is lost", image.Names())
	}

	d.off = false // as if the power had not been cut
	d.remove("file", true)
	if names := closing(t, d.Crash(0)).Image().Names(); len(names) != 0 {
		t.Errorf("%v after a synced deletion", names)
	}
	file.close()
	other.close()
}
