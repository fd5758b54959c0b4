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
	"trama/actors/ledger"
	"trama/cmd/trama/internal/history"
	"trama/internal/words"
	"trama/journal"
)

// Bounds of the times of a command: how long its answer is waited for, and how long it may wait for its master.
const (
	MinWait     = time.Millisecond
	MaxWait     = 5 * time.Minute
	MaxQueue    = 30 * 24 * time.Hour
	defaultWait = 10 * time.Second
)

// Command is the body of POST /api/v1/masters/{serial}/commands.
type Command struct {
	Command  string         `json:"command"`
	Fields   map[string]any `json:"fields,omitempty"`
	Wait     string         `json:"wait,omitempty"`            // for the answer: a duration with its unit, 1ms to 5m; default 10s
	Listener string         `json:"listener,omitempty"`        // which link, when the master has several
	Queue    string         `json:"queue,omitempty"`           // how long it may wait for its master, 1s to 30d; empty: the master must be there
	Key      string         `json:"idempotency_key,omitempty"` // the same key of the same caller is the same command
	Async    bool           `json:"async,omitempty"`           // answered when it is on disk
	DryRun   bool           `json:"dry_run,omitempty"`         // made, and neither kept nor sent
}

// Commands is the answer of GET /api/v1/commands, the newest first.
type Commands struct {
	Commands []ledger.Command `json:"commands"`
	Cursor   string           `json:"cursor,omitempty"` // for ?cursor= of the next page; absent on the last one
}

// maxKey bounds an idempotency key, in bytes.
const maxKey = 200

// request is what the gateway is asked for.
func (c *Command) request(r *http.Request) (req actors.CommandRequest, err error) {
	caller := callerOf(r)
	req = actors.CommandRequest{Serial: r.PathValue("serial"), Command: c.Command, Fields: plainNumbers(c.Fields),
		Listener: c.Listener, Origin: caller.Name, From: caller.From, Key: c.Key}
	for _, d := range []struct {
		key, text, bounds string
		least, most       time.Duration
		into              *time.Duration
	}{{"wait", c.Wait, "1ms to 5m", MinWait, MaxWait, &req.Wait}, {"queue", c.Queue, "1s to 30d", time.Second, MaxQueue, &req.Queue}} {
		if d.text == "" {
			continue
		}
		if *d.into, err = words.Duration(d.text); err != nil || *d.into < d.least || *d.into > d.most {
			return req, fmt.Errorf("%s: found %q, expected a duration with its unit, from %s", d.key, d.text, d.bounds)
		}
	}
	if len(c.Key) > maxKey {
		return req, fmt.Errorf("idempotency_key: found %d bytes, expected at most %d", len(c.Key), maxKey)
	}
	return req, nil
}

