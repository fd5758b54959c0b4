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
)

// route is one line of the endpoint's table.
type route struct {
	pattern string   // as http.ServeMux takes it
	open    bool     // needs no token
	query   []string // the parameters it knows
	handle  http.HandlerFunc
}

// The routes, and with them everything that can be reached.
func (e *endpoint) routes() []route {
	page := []string{"after", "limit"}
	return []route{
		{pattern: "GET /livez", open: true, handle: e.livez},
		{pattern: "GET /readyz", handle: e.readyz},
		{pattern: "GET /metrics", query: []string{"name[]"}, handle: promhttp.HandlerFor(e.metrics(), promhttp.HandlerOpts{}).ServeHTTP},
		{pattern: "GET /debug/actors", query: []string{"under", "depth", "limit", "offset", "format"}, handle: e.tree},
		{pattern: "GET /api/v1/masters", query: append(slices.Clone(masterFilters), page...), handle: e.masters},
		{pattern: "GET /api/v1/masters/{serial}", handle: e.master},
		{pattern: "POST /api/v1/masters/{serial}/commands", handle: e.command},
		{pattern: "GET /api/v1/connections", query: page, handle: e.connections},
		{pattern: "DELETE /api/v1/connections/{id}", handle: e.kick},
		{pattern: "GET /api/v1/listeners", query: page, handle: e.listeners},
		{pattern: "POST /api/v1/listeners/{name}/suspend", handle: e.suspend},
		{pattern: "POST /api/v1/listeners/{name}/resume", handle: e.resume},
		{pattern: "GET /api/v1/listeners/{name}/shadow", handle: e.shadow},
		{pattern: "POST /api/v1/listeners/{name}/shadow", query: []string{"file"}, handle: e.startShadow},
		{pattern: "DELETE /api/v1/listeners/{name}/shadow", handle: e.endShadow},
		{pattern: "POST /api/v1/listeners/{name}/shadow/promote", handle: e.promote},
		{pattern: "POST /api/v1/reload", handle: e.reload},
		{pattern: "POST /api/v1/actors/{path...}", query: []string{"on_frame"}, handle: e.actor},
		{pattern: "GET /api/v1/journal", handle: e.journalStats},
		{pattern: "GET /api/v1/frames", query: spanParameters, handle: e.kept(e.frames)},
		{pattern: "GET /api/v1/unreadable", query: append([]string{"master"}, spanParameters...), handle: e.kept(e.unreadable)},
		{pattern: "GET /api/v1/masters/{serial}/frames", query: spanParameters, handle: e.kept(e.frames)},
		{pattern: "GET /api/v1/masters/{serial}/values", query: append([]string{"point", "field", "bucket", "points"}, spanParameters...), handle: e.kept(e.values)},
		{pattern: "GET /api/v1/events", query: append([]string{"master", "kind", "follow"}, spanParameters...), handle: e.kept(e.events)},
		{pattern: "GET /api/v1/watch", query: []string{"serial", "cursor"}, handle: e.kept(e.watch)},
		{pattern: "GET /api/v1/cursors", handle: e.kept(e.cursors)},
		{pattern: "GET /api/v1/cursors/{name}", handle: e.kept(e.cursor)},
		{pattern: "PUT /api/v1/cursors/{name}", handle: e.kept(e.moveCursor)},
		{pattern: "DELETE /api/v1/cursors/{name}", handle: e.kept(e.removeCursor)},
		{pattern: "GET /api/v1/cursors/{name}/frames", query: []string{"limit", "wait"}, handle: e.kept(e.cursorFrames)},
		{pattern: "GET /api/v1/poisoned", handle: e.poisoned},
		{pattern: "GET /api/v1/refused", query: []string{"of"}, handle: e.refused},
		{pattern: "GET /api/v1/totals", handle: e.totals},
		{pattern: "GET /api/v1/version", handle: e.version},
		{pattern: "GET /api/v1/log/level", handle: e.logLevel},
		{pattern: "PUT /api/v1/log/level", handle: e.setLogLevel},
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
			fail(w, http.StatusBadRequest, fmt.Sprintf("query parameter %q is not known here; known: %s", name, cmp.Or(strings.Join(r.query, ", "), "none")))
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
		mux.HandleFunc(r.pattern, r.strict)
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
	return r.URL.Path == "/livez" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// headerOnly is a ResponseWriter that keeps the header and drops the rest.
type headerOnly http.Header

// Header implements http.ResponseWriter.
func (h headerOnly) Header() http.Header { return http.Header(h) }

// Write implements http.ResponseWriter.
func (h headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (h headerOnly) WriteHeader(int) {}
