package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"trama/cmd/trama/internal/history"
	"trama/internal/words"
	"trama/journal"
)

// Cursor pages: a consumer reads what is behind its cursor, works it off, and moves the cursor.  Frames that it read
// and did not move beyond come again: each frame at least once, in order.

// followPage is how many frames are sent between two looks at who listens.
const followPage = 500

// endingGrace is how long a follower may take for what is being sent to it when the server ends.
const endingGrace = 250 * time.Millisecond

// longestWait bounds how long a consumer may wait for frames.
const longestWait = 5 * time.Minute

// callerLook is how often a follower's right to follow is looked at.
const callerLook = time.Second

// lasting is the context of an answer that lasts: it ends with the request, with the server, and when the token of the
// caller is revoked or expires.  ended is called then, unless stop was.
func (e *endpoint) lasting(r *http.Request, ended func()) (ctx context.Context, stop func()) {
	ctx, stop = context.WithCancel(r.Context())
	go func() {
		look := time.NewTicker(callerLook)
		defer look.Stop()
		for allowed := true; allowed; {
			select {
			case <-ctx.Done():
				return
			case <-e.ending.Done():
				allowed = false
			case <-look.C:
				_, err := e.caller(r)
				allowed = err == nil
			}
		}
		stop()
		ended()
	}()
	return ctx, stop
}

// CursorHeader says where an answer of frames or events that does not end begins: behind that position.
const CursorHeader = "Trama-Cursor"

