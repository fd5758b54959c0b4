package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"trama/actors/ledger"
	"trama/cmd/trama/internal/terminal"
)

// commandText is a command as the daemon tells it, and the text that it came as.
type commandText struct {
	ledger.Command
	text json.RawMessage
}

// UnmarshalJSON keeps the text beside what it says.
func (c *commandText) UnmarshalJSON(text []byte) error {
	c.text = append(c.text[:0], text...)
	c.Command = ledger.Command{}
	return decodeNumbers(text, &c.Command)
}

// Bounds of the wait for a command.
const (
	longPoll = 30 * time.Second
	mostAway = 2 * time.Minute // that the next daemon may take to answer
)

// await follows a command until it has ended, or, while it is queued, until a moment.  When the daemon ends, it asks the next
// one by the number of the command.  show is called with each state, and each second on a terminal.
func (a *app) await(ctx context.Context, daemon *client, c commandText, until time.Time, p *progress) (commandText, error) {
	defer p.end()
	away, poll := time.Time{}, longPoll
	if p.changes {
		poll = time.Second // the line counts the seconds
	}
	for p.show(&c.Command); c.Open(); p.show(&c.Command) {
		wait := poll
		if c.Queue && c.State == ledger.Queued { // any other ends by itself
			if wait = min(poll, time.Until(until)); wait <= 0 {
				return c, nil
			}
		}
		q := url.Values{"wait": {wait.String()}, "after": {strconv.Itoa(len(c.Changes))}}
		var now commandText
		err := daemon.get(ctx, commandPath(c.ID)+"?"+q.Encode(), &now)
		gone := errors.As(err, new(lost)) || errors.As(err, new(noDaemon)) || errors.As(err, new(unready))
		switch {
		case err == nil:
			c, away = now, time.Time{}
			continue
		case ctx.Err() != nil:
			return c, fmt.Errorf("interrupted: command %d goes on: trama command %d tells its outcome, trama cancel %d withdraws it while it is queued", c.ID, c.ID, c.ID)
		case !gone:
			return c, fmt.Errorf("%w; command %d goes on: trama command %d", err, c.ID, c.ID)
		case away.IsZero():
			away = time.Now()
			p.end()
			a.complain("trama: the daemon has ended; command %d goes on with the next one, and trama command %d tells its outcome", c.ID, c.ID)
		case time.Since(away) > mostAway:
			return c, fmt.Errorf("%w; command %d has its outcome when a daemon runs again: trama command %d", err, c.ID, c.ID)
		}
		select {
		case <-ctx.Done():
		case <-time.After(followPause):
		}
	}
	return c, nil
}

// commandPath is where a command is asked for.
func commandPath(id uint64) string { return "/api/v1/commands/" + strconv.FormatUint(id, 10) }

// progress shows on standard error how a command goes: in one line that changes on a terminal, else in a line for each state.
type progress struct {
	out     io.Writer
	screen  terminal.Screen
	changes bool // the line
	off     bool
	words   func(c *ledger.Command, brief bool) string
	last    string
}

// courseOf is of the kind that standard error can show; plain says whether lines are wanted where it is no terminal.
func (a *app) courseOf(plain bool, words func(c *ledger.Command, brief bool) string) *progress {
	p := &progress{out: a.stderr, screen: terminal.ScreenOf(a.stderr), words: words}
	if file, ok := a.stderr.(*os.File); ok {
		p.changes = term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
	}
	p.off = !p.changes && !plain
	return p
}

// show shows a state, unless it has ended: that is the outcome's to say.
func (p *progress) show(c *ledger.Command) {
	if p.off || !c.Open() {
		return
	}
	text := terminal.Text(p.words(c, !p.changes))
	switch {
	case p.changes:
		_, _ = fmt.Fprint(p.out, "\r\x1b[K"+p.screen.Fit(text)) // standard error: see complain
	case text != p.last:
		_, _ = fmt.Fprintln(p.out, text)
	}
	p.last = text
}

// end takes the line away.
func (p *progress) end() {
	if p.changes && p.last != "" {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
		p.last = ""
	}
}