func (e *endpoint) command(w http.ResponseWriter, r *http.Request) {
	var c Command
	if !readBody(w, r, &c) {
		return
	}
	req, err := c.request(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if c.DryRun {
		made, err := e.Gateway.DryRun(r.Context(), req)
		note(r, c.words(), map[bool]string{true: "dry run: not sent"}[err == nil])
		if err != nil {
			failWith(w, err)
			return
		}
		answer(w, http.StatusOK, made)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(req.Queue + max(req.Wait, defaultWait) + writeTimeout)) // not every writer has deadlines (tests)
	req.Async = c.Async && e.Archive != nil                                                                                   // else nobody finds it once it has ended
	result, err := e.Gateway.Send(r.Context(), req)
	switch left := r.Context().Err() != nil; {
	case err != nil && !left: // its number is that of no command
		note(r, c.words(), "")
	case result.Open() && result.ID != 0:
		note(r, c.words(), fmt.Sprintf("command %d", result.ID)) // whose events tell what becomes of it
	default:
		note(r, c.words(), string(result.Outcome))
	}
	switch {
	case err != nil:
		failWith(w, err)
	case req.Async || result.Open() && result.ID != 0: // a stop may have left it to the next process
		answer(w, http.StatusAccepted, result)
	default:
		answer(w, http.StatusOK, result)
	}
}

// words are the command as it may be written: letter and fields.
func (c *Command) words() string {
	words := []string{c.Command}
	for _, key := range slices.Sorted(maps.Keys(c.Fields)) {
		words = append(words, fmt.Sprintf("%s=%v", key, c.Fields[key]))
	}
	return strings.Join(words, " ")
}

// commands lists what masters were told, the newest first.
func (e *endpoint) commands(w http.ResponseWriter, r *http.Request) {
	q, err := e.commandQuery(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	all, next, err := e.Gateway.Commands(r.Context(), q)
	if err != nil {
		failWith(w, err)
		return
	}
	page := Commands{Commands: append([]ledger.Command{}, all...)}
	if next > 0 {
		page.Cursor = strconv.FormatUint(next, 10)
	}
	answer(w, http.StatusOK, page)
}

func (e *endpoint) commandQuery(r *http.Request) (q journal.CommandQuery, err error) {
	values, now := r.URL.Query(), e.Clock()
	q = journal.CommandQuery{Master: values.Get("master"), By: values.Get("by"), State: values.Get("state")}
	if q.State != "" && !slices.Contains(ledger.States, ledger.State(q.State)) {
		return q, fmt.Errorf("state: %w", words.OneOf(q.State, CommandStates()))
	}
	if q.Open, err = flagParameter(r, "open"); err != nil {
		return q, err
	}
	for name, into := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if *into, err = history.ParseTime(values.Get(name), now); err != nil {
			return q, fmt.Errorf("%s: %w", name, err)
		}
	}
	if q.Limit, err = countParameter(r, "limit", defaultRows); err != nil {
		return q, err
	}
	q.Limit = min(max(q.Limit, 1), defaultRows) // each may be as long as a body
	if text := values.Get("cursor"); text != "" {
		if q.Before, err = strconv.ParseUint(text, 10, 63); err != nil || q.Before == 0 {
			return q, fmt.Errorf("cursor=%s is none of this list", text)
		}
	}
	return q, nil
}

// CommandStates are the words that commands are chosen by.
func CommandStates() (all []string) {
	for _, s := range ledger.States {
		all = append(all, string(s))
	}
	return all
}

// commandID reads the number of a command from the path; it answers itself when there is none.
func commandID(w http.ResponseWriter, r *http.Request) (uint64, bool) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 63)
	if err != nil || id == 0 {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%q is not the number of a command", r.PathValue("id")))
		return 0, false
	}
	return id, true
}

// oneCommand answers with one command: at once, or with ?wait= and ?after=N when it has ended or has had more than N changes.
func (e *endpoint) oneCommand(w http.ResponseWriter, r *http.Request) {
	id, ok := commandID(w, r)
	if !ok {
		return
	}
	after, err := countParameter(r, "after", 0)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx, text := r.Context(), r.URL.Query().Get("wait")
	if text == "" {
		after = -1
	} else {
		wait, err := words.Duration(text)
		if err != nil || wait > longestWait {
			fail(w, http.StatusBadRequest, fmt.Sprintf("wait: found %q, expected a duration with its unit, up to 5m", text))
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeTimeout)) // as above
		lasting, stop := e.lasting(r, func() {})
		defer stop()
		waiting, cancel := context.WithTimeout(lasting, wait)
		defer cancel()
		ctx = waiting
	}
	c, err := e.Gateway.Command(ctx, id, after)
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, c)
}

// cancel withdraws a command that was not sent.
func (e *endpoint) cancel(w http.ResponseWriter, r *http.Request) {
	id, ok := commandID(w, r)
	if !ok {
		return
	}
	c, err := e.Gateway.Cancel(r.Context(), id, callerOf(r).Name)
	note(r, strings.TrimSpace(c.Command+" "+c.Serial), "")
	if err != nil {
		failWith(w, err)
		return
	}
	answer(w, http.StatusOK, c)
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
