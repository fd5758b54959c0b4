package admin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

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
