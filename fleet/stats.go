package fleet

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Progress is what the fleet has done so far.
type Progress struct {
	Masters      int
	Connected    int // now
	Connects     uint64
	Failed       uint64 // attempts to connect
	Why          error  // the latest one of these failed
	Lost         uint64 // connections that the other side ended
	Sent         uint64 // frames, each counted once
	Resent       uint64 // sent again because no acknowledgement came
	Acknowledged uint64
	Unowed       uint64 // sent, and the profile has them not acknowledged
	Waiting      uint64 // sent and not yet acknowledged
	Commands     uint64 // answered with success
	Refused      uint64 // answered with a response code other than success
	Ignored      uint64 // commands for which the profile has no answer
	TurnedAway   uint64 // logins that were refused
	Unexpected   uint64 // frames from the server that fit nothing
	WrongTag     uint64 // frames from the server that a device with a key refused: forged, or under another key,
	Unprotected  uint64 // plain, or under another suite,
	Replayed     uint64 // or sent to it before, or in an epoch that is over,
	Misplaced    uint64 // or answers to what nobody waits for an answer to
	Noise        uint64 // bytes from the server that belong to no frame
	Elapsed      time.Duration
}

// Summary is what a fleet has done when it is over.
type Summary struct {
	Progress
	MostConnected int           // at one time
	P50, P99, Max time.Duration // from sending a frame to its acknowledgement
}

// counters are shared by all masters.
type counters struct {
	connected, mostConnected                          atomic.Int64
	connects, failed, lost, sent, resent, acked       atomic.Uint64
	commands, refused, unexpected, noise, outstanding atomic.Uint64
	unowed, ignored, turnedAway                       atomic.Uint64
	wrongTag, unprotected, replayed, misplaced        atomic.Uint64
	latency                                           histogram
	why                                               atomic.Pointer[error] // nil: every attempt to connect has succeeded
}

func (c *counters) up() {
	c.connects.Add(1)
	n := c.connected.Add(1)
	for most := c.mostConnected.Load(); n > most && !c.mostConnected.CompareAndSwap(most, n); most = c.mostConnected.Load() {
	}
}

func (c *counters) down() { c.connected.Add(-1) }

func (c *counters) progress(masters int, elapsed time.Duration) Progress {
	var why error
	if failed := c.why.Load(); failed != nil {
		why = *failed
	}
	return Progress{
		Why: why, Masters: masters, Connected: int(c.connected.Load()), Connects: c.connects.Load(), Failed: c.failed.Load(), Lost: c.lost.Load(),
		Sent: c.sent.Load(), Resent: c.resent.Load(), Acknowledged: c.acked.Load(), Waiting: c.outstanding.Load(),
		Commands: c.commands.Load(),
		Unowed:   c.unowed.Load(), Ignored: c.ignored.Load(), TurnedAway: c.turnedAway.Load(),
		WrongTag: c.wrongTag.Load(), Unprotected: c.unprotected.Load(), Replayed: c.replayed.Load(), Misplaced: c.misplaced.Load(),
		Refused: c.refused.Load(), Unexpected: c.unexpected.Load(), Noise: c.noise.Load(), Elapsed: elapsed,
	}
}

// histogram counts durations in buckets that are about 3 % wide: 32 of them for each power of two of nanoseconds.
type histogram struct {
	buckets [64 * bucketsPerOctave]atomic.Uint64
	longest atomic.Int64
}

const (
	octaveBits       = 5
	bucketsPerOctave = 1 << octaveBits
)

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)].Add(1)
	for longest := h.longest.Load(); int64(d) > longest && !h.longest.CompareAndSwap(longest, int64(d)); longest = h.longest.Load() {
	}
}

func bucketOf(d time.Duration) int {
	n := uint64(max(d, 1))
	octave := bits.Len64(n) - 1
	if octave < octaveBits {
		return int(n)
	}
	return octave<<octaveBits | int(n>>(octave-octaveBits))&(bucketsPerOctave-1)
}

// upper is the longest duration that falls into a bucket.
func upper(bucket int) time.Duration {
	octave, part := bucket>>octaveBits, bucket&(bucketsPerOctave-1)
	if octave < octaveBits {
		return time.Duration(bucket)
	}
	return time.Duration((bucketsPerOctave+uint64(part)+1)<<(octave-octaveBits) - 1)
}

// quantile is the duration that a part q of all stays under, to the width of a bucket.
func (h *histogram) quantile(q float64) time.Duration {
	var total, sum uint64
	for i := range h.buckets {
		total += h.buckets[i].Load()
	}
	for i := range h.buckets {
		if sum += h.buckets[i].Load(); total > 0 && float64(sum) >= q*float64(total) {
			return min(upper(i), time.Duration(h.longest.Load()))
		}
	}
	return 0
}
