package admin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors"
	"trama/cmd/trama/internal/access"
	"trama/codec"
)

const testToken = "dGVzdC10b2tlbi10ZXN0LXRva2VuLXRlc3QtdG9rZW4"

// testTokens is one token for each role, and one that has expired; its text is its name, that of local is testToken.
func testTokens() *access.Tokens {
	all := []access.Token{{Name: access.LocalName, Role: access.Admin, Hash: access.HashOf(testToken)}}
	for _, role := range []access.Role{access.Read, access.Operate, access.Admin} {
		all = append(all, access.Token{Name: role.String(), Role: role, Hash: access.HashOf(role.String())})
	}
	all = append(all, access.Token{Name: "expired", Role: access.Admin, Hash: access.HashOf("expired"), Expires: time.Unix(1, 0)})
	tokens, err := access.OpenTokens(filepath.Join(os.TempDir(), "no-such-directory", "tokens.toml"), all)
	if err != nil {
		panic(err)
	}
	return tokens
}

func testOptions(g actors.Gateway) Options {
	log := hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Info})
	return Options{Gateway: g, Logger: log.Named("http"), Root: log, Tokens: testTokens(), ListenHosts: []string{"gateway.local"}, AllowedHosts: []string{"Gateway.Example"}, Version: "test"}
}

// ask sends one request with the token; change may spoil it.
func ask(t testing.TB, h http.Handler, method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8686"
	r.Header.Set("Authorization", "Bearer "+testToken)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func without(r *http.Request) { r.Header.Del("Authorization") }

// pathOf turns a pattern into a path that matches it.
func pathOf(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{serial}", "12345678", "{id}", "9", "{name}", "field", "{path...}", "trama/registry/restart", "{profile...}", "heap").Replace(path)
}

func TestPagesThatAreNotThereNeedTheTokenToo(t *testing.T) {
	h := Handler(testOptions(someGateway()))
	for _, path := range []string{"/", "/nothing", "/debug/pprof/", "/livez/x"} {
		if w := ask(t, h, "GET", path, "", without); w.Code != http.StatusUnauthorized || errorOf(t, w) == "" ||
			!strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s without token: %d, want 401", path, w.Code)
		}
	}
}

