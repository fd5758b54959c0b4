package admin

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/history"
	"trama/internal/words"
	"trama/journal"
)

// Archive is the past, as the journal has it.
type Archive interface {
	history.Source
	Stats(ctx context.Context) (journal.Stats, error)
	Events(ctx context.Context, q journal.EventQuery) ([]journal.Event, []journal.Damage, error)
	Read(ctx context.Context, after uint64, limit int) (journal.Page, error)
	Wait(ctx context.Context, after uint64) error
	Last() uint64
	Cursors(ctx context.Context) ([]journal.Cursor, error)
	Cursor(ctx context.Context, name string) (journal.Cursor, error)
	MoveCursor(ctx context.Context, name string, position uint64, back bool) error
	RemoveCursor(ctx context.Context, name string) error
	Epochs() journal.Epochs
}

// Frames is the answer of the pages that list frames.
type Frames struct {
	Frames []history.Row    `json:"frames"`
	Epoch  string           `json:"epoch,omitempty"`  // of the positions
	Cursor string           `json:"cursor,omitempty"` // for ?cursor= of the next page; absent on the last one
	Cut    bool             `json:"cut,omitempty"`    // there are fewer than asked for, because the answer is as long as one may be
	Damage []journal.Damage `json:"damage,omitempty"` // rows that are not what was written, and are left out
}

// Values is the answer of a series: Samples, or Buckets when they were asked for.
type Values struct {
	Samples []actors.Sample  `json:"samples,omitempty"`
	Buckets []history.Bucket `json:"buckets,omitempty"`
	Bucket  string           `json:"bucket,omitempty"`   // length of each
	Epoch   string           `json:"epoch,omitempty"`    // of the positions of samples
	LeftOut int              `json:"left_out,omitempty"` // samples that stand in no bucket, because they are implausible or missing
	Cursor  string           `json:"cursor,omitempty"`
	Cut     bool             `json:"cut,omitempty"`
	Damage  []journal.Damage `json:"damage,omitempty"`
}

// Events is the answer of /api/v1/events.
type Events struct {
	Events []Event          `json:"events"`
	Epoch  string           `json:"epoch,omitempty"` // of their numbers
	Cursor string           `json:"cursor,omitempty"`
	Cut    bool             `json:"cut,omitempty"`
	Damage []journal.Damage `json:"damage,omitempty"`
}

