package admin

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"trama/actors"
	"trama/codec/protect"
	"trama/keys"
)

// KeyInfo is a row of GET /api/v1/keys: what is known of a master's key, and nothing of the key itself.
type KeyInfo struct {
	Serial      string        `json:"serial"`
	Suite       protect.Suite `json:"suite"`
	Created     time.Time     `json:"created,omitzero"`
	Rotating    bool          `json:"rotating"`
	Rotated     bool          `json:"rotated,omitempty"`     // a rotation has brought the key; it began at Created
	NextCreated time.Time     `json:"next_created,omitzero"` // when the rotation began
	Credential  bool          `json:"credential,omitempty"`  // it is a systemd credential

	Frames *actors.TrustInfo `json:"frames,omitempty"` // what its frames have shown; nil: none has come
}

// KeysOf lists what a store knows, by serial.
func KeysOf(s *keys.Store) []KeyInfo {
	all := []KeyInfo{}
	for _, serial := range s.Serials() {
		if e, ok := s.Key(serial); ok {
			all = append(all, KeyInfo{Serial: serial, Suite: e.Suite, Created: e.Created(), Rotating: e.Rotating, Rotated: e.Rotated,
				NextCreated: e.NextCreated(), Credential: e.Fixed})
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
	list(w, r, func() []KeyInfo {
		all := KeysOf(e.Keys)
		for i := range all {
			if shown, ok := e.Gateway.Trust(all[i].Serial); ok {
				all[i].Frames = &shown
			}
		}
		return all
	}, func(k KeyInfo) string { return k.Serial }, parseText)
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
	serials := strings.Join(changes.Serials, " ")
	switch others := changes.Added + changes.Removed + changes.Changed; {
	case changes.Begun > 0 && changes.Begun == others:
		rename(r, fmt.Sprintf("rotate keys: %d next made: %s", changes.Begun, serials))
	case changes.Abandoned > 0 && changes.Abandoned == others:
		rename(r, fmt.Sprintf("rotate keys: %d next forgotten: %s", changes.Abandoned, serials))
	default:
		note(r, fmt.Sprintf("%d added, %d removed, %d changed, %d now: %s", changes.Added, changes.Removed, changes.Changed,
			changes.Keys, serials), "")
	}
	answer(w, http.StatusOK, changes)
}

// sendKey hands the next key of a master over to its device, wrapped under the present one.
func (e *endpoint) sendKey(w http.ResponseWriter, r *http.Request) {
	serial := r.PathValue("serial")
	var entry *keys.Entry
	err := keys.ErrNoKey
	if e.Keys != nil {
		var has bool
		if entry, has = e.Keys.Key(serial); has {
			err = nil
		}
	}
	if err == nil && !entry.Rotating {
		err = keys.ErrNotRotating
	}
	if err != nil {
		failWith(w, fmt.Errorf("%s: %w", serial, err))
		return
	}
	number, _ := hex.DecodeString(serial) // the store has eight digits only
	by := protect.WrappingKey(&entry.Key, [4]byte(number))
	wrapped := protect.WrapKey(&by, &entry.Next)
	result, err := e.Gateway.Send(r.Context(), actors.CommandRequest{
		Serial: serial, Command: "set-key", Fields: map[string]any{"WK": hex.EncodeToString(wrapped)},
		Wait: defaultWait, Origin: callerOf(r).Name, From: callerOf(r).From,
		Protected: true,
	})
	note(r, "", string(result.Outcome))
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, result)
}

// ReloadKeys has a store read its directory again; the error is a Refusal.
func ReloadKeys(s *keys.Store) (keys.Changes, error) {
	changes, err := s.Reload()
	if err != nil {
		return changes, &Refusal{What: "the keys cannot be taken", Problems: strings.Split(err.Error(), "\n")}
	}
	return changes, nil
}
