package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"trama/actors"
	"trama/cmd/trama/internal/access"
	"trama/journal"
	"trama/keys"
)

// Problem is the body of every answer that is not a success.
type Problem struct {
	Error    string   `json:"error"`
	Problems []string `json:"problems,omitempty"` // each with its place
}

// fail answers with an error.
func fail(w http.ResponseWriter, status int, text string) {
	answer(w, status, Problem{Error: text})
}

// answer writes one JSON value.
func answer(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	header(w)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone is nobody's problem
}

func header(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// statuses maps the gateway's sentinels to HTTP.
var statuses = []struct {
	err    error
	status int
}{
	{actors.ErrUnknownMaster, http.StatusNotFound},
	{actors.ErrUnknownListener, http.StatusNotFound},
	{actors.ErrNoShadow, http.StatusNotFound},
	{actors.ErrUnknownConnection, http.StatusNotFound},
	{actors.ErrUnknownCommand, http.StatusNotFound},
	{actors.ErrNotQueued, http.StatusConflict},
	{actors.ErrKeyUsed, http.StatusConflict},
	{actors.ErrUnknownActor, http.StatusNotFound},
	{actors.ErrNotWaiting, http.StatusNotFound},
	{actors.ErrNoSetting, http.StatusNotFound},
	{actors.ErrTooMany, http.StatusConflict},
	{actors.ErrMasterOffline, http.StatusConflict},
	{actors.ErrUnprotected, http.StatusConflict},
	{actors.ErrNotRestartable, http.StatusConflict},
	{actors.ErrFaultsForbidden, http.StatusForbidden},
	{actors.ErrBadCommand, http.StatusUnprocessableEntity},
	{actors.ErrUnfit, http.StatusUnprocessableEntity},
	{access.ErrUnknownToken, http.StatusNotFound},
	{access.ErrTokenExists, http.StatusConflict},
	{access.ErrFixedToken, http.StatusConflict},
	{access.ErrBadToken, http.StatusUnprocessableEntity},
	{keys.ErrNoKey, http.StatusNotFound},
	{keys.ErrNotRotating, http.StatusConflict},
	{actors.ErrBusy, http.StatusTooManyRequests},
	{actors.ErrStopping, http.StatusServiceUnavailable},
	{journal.ErrFull, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable}, // at the end of the drain; else nobody reads it
}

// failWith answers with what an error of the gateway means.
func failWith(w http.ResponseWriter, err error) {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		answer(w, http.StatusUnprocessableEntity, Problem{Error: refusal.What, Problems: refusal.Problems})
		return
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			fail(w, s.status, err.Error())
			return
		}
	}
	fail(w, http.StatusInternalServerError, err.Error())
}

// done answers that it was done and there is nothing to say.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		failWith(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readBody decodes a JSON body strictly; it answers itself when it cannot.
func readBody(w http.ResponseWriter, r *http.Request, into any) bool {
	text, err := io.ReadAll(r.Body)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err == nil {
		err = d.Decode(into)
	}
	if err == nil {
		if _, extra := d.Token(); extra != io.EOF {
			err = errors.New("more than one JSON value")
		}
	}
	if err == nil {
		err = noKeyTwice(text)
	}
	if err == nil {
		return true
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", large.Limit))
		return false
	}
	fail(w, http.StatusBadRequest, "the body is not the JSON expected: "+err.Error())
	return false
}

// noKeyTwice refuses an object with the same key twice: whoever checked the one would see the other carried out.  The keys
// of the outermost object count as equal in any case, as they do for the decoder.  text is well formed.
func noKeyTwice(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	var open []map[string]bool // keys of each object around; nil for a list
	isKey := false
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch delim, _ := token.(json.Delim); delim {
		case '{':
			open, isKey = append(open, map[string]bool{}), true
			continue
		case '[':
			open, isKey = append(open, nil), false
			continue
		case '}', ']':
			open = open[:len(open)-1]
		default:
			if key, ok := token.(string); ok && isKey {
				name := key
				if len(open) == 1 {
					name = strings.ToLower(key)
				}
				keys := open[len(open)-1]
				if keys[name] {
					return fmt.Errorf("the key %q is twice in one object", key)
				}
				keys[name], isKey = true, false
				continue
			}
		}
		isKey = len(open) > 0 && open[len(open)-1] != nil
	}
}
