package admin

import (
	"fmt"
	"net/http"
	"time"

	"trama/actors"
	"trama/internal/words"
)

// Forget is the body of POST /api/v1/masters/forget.  Unseen, FramesBelow or Quarantine must be there.
type Forget struct {
	Unseen      string `json:"unseen,omitempty"`       // not heard for so long, such as 30d
	FramesBelow uint64 `json:"frames_below,omitempty"` // fewer frames than this
	Quarantine  bool   `json:"quarantine,omitempty"`   // of those in quarantine, and no masters
	DryRun      bool   `json:"dry_run,omitempty"`      // only say which
}

// Forgotten is what came of it.
type Forgotten struct {
	Masters int      `json:"masters"`
	Serials []string `json:"serials"` // of the first 1,000
	DryRun  bool     `json:"dry_run,omitempty"`
}

// serialsShown bounds an answer.
const serialsShown = 1000

// forgetWithin is how long masters may take to be forgotten.
const forgetWithin = time.Minute

func (e *endpoint) approve(w http.ResponseWriter, r *http.Request) {
	done(w, e.Gateway.Approve(r.Context(), r.PathValue("serial")))
}

func (e *endpoint) forget(w http.ResponseWriter, r *http.Request) {
	done(w, e.Gateway.Forget(r.Context(), r.PathValue("serial")))
}

func (e *endpoint) forgetAll(w http.ResponseWriter, r *http.Request) {
	var f Forget
	if !readBody(w, r, &f) {
		return
	}
	choice := actors.MasterChoice{FramesBelow: f.FramesBelow, Quarantine: f.Quarantine}
	var err error
	if f.Unseen != "" {
		choice.Unseen, err = words.Duration(f.Unseen)
	}
	switch {
	case err != nil:
		fail(w, http.StatusBadRequest, "unseen: "+err.Error())
		return
	case choice == actors.MasterChoice{}:
		fail(w, http.StatusBadRequest, "unseen, frames_below and quarantine: expected one of them at least")
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(forgetWithin)) // not every writer has deadlines (tests)
	var serials []string
	if f.DryRun {
		serials = e.Gateway.Forgettable(choice)
	} else if serials, err = e.Gateway.ForgetAll(r.Context(), choice); err != nil {
		failWith(w, err)
		return
	}
	note(r, fmt.Sprintf("unseen %q, frames below %d, quarantine %v, dry run %v: %d serials", f.Unseen, f.FramesBelow,
		f.Quarantine, f.DryRun, len(serials)), "")
	answer(w, http.StatusOK, Forgotten{Masters: len(serials),
		Serials: append([]string{}, serials[:min(len(serials), serialsShown)]...), DryRun: f.DryRun})
}
