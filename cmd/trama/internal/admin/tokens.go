package admin

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"trama/cmd/trama/internal/access"
	"trama/internal/words"
)

// NewToken is the body of POST /api/v1/tokens.
type NewToken struct {
	Name    string      `json:"name"`
	Role    access.Role `json:"role"`
	Expires string      `json:"expires,omitempty"` // how long it counts, such as "90d"; empty: until it is revoked
}

// MadeToken is the answer to it: the one time that the token is told.
type MadeToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires,omitzero"`
}

func (e *endpoint) tokens(w http.ResponseWriter, _ *http.Request) {
	stream(w, slices.Values(e.Tokens.List()))
}

func (e *endpoint) addToken(w http.ResponseWriter, r *http.Request) {
	var n NewToken
	if !readBody(w, r, &n) {
		return
	}
	expires, err := Expiry(n.Expires, e.Clock())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	detail := fmt.Sprintf("%s with role %s", n.Name, n.Role)
	if !expires.IsZero() {
		detail += " until " + expires.Format(time.RFC3339)
	}
	note(r, detail, "")
	text, err := e.Tokens.Add(n.Name, n.Role, expires)
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusCreated, MadeToken{Token: text, Expires: expires})
}

// Expiry is when a token ends that is made now; zero when the text is empty.
func Expiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	d, err := words.Duration(text)
	if err != nil || d <= 0 {
		return time.Time{}, fmt.Errorf(`expires: found %q, expected a duration with its unit, such as "90d"`, text)
	}
	return now.Add(d).UTC().Truncate(time.Second), nil
}

func (e *endpoint) revokeToken(w http.ResponseWriter, r *http.Request) {
	done(w, e.Tokens.Revoke(r.PathValue("name")))
}
