package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"trama/internal/words"
	"trama/journal"
)

// Command is one command to one master and its whole life: what the journal keeps and what people see.
type Command struct {
	ID      uint64 `json:"id,omitempty"` // 0: it is not kept
	Serial  string `json:"serial"`
	Command string `json:"command"`        // letter, or name in the profile
	Name    string `json:"name,omitempty"` // by which the profile declares it
	State   State  `json:"state,omitempty"`

	By        string         `json:"by,omitempty"`   // who asked
	From      string         `json:"from,omitempty"` // from where: an address, a room of the gateway
	Key       string         `json:"key,omitempty"`  // the same key of the same user is the same command
	Class     Class          `json:"class,omitempty"`
	Arguments map[string]any `json:"arguments,omitempty"`
	Asked     time.Time      `json:"asked,omitzero"`
	Expires   time.Time      `json:"expires,omitzero"`   // not written to the socket from then on
	Wait      words.Millis   `json:"wait_ms,omitempty"`  // for its answer
	Queue     bool           `json:"queue,omitempty"`    // it waits for a master that is away, over restarts of the gateway too
	Ended     time.Time      `json:"ended,omitzero"`     // zero: it is open
	Changes   []Change       `json:"changes,omitempty"`  // each state that it had, the oldest first
	Late      bool           `json:"late,omitempty"`     // its answer came when it had ended as unknown
	Verified  string         `json:"verified,omitempty"` // what the master said when it was asked whether it has obeyed

	// Outcome is its state once it has ended.
	Outcome     State          `json:"outcome,omitempty"`
	Code        *uint64        `json:"code,omitempty"`        // response code of the master
	Transaction *uint64        `json:"transaction,omitempty"` // NUT it was sent with
	Sent        string         `json:"sent,omitempty"`        // hex of the frame sent
	Suite       string         `json:"suite,omitempty"`       // that it was protected by; empty: it went out unprotected
	Plain       string         `json:"plain,omitempty"`       // the frame before it was protected; empty: as it was sent
	Answer      map[string]any `json:"answer,omitempty"`      // fields of the answer
	AnswerHex   string         `json:"answer_hex,omitempty"`
	Elapsed     words.Millis   `json:"elapsed_ms"`
	Listener    string         `json:"listener,omitempty"` // asked for; then that it was sent on
	Connection  uint64         `json:"connection,omitempty"`
	Detail      string         `json:"detail,omitempty"` // in words, when there is something to say
}

// Change is a state that a command has come to.
type Change struct {
	At         time.Time `json:"at"`
	State      State     `json:"state"`
	Connection uint64    `json:"connection,omitempty"`
	Detail     string    `json:"detail,omitempty"`
}

// mostChanges bounds the changes of a command whose connections end before it is written: a link that flaps ends one in a
// millisecond.  The first ones stay, and the newest try.
const mostChanges = 64

// Change brings c to a state.  The error is that there is no way from its present one.
func (c *Command) Change(to State, at time.Time, detail string) error {
	if !c.State.May(to) {
		return fmt.Errorf("command %d of %s: it is %s and cannot become %s", c.ID, c.Serial, c.State, to)
	}
	c.Late = c.Late || c.State == Unknown
	c.State = to
	if n := len(c.Changes); to == Queued && n >= mostChanges { // its try before, and why that failed
		c.Changes = slices.Clone(c.Changes[:n-2])
	}
	c.Changes = append(c.Changes, Change{At: at, State: to, Connection: c.Connection, Detail: detail})
	if to.Final() {
		c.end(at, detail)
	}
	return nil
}

// Close ends a command that was sent and that nobody answers.
func (c *Command) Close(at time.Time, detail string) { c.end(at, detail) }

func (c *Command) end(at time.Time, detail string) {
	c.Outcome, c.Ended, c.Detail = c.State, at, detail
	c.Elapsed = words.Millis(at.Sub(c.Asked))
}

// Open says whether c has no outcome yet.
func (c *Command) Open() bool { return c.Ended.IsZero() }

// Row is c as the journal keeps it.
func (c *Command) Row() (*journal.Command, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("command %d of %s: %w", c.ID, c.Serial, err)
	}
	row := &journal.Command{ID: c.ID, Master: c.Serial, State: string(c.State), Name: c.Command, By: c.By, Key: c.Key,
		Asked: c.Asked, Changed: c.Asked, Ended: !c.Open(), Body: body}
	if n := len(c.Changes); n > 0 {
		row.Changed = c.Changes[n-1].At
	}
	return row, nil
}

// Read is the inverse of Row.  Whole numbers keep all of their digits.
func Read(row *journal.Command) (c Command, err error) {
	body := json.NewDecoder(bytes.NewReader(row.Body))
	body.UseNumber()
	if err = body.Decode(&c); err != nil {
		err = fmt.Errorf("command %d: %w", row.ID, err)
	}
	return c, err
}
