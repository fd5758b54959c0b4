package admin

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"trama/codec/protect"
	"trama/keys"
)

// KeyInfo is a row of GET /api/v1/keys: what is known of a master's key, and nothing of the key itself.
type KeyInfo struct {
	Serial      string        `json:"serial"`
	Suite       protect.Suite `json:"suite"`
	Created     time.Time     `json:"created,omitzero"`
	Rotating    bool          `json:"rotating"`
	NextCreated time.Time     `json:"next_created,omitzero"` // when the rotation began
	Credential  bool          `json:"credential,omitempty"`  // it is a systemd credential
}

// KeysOf lists what a store knows, by serial.
func KeysOf(s *keys.Store) []KeyInfo {
	all := []KeyInfo{}
	for _, serial := range s.Serials() {
		if e, ok := s.Key(serial); ok {
			all = append(all, KeyInfo{Serial: serial, Suite: e.Suite, Created: e.Created(), Rotating: e.Rotating, NextCreated: e.NextCreated(), Credential: e.Fixed})
		}
	}
	return all
}

// errNoKeys answers where the configuration has no [keys].
const errNoKeys = "the configuration has no [keys]: no master has a key"

func (e *endpoint) keys(w http.ResponseWriter, r *http.Request) {
	if e.Keys == nil {
		fail(w, http.StatusNotFound, errNoKeys)
		return
	}
	list(w, r, func() []KeyInfo { return KeysOf(e.Keys) }, func(k KeyInfo) string { return k.Serial }, parseText)
}

func (e *endpoint) reloadKeys(w http.ResponseWriter, r *http.Request) {
	if e.Keys == nil {
		fail(w, http.StatusNotFound, errNoKeys)
		return
	}
	changes, err := ReloadKeys(e.Keys)
	if err != nil {
		e.Logger.Error("keys refused, all stay as they are", "reason", err)
		failWith(w, err)
		return
	}
	note(r, fmt.Sprintf("%d added, %d removed, %d changed, %d now", changes.Added, changes.Removed, changes.Changed, changes.Keys), "")
	answer(w, http.StatusOK, changes)
}

// ReloadKeys has a store read its directory again; the error is a Refusal.
func ReloadKeys(s *keys.Store) (keys.Changes, error) {
	changes, err := s.Reload()
	if err != nil {
		return changes, &Refusal{What: "the keys cannot be taken", Problems: strings.Split(err.Error(), "\n")}
	}
	return changes, nil
}
