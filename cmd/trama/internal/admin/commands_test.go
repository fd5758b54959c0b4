package admin

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/journal"
)

// The body of a request reaches the gateway, with who asks and from where.
func TestACommandIsAskedForAsItsBodySays(t *testing.T) {
	const path = "/api/v1/masters/12345678/commands"
	request := actors.CommandRequest{Serial: "12345678", Command: "O", Origin: "operate", From: "192.0.2.1:1234"}
	for _, c := range []struct {
		body   string
		status int
		change func(*actors.CommandRequest)
	}{
		{`{"command":"O"}`, 200, func(*actors.CommandRequest) {}},
		{`{"command":"O","async":true,"queue":"6h","idempotency_key":"k 1"}`, 202, func(r *actors.CommandRequest) {
			r.Async, r.Queue, r.Key = true, 6*time.Hour, "k 1"
		}},
		{`{"command":"O","wait":"5m","queue":"30d","listener":"field"}`, 200, func(r *actors.CommandRequest) {
			r.Wait, r.Queue, r.Listener = 5*time.Minute, 30*24*time.Hour, "field"
		}},
	} {
		g := someGateway()
		options := testOptions(g)
		options.Archive = new(broken)
		w := ask(t, Handler(options), "POST", path, c.body, bearer("operate"))
		want := request
		c.change(&want)
		if w.Code != c.status || !reflect.DeepEqual(g.sent, want) {
			t.Errorf("%s: %d, %+v\nwant %d, %+v", c.body, w.Code, g.sent, c.status, want)
		}
	}
	g := someGateway() // where nothing is kept, nobody would find it once it has ended: it is waited for
	if w := ask(t, Handler(testOptions(g)), "POST", path, `{"command":"O","async":true}`); w.Code != 200 || g.sent.Async {
		t.Errorf("without a journal: %d, %+v", w.Code, g.sent)
	}
	g = someGateway()
	if w := ask(t, Handler(testOptions(g)), "POST", path, `{"command":"O","dry_run":true}`); w.Code != 200 || !slices.Equal(g.told, []string{"dry run O"}) || g.sent.Command != "" {
		t.Errorf("dry run: %d, %q, %+v", w.Code, g.told, g.sent)
	}
	for body, says := range map[string]string{
		`{"command":"O","queue":"6"}`:                                          `queue: found "6", expected a duration with its unit, from 1s to 30d`,
		`{"command":"O","queue":"31d"}`:                                        "from 1s to 30d",
		`{"command":"O","queue":"10ms"}`:                                       "from 1s to 30d",
		`{"command":"O","wait":"6m"}`:                                          "from 1ms to 5m",
		`{"command":"O","idempotency_key":"` + strings.Repeat("k", 201) + `"}`: "idempotency_key: found 201 bytes, expected at most 200",
	} {
		if w := ask(t, Handler(testOptions(someGateway())), "POST", path, body); w.Code != 400 || !strings.Contains(errorOf(t, w), says) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestCommandsAreListedAsTheQuerySays(t *testing.T) {
	at := time.Unix(1_800_000_000, 0).UTC()
	for query, want := range map[string]journal.CommandQuery{
		"": {Limit: defaultRows},
		"?state=unknown&master=12345678&by=anna&open=true&limit=7&cursor=41&since=2027-01-15T07:00:00Z&until=1h": {
			State: "unknown", Master: "12345678", By: "anna", Open: true, Limit: 7, Before: 41, Since: at.Add(-time.Hour), Until: at.Add(-time.Hour)},
		"?limit=99999999": {Limit: defaultRows},
	} {
		g := someGateway()
		options := testOptions(g)
		options.Clock = func() time.Time { return at }
		w := ask(t, Handler(options), "GET", "/api/v1/commands"+query, "")
		if g.asked.Since, g.asked.Until = g.asked.Since.UTC(), g.asked.Until.UTC(); w.Code != 200 || g.asked != want || !strings.Contains(w.Body.String(), `"cursor":"9"`) {
			t.Errorf("%s: %d %s\n%+v\nwant %+v", query, w.Code, w.Body, g.asked, want)
		}
	}
	for query, says := range map[string]string{
		"state=dun": `did you mean "done"`, "open=perhaps": "true or false", "since=yesterdy": "since: ", "limit=x": "limit=x", "cursor=x": "cursor=x is none of this list",
	} {
		if w := ask(t, Handler(testOptions(someGateway())), "GET", "/api/v1/commands?"+query, ""); w.Code != 400 || !strings.Contains(errorOf(t, w), says) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

// A command is told at once, or after the wait as it is then; an ended wait is no error.
func TestACommandIsToldAndCancelled(t *testing.T) {
	for _, c := range []struct{ method, path, told string }{
		{"GET", "/api/v1/commands/7", "command 7 after -1"},
		{"GET", "/api/v1/commands/7?wait=10ms&after=2", "command 7 after 2"},
		{"DELETE", "/api/v1/commands/7", "cancel 7 by operate"},
	} {
		g := someGateway()
		if w := ask(t, Handler(testOptions(g)), c.method, c.path, "", bearer("operate")); w.Code != 200 || !slices.Equal(g.told, []string{c.told}) {
			t.Errorf("%s %s: %d %s, told %q", c.method, c.path, w.Code, w.Body, g.told)
		}
	}
	for path, status := range map[string]int{"/7?wait=10": 400, "/7?wait=6m": 400, "/x": 400, "/0": 400, "/7?after=x": 400} {
		if w := ask(t, Handler(testOptions(someGateway())), "GET", "/api/v1/commands"+path, ""); w.Code != status {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for err, status := range map[error]int{actors.ErrUnknownCommand: 404, actors.ErrNotQueued: 409} {
		g := someGateway()
		g.err = err
		for _, method := range []string{"GET", "DELETE"} {
			if w := ask(t, Handler(testOptions(g)), method, "/api/v1/commands/7", ""); w.Code != status || errorOf(t, w) != err.Error() {
				t.Errorf("%s %v: %d %s", method, err, w.Code, w.Body)
			}
		}
	}
}
