package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trama/actors"
)

var drawn = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

func sampleTree() *actors.Node {
	return &actors.Node{Name: "trama", Path: "trama", State: "running", Total: 2, Children: []*actors.Node{
		{Name: "listeners", Path: "trama/listeners", State: "idle", Total: 1, Children: []*actors.Node{{
			Name: "field", Path: "trama/listeners/field", State: "idle", Total: 15000, Folded: 14998,
			Detail: map[string]any{"address": "127.0.0.1:12986", "profile": "extended", "role": "master", "listening": "accepting", "live": 15000},
			Children: []*actors.Node{
				{Name: "conn-1", State: "idle", Detail: map[string]any{"remote": "127.0.0.1:40112", "masters": []string{"12345678"}, "frames": uint64(7), "last_received": drawn.Add(-3 * time.Second)}},
				{Name: "conn-2", State: "stuck", Mailbox: 1200, Restarts: 2, Busy: &actors.NodeBusy{Message: "uplink", For: actors.Millis(75 * time.Second)},
					LastError: &actors.NodeError{At: drawn.Add(-2 * time.Hour), Text: "index out of range\nstack"},
					Detail:    map[string]any{"remote": "127.0.0.1:40114"}},
			},
		}}},
		{Name: "registry", Path: "trama/registry", State: "idle", Total: 2, Folded: 2, Detail: map[string]any{"masters": 2}},
	}}
}

func TestTreeIsDrawn(t *testing.T) {
	var out strings.Builder
	if err := RenderTree(&out, sampleTree(), actors.TreeQuery{}, drawn); err != nil {
		t.Fatal(err)
	}
	want := `trama
├─ listeners
│  └─ field      127.0.0.1:12986 extended accepting  live=15000
│     ├─ conn-1  127.0.0.1:40112 → 12345678  frames=7 last-received=3s
│     ├─ conn-2  127.0.0.1:40114  STUCK  mailbox 1,200  busy with uplink for 1m15s  restarts 2  last error 2h0m ago: index out of range
│     └─ … 14,998 more (--under trama/listeners/field --offset 2)
└─ registry      masters=2
   └─ … 2 below (--under trama/registry)
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPagedNodeSaysWhatPrecedesAndFollows(t *testing.T) {
	node := &actors.Node{Name: "field", Path: "trama/listeners/field", State: "idle", Total: 10, Folded: 8,
		Children: []*actors.Node{{Name: "conn-4", State: "idle"}, {Name: "conn-5", State: "idle"}}}
	var out strings.Builder
	if err := RenderTree(&out, node, actors.TreeQuery{Under: node.Path, Offset: 4}, drawn); err != nil {
		t.Fatal(err)
	}
	want := "trama/listeners/field\n├─ conn-4\n├─ conn-5\n└─ … 4 more, 4 before these (--under trama/listeners/field --offset 6)\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestTreeIsAskedAndAnsweredAsWished(t *testing.T) {
	g := someGateway()
	h := Handler(testOptions(g))
	w := ask(t, h, "GET", "/debug/actors?under=trama/listeners&depth=2&limit=-1&offset=7", "")
	if want := (actors.TreeQuery{Under: "trama/listeners", Depth: 2, Limit: -1, Offset: 7}); g.query != want {
		t.Errorf("asked %+v, want %+v", g.query, want)
	}
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
		t.Errorf("by default it is %s", got)
	}
	for name, change := range map[string]func(*http.Request){
		"format=json": func(r *http.Request) { r.URL.RawQuery = "format=json" },
		"Accept":      func(r *http.Request) { r.Header.Set("Accept", "application/json") },
	} {
		if w := ask(t, h, "GET", "/debug/actors", "", change); !strings.HasPrefix(w.Body.String(), `{"name":"trama"`) {
			t.Errorf("%s: got %s", name, w.Body)
		}
	}
	for _, query := range []string{"depth=x", "limit=-2", "offset=-1", "format=xml"} {
		if w := ask(t, h, "GET", "/debug/actors?"+query, ""); w.Code != 400 {
			t.Errorf("%s: %d, want 400", query, w.Code)
		}
	}
}
