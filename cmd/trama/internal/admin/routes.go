package admin

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"trama/cmd/trama/internal/access"
)

// route is one line of the endpoint's table.
type route struct {
	pattern string      // as http.ServeMux takes it
	role    access.Role // the least that may use it; Anyone: no token is needed
	change  string      // what it changes, in the words of the audit; empty: nothing
	query   []string    // the parameters it knows
	handle  http.HandlerFunc
}

// routes are everything that can be reached.  Whoever may only read can change nothing.
func (e *endpoint) routes() []route {
	const anyone, read, operate, admin = access.Anyone, access.Read, access.Operate, access.Admin
	page := []string{"after", "limit"}
	return []route{
		{"GET /livez", anyone, "", nil, e.livez},
		{"GET /readyz", anyone, "", nil, e.readyz},
		{"GET /metrics", read, "", []string{"name[]"}, promhttp.HandlerFor(e.metrics(), promhttp.HandlerOpts{}).ServeHTTP},
		{"GET /debug/actors", read, "", []string{"under", "depth", "limit", "offset", "format"}, e.tree},
		{"GET /debug/pprof/{profile...}", admin, "", []string{"seconds", "debug", "gc"}, e.heavy(e.profiler)},
		{"GET /api/v1/masters", read, "", append(slices.Clone(masterFilters), page...), e.masters},
		{"GET /api/v1/masters/{serial}", read, "", nil, e.master},
		{"POST /api/v1/masters/{serial}/commands", operate, "send", nil, e.command},
		{"GET /api/v1/masters/{serial}/settings", read, "", nil, e.settings},
		{"GET /api/v1/masters/{serial}/settings/{name}", read, "", nil, e.setting},
		{"PUT /api/v1/masters/{serial}/settings/{name}", operate, "keep setting", nil, e.setSetting},
		{"DELETE /api/v1/masters/{serial}/settings/{name}", operate, "remove setting", nil, e.removeSetting},
		{"GET /api/v1/commands", read, "", []string{"state", "master", "by", "open", "since", "until", "limit", "cursor"}, e.heavy(e.commands)},
		{"GET /api/v1/commands/{id}", read, "", []string{"wait", "after"}, e.oneCommand},
		{"DELETE /api/v1/commands/{id}", operate, "cancel command", nil, e.cancel},
		{"POST /api/v1/masters/{serial}/approve", admin, "approve", nil, e.approve},
		{"DELETE /api/v1/masters/{serial}", admin, "forget", nil, e.forget},
		{"POST /api/v1/masters/forget", admin, "forget", nil, e.forgetAll},
		{"GET /api/v1/connections", read, "", append([]string{"listener", "silent", "sort"}, page...), e.connections},
		{"DELETE /api/v1/connections/{id}", operate, "kick", nil, e.kick},
		{"GET /api/v1/listeners", read, "", page, e.listeners},
		{"POST /api/v1/listeners/{name}/suspend", operate, "suspend", nil, e.suspend},
		{"POST /api/v1/listeners/{name}/resume", operate, "resume", nil, e.resume},
		{"GET /api/v1/listeners/{name}/shadow", read, "", nil, e.shadow},
		{"POST /api/v1/listeners/{name}/shadow", admin, "shadow", []string{"file"}, e.startShadow},
		{"DELETE /api/v1/listeners/{name}/shadow", admin, "end shadow", nil, e.endShadow},
		{"POST /api/v1/listeners/{name}/shadow/promote", admin, "promote shadow", nil, e.promote},
		{"POST /api/v1/reload", admin, "reload", nil, e.reload},
		{"POST /api/v1/actors/{path...}", admin, "actor", []string{"on_frame"}, e.actor},
		{"GET /api/v1/journal", read, "", nil, e.journalStats},
		{"GET /api/v1/frames", read, "", spanParameters, e.kept(e.heavy(e.frames))},
		{"GET /api/v1/unreadable", read, "", append([]string{"master"}, spanParameters...), e.kept(e.heavy(e.unreadable))},
		{"GET /api/v1/masters/{serial}/frames", read, "", spanParameters, e.kept(e.heavy(e.frames))},
		{"GET /api/v1/masters/{serial}/values", read, "",
			append([]string{"point", "field", "bucket", "points"}, spanParameters...), e.kept(e.heavy(e.values))},
		{"GET /api/v1/events", read, "", append([]string{"master", "kind", "follow"}, spanParameters...), e.kept(e.events)},
		{"GET /api/v1/watch", read, "", []string{"serial", "cursor"}, e.kept(e.watch)},
		{"GET /api/v1/cursors", read, "", nil, e.kept(e.cursors)},
		{"GET /api/v1/cursors/{name}", read, "", nil, e.kept(e.cursor)},
		{"PUT /api/v1/cursors/{name}", operate, "move cursor", nil, e.kept(e.moveCursor)},
		{"DELETE /api/v1/cursors/{name}", operate, "remove cursor", nil, e.kept(e.removeCursor)},
		{"GET /api/v1/cursors/{name}/frames", read, "", []string{"limit", "wait"}, e.kept(e.cursorFrames)},
		{"GET /api/v1/poisoned", read, "", nil, e.poisoned},
		{"GET /api/v1/polls", read, "", page, e.polls},
		{"GET /api/v1/refused", read, "", []string{"of"}, e.refused},
		{"GET /api/v1/totals", read, "", nil, e.totals},
		{"GET /api/v1/version", read, "", nil, e.version},
		{"GET /api/v1/log/level", read, "", nil, e.logLevel},
		{"PUT /api/v1/log/level", admin, "log level", nil, e.setLogLevel},
		{"GET /api/v1/keys", read, "", page, e.keys},
		{"POST /api/v1/keys/reload", admin, "reload keys", nil, e.reloadKeys},
		{"POST /api/v1/keys/{serial}/send", admin, "send key", nil, e.sendKey},
		{"GET /api/v1/tokens", admin, "", nil, e.tokens},
		{"POST /api/v1/tokens", admin, "add token", nil, e.addToken},
		{"DELETE /api/v1/tokens/{name}", admin, "revoke token", nil, e.revokeToken},
	}
}

