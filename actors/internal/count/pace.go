package count

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Pace lets so many things a minute through, and counts the others.  Any goroutine may use it.
type Pace struct {
	limiter    *rate.Limiter
	left, ever atomic.Uint64
}

// NewPace lets so many through in a minute, and at once.
func NewPace(perMinute, atOnce int) *Pace {
	return &Pace{limiter: rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), atOnce)}
}

// Allow says whether one more comes through.
func (p *Pace) Allow() bool {
	if p.limiter.Allow() {
		return true
	}
	p.left.Add(1)
	p.ever.Add(1)
	return false
}

// LeftOut is how many did not come through since it was asked last.
func (p *Pace) LeftOut() uint64 { return p.left.Swap(0) }

// LeftOutEver is how many did not come through.
func (p *Pace) LeftOutEver() uint64 { return p.ever.Load() }
