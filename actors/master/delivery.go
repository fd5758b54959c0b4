package master

import "time"

// Bounds of a delivery window that is learned.
const (
	leastWindow   = 5 * time.Second
	missesToLearn = 2
	taughtFor     = 24 * time.Hour // that a silence teaches
)

// delivery learns how long behind a frame its master can still be reached: silences before commands that were answered are
// harmless, and those before commands that stayed unanswered, though the master spoke again by itself, are not.  A
// nil one knows nothing.  Moments are counted as Directory.sinceStart does.
type delivery struct {
	proven   time.Duration // longest silence before a command that was answered
	provenAt time.Duration
	misses   uint8         // commands without an answer that came behind a longer silence
	missedAt time.Duration // the last of them
	doubtful time.Duration // silence before a command without an answer; the next frame of the master decides
}

// answered takes note of a command that was answered.
func (d *delivery) answered(silence, now time.Duration) {
	d.doubtful = 0
	if silence > max(d.proven, leastWindow) {
		d.misses = 0
	}
	if silence >= d.proven || now-d.provenAt > taughtFor {
		d.proven, d.provenAt = silence, now
	}
}

// unanswered takes note of a command that was not.
func (d *delivery) unanswered(silence time.Duration) { d.doubtful = max(silence, 1) }

// spoke takes note of a frame that is no answer: the master lives, and has not heard the command before it.  It says
// whether there is a window since now.
func (d *delivery) spoke(now time.Duration) (learned bool) {
	if d == nil || d.doubtful == 0 {
		return false
	}
	if before := d.window(now); d.doubtful > max(d.proven, leastWindow) {
		d.misses, d.missedAt = min(d.misses+1, missesToLearn), now
		learned = before == 0 && d.window(now) > 0
	}
	d.doubtful = 0
	return learned
}

// window is how long behind a frame the master can be reached; 0 when that is not known.
func (d *delivery) window(now time.Duration) time.Duration {
	if d == nil || d.misses < missesToLearn || now-d.missedAt > taughtFor {
		return 0
	}
	return max(d.proven, leastWindow)
}

// DefaultQueuedPerSecond is how many commands that have waited for their masters go out in a second.
const DefaultQueuedPerSecond = 500

// drainBurst is the part of a second whose commands may go at once.
const drainBurst = 10
