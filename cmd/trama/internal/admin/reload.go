package admin

import (
	"net/http"

	"trama/actors"
	"trama/keys"
)

// Reloaded is the answer to POST /api/v1/reload.
type Reloaded struct {
	Listeners    []actors.Swapped `json:"listeners"`
	Polls        int              `json:"polls,omitempty"`   // of the configuration
	Masters      int              `json:"masters,omitempty"` // entries of the masters file
	Keys         *keys.Changes    `json:"keys,omitempty"`
	Certificates int              `json:"certificates,omitempty"` // listeners whose certificates were read again
	NeedsRestart []string         `json:"needs_restart"`          // what else has changed in the configuration: not taken over
}

// Refusal is why something that was handed in cannot be taken: every problem, with its place.
type Refusal struct {
	What     string
	Problems []string
}

// Error implements error.
func (r *Refusal) Error() string { return r.What }

func (e *endpoint) reload(w http.ResponseWriter, r *http.Request) {
	done, err := e.Reload(r.Context())
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, done)
}
