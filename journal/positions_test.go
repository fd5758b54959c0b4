package journal

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

func TestPositionsComeBackAndGoOn(t *testing.T) {
	var p Positions
	p.Add(5, 2, time.Unix(20, 0), time.Unix(20, 0))
	p.Add(7, 0, time.Unix(1, 0), time.Unix(1, 0)) // nothing
	p.Add(1000, 1, time.Unix(10, 0), time.Unix(10, 0))
	want := []uint64{5, 6, 1000}
	if got, err := ReadPositions(p.Bytes()); err != nil || !slices.Equal(got, want) {
		t.Fatal(got, err)
	}
	if p.Count != 3 || p.Last != 1000 || p.From != time.Unix(10, 0) || p.Until != time.Unix(20, 0) {
		t.Errorf("%+v", p)
	}
	var q Positions
	if err := q.Restore(p.Bytes(), p.From, p.Until); err != nil {
		t.Fatal(err)
	}
	q.Add(1001, 1, time.Unix(30, 0), time.Unix(30, 0))
	if got, err := ReadPositions(q.Bytes()); err != nil || !slices.Equal(got, append(want, 1001)) || q.Until != time.Unix(30, 0) {
		t.Error(got, err)
	}
	if got, err := ReadPositions(p.Bytes()); err != nil || !slices.Equal(got, want) {
		t.Error("the list that it was restored from has changed:", got, err)
	}
	q.Reset()
	if q.Count != 0 || q.Last != 0 || len(q.Bytes()) != 0 {
		t.Errorf("after Reset %+v", q)
	}
}

func TestListsThatAreNoPositionsAreRefused(t *testing.T) {
	for name, list := range map[string][]byte{
		"twice the same": {1, 0}, "cut off": {0x80}, "too large": {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"descending": {2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	} {
		var p Positions
		if err := p.Restore(list, time.Time{}, time.Time{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPositions(f *testing.F) {
	f.Add([]byte{1, 1, 5}, uint64(1), byte(3))
	f.Add([]byte{0x80, 0x01}, uint64(7), byte(0))
	f.Fuzz(func(t *testing.T, list []byte, more uint64, count byte) {
		all, err := ReadPositions(list)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		if len(all) > len(list) || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Fatalf("%d positions of %d bytes, or not ascending: %v", len(all), len(list), all)
		}
		if err != nil {
			return
		}
		var p Positions
		if err := p.Restore(list, time.Time{}, time.Time{}); err != nil || p.Count != len(all) {
			t.Fatal(p.Count, err)
		}
		if p.Last > math.MaxUint64-256 || more > math.MaxUint64-256-p.Last || more == 0 {
			return
		}
		for i := range uint64(count) {
			all = append(all, p.Last+more+i)
		}
		p.Add(p.Last+more, int(count), time.Unix(1, 0), time.Unix(1, 0))
		if got, err := ReadPositions(p.Bytes()); err != nil || !slices.Equal(got, all) {
			t.Fatalf("%v, %v, want %v", got, err, all)
		}
	})
}
