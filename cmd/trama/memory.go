package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Go keeps the garbage of a burst, and the stacks of goroutines that have ended, until a collection that a process at
// rest may not see for minutes.  A gateway is at rest most of its life, and a burst is what it begins with: every
// master dials in.  The way of a frame allocates nothing, so quiet is easy to tell.
const (
	memoryLook  = 2 * time.Second  // how often it looks
	memoryPause = 20 * time.Second // the least time between two releases
	memoryQuiet = 1 << 20          // bytes allocated between two looks of a process at rest, at most
	memoryWorth = 16 << 20         // bytes allocated since the last release that make another worth its collection
	memoryStack = 4 << 10          // what an ended goroutine leaves
)

// memoryKeeper decides when to give memory back to the system: at rest after a burst.
type memoryKeeper struct {
	allocated uint64 // at the last look
	released  uint64 // allocated, at the last release
	running   int    // goroutines at the last look
	ended     int    // goroutines that ended since the last release, at least
	last      time.Time
}

// look takes the bytes allocated and the goroutines; it says whether now is the time for a release.
func (k *memoryKeeper) look(allocated uint64, goroutines int, now time.Time) bool {
	quiet := allocated-k.allocated <= memoryQuiet
	k.ended += max(0, k.running-goroutines)
	k.allocated, k.running = allocated, goroutines
	worth := allocated-k.released >= memoryWorth || k.ended*memoryStack >= memoryWorth
	if !quiet || !worth || now.Sub(k.last) < memoryPause {
		return false
	}
	k.released, k.ended, k.last = allocated, 0, now
	return true
}

// keepMemory looks until done is closed.
func keepMemory(done <-chan struct{}) {
	tick := time.NewTicker(memoryLook)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var k memoryKeeper
	for {
		select {
		case now := <-tick.C:
			metrics.Read(sample)
			if k.look(sample[0].Value.Uint64(), runtime.NumGoroutine(), now) {
				debug.FreeOSMemory()
			}
		case <-done:
			return
		}
	}
}
