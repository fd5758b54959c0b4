package admin

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"
)

// longestProfile bounds how long a profile may be taken.
const longestProfile = time.Minute

// profiler answers GET /debug/pprof/, as net/http/pprof does.
func (e *endpoint) profiler(w http.ResponseWriter, r *http.Request) {
	if !e.Profiler {
		fail(w, http.StatusNotFound, "the profiler is off; [admin] pprof = true turns it on at the next start")
		return
	}
	seconds, err := countParameter(r, "seconds", 30)
	if err == nil && (seconds < 1 || time.Duration(seconds)*time.Second > longestProfile) {
		err = fmt.Errorf("seconds=%d: allowed 1 to %.0f", seconds, longestProfile.Seconds())
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	// not every writer has deadlines (tests)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longestProfile + writeTimeout))
	switch r.PathValue("profile") {
	case "profile":
		pprof.Profile(w, r)
	case "trace":
		pprof.Trace(w, r)
	case "symbol":
		pprof.Symbol(w, r)
	case "cmdline":
		pprof.Cmdline(w, r)
	default:
		pprof.Index(w, r)
	}
}
