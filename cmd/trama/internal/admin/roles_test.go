package admin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"trama/cmd/trama/internal/access"
	"trama/journal"
)

// rolesOfRoutes is what each route needs, written down a second time: a change of a role is a decision.
var rolesOfRoutes = map[access.Role]string{
	access.Anyone: `GET /livez
		GET /readyz`,
	access.Operate: `POST /api/v1/masters/{serial}/commands
		PUT /api/v1/masters/{serial}/settings/{name}
		DELETE /api/v1/masters/{serial}/settings/{name}
		DELETE /api/v1/connections/{id}
		DELETE /api/v1/commands/{id}
		POST /api/v1/listeners/{name}/suspend
		POST /api/v1/listeners/{name}/resume
		PUT /api/v1/cursors/{name}
		DELETE /api/v1/cursors/{name}`,
	access.Admin: `POST /api/v1/listeners/{name}/shadow
		DELETE /api/v1/listeners/{name}/shadow
		POST /api/v1/listeners/{name}/shadow/promote
		POST /api/v1/reload
		POST /api/v1/masters/{serial}/approve
		DELETE /api/v1/masters/{serial}
		POST /api/v1/masters/forget
		POST /api/v1/keys/reload
		POST /api/v1/keys/{serial}/send
		POST /api/v1/actors/{path...}
		PUT /api/v1/log/level
		GET /api/v1/tokens
		GET /debug/pprof/{profile...}
		POST /api/v1/tokens
		DELETE /api/v1/tokens/{name}`,
}

func roleOf(pattern string) access.Role {
	for role, list := range rolesOfRoutes {
		for _, line := range strings.Split(list, "\n") {
			if strings.TrimSpace(line) == pattern {
				return role
			}
		}
	}
	return access.Read
}