// Event is one row of it.
type Event struct {
	ID         uint64    `json:"id"`
	Epoch      string    `json:"epoch,omitempty"` // of the number, where there is no page around it
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"`
	Master     string    `json:"master,omitempty"`
	Listener   string    `json:"listener,omitempty"`
	Connection uint64    `json:"connection,omitempty"`
	Remote     string    `json:"remote,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Detail     string    `json:"detail,omitempty"`
	Frame      string    `json:"frame,omitempty"` // hex
}

// Bounds of one answer.
const (
	mostRows    = 100_000
	defaultRows = 1000
)

// kept wraps the pages that need a journal with a memory.
func (e *endpoint) kept(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if e.Archive == nil {
			fail(w, http.StatusNotFound, "the journal is in memory: nothing is kept")
			return
		}
		handle(w, r)
	}
}

// framePlace reads a cursor of frames.
func (e *endpoint) framePlace(text string) (uint64, error) {
	n, err := e.Archive.Epochs().Position(text)
	if err == nil && n > e.Archive.Last() {
		return 0, fmt.Errorf("cursor=%s: %w: the newest one is at %d", text, journal.ErrBeyond, e.Archive.Last())
	}
	return n, err
}

// eventPlace reads a cursor of events.
func (e *endpoint) eventPlace(text string) (uint64, error) { return e.Archive.Epochs().Event(text) }

// span reads since, until, limit, cursor and newest.
func (e *endpoint) span(r *http.Request, place func(cursor string) (uint64, error)) (q journal.Query, err error) {
	now := e.Clock()
	values := r.URL.Query()
	for _, t := range []struct {
		name string
		into *time.Time
	}{{"since", &q.Since}, {"until", &q.Until}} {
		if *t.into, err = history.ParseTime(values.Get(t.name), now); err != nil {
			return q, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if q.Limit, err = countParameter(r, "limit", defaultRows); err != nil {
		return q, err
	}
	if q.Limit < 1 || q.Limit > mostRows {
		return q, fmt.Errorf("limit=%d: allowed 1 to %d", q.Limit, mostRows)
	}
	if text := values.Get("cursor"); text != "" {
		if q.After, err = place(text); errors.Is(err, journal.ErrCursor) {
			return q, fmt.Errorf("cursor=%s is not one that a page has given", text)
		} else if err != nil {
			return q, err
		}
	}
	q.Newest, err = flagParameter(r, "newest")
	return q, err
}

// refuseSpan answers with what is wrong with a request, and when its cursor is of another history with the cursor to go
// on with.
func (e *endpoint) refuseSpan(w http.ResponseWriter, err error) {
	var elsewhere *journal.ElsewhereError
	if errors.As(err, &elsewhere) {
		answer(w, http.StatusGone, Elsewhere{Error: err.Error(), Epoch: elsewhere.Now, Cursor: elsewhere.Resume})
		return
	}
	fail(w, http.StatusBadRequest, err.Error())
}

// Elsewhere is the body of the answer to a cursor of another history of the journal.
type Elsewhere struct {
	Error  string `json:"error"`
	Epoch  string `json:"epoch"`  // of the journal
	Cursor string `json:"cursor"` // to go on with
}

var spanParameters = []string{"since", "until", "limit", "cursor", "newest"}

// frames answers GET /api/v1/frames and /api/v1/masters/{serial}/frames.
func (e *endpoint) frames(w http.ResponseWriter, r *http.Request) {
	q, err := e.span(r, e.framePlace)
	if err != nil {
		e.refuseSpan(w, err)
		return
	}
	q.Master = r.PathValue("serial")
	rows, out := newRowWriter(w, "frames", q.Limit), Frames{Frames: []history.Row{}, Epoch: e.Archive.Epochs().Now()}
	for q.Limit = rows.next(); q.Limit > 0; q.Limit = rows.next() {
		page, err := e.Archive.Frames(r.Context(), q)
		if err != nil {
			rows.broken(e, err)
			return
		}
		addDamage(&out.Damage, page.Damage)
		for i := range page.Frames {
			rows.row(e.history.Row(r.Context(), &page.Frames[i]))
		}
		if q.After = page.Next; len(page.Frames) < q.Limit {
			break
		}
		if rows.full() {
			out.Cursor, out.Cut = e.Archive.Epochs().Cursor(page.Next), rows.cut()
		}
	}
	if rows.rows == 0 && q.Master != "" && !e.known(w, q.Master) {
		return
	}
	rows.end(out)
}

// unreadable answers GET /api/v1/unreadable: the frames that could not be read whole when they came, as the newest
// definitions of their profiles read them.
func (e *endpoint) unreadable(w http.ResponseWriter, r *http.Request) {
	q, err := e.span(r, e.framePlace)
	if err != nil {
		e.refuseSpan(w, err)
		return
	}
	rows, out := newRowWriter(w, "frames", q.Limit), Frames{Frames: []history.Row{}, Epoch: e.Archive.Epochs().Now()}
	q.Master = r.URL.Query().Get("master")
	for more := true; more && rows.next() > 0; {
		q.Limit = unreadableLook
		page, err := e.Archive.Frames(r.Context(), q)
		if err != nil {
			rows.broken(e, err)
			return
		}
		addDamage(&out.Damage, page.Damage)
		more = len(page.Frames) == q.Limit
		for i := range page.Frames {
			f := &page.Frames[i]
			if q.After = f.Seq; f.Flags&journal.Unreadable == 0 {
				continue
			}
			if rows.row(e.history.Row(r.Context(), f)); rows.full() {
				out.Cursor, out.Cut = e.Archive.Epochs().Cursor(f.Seq), rows.cut()
				break
			}
		}
	}
	rows.end(out)
}

// unreadableLook is how many frames are looked at in one go for those that could not be read.
const unreadableLook = 2_000

// known says whether a master without frames is one at all; it answers itself when not.
func (e *endpoint) known(w http.ResponseWriter, serial string) bool {
	if _, err := e.Gateway.Master(serial); err != nil {
		failWith(w, err)
		return false
	}
	return true
}

// values answers GET /api/v1/masters/{serial}/values.
func (e *endpoint) values(w http.ResponseWriter, r *http.Request) {
	q, err := e.span(r, e.framePlace)
	if err != nil {
		e.refuseSpan(w, err)
		return
	}
	q.Master = r.PathValue("serial")
	s := history.Series{Query: q, Point: cmp.Or(r.URL.Query().Get("point"), r.URL.Query().Get("field"))}
	length, err := e.bucket(r, &s)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	out := Values{Epoch: e.Archive.Epochs().Now()}
	if length > 0 {
		out.Bucket = length.String()
		out.Buckets, out.LeftOut, out.Damage, err = e.history.Buckets(r.Context(), s, length)
		if err != nil {
			e.failArchive(w, err)
			return
		}
		if len(out.Buckets) > 0 || e.known(w, q.Master) {
			answer(w, http.StatusOK, out)
		}
		return
	}
	rows := newRowWriter(w, "samples", q.Limit)
	for s.Limit = rows.next(); s.Limit > 0; s.Limit = rows.next() {
		samples, next, damage, err := e.history.Samples(r.Context(), s)
		if err != nil {
			rows.broken(e, err)
			return
		}
		addDamage(&out.Damage, damage)
		for i := range samples {
			rows.row(&samples[i])
		}
		if s.After = next; next == 0 {
			break
		}
		if rows.full() {
			out.Cursor, out.Cut = e.Archive.Epochs().Cursor(next), rows.cut()
		}
	}
	if rows.rows == 0 && !e.known(w, q.Master) {
		return
	}
	rows.end(out)
}

// bucket reads bucket, or points: so many buckets over the span.  0: no buckets are wanted.
func (e *endpoint) bucket(r *http.Request, s *history.Series) (time.Duration, error) {
	text := r.URL.Query().Get("bucket")
	points, err := countParameter(r, "points", 0)
	switch {
	case err != nil:
		return 0, err
	case text != "" && points > 0:
		return 0, errors.New("bucket and points: one of them")
	case points > history.MaxBuckets:
		return 0, fmt.Errorf("points=%d: allowed up to %d", points, history.MaxBuckets)
	case points > 0:
		if s.Since.IsZero() {
			return 0, errors.New("points needs since")
		}
		until := s.Until
		if until.IsZero() {
			until = e.Clock()
		}
		return max((until.Sub(s.Since) / time.Duration(points)).Round(time.Second), time.Second), nil
	case text == "":
		return 0, nil
	}
	length, err := words.Duration(text)
	if err != nil || length < time.Second {
		return 0, fmt.Errorf(`bucket=%s: a duration from 1s on, with its unit, such as "5m"`, text)
	}
	return length, nil
}

// events answers GET /api/v1/events.
func (e *endpoint) events(w http.ResponseWriter, r *http.Request) {
	q, err := e.span(r, e.eventPlace)
	if err != nil {
		e.refuseSpan(w, err)
		return
	}
	query := journal.EventQuery{
		Master: r.URL.Query().Get("master"), Kind: r.URL.Query().Get("kind"), Since: q.Since, Until: q.Until,
		After: q.After, Limit: q.Limit, Newest: q.Newest,
	}
	follow, err := flagParameter(r, "follow")
	if unknown := journal.KnownKind(query.Kind); unknown != nil {
		err = errors.Join(err, fmt.Errorf("kind: %w", unknown))
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if follow {
		e.followEvents(w, r, query)
		return
	}
	e.heavy(func(w http.ResponseWriter, r *http.Request) { e.pastEvents(w, r, query) })(w, r)
}

// pastEvents is events that do not go on.
func (e *endpoint) pastEvents(w http.ResponseWriter, r *http.Request, query journal.EventQuery) {
	rows, out := newRowWriter(w, "events", query.Limit), Events{Events: []Event{}, Epoch: e.Archive.Epochs().Now()}
	for query.Limit = rows.next(); query.Limit > 0; query.Limit = rows.next() {
		all, damage, err := e.Archive.Events(r.Context(), query)
		if err != nil {
			rows.broken(e, err)
			return
		}
		addDamage(&out.Damage, damage)
		for i := range all {
			rows.row(eventRow(&all[i]))
		}
		if len(all) == 0 || len(all)+len(damage) < query.Limit {
			break
		}
		query.After = all[len(all)-1].ID
		if rows.full() {
			out.Cursor, out.Cut = e.Archive.Epochs().Cursor(query.After), rows.cut()
		}
	}
	rows.end(out)
}

func eventRow(v *journal.Event) Event {
	return Event{ID: v.ID, At: v.At, Kind: v.Kind, Master: v.Master, Listener: v.Listener, Connection: v.Connection,
		Remote: v.Remote,
		Reason: v.Reason, Detail: v.Detail, Frame: hex.EncodeToString(v.Raw)}
}

// journalStats answers GET /api/v1/journal.
func (e *endpoint) journalStats(w http.ResponseWriter, r *http.Request) {
	if e.Archive == nil {
		answer(w, http.StatusOK, journal.Stats{Brief: e.Gateway.Totals().Journal})
		return
	}
	s, err := e.Archive.Stats(r.Context())
	if err != nil {
		e.failArchive(w, err)
		return
	}
	answer(w, http.StatusOK, s)
}

// failCursor is failArchive for one cursor; of an unknown one it says which there are.
func (e *endpoint) failCursor(w http.ResponseWriter, r *http.Request, err error) {
	if all, unread := e.Archive.Cursors(r.Context()); errors.Is(err, journal.ErrNoCursor) && unread == nil {
		var known []string
		for _, c := range all {
			known = append(known, c.Name)
		}
		err = fmt.Errorf("%w%s", err, words.Known(r.PathValue("name"), known))
	}
	e.failArchive(w, err)
}

// failArchive answers with what an error of the journal means.
func (e *endpoint) failArchive(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, journal.ErrNoCursor):
		fail(w, http.StatusNotFound, err.Error())
	case errors.As(err, new(*journal.ElsewhereError)):
		e.refuseSpan(w, err)
	case errors.Is(err, journal.ErrBackwards), errors.Is(err, journal.ErrBeyond), errors.Is(err, journal.ErrRestored):
		fail(w, http.StatusConflict, err.Error())
	case errors.Is(err, journal.ErrFailed), errors.Is(err, journal.ErrClosed):
		fail(w, http.StatusServiceUnavailable, err.Error())
	default:
		failWith(w, err)
	}
}
