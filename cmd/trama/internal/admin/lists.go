package admin

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"trama/actors"
	"trama/internal/words"
)

func (e *endpoint) masters(w http.ResponseWriter, r *http.Request) {
	q, err := e.mastersQuery(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	page, total := e.Gateway.FindMasters(q)
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	stream(w, page)
}

// ConnectionOrders are the words that a list of connections can be sorted by.
func ConnectionOrders() []string { return slices.Sorted(maps.Keys(connectionOrders)) }

// connectionOrders are the orders of a list of connections; without one they stand in the order of their numbers.
var connectionOrders = map[string]func(a, b actors.ConnectionInfo) int{
	"id":       func(a, b actors.ConnectionInfo) int { return cmp.Compare(a.ID, b.ID) },
	"quiet":    func(a, b actors.ConnectionInfo) int { return a.LastReceived.Compare(b.LastReceived) },
	"frames":   func(a, b actors.ConnectionInfo) int { return cmp.Compare(b.Frames, a.Frames) },
	"rejected": func(a, b actors.ConnectionInfo) int { return cmp.Compare(b.Rejected, a.Rejected) },
	"skipped":  func(a, b actors.ConnectionInfo) int { return cmp.Compare(b.Skipped, a.Skipped) },
}

// connections lists connections: ?listener=NAME, ?silent=10m, ?sort=, and pages as list does where they are not sorted.
func (e *endpoint) connections(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	order, known := connectionOrders[cmp.Or(values.Get("sort"), "id")]
	silent, err := words.Duration(cmp.Or(values.Get("silent"), "0s"))
	var names []string
	for _, l := range e.Gateway.Listeners() {
		names = append(names, l.Name)
	}
	listener := values.Get("listener")
	switch {
	case !known:
		err = fmt.Errorf("sort: %w", words.OneOf(values.Get("sort"), ConnectionOrders()))
	case err != nil:
		err = fmt.Errorf("silent: %w", err)
	case listener != "" && !slices.Contains(names, listener):
		err = fmt.Errorf("listener: %w", words.OneOf(listener, names))
	case values.Has("after") && values.Has("sort"):
		err = errors.New("after: it goes with the order of numbers, without sort")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	now := e.Clock()
	list(w, r, func() []actors.ConnectionInfo {
		all := slices.DeleteFunc(e.Gateway.Connections(), func(c actors.ConnectionInfo) bool {
			return listener != "" && c.Listener != listener || now.Sub(c.LastReceived) < silent
		})
		slices.SortStableFunc(all, order)
		return all
	}, func(c actors.ConnectionInfo) uint64 { return c.ID }, parseID)
}

func (e *endpoint) listeners(w http.ResponseWriter, r *http.Request) {
	list(w, r, e.Gateway.Listeners, func(l actors.ListenerInfo) string { return l.Name }, parseText)
}

func (e *endpoint) polls(w http.ResponseWriter, r *http.Request) {
	list(w, r, e.Gateway.Polls, func(p actors.PollStatus) string { return p.Name }, parseText)
}

func (e *endpoint) master(w http.ResponseWriter, r *http.Request) {
	m, err := e.Gateway.Master(r.PathValue("serial"))
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, m)
}

func (e *endpoint) poisoned(w http.ResponseWriter, _ *http.Request) {
	stream(w, slices.Values(e.Gateway.Poisoned()))
}

// refused lists refused bytes: of a listener or a master with ?of=, else all.
func (e *endpoint) refused(w http.ResponseWriter, r *http.Request) {
	all, err := e.Gateway.Refused(r.URL.Query().Get("of"))
	if err != nil {
		failWith(w, err)
		return
	}
	stream(w, slices.Values(all))
}

func (e *endpoint) totals(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, e.Gateway.Totals())
}

func parseText(s string) (string, error)    { return s, nil }
func parseID(s string) (id uint64, _ error) { return strconv.ParseUint(s, 10, 64) }

// list answers with the rows that come after ?after=KEY, at most ?limit=.  Rows are sorted by their key, so the key of
// the last row is where the next page goes on; the header X-Total-Count tells how many there are in all.
func list[T any, K cmp.Ordered](w http.ResponseWriter, r *http.Request, all func() []T, key func(T) K,
	parse func(string) (K, error)) {
	limit, err := countParameter(r, "limit", 0)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	after, hasAfter := r.URL.Query().Get("after"), r.URL.Query().Has("after")
	var last K
	if hasAfter {
		if last, err = parse(after); err != nil {
			fail(w, http.StatusBadRequest, fmt.Sprintf("after=%s is not the key of a row", after))
			return
		}
	}
	rows := all()
	w.Header().Set("X-Total-Count", strconv.Itoa(len(rows)))
	if hasAfter {
		start := slices.IndexFunc(rows, func(row T) bool { return key(row) > last })
		if start < 0 {
			start = len(rows)
		}
		rows = rows[start:]
	}
	if limit > 0 && limit < len(rows) {
		rows = rows[:limit]
	}
	stream(w, slices.Values(rows))
}

// stream writes a JSON list row by row: its memory does not grow with the number of rows.
func stream[T any](w http.ResponseWriter, rows iter.Seq[T]) {
	header(w)
	out := bufio.NewWriterSize(w, 32<<10)
	var text bytes.Buffer
	encoder, between := json.NewEncoder(&text), "\n"
	_ = out.WriteByte('[') // bufio keeps the first error and Flush returns it
	for row := range rows {
		text.Reset()
		text.WriteString(between)
		if encoder.Encode(&row) != nil {
			panic(http.ErrAbortHandler) // half a list is sent: cutting the answer off is the only honest end
		}
		text.Truncate(text.Len() - 1) // its line end
		if _, err := out.Write(text.Bytes()); err != nil {
			return // the client has gone
		}
		between = ",\n"
	}
	_, _ = out.WriteString("\n]\n")
	_ = out.Flush()
}

// countParameter reads a whole number that is not negative.
func countParameter(r *http.Request, name string, otherwise int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s=%s is not a whole number from 0 on", name, text)
	}
	return n, nil
}

// flagParameter reads true or false; absent is false.
func flagParameter(r *http.Request, name string) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s=%s is not true or false", name, text)
	}
	return b, nil
}
