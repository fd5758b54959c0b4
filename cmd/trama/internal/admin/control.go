package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"trama/actors"
	"trama/internal/words"
)

// Bounds of the time a command may wait for its answer.
const (
	MinWait     = time.Millisecond
	MaxWait     = 5 * time.Minute
	defaultWait = 10 * time.Second
)

// Command is the body of POST /api/v1/masters/{serial}/commands.
type Command struct {
	Command  string         `json:"command"`
	Fields   map[string]any `json:"fields,omitempty"`
	Wait     string         `json:"wait,omitempty"`     // a duration with its unit, 1ms to 5m; default 10s
	Listener string         `json:"listener,omitempty"` // which link, when the master has several
}

func (e *endpoint) command(w http.ResponseWriter, r *http.Request) {
	var c Command
	if !readBody(w, r, &c) {
		return
	}
	wait := defaultWait
	if c.Wait != "" {
		d, err := words.Duration(c.Wait)
		if err != nil || d < MinWait || d > MaxWait {
			fail(w, http.StatusBadRequest, fmt.Sprintf("wait: found %q, expected a duration with its unit, from 1ms to 5m", c.Wait))
			return
		}
		wait = d
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeTimeout)) // not every writer has deadlines (tests)
	result, err := e.Gateway.Send(r.Context(), actors.CommandRequest{
		Serial: r.PathValue("serial"), Command: c.Command, Fields: plainNumbers(c.Fields), Wait: wait,
		Listener: c.Listener, Origin: callerOf(r).Name,
	})
	note(r, c.words(), string(result.Outcome))
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, result)
}

// words are the command as it may be written: letter and fields.
func (c *Command) words() string {
	words := []string{c.Command}
	for _, key := range slices.Sorted(maps.Keys(c.Fields)) {
		words = append(words, fmt.Sprintf("%s=%v", key, c.Fields[key]))
	}
	return strings.Join(words, " ")
}

// plainNumbers gives JSON numbers the Go type that holds them exactly: a 64-bit serial must not pass through a float.
func plainNumbers(fields map[string]any) map[string]any {
	for key, value := range fields {
		switch v := value.(type) {
		case json.Number:
			fields[key] = plainNumber(v)
		case map[string]any:
			plainNumbers(v)
		case []any:
			for i, element := range v {
				if n, ok := element.(json.Number); ok {
					v[i] = plainNumber(n)
				} else if m, ok := element.(map[string]any); ok {
					plainNumbers(m)
				}
			}
		}
	}
	return fields
}

func plainNumber(n json.Number) any {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return u
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}

func (e *endpoint) kick(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%q is not the number of a connection", r.PathValue("id")))
		return
	}
	done(w, e.Gateway.Kick(r.Context(), id))
}

func (e *endpoint) suspend(w http.ResponseWriter, r *http.Request) {
	e.switchListener(w, r, e.Gateway.Suspend)
}

func (e *endpoint) resume(w http.ResponseWriter, r *http.Request) {
	e.switchListener(w, r, e.Gateway.Resume)
}

// switchListener answers with the listener as it is afterwards.
func (e *endpoint) switchListener(w http.ResponseWriter, r *http.Request, turn func(context.Context, string) error) {
	name := r.PathValue("name")
	if err := turn(r.Context(), name); err != nil {
		failWith(w, err)
		return
	}
	for _, l := range e.Gateway.Listeners() {
		if l.Name == name {
			answer(w, http.StatusOK, l)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// actor does what the last part of the path says to the actor that the parts before it name.  A fault comes at once, or
// with ?on_frame=true when the actor handles its next frame.
func (e *endpoint) actor(w http.ResponseWriter, r *http.Request) {
	whole := r.PathValue("path")
	cut := strings.LastIndexByte(whole, '/')
	path, verb := whole[:max(cut, 0)], whole[cut+1:]
	switch {
	case path == "" || verb != "restart" && verb != "fault":
		fail(w, http.StatusNotFound, "no such page: expected /api/v1/actors/{path}/restart or /fault")
	case verb == "restart" && r.URL.RawQuery != "":
		fail(w, http.StatusBadRequest, "restart takes no query parameter")
	case verb == "restart":
		done(w, e.Gateway.Restart(r.Context(), path))
	default:
		onFrame, err := flagParameter(r, "on_frame")
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		done(w, e.Gateway.Fault(r.Context(), path, onFrame))
	}
}