// follow begins an answer that does not end by itself, of one JSON object a line.
func (e *endpoint) follow(w http.ResponseWriter, r *http.Request, after uint64) (ctx context.Context, out *http.ResponseController, lines *json.Encoder, stop func()) {
	header(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set(CursorHeader, fmt.Sprintf("%d.%s", after, e.Archive.Epochs().Now()))
	w.WriteHeader(http.StatusOK)
	out = http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // nothing more is to be read
	ctx, stop = e.lasting(r, func() {    // a client that does not read any more must not hold up the end
		_ = out.SetWriteDeadline(time.Now().Add(endingGrace))
	})
	return ctx, out, json.NewEncoder(w), stop
}

// watch answers GET /api/v1/watch with every frame as it is committed, one JSON object a line, until the client leaves.
func (e *endpoint) watch(w http.ResponseWriter, r *http.Request) {
	q, err := e.span(r, e.framePlace)
	if err != nil {
		e.refuseSpan(w, err)
		return
	}
	done, ok := e.follower(w)
	if !ok {
		return
	}
	defer done()
	after, serial := e.Archive.Last(), r.URL.Query().Get("serial")
	if r.URL.Query().Has("cursor") {
		after = q.After
	}
	ctx, out, lines, stop := e.follow(w, r, after)
	defer stop()
	for {
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		if ctx.Err() != nil || out.Flush() != nil {
			return
		}
		if e.Archive.Wait(ctx, after) != nil {
			return
		}
		page, err := e.Archive.Read(ctx, after, followPage)
		if err != nil {
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		if ctx.Err() != nil { // the deadline may have been the last one
			return
		}
		for i := range page.Frames {
			if serial != "" && page.Frames[i].Master != serial {
				continue
			}
			row := e.history.Row(ctx, &page.Frames[i])
			row.Epoch = e.Archive.Epochs().Now()
			if lines.Encode(row) != nil && lines.Encode(row.Writable()) != nil {
				return
			}
		}
		after = page.Next
	}
}

// eventPause is between two looks at the journal for a follower of events: not each commit has one.
const eventPause = 250 * time.Millisecond

// followEvents answers GET /api/v1/events?follow=true with every event as it is committed, one JSON object a line,
// until the client leaves.  Without a cursor it begins now.
func (e *endpoint) followEvents(w http.ResponseWriter, r *http.Request, q journal.EventQuery) {
	done, ok := e.follower(w)
	if !ok {
		return
	}
	defer done()
	if !r.URL.Query().Has("cursor") {
		newest, err := e.newestEvent(r.Context())
		if err != nil {
			e.failArchive(w, err)
			return
		}
		q.After = newest
	}
	q.Newest, q.Limit = false, followPage
	ctx, out, lines, stop := e.follow(w, r, q.After)
	defer stop()
	pause := time.NewTicker(eventPause)
	defer pause.Stop()
	for {
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		if ctx.Err() != nil || out.Flush() != nil {
			return
		}
		newest, err := e.newestEvent(ctx)
		if err != nil {
			return
		}
		events, damage, err := e.Archive.Events(ctx, q)
		if err != nil {
			return
		}
		for i := range events {
			row := eventRow(&events[i])
			row.Epoch = e.Archive.Epochs().Now()
			if lines.Encode(row) != nil {
				return
			}
			q.After = events[i].ID
		}
		if len(events) == q.Limit {
			continue
		}
		if len(damage) == 0 { // the others are not asked for: not to be looked through again
			q.After = max(q.After, newest)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
}

// newestEvent is the ID of the newest event; 0 when there is none.
func (e *endpoint) newestEvent(ctx context.Context) (uint64, error) {
	newest, _, err := e.Archive.Events(ctx, journal.EventQuery{Newest: true, Limit: 1})
	if len(newest) == 0 {
		return 0, err
	}
	return newest[0].ID, err
}

func (e *endpoint) cursors(w http.ResponseWriter, r *http.Request) {
	all, err := e.Archive.Cursors(r.Context())
	if err != nil {
		e.failArchive(w, err)
		return
	}
	stream(w, slices.Values(all))
}

func (e *endpoint) cursor(w http.ResponseWriter, r *http.Request) {
	c, err := e.Archive.Cursor(r.Context(), r.PathValue("name"))
	if err != nil {
		e.failCursor(w, r, err)
		return
	}
	answer(w, http.StatusOK, c)
}

// maxCursors bounds the named consumers; cursorName is what a new one may be called.
const maxCursors = 64

var cursorName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Move is the body of PUT /api/v1/cursors/{name}.
type Move struct {
	Position *uint64 `json:"position"` // everything up to it has been worked off; absent: the newest frame
	Epoch    string  `json:"epoch"`    // of the position; empty: that of the journal
	Back     bool    `json:"back"`     // it may be before the present one: frames come again
}

func (e *endpoint) moveCursor(w http.ResponseWriter, r *http.Request) {
	var m Move
	if !readBody(w, r, &m) {
		return
	}
	name := r.PathValue("name")
	all, err := e.Archive.Cursors(r.Context())
	if err != nil {
		e.failArchive(w, err)
		return
	}
	// one of an older make may be named otherwise
	if !slices.ContainsFunc(all, func(c journal.Cursor) bool { return c.Name == name }) {
		if !cursorName.MatchString(name) {
			fail(w, http.StatusBadRequest, fmt.Sprintf("cursor %q: expected a name of a-z 0-9 . _ -, at most 64, a letter or digit first", name))
			return
		}
		if len(all) >= maxCursors {
			fail(w, http.StatusConflict, fmt.Sprintf("there are %d cursors, as many as can be; remove one", len(all)))
			return
		}
	}
	position := e.Archive.Last()
	if m.Position != nil {
		position = *m.Position
	}
	if position > 1<<62 {
		e.failArchive(w, journal.ErrBeyond)
		return
	}
	text := strconv.FormatUint(position, 10)
	note(r, text, "")
	if m.Epoch != "" {
		text += "." + m.Epoch
	}
	if _, err := e.Archive.Epochs().Position(text); err != nil {
		e.refuseSpan(w, err)
		return
	}
	if err := e.Archive.MoveCursor(r.Context(), name, position, m.Back); err != nil {
		e.failArchive(w, err)
		return
	}
	e.cursor(w, r)
}

func (e *endpoint) removeCursor(w http.ResponseWriter, r *http.Request) {
	if err := e.Archive.RemoveCursor(r.Context(), r.PathValue("name")); err != nil {
		e.failCursor(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// cursorFrames answers GET /api/v1/cursors/{name}/frames: what is behind the cursor, after waiting for it if that is
// wished.
func (e *endpoint) cursorFrames(w http.ResponseWriter, r *http.Request) {
	limit, err := countParameter(r, "limit", defaultRows)
	if err == nil && (limit < 1 || limit > mostRows) {
		err = errors.New("limit: allowed 1 to " + strconv.Itoa(mostRows))
	}
	var wait time.Duration
	if text := r.URL.Query().Get("wait"); err == nil && text != "" {
		if wait, err = words.Duration(text); err == nil && wait > longestWait {
			err = errors.New("at most " + longestWait.String())
		}
		if err != nil {
			err = fmt.Errorf("wait: %w", err)
		}
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	c, err := e.Archive.Cursor(r.Context(), r.PathValue("name"))
	if err != nil {
		e.failCursor(w, r, err)
		return
	}
	if epochs := e.Archive.Epochs(); c.Epoch == "" && epochs.Now() != "" {
		answer(w, http.StatusGone, Elsewhere{Epoch: epochs.Now(), Cursor: epochs.Cursor(c.Position), Error: fmt.Sprintf(
			"a backup was put in place of the journal, in which cursor %s is at %d: frames that came after the backup are not here, read or not.  "+
				`Go on with PUT {"position": %d, "back": true}`, c.Name, c.Position, c.Position)})
		return
	}
	if wait > 0 {
		done, ok := e.follower(w)
		if !ok {
			return
		}
		defer done()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeTimeout))
		lasting, stop := e.lasting(r, func() {})
		ctx, cancel := context.WithTimeout(lasting, wait)
		err = e.Archive.Wait(ctx, c.Position)
		cancel()
		stop()
		if _, gone := e.caller(r); gone != nil {
			unauthorized(w, gone)
			return
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			e.failArchive(w, err)
			return
		}
	}
	e.heavy(func(w http.ResponseWriter, r *http.Request) { e.behind(w, r, c.Position, limit) })(w, r)
}

// behind writes what is behind a position.
func (e *endpoint) behind(w http.ResponseWriter, r *http.Request, position uint64, limit int) {
	rows, out := newRowWriter(w, "frames", limit), Behind{Frames: []history.Row{}, Epoch: e.Archive.Epochs().Now(), Next: position}
	for n := rows.next(); n > 0; n = rows.next() {
		page, err := e.Archive.Read(r.Context(), out.Next, n)
		if err != nil {
			rows.broken(e, err)
			return
		}
		addDamage(&out.Damage, page.Damage)
		whole := len(page.Frames)
		if whole > rows.left { // whole batches are read
			page.Frames = page.Frames[:rows.left]
			page.Next = page.Frames[rows.left-1].Seq
		}
		for i := range page.Frames {
			rows.row(e.history.Row(r.Context(), &page.Frames[i]))
		}
		if out.Next = page.Next; whole < n {
			break
		}
	}
	rows.end(out)
}

// Behind is what stands behind a cursor.
type Behind struct {
	Frames []history.Row    `json:"frames"`
	Epoch  string           `json:"epoch,omitempty"` // of the positions
	Next   uint64           `json:"next"`            // where to move the cursor when these are worked off
	Damage []journal.Damage `json:"damage,omitempty"`
}