func TestEmptyTokenOpensNothing(t *testing.T) {
	o := testOptions(someGateway())
	o.Tokens, _ = access.OpenTokens("/nowhere/tokens.toml", []access.Token{{Name: "local", Role: access.Admin, Hash: access.HashOf("")}})
	w := ask(t, Handler(o), "GET", "/api/v1/masters", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") })
	if w.Code != http.StatusUnauthorized {
		t.Errorf("got %d, want 401", w.Code)
	}
}

func TestForeignHostIsRefused(t *testing.T) {
	h := Handler(testOptions(someGateway()))
	for host, want := range map[string]int{
		"127.0.0.1:8686": 200, "localhost": 200, "[::1]:8686": 200, "gateway.local:8686": 200, "gateway.example": 200,
		"evil.example": 421, "[::1]": 200, "]]localhost[[": 421, "[localhost]": 421, "[localhost]:8686": 421, "[127.0.0.1]:8686": 200, "[::1]x": 421, "127.0.0.1.evil.example:8686": 421, "": 421, "192.0.2.1": 421,
	} {
		if w := ask(t, h, "GET", "/readyz", "", func(r *http.Request) { r.Host = host }); w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}

// A browser takes 0.0.0.0 for this machine: listening on every interface must not make it a name that is served.
func TestWildcardListenHostIsNoName(t *testing.T) {
	for _, host := range []string{"", "0.0.0.0", "::"} {
		o := testOptions(someGateway())
		o.ListenHosts = []string{host}
		h := Handler(o)
		for _, name := range []string{"0.0.0.0:8686", "[::]:8686", ""} {
			if w := ask(t, h, "GET", "/readyz", "", func(r *http.Request) { r.Host = name }); w.Code != 421 {
				t.Errorf("listening on %q, Host %q: %d, want 421", host, name, w.Code)
			}
		}
	}
}

func TestCrossOriginChangeIsRefused(t *testing.T) {
	g := someGateway()
	h := Handler(testOptions(g))
	for name, spoil := range map[string]func(*http.Request){
		"Sec-Fetch-Site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"Origin":         func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		if w := ask(t, h, "POST", "/api/v1/listeners/field/suspend", "", spoil); w.Code != http.StatusForbidden {
			t.Errorf("POST with a foreign %s: %d, want 403", name, w.Code)
		}
	}
	if len(g.told) != 0 {
		t.Errorf("carried out all the same: %v", g.told)
	}
}

func TestAReadOfAnotherOriginIsRefused(t *testing.T) {
	h := Handler(testOptions(someGateway()))
	for origin, want := range map[string]int{"": 200, "http://127.0.0.1:8686": 200, "https://evil.example": 403, "http://127.0.0.1:9999": 403, "null": 403} {
		w := ask(t, h, "GET", "/api/v1/masters", "", func(r *http.Request) {
			r.Host = "127.0.0.1:8686"
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
		})
		if w.Code != want {
			t.Errorf("GET with Origin %q: %d, want %d", origin, w.Code, want)
		}
	}
}

func TestUnknownPageAndMethodAreJSON(t *testing.T) {
	h := Handler(testOptions(someGateway()))
	if w := ask(t, h, "GET", "/api/v1/nothing", ""); w.Code != 404 || errorOf(t, w) == "" {
		t.Errorf("unknown page: %d %s", w.Code, w.Body)
	}
	w := ask(t, h, "DELETE", "/api/v1/masters", "")
	if w.Code != 405 || errorOf(t, w) == "" || !strings.Contains(w.Header().Get("Allow"), "GET") {
		t.Errorf("wrong method: %d %s, Allow %q", w.Code, w.Body, w.Header().Get("Allow"))
	}
	for _, path := range []string{"/api/v1/actors/restart", "/api/v1/actors/trama/registry", "/api/v1/actors/trama/registry/stop"} {
		if w := ask(t, h, "POST", path, ""); w.Code != 404 || errorOf(t, w) == "" {
			t.Errorf("%s: %d %s, want 404", path, w.Code, w.Body)
		}
	}
}

func TestControlReachesTheGateway(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"POST", "/api/v1/listeners/field/suspend", 200, "suspend field"},
		{"POST", "/api/v1/listeners/field/resume", 200, "resume field"},
		{"DELETE", "/api/v1/connections/41", 204, "kick 41"},
		{"POST", "/api/v1/actors/trama/listeners/field/conn-41/restart", 204, "restart trama/listeners/field/conn-41"},
		{"POST", "/api/v1/actors/trama/registry/fault", 204, "fault trama/registry false"},
		{"POST", "/api/v1/actors/trama/registry/12345678/fault?on_frame=true", 204, "fault trama/registry/12345678 true"},
		{"DELETE", "/api/v1/connections/x", 400, ""},
		{"POST", "/api/v1/actors/trama/registry/fault?on_frame=maybe", 400, ""},
	} {
		g := someGateway()
		w := ask(t, Handler(testOptions(g)), c.method, c.path, "")
		if w.Code != c.status || strings.Join(g.told, ";") != c.want {
			t.Errorf("%s %s: %d and told %q, want %d and %q", c.method, c.path, w.Code, g.told, c.status, c.want)
		}
	}
}

func TestGatewayErrorsHaveTheirStatus(t *testing.T) {
	for _, s := range statuses {
		g := someGateway()
		g.err = fmt.Errorf("field: %w", s.err)
		w := ask(t, Handler(testOptions(g)), "POST", "/api/v1/listeners/field/suspend", "")
		if w.Code != s.status || !strings.Contains(errorOf(t, w), s.err.Error()) {
			t.Errorf("%v: %d %s, want %d", s.err, w.Code, w.Body, s.status)
		}
	}
	g := someGateway()
	g.err = errors.New("root does not answer")
	for _, page := range []string{"/livez", "/readyz"} {
		if w := ask(t, Handler(testOptions(g)), "GET", page, ""); w.Code != 503 || !strings.Contains(errorOf(t, w), "root does not answer") {
			t.Errorf("%s of a dead gateway: %d %s, want 503 and the reason", page, w.Code, w.Body)
		}
		if w := ask(t, Handler(testOptions(g)), "GET", page, "", without); w.Code != 503 || w.Body.String() != "{\"status\":\"unavailable\"}\n" {
			t.Errorf("%s of a dead gateway, asked without token: %d %s, want 503 and no reason", page, w.Code, w.Body)
		}
		if w := ask(t, Handler(testOptions(someGateway())), "GET", page, "", without); w.Code != 200 {
			t.Errorf("%s without token: %d, want 200", page, w.Code)
		}
	}
}