// TestEachRouteHasItsRole goes through every route, every kind of caller and every method.
func TestEachRouteHasItsRole(t *testing.T) {
	var events []journal.Event
	options := testOptions(someGateway())
	options.Record = func(e journal.Event) { events = append(events, e) }
	served := 0
	options.Clock = func() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(served) * time.Minute) }
	e := &endpoint{Options: options}
	h := Handler(options)
	callers := []struct {
		name  string
		role  access.Role
		spoil func(*http.Request)
	}{
		{"no token", 0, without},
		{"a wrong token", 0, bearer("nobody's")},
		{"another scheme", 0, func(r *http.Request) { r.Header.Set("Authorization", "Basic "+testToken) }},
		{"an empty token", 0, bearer("")},
		{"an expired token", 0, bearer("expired")},
		{"read", access.Read, bearer("read")},
		{"operate", access.Operate, bearer("operate")},
		{"admin", access.Admin, bearer("admin")},
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	mux := http.NewServeMux()
	for _, r := range e.routes() {
		mux.HandleFunc(r.pattern, func(http.ResponseWriter, *http.Request) {})
	}
	for _, r := range e.routes() {
		needed := roleOf(r.pattern)
		if r.role != needed {
			t.Errorf("%s needs the role %v, want %v", r.pattern, r.role, needed)
		}
		own, path := pathOf(r.pattern)
		if changes := r.change != ""; changes != (own != "GET") || changes && r.role < access.Operate {
			t.Errorf("%s with the role %v says that it changes %q", r.pattern, r.role, r.change)
		}
		for _, method := range methods {
			for _, c := range callers {
				served++
				events = nil
				// A query that no route knows comes after the role: nothing is carried out.
				w := ask(t, h, method, path+"?colour=1", "{}", c.spoil)
				_, pattern := mux.Handler(httptest.NewRequest(method, path, nil))
				want := http.StatusBadRequest
				switch {
				case c.role == 0 && pattern != "GET /livez" && pattern != "GET /readyz":
					want = http.StatusUnauthorized
				case pattern == "":
					want = http.StatusMethodNotAllowed
				case c.role != 0 && c.role < roleOf(pattern):
					want = http.StatusForbidden
				}
				if w.Code != want {
					t.Errorf("%s %s with %s: %d, want %d", method, path, c.name, w.Code, want)
				}
				refused := want == http.StatusUnauthorized || want == http.StatusForbidden
				tried := want == http.StatusBadRequest && method != "GET" && method != "HEAD"
				if got := len(events); got != 0 != (refused || tried) {
					t.Errorf("%s %s with %s, %d: %d events", method, path, c.name, want, got)
				}
				for _, v := range events {
					who := fmt.Sprintf("%s (%s): ", c.name, c.role)
					if c.role == 0 {
						who = "- (none): " + method + " "
					}
					if v.Kind != journal.EventChange || !strings.HasPrefix(v.Detail, who) || v.Remote != "192.0.2.1:1234" ||
						!strings.HasPrefix(v.Reason, "refused: ") && !strings.HasPrefix(v.Reason, "failed: 400") {
						t.Errorf("%s %s with %s: event %+v", method, path, c.name, v)
					}
				}
			}
		}
	}
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func TestExpiredTokenIsToldSo(t *testing.T) {
	w := ask(t, Handler(testOptions(someGateway())), "GET", "/api/v1/masters", "", bearer("expired"))
	if w.Code != 401 || !strings.Contains(errorOf(t, w), "expired: token has expired on 1970-01-01") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A flood of refused requests fills neither log nor journal, whatever they lack.
func TestRefusalsAreToldInBounds(t *testing.T) {
	for lacks, spoil := range map[string]func(*http.Request){"no token that counts": bearer("guess"), "it needs the role operate": bearer("read")} {
		var events []journal.Event
		options := testOptions(someGateway())
		options.Record = func(e journal.Event) { events = append(events, e) }
		now := time.Unix(1_800_000_000, 0)
		options.Clock = func() time.Time { return now }
		h := Handler(options)
		for range 1000 {
			ask(t, h, "DELETE", "/api/v1/connections/9", "", spoil)
		}
		if len(events) != refusalsAtOnce {
			t.Errorf("%s: %d events of 1,000 requests, want %d", lacks, len(events), refusalsAtOnce)
		}
		now = now.Add(time.Minute)
		ask(t, h, "DELETE", "/api/v1/connections/9", "", spoil)
		if last := events[len(events)-1]; len(events) != refusalsAtOnce+1 || last.Reason != "refused: "+lacks+" (990 more before it)" {
			t.Errorf("a minute later: %d events, the last %+v", len(events), last)
		}
	}
}

// Changes and their outcome are told without the secrets that they have to do with.
func TestAuditTellsWhoDidWhat(t *testing.T) {
	var events []journal.Event
	options := testOptions(someGateway())
	options.Record = func(e journal.Event) { events = append(events, e) }
	h := Handler(options)
	for _, c := range []struct {
		method, path, body, token string
		reason, detail            string
	}{
		{"POST", "/api/v1/masters/12345678/commands", `{"command":"O","fields":{"RN":3,"OP":1}}`, "operate", "done", "operate (operate): send 12345678 O OP=1 RN=3"},
		{"DELETE", "/api/v1/connections/41", "", "operate", "done", "operate (operate): kick 41"},
		{"DELETE", "/api/v1/connections/x%1b%5b2J", "", "operate", "failed: 400", "operate (operate): kick x\\x1b[2J"},
		{"POST", "/api/v1/listeners/field/suspend", "", "admin", "done", "admin (admin): suspend field"},
		{"POST", "/api/v1/listeners/field/suspend", "", "read", "refused: it needs the role operate", "read (read): suspend field"},
		{"POST", "/api/v1/masters/12345678/commands", `{"command":"O","fields":{"RN":3}}`, "read", "refused: it needs the role operate", "read (read): send 12345678 O"},
		{"POST", "/api/v1/masters/12345678/commands", `{`, "read", "refused: it needs the role operate", "read (read): send 12345678"},
		{"PUT", "/api/v1/log/level", `{"level":"debug"}`, "admin", "done", "admin (admin): log level info → debug"},
		{"PUT", "/api/v1/log/level", `{"level":"loud"}`, "admin", "failed: 400 level: found", "admin (admin): log level"},
		{"DELETE", "/api/v1/tokens/nobody", "", "admin", "failed: 404 no such token", "admin (admin): revoke token nobody"},
	} {
		events = nil
		ask(t, h, c.method, c.path, c.body, bearer(c.token))
		if len(events) != 1 || !strings.HasPrefix(events[0].Reason, c.reason) || events[0].Detail != c.detail {
			t.Errorf("%s %s: %+v, want %q and %q", c.method, c.path, events, c.reason, c.detail)
		}
	}
}
