package admin

import (
	"context"
	"fmt"
	"net/http"

	"trama/internal/words"

	"github.com/hashicorp/go-hclog"

	"trama/cmd/trama/internal/access"
)

// Health is the answer of /livez and /readyz.
type Health struct {
	Status string `json:"status"` // ok or unavailable
}

func (e *endpoint) livez(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), liveWithin)
	defer cancel()
	health(w, r, e.Gateway.Live(ctx))
}

func (e *endpoint) readyz(w http.ResponseWriter, r *http.Request) { health(w, r, e.Gateway.Ready()) }

// health answers a probe, which has no token; why something is wrong is for callers with a role.
func health(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case err == nil:
		answer(w, http.StatusOK, Health{Status: "ok"})
	case callerOf(r).Role == access.Anyone:
		answer(w, http.StatusServiceUnavailable, Health{Status: "unavailable"})
	default:
		fail(w, http.StatusServiceUnavailable, err.Error())
	}
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