// strict refuses a query that the route does not know: a misspelt parameter must not look like one that was heeded.
func (r route) strict(w http.ResponseWriter, req *http.Request) {
	given, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		fail(w, http.StatusBadRequest, "query: "+err.Error())
		return
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(r.query, name) {
			fail(w, http.StatusBadRequest, fmt.Sprintf("query parameter %q is not known here; known: %s", name,
				cmp.Or(strings.Join(r.query, ", "), "none")))
			return
		}
		if len(given[name]) > 1 && !strings.HasSuffix(name, "[]") {
			fail(w, http.StatusBadRequest, fmt.Sprintf("query parameter %q is given twice", name))
			return
		}
	}
	r.handle(w, req)
}

// mux routes; what it does not know is answered in JSON like every other error.
func (e *endpoint) mux() http.Handler {
	mux := http.NewServeMux()
	for _, r := range e.routes() {
		mux.HandleFunc(r.pattern, e.allowed(r))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		// The mux's own answer tells 404 from 405 and carries the Allow header; only its text is replaced.
		kept := headerOnly{}
		refusal.ServeHTTP(kept, r)
		if allow := kept.Header().Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			fail(w, http.StatusMethodNotAllowed, r.Method+" is not possible here; possible: "+allow)
			return
		}
		fail(w, http.StatusNotFound, "no such page: "+strings.ToValidUTF8(r.URL.Path, "?"))
	})
}

// isOpen tells whether a request needs no token.
func (e *endpoint) isOpen(r *http.Request) bool {
	return (r.URL.Path == "/livez" || r.URL.Path == "/readyz") && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// headerOnly is a ResponseWriter that keeps the header and drops the rest.
type headerOnly http.Header

// Header implements http.ResponseWriter.
func (h headerOnly) Header() http.Header { return http.Header(h) }

// Write implements http.ResponseWriter.
func (h headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (h headerOnly) WriteHeader(int) {}
