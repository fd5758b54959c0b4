package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/terminal"
	"trama/journal"
)

// Audit: every change and every refused one is a line of the log and an event of kind "change" in the journal, with who
// asked, in which role, from where, what, and what came of it.  No body of a request is in it but what its handler
// notes.

// refusalsPerSecond is how many refusals, for want of a token or of a role, are told; the next line says how many were
// left out.
var refusalsPerSecond = rate.Every(6 * time.Second)

const (
	refusalsAtOnce = 10
	maxAuditText   = 300 // bytes of what, and of the outcome
)

// refusals are those of one kind.  Any goroutine may use it.
type refusals struct {
	told    *rate.Limiter
	leftOut atomic.Int64 // since the last that was told
}

func newRefusals() *refusals {
	return &refusals{told: rate.NewLimiter(refusalsPerSecond, refusalsAtOnce)}
}

// audit is what is to be said of a change.
type audit struct {
	caller  access.Caller
	what    string
	detail  string
	outcome string // empty: that of the answer
}

type auditKey struct{}

// auditOf begins the audit of a request to a route.
func auditOf(route route, r *http.Request) *audit {
	words := []string{route.change}
	for _, name := range []string{"serial", "id", "name", "path"} {
		if value := r.PathValue(name); value != "" {
			words = append(words, value)
		}
	}
	if route.change == "" {
		words = []string{r.Method, r.URL.Path}
	}
	return &audit{caller: callerOf(r), what: strings.Join(words, " ")}
}

// note adds to what the audit says of a change; outcome may be empty.
func note(r *http.Request, detail, outcome string) {
	if a, ok := r.Context().Value(auditKey{}).(*audit); ok {
		a.detail, a.outcome = detail, outcome
	}
}

// rename says what a change is, where its route does not say it well enough.
func rename(r *http.Request, what string) {
	if a, ok := r.Context().Value(auditKey{}).(*audit); ok {
		a.what = what
	}
}

// outcomeOf is what came of a change, by its answer when the handler has noted nothing.
func (a *audit) outcomeOf(w *answered) string {
	switch {
	case a.outcome != "":
		return a.outcome
	case w.status >= http.StatusBadRequest:
		var p Problem
		_ = json.Unmarshal(w.body, &p) // without its text the status says enough
		return strings.TrimSpace(fmt.Sprintf("failed: %d %s", w.status, p.Error))
	case w.status == 0:
		return "failed: no answer was made"
	}
	return "done"
}

// record writes a change into log and journal.
func (e *endpoint) record(a *audit, r *http.Request, outcome string) {
	what, outcome := plain(strings.TrimSpace(a.what+" "+a.detail)), plain(outcome)
	e.Logger.Info("change", "by", a.caller.Name, "role", a.caller.Role, "from", a.caller.From, "what", what, "outcome", outcome)
	if e.Record == nil {
		return
	}
	event := journal.Event{Kind: journal.EventChange, Remote: a.caller.From, Reason: outcome, Master: r.PathValue("serial"),
		Detail: fmt.Sprintf("%s (%s): %s", dashed(a.caller.Name), a.caller.Role, what)}
	if strings.HasPrefix(r.URL.Path, "/api/v1/listeners/") {
		event.Listener = r.PathValue("name")
	}
	e.Record(event)
}

// refuse records what somebody was not allowed to do, unless there is too much of it.
func (e *endpoint) refuse(of *refusals, a *audit, r *http.Request, why string) {
	left := of.leftOut.Add(1) - 1
	if !of.told.AllowN(e.Clock(), 1) {
		return
	}
	of.leftOut.Store(0)
	if left > 0 {
		why += fmt.Sprintf(" (%d more before it)", left)
	}
	e.record(a, r, "refused: "+why)
}

// refusedCaller is refuse for a caller who is nobody.
func (e *endpoint) refusedCaller(c access.Caller, r *http.Request, why error) {
	text := why.Error()
	switch {
	case errors.Is(why, access.ErrNoRole):
		text = "no role"
	case why == errNoToken:
		text = "no token that counts"
	}
	e.refuse(e.strangers, &audit{caller: c, what: r.Method + " " + r.URL.Path}, r, text)
}

// plain bounds a text of a caller, and shows in it what a terminal would obey.
func plain(s string) string {
	if s = terminal.Text(s); len(s) > maxAuditText {
		s = strings.ToValidUTF8(s[:maxAuditText], "") + "…"
	}
	return s
}

func dashed(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// answered remembers the status and the beginning of an answer.
type answered struct {
	http.ResponseWriter
	status int
	body   []byte
}

// WriteHeader implements http.ResponseWriter.
func (w *answered) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *answered) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.status >= http.StatusBadRequest && len(w.body) < 4<<10 {
		w.body = append(w.body, p...)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through.
func (w *answered) Unwrap() http.ResponseWriter { return w.ResponseWriter }
