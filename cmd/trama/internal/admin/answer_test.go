package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"trama/cmd/trama/internal/history"
)

func TestAFrameThatCannotBeWrittenHidesNoOther(t *testing.T) {
	rows := func() []history.Row {
		return []history.Row{{Position: 1, Frame: "0102", Device: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Position: 2}}
	}
	for _, value := range []any{Frames{Frames: rows()}, Behind{Frames: rows()}} {
		w := httptest.NewRecorder()
		answer(w, http.StatusOK, value)
		for _, want := range []string{`"position":1`, `"frame":"0102"`, "it cannot be written as JSON", `"position":2`} {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%T: %d %s lacks %s", value, w.Code, w.Body, want)
			}
		}
	}
}
