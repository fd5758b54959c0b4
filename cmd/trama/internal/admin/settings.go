package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"trama/actors"
)

// SettingBody is the body of PUT /api/v1/masters/{serial}/settings/{name}.
type SettingBody struct {
	Arguments map[string]any `json:"arguments"`
	Send      bool           `json:"send,omitempty"` // at once, when the master is there; else when it next asks
}

// SettingAnswer is the setting as it is kept now.
type SettingAnswer struct {
	actors.Setting
	Sent bool `json:"sent"` // the master is told at once
}

func (e *endpoint) settings(w http.ResponseWriter, r *http.Request) {
	if all, err := e.Gateway.Settings(r.Context(), r.PathValue("serial")); err != nil {
		failWith(w, err)
	} else {
		stream(w, slices.Values(all))
	}
}

func (e *endpoint) setting(w http.ResponseWriter, r *http.Request) {
	serial, name := r.PathValue("serial"), r.PathValue("name")
	all, err := e.Gateway.Settings(r.Context(), serial)
	if err != nil {
		failWith(w, err)
		return
	}
	if i := slices.IndexFunc(all, func(s actors.Setting) bool { return s.Name == name }); i >= 0 {
		answer(w, http.StatusOK, all[i])
		return
	}
	failWith(w, fmt.Errorf("%w: %s of %s", actors.ErrNoSetting, name, serial))
}

func (e *endpoint) setSetting(w http.ResponseWriter, r *http.Request) {
	var b SettingBody
	if !readBody(w, r, &b) {
		return
	}
	if b.Arguments == nil {
		fail(w, http.StatusBadRequest, "arguments: found nothing, expected those of the command, such as {\"arguments\": {\"slaves\": 5}}")
		return
	}
	c := Command{Fields: b.Arguments}
	note(r, strings.TrimSpace(c.words()), "")
	s, sent, err := e.Gateway.SetSetting(r.Context(), actors.SettingRequest{Serial: r.PathValue("serial"), Name: r.PathValue("name"),
		Arguments: plainNumbers(b.Arguments), By: callerOf(r).Name, Send: b.Send})
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, SettingAnswer{s, sent})
}

func (e *endpoint) removeSetting(w http.ResponseWriter, r *http.Request) {
	_, _, err := e.Gateway.SetSetting(r.Context(), actors.SettingRequest{Serial: r.PathValue("serial"), Name: r.PathValue("name"), By: callerOf(r).Name})
	done(w, err)
}
