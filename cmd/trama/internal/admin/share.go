package admin

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"trama/cmd/trama/internal/access"
)

// Requests that one caller may make of the endpoint, and all of them together.
const (
	requestsPerSecond = 200  // of one caller
	requestsAtOnce    = 1000 // saved up in quiet times
	wrongPerSecond    = 10   // without a token that counts, from one address
	wrongAtOnce       = 50
	maxInHand         = 48 // requests of one caller: others find a connection still
	maxFollowers      = 32 // answers that do not end, and consumers that wait, of all callers
	maxHeavy          = 4  // reads of the archive, of all callers
	heavyWait         = 2 * time.Second
	manyShares        = 512 // callers that are remembered before those that have been quiet are forgotten
)

// share is what one caller has of the endpoint, by name; those without a token that counts have one for each address.
type share struct {
	rate   *rate.Limiter
	inHand int
}

// shares holds those of all callers.
type shares struct {
	mu  sync.Mutex // guards the rest
	all map[string]*share
}

// take begins a request of a caller; end is to be called when it is over.  An empty text says that it may begin.
func (s *shares) take(c access.Caller, now time.Time) (refusal string, end func()) {
	who, perSecond, atOnce := "name "+c.Name, rate.Limit(requestsPerSecond), requestsAtOnce
	if c.Role <= access.Anyone {
		host, _, _ := net.SplitHostPort(c.From) // what is no address is a key as well
		who, perSecond, atOnce = "address "+host, wrongPerSecond, wrongAtOnce
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.all[who]
	if mine == nil {
		for other, o := range s.all { // the map is small: whoever has been quiet for long is as good as new
			if len(s.all) >= manyShares && o.inHand == 0 && o.rate.TokensAt(now) >= float64(o.rate.Burst()) {
				delete(s.all, other)
			}
		}
		mine = &share{rate: rate.NewLimiter(perSecond, atOnce)}
		s.all[who] = mine
	}
	switch {
	case mine.inHand >= maxInHand:
		return "too many requests of this caller are in hand", nil
	case !mine.rate.AllowN(now, 1):
		return "too many requests of this caller in a second", nil
	}
	mine.inHand++
	return "", func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		mine.inHand--
	}
}

// busy answers that it may be tried again soon.
func busy(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", "1")
	fail(w, http.StatusTooManyRequests, text)
}

// heavy is for the reads that take memory and time: so many at once, and a short wait for whoever is next.
func (e *endpoint) heavy(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		late := time.NewTimer(heavyWait)
		defer late.Stop()
		select {
		case e.reading <- struct{}{}:
		case <-late.C:
			busy(w, "too many reads of the journal at once")
			return
		case <-r.Context().Done():
			return
		}
		defer func() { <-e.reading }()
		handle(w, r)
	}
}

// follower is for the answers that last; false says that there are too many, and has been answered.
func (e *endpoint) follower(w http.ResponseWriter) (end func(), ok bool) {
	select {
	case e.following <- struct{}{}:
		return func() { <-e.following }, true
	default:
		busy(w, "too many follow the journal already")
		return nil, false
	}
}
