package admin

import (
	"context"
	"fmt"
	"net/http"

	"trama/internal/words"

	"github.com/hashicorp/go-hclog"
)

// Health is the answer of /livez and /readyz when all is well.
type Health struct {
	Status string `json:"status"`
}

func (e *endpoint) livez(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), liveWithin)
	defer cancel()
	health(w, e.Gateway.Live(ctx))
}

func (e *endpoint) readyz(w http.ResponseWriter, _ *http.Request) { health(w, e.Gateway.Ready()) }

func health(w http.ResponseWriter, err error) {
	if err != nil {
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, Health{Status: "ok"})
}

// VersionInfo is the answer of /api/v1/version.
type VersionInfo struct {
	Version string `json:"version"`
}

func (e *endpoint) version(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, VersionInfo{Version: e.Version})
}

// LogLevels are how much may be logged.
var LogLevels = []string{"trace", "debug", "info", "warn", "error"}

// LogLevel is the body of /api/v1/log/level, both ways.
type LogLevel struct {
	Level string `json:"level"`
}

func (e *endpoint) logLevel(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, LogLevel{Level: e.Root.GetLevel().String()})
}

func (e *endpoint) setLogLevel(w http.ResponseWriter, r *http.Request) {
	var body LogLevel
	if !readBody(w, r, &body) {
		return
	}
	level := hclog.LevelFromString(body.Level)
	if level == hclog.NoLevel || level == hclog.Off {
		fail(w, http.StatusBadRequest, fmt.Sprintf("level: %v", words.OneOf(body.Level, LogLevels)))
		return
	}
	before := e.Root.GetLevel()
	e.Root.SetLevel(level)
	note(r, fmt.Sprintf("%s → %s", before, level), "")
	answer(w, http.StatusOK, LogLevel{Level: level.String()})
}
