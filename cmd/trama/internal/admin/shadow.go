package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"trama/actors"
	"trama/codec"
)

// maxDefinitionBytes is the longest definition that is taken.
const maxDefinitionBytes = 1 << 20

// bodyLimit is how long the body of a request may be.
func bodyLimit(r *http.Request) int64 {
	if strings.HasSuffix(r.URL.Path, "/shadow") {
		return maxDefinitionBytes
	}
	return maxBodyBytes
}

// startShadow takes a definition as it stands in its file; ?file= names it in problems.
func (e *endpoint) startShadow(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the definition is longer than %d bytes", large.Limit))
		return
	case err != nil:
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if !e.checks.TryLock() {
		fail(w, http.StatusTooManyRequests, "another definition is being checked")
		return
	}
	defer e.checks.Unlock()
	file := plain(cmp.Or(r.URL.Query().Get("file"), "definition"))
	note(r, file, "")
	p, err := codec.Compile(file, text)
	if err == nil {
		err = e.check(p)
	}
	var bad *codec.DefinitionError
	if errors.As(err, &bad) {
		refusal := &Refusal{What: "the definition does not pass"}
		for _, problem := range bad.Problems {
			refusal.Problems = append(refusal.Problems, problem.String())
		}
		err = refusal
	}
	if err == nil {
		err = e.Gateway.Shadow(r.Context(), r.PathValue("name"), actors.ProfileVersion{Profile: p, Source: file})
	}
	if err != nil {
		failWith(w, err)
		return
	}
	e.shadow(w, r)
}

// check refuses a profile that trama check would not pass.
func (e *endpoint) check(p *codec.Profile) error {
	if e.Check == nil {
		return nil
	}
	if problems := e.Check(p); len(problems) > 0 {
		refusal := &Refusal{What: "the definition does not pass"}
		for _, problem := range problems {
			refusal.Problems = append(refusal.Problems, problem.Error())
		}
		return refusal
	}
	return nil
}

func (e *endpoint) shadow(w http.ResponseWriter, r *http.Request) {
	info, err := e.Gateway.ShadowInfo(r.PathValue("name"))
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, info)
}

func (e *endpoint) endShadow(w http.ResponseWriter, r *http.Request) {
	info, err := e.Gateway.EndShadow(r.PathValue("name"))
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, info)
}

// promote swaps the candidate in.  The configuration still names the old definition: the next reload or restart goes
// back to that.
func (e *endpoint) promote(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	candidate, err := e.Gateway.Candidate(name)
	if err == nil {
		err = e.check(candidate.Profile)
	}
	var swapped []actors.Swapped
	if err == nil {
		candidate.Source += " (tried, then swapped in)"
		swapped, err = e.Gateway.Swap(context.WithoutCancel(r.Context()), map[string]actors.ProfileVersion{name: candidate})
	}
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, swapped[0])
}
