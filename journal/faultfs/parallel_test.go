package faultfs

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The power goes while several connections write, read and checkpoint.
func TestPowerCutUnderSeveralConnections(t *testing.T) {
	seeds := 60
	if raceEnabled {
		seeds = 6
	}
	for seed := range uint64(seeds) {
		d := disk(t, seed)
		db := open(t, d, wal...)
		must(t, db, "create table rows(id integer primary key, content blob)")
		var acknowledged atomic.Int64
		var all sync.WaitGroup
		reached := make(chan struct{}) // the row after which the power may go
		cutAfter := int64(seed)%10 + 1
		all.Go(func() {
			for n := 1; ; n++ { // ends with the power
				if _, err := db.Exec("insert into rows(id, content) values(?, ?)", n, content(n)); err != nil {
					if n <= int(cutAfter) {
						t.Errorf("row %d: %v", n, err)
						close(reached)
					}
					return
				}
				if acknowledged.Store(int64(n)); int64(n) == cutAfter {
					close(reached)
				}
			}
		})
		for _, statement := range []string{"pragma wal_checkpoint(passive)", "select sum(length(content)) from rows"} {
			other := open(t, d, wal...)
			all.Go(func() {
				for err := error(nil); err == nil; {
					_, err = other.Exec(statement)
				}
			})
		}
		<-reached
		before := acknowledged.Load()
		after := closing(t, d.Crash([]int{0, 50, 100}[seed%3]))
		all.Wait()
		if rows, err := found(after, wal...); err != nil || int64(rows) < before || int64(rows) > acknowledged.Load()+1 {
			t.Errorf("seed %d: %d rows, %v; %d were acknowledged before the cut, %d in all", seed, rows, err, before, acknowledged.Load())
		}
	}
}
