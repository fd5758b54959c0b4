package admission

import (
	"time"

	"golang.org/x/time/rate"
)

// pauseOver is how long nobody must have been turned away for a pause to be over.
const pauseOver = time.Minute

// Pace bounds how many masters that were never seen before come in on a listener.  One goroutine at a time uses it.
type Pace struct {
	limiter *rate.Limiter // nil: any number
	refused time.Time     // last
}

// NewPace lets so many in a minute, and at once; 0: any number.
func NewPace(perMinute int) *Pace {
	if perMinute == 0 {
		return &Pace{}
	}
	return &Pace{limiter: rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), perMinute)}
}

// Admit says whether one more comes in; tell says that it is the first of a pause who does not.
func (p *Pace) Admit(now time.Time) (ok, tell bool) {
	if p.limiter == nil || p.limiter.AllowN(now, 1) {
		return true, false
	}
	tell = now.Sub(p.refused) > pauseOver
	p.refused = now
	return false, tell
}
