package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"trama/actors/ledger"
)

// request is the body of a POST for a command.
type request struct {
	Command string         `json:"command"`
	Fields  map[string]any `json:"fields"`
	Wait    string         `json:"wait,omitempty"`
	Queue   string         `json:"queue,omitempty"`
	Key     string         `json:"idempotency_key,omitempty"`
	Async   bool           `json:"async,omitempty"`
}

// user gives commands, one after the other.
type user struct {
	*orders
	name, token string
	random      *rand.Rand
	client      *http.Client
}

// tries is how often a command is asked for when no answer comes.
const tries = 20

// order gives one command, the number n of the run, and returns what became of it.
func (u *user) order(ctx context.Context, n int) *ask {
	d := u.devices[u.random.IntN(len(u.devices))]
	a, r := &ask{user: u.name, master: d.serial}, request{}
	switch kind := u.random.IntN(10); {
	case d.head == 0 && kind < 4:
		a.of, a.value = relay{d.serial, 1 + u.random.IntN(4)}, 0xff00*u.random.IntN(2)
		r.Command, r.Fields = "write-coil", map[string]any{"unit": 1, "address": a.of.number, "value": a.value}
	case d.head == 0 && kind < 8:
		a.of, a.value = relay{d.serial, 100 + n>>15}, n&0x7fff<<1
		r.Command, r.Fields = "write-register", map[string]any{"unit": 1, "address": a.of.number, "value": a.value}
	case d.head == 0 && kind < 9:
		r.Command, r.Fields = "mask-register", map[string]any{"unit": 1, "address": 100 + n>>15, "and_mask": n & 0x7fff << 1, "or_mask": 0}
	case d.head == 0:
		r.Command, r.Fields = "read-input-registers", map[string]any{"unit": 1, "start": n & 0xffff, "count": 1}
	case kind < 4:
		a.of, a.value = relay{d.serial, 1 + u.random.IntN(4)}, u.random.IntN(2)
		r.Command, r.Fields = "operate-relay", map[string]any{"relay": a.of.number, "operation": a.value}
	case kind < 8:
		r.Command, r.Fields = "set-levels", map[string]any{"PRT": 1, "HLWT": 1, "HHV": n, "HV": 0, "LV": 0, "LLV": 0}
	default:
		r.Command = "ask-measurement"
	}
	wait := 200 + u.random.IntN(300)
	r.Wait = strconv.Itoa(wait) + "ms"
	if u.random.IntN(3) == 0 {
		r.Queue = strconv.Itoa(1000+u.random.IntN(2000)) + "ms"
	}
	if u.random.IntN(10) > 0 {
		a.key = fmt.Sprintf("order-%d", n)
		r.Key = a.key
	}
	r.Async = u.random.IntN(3) > 0
	u.insist(ctx, a, &r)
	if id := a.id(); id > 0 && a.seen == "" && u.random.IntN(8) == 0 {
		time.Sleep(time.Duration(u.random.IntN(30)) * time.Millisecond)
		u.cancel(ctx, a, id)
	}
	return a
}

// id is what the gateway calls a command.
func (a *ask) id() uint64 {
	if len(a.ids) == 0 {
		return 0
	}
	return a.ids[len(a.ids)-1]
}

// insist asks until there is an answer, and sometimes once more.
func (u *user) insist(ctx context.Context, a *ask, r *request) {
	for try := 0; ctx.Err() == nil; try++ {
		limit := 10 * time.Second
		if u.random.IntN(10) == 0 { // its answer is lost
			limit = time.Duration(u.random.IntN(20)) * time.Millisecond
		}
		done := u.post(ctx, a, r, limit)
		if a.down || done && (a.key == "" || u.random.IntN(20) > 0) || a.key == "" && a.unsure || try == tries {
			return
		}
		time.Sleep(time.Duration(u.random.IntN(50)) * time.Millisecond)
	}
}

// post asks once; true: there was an answer that need not be asked for again.
func (u *user) post(ctx context.Context, a *ask, r *request, limit time.Duration) bool {
	status, body, err := u.do(ctx, http.MethodPost, "/api/v1/masters/"+a.master+"/commands", r, limit)
	switch {
	case errors.Is(err, errNotAsked):
		return false
	case err != nil:
		a.unsure = true
		return false
	case status == http.StatusServiceUnavailable:
		a.unsure = true // it stops, and has not said what becomes of the command
		return false
	case status == http.StatusTooManyRequests:
		return false
	case status != http.StatusOK && status != http.StatusAccepted:
		u.turnedDown(status, body)
		a.down = true
		return true
	}
	var c ledger.Command
	if err := json.Unmarshal(body, &c); err != nil {
		u.problem(fmt.Errorf("answer %q: %w", body, err))
		return true
	}
	a.taken = true
	a.ids = append(a.ids, c.ID)
	if c.Outcome != "" {
		a.seen = c.Outcome
	}
	return true
}

// cancel withdraws a command.
func (u *user) cancel(ctx context.Context, a *ask, id uint64) {
	for range tries {
		status, body, err := u.do(ctx, http.MethodDelete, "/api/v1/commands/"+strconv.FormatUint(id, 10), nil, 10*time.Second)
		switch {
		case err == nil && status == http.StatusOK:
			a.cancelled = true
			return
		case err == nil && status == http.StatusConflict:
			return
		case err == nil && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable:
			u.problem(fmt.Errorf("DELETE of command %d: %d %s", id, status, body))
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// errNotAsked is that there was no connection.
var errNotAsked = errors.New("not asked")

// do asks the gateway of the moment.
func (u *user) do(ctx context.Context, method, path string, body any, limit time.Duration) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	d := u.gateway.Load()
	if d == nil {
		return 0, nil, errNotAsked
	}
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, d.admin+path, text)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+u.token)
	r.Header.Set("Content-Type", "application/json")
	w, err := u.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer w.Body.Close()
	answer, err = io.ReadAll(w.Body)
	return w.StatusCode, answer, err
}
