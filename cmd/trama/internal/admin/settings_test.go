package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"trama/actors"
	"trama/actors/settings"
	"trama/journal"
)

func TestSettingsReachTheGateway(t *testing.T) {
	g := someGateway()
	g.settings = []actors.Setting{{Setting: settings.Setting{Name: "set-slaves", Arguments: map[string]any{"slaves": 5}}, State: settings.Waiting}}
	var told []string
	options := testOptions(g)
	options.Record = func(e journal.Event) { told = append(told, e.Detail+": "+e.Reason) }
	h := Handler(options)
	for _, c := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", "", "", http.StatusOK, `"arguments":{"slaves":5}`},
		{"GET", "/set-slaves", "", http.StatusOK, `"state":"waiting"`},
		{"GET", "/set-levels", "", http.StatusNotFound, "set-levels of 12345678"},
		{"PUT", "/set-slaves", `{"arguments": {"slaves": 18446744073709551615}, "send": true}`, http.StatusOK, `"sent":true`},
		{"PUT", "/set-slaves", `{}`, http.StatusBadRequest, "arguments: found nothing"},
		{"DELETE", "/set-slaves", "", http.StatusNoContent, ""},
	} {
		if w := ask(t, h, c.method, "/api/v1/masters/12345678/settings"+c.path, c.body); w.Code != c.status || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, w.Code, w.Body, c.status, c.has)
		}
	}
	want := []string{"keep set-slaves of 12345678 by local: map[slaves:18446744073709551615], send true", "keep set-slaves of 12345678 by local: map[], send false"}
	if got := slices.DeleteFunc(g.told, func(s string) bool { return strings.HasPrefix(s, "settings of") }); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	audit := []string{"local (admin): keep setting 12345678 set-slaves slaves=18446744073709551615: done",
		"local (admin): keep setting 12345678 set-slaves: failed: 400 arguments: found nothing", "local (admin): remove setting 12345678 set-slaves: done"}
	if len(told) != len(audit) {
		t.Fatalf("audit %q", told)
	}
	for i := range audit {
		if !strings.HasPrefix(told[i], audit[i]) {
			t.Errorf("audit %q, want %q", told[i], audit[i])
		}
	}
	g.err = fmt.Errorf("the setting is not kept: %w", journal.ErrFull)
	if w := ask(t, h, "PUT", "/api/v1/masters/12345678/settings/set-slaves", `{"arguments": {"slaves": 1}}`); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without room: %d %s", w.Code, w.Body)
	}
}