func TestCommandKeepsItsNumbersExact(t *testing.T) {
	g := someGateway()
	w := ask(t, Handler(testOptions(g)), "POST", "/api/v1/masters/12345678/commands",
		`{"command":"O","fields":{"RN":3,"BIG":18446744073709551615,"X":1.5,"S":"007","L":[{"N":2}]},"wait":"2s","listener":"field"}`)
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := `{"BIG":18446744073709551615,"L":[{"N":2}],"RN":3,"S":"007","X":1.5}`
	if got, _ := json.Marshal(g.sent.Fields); string(got) != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	if _, ok := g.sent.Fields["RN"].(int64); !ok {
		t.Errorf("RN is a %T, want int64", g.sent.Fields["RN"])
	}
	if g.sent.Serial != "12345678" || g.sent.Command != "O" || g.sent.Wait.String() != "2s" || g.sent.Listener != "field" {
		t.Errorf("sent %+v", g.sent)
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	h := Handler(testOptions(someGateway()))
	for body, want := range map[string]int{
		`{"command":"A","wait":"30"}`:  400,
		`{"command":"A","wait":"6m"}`:  400,
		`{"command":"A","wait":"-1s"}`: 400,
		`{"command":"A","wait":"0s"}`:  400,
		`{"command":"A","wait":"1us"}`: 400,
		`{"command":"A","colour":1}`:   400,
		`{"command":"A"} {}`:           400,
		`{`:                            400,
		``:                             400,
		`{"command":"` + strings.Repeat("x", maxBodyBytes) + `"}`: 413,
	} {
		if w := ask(t, h, "POST", "/api/v1/masters/1/commands", body); w.Code != want || errorOf(t, w) == "" {
			t.Errorf("body %.40q: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
}

func TestBodyWithAKeyTwiceIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{"command":"A","command":"O"}`:                                 `"command" is twice`,
		`{"command":"A","Command":"O"}`:                                 `"Command" is twice`,
		`{"command":"O","fields":{"RN":1,"OP":1,"RN":2}}`:               `"RN" is twice`,
		`{"command":"O","fields":{"L":[{"N":1},{"N":1,"M":[],"N":2}]}}`: `"N" is twice`,
		`{"command":"O","fields":{"L":[{"N":1},{"N":2}],"N":"N"}}`:      "",
		`{"command":"O","fields":{"n":1,"N":2,"S":"S"}}`:                "",
	} {
		g := someGateway()
		w := ask(t, Handler(testOptions(g)), "POST", "/api/v1/masters/1/commands", body)
		if want == "" && w.Code != 200 || want != "" && (w.Code != 400 || !strings.Contains(errorOf(t, w), want) || g.sent.Serial != "") {
			t.Errorf("body %s: %d %s, want %q", body, w.Code, w.Body, want)
		}
	}
}

func TestQueryThatIsNotKnownIsRefused(t *testing.T) {
	g := someGateway()
	e := &endpoint{Options: testOptions(g)}
	h := Handler(e.Options)
	for _, r := range e.routes() {
		method, path := pathOf(r.pattern)
		w := ask(t, h, method, path+"?colour=1", `{}`)
		if w.Code != 400 || !strings.Contains(errorOf(t, w), `"colour" is not known here; known: `+cmp.Or(strings.Join(r.query, ", "), "none")) {
			t.Errorf("%s: %d %s", r.pattern, w.Code, w.Body)
		}
	}
	for query, want := range map[string]string{
		"GET /api/v1/masters?Limit=1":                      "sort, after, limit",
		"GET /api/v1/masters?limit=1&limit=2":              "given twice",
		"GET /api/v1/masters?limit=%zz":                    "query: ",
		"POST /api/v1/actors/trama/restart?on_frame=true":  "restart takes no query parameter",
		"GET /debug/actors?under=trama&dept=1&format=json": "known: under, depth, limit, offset, format",
	} {
		method, path, _ := strings.Cut(query, " ")
		if w := ask(t, h, method, path, ""); w.Code != 400 || !strings.Contains(errorOf(t, w), want) {
			t.Errorf("%s: %d %s, want %q", query, w.Code, w.Body, want)
		}
	}
	if len(g.told) != 0 {
		t.Errorf("carried out all the same: %v", g.told)
	}
	if w := ask(t, h, "GET", "/metrics?name[]=trama_frames_total", ""); w.Code != 200 {
		t.Errorf("metrics by name: %d %s", w.Code, w.Body)
	}
}

func TestLogLevelIsChanged(t *testing.T) {
	o := testOptions(someGateway())
	h := Handler(o)
	if w := ask(t, h, "PUT", "/api/v1/log/level", `{"level":"debug"}`); w.Code != 200 || o.Root.GetLevel() != hclog.Debug {
		t.Errorf("%d, level %v", w.Code, o.Root.GetLevel())
	}
	if w := ask(t, h, "GET", "/api/v1/log/level", ""); !strings.Contains(w.Body.String(), `"debug"`) {
		t.Errorf("got %s", w.Body)
	}
	for _, bad := range []string{"loud", "off", ""} {
		if w := ask(t, h, "PUT", "/api/v1/log/level", `{"level":"`+bad+`"}`); w.Code != 400 {
			t.Errorf("level %q: %d, want 400", bad, w.Code)
		}
	}
}

func TestMetricsTellTheCounters(t *testing.T) {
	body := ask(t, Handler(testOptions(someGateway())), "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		"trama_frames_total 7", "trama_acknowledged_total 6", `trama_rejected_total{reason="short"} 1`, `trama_commands_total{outcome="done"} 2`, `trama_takeovers_total{source="another address"} 1`,
		`trama_listener_up{listener="field"} 1`, `trama_listener_closed_total{listener="field",reason="idle"} 3`, `trama_build_info{version="test"} 1`, "go_goroutines",
	} {
		if !strings.Contains(body, want+"\n") && !strings.Contains(body, want+" ") {
			t.Errorf("no line %q", want)
		}
	}
}

type panicking struct{ *fakeGateway }

func (panicking) Master(string) (actors.MasterInfo, error) { panic("broken") }

func TestPanicOfAHandlerIsAnswered(t *testing.T) {
	if w := ask(t, Handler(testOptions(panicking{someGateway()})), "GET", "/api/v1/masters/1", ""); w.Code != 500 || errorOf(t, w) == "" {
		t.Errorf("got %d %s, want 500", w.Code, w.Body)
	}
}

func errorOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Errorf("the error is not JSON: %q", w.Body)
	}
	return p.Error
}

// A definition costs time: while one is checked, the next is refused at once.
func TestDefinitionsAreCheckedOneAtATime(t *testing.T) {
	checking, goOn := make(chan struct{}), make(chan struct{})
	options := testOptions(someGateway())
	options.Check = func(*codec.Profile) []error {
		checking <- struct{}{}
		<-goOn
		return nil
	}
	h := Handler(options)
	const definition = "name = \"x\"\n[frame]\nheader = [{ key = \"unit\", type = \"byte\", role = \"identity\" }]\n[[message]]\nname = \"m\"\n"
	done := make(chan struct{})
	go func() {
		defer close(done)
		ask(t, h, http.MethodPost, "/api/v1/listeners/field/shadow", definition)
	}()
	<-checking
	if w := ask(t, h, http.MethodPost, "/api/v1/listeners/field/shadow", definition); w.Code != http.StatusTooManyRequests {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	close(goOn)
	<-done
}

func TestProfilerIsOffUnlessTheConfigurationSaysSo(t *testing.T) {
	off, on := testOptions(someGateway()), testOptions(someGateway())
	on.Profiler = true
	for _, page := range []string{"", "heap", "goroutine?debug=1", "cmdline", "profile?seconds=1"} {
		if w := ask(t, Handler(off), "GET", "/debug/pprof/"+page, ""); w.Code != 404 {
			t.Errorf("%s while it is off: %d", page, w.Code)
		}
		if w := ask(t, Handler(on), "GET", "/debug/pprof/"+page, ""); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d %s", page, w.Code, w.Body)
		}
		if w := ask(t, Handler(on), "GET", "/debug/pprof/"+page, "", bearer("operate")); w.Code != 403 {
			t.Errorf("%s with the role operate: %d", page, w.Code)
		}
	}
	for _, bad := range []string{"profile?seconds=61", "profile?seconds=0", "trace?seconds=x"} {
		if w := ask(t, Handler(on), "GET", "/debug/pprof/"+bad, ""); w.Code != 400 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}
