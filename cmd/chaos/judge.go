package main

import (
	"fmt"
	"slices"
	"time"

	"trama/actors/ledger"
)

// ask is one command as a user has asked for it, once or, when the answer was lost, several times.
type ask struct {
	user, master string
	key          string
	of           relay        // what it moves; zero: none
	value        int          // that it is set to
	ids          []uint64     // that the gateway has answered with
	taken        bool         // the gateway has answered that it has it
	unsure       bool         // a request for it had no answer
	down         bool         // the gateway has answered that it is not sent
	seen         ledger.State // outcome that the user was told
	cancelled    bool         // the gateway has said so
}

// claim is all that is known at the end of a run.
type claim struct {
	asks   []*ask
	rows   []ledger.Command    // of HTTP
	stored []ledger.Command    // of the database
	events map[uint64][]string // of each command: its ends, as the audit tells them
	book   *book
	slack  time.Duration // from the claim of a command to its last byte at the master
	others []string      // frames that the gateway sends by itself, by name
}

// judgement collects what is wrong.
type judgement struct {
	claim
	problems []string
	byID     map[uint64]*ledger.Command
	received map[uint64][]int // receipts of a command
	lost     []int            // receipts that belong to no command
	replies  map[int][]reply  // to a receipt
	owners   map[uint64]*ask  // of a command
}

// judge holds what the gateway says against what users and masters have seen, and returns what does not agree: each begins
// with the name of its rule.
func judge(c claim) []string {
	j := &judgement{claim: c, byID: map[uint64]*ledger.Command{}, received: map[uint64][]int{}, replies: map[int][]reply{}, owners: map[uint64]*ask{}}
	for _, r := range c.book.replies {
		j.replies[r.to] = append(j.replies[r.to], r)
	}
	for i := range j.rows {
		j.byID[j.rows[i].ID] = &j.rows[i]
	}
	j.pair()
	j.asked()
	for i := range j.rows {
		j.ended(&j.rows[i])
		j.sent(&j.rows[i])
		j.answered(&j.rows[i])
	}
	j.strangers()
	j.relays()
	j.numbers()
	j.kept()
	return j.problems
}

func (j *judgement) wrong(rule, format string, args ...any) {
	j.problems = append(j.problems, rule+": "+fmt.Sprintf(format, args...))
}

// frame is one frame of one master.
type frame struct{ master, raw string }

// pair finds for each receipt the command whose bytes it has: of those with equal bytes the one that was claimed last.
func (j *judgement) pair() {
	candidates := map[frame][]*ledger.Command{}
	for i := range j.rows {
		if r := &j.rows[i]; r.Sent != "" {
			candidates[frame{r.Serial, r.Sent}] = append(candidates[frame{r.Serial, r.Sent}], r)
		}
	}
	for i, r := range j.book.receipts {
		var of *ledger.Command
		for _, c := range candidates[frame{r.master, r.raw}] {
			if of == nil || claimed(c, r.at).After(claimed(of, r.at)) {
				of = c
			}
		}
		if of == nil {
			j.lost = append(j.lost, i)
			continue
		}
		j.received[of.ID] = append(j.received[of.ID], i)
	}
}

// claimed is when the bytes of a command were last handed to a connection before a moment; zero: never.
func claimed(r *ledger.Command, before time.Time) (at time.Time) {
	for _, c := range r.Changes {
		if c.State == ledger.Claimed && !c.At.After(before) {
			at = c.At
		}
	}
	return at
}

func words(r *ledger.Command) string {
	return fmt.Sprintf("command %d %s to %s by %s (%s)", r.ID, r.Command, r.Serial, r.By, r.State)
}

// ended: each command ends exactly once, in the states and the order that there are.
func (j *judgement) ended(r *ledger.Command) {
	if r.Open() || r.Outcome != r.State {
		j.wrong("ends once", "%v has not ended: outcome %q, ended %v", words(r), r.Outcome, r.Ended)
		return
	}
	ends, late := 0, false
	var before ledger.Change
	for _, c := range r.Changes {
		if !before.State.May(c.State) || c.At.Before(before.At) {
			j.wrong("ends once", "%v: %s at %v comes behind %s at %v", words(r), c.State, c.At, before.State, before.At)
		}
		if c.State.Final() {
			ends++
			late = before.State == ledger.Unknown
		}
		before = c
	}
	if before.State != r.State || ends > 2 || ends == 2 && !late || late != r.Late {
		j.wrong("ends once", "%v has ended %d times, last as %s, and late is %v", words(r), ends, before.State, r.Late)
	}
	j.audited(r)
}

// audited: each end is an event, with who asked; that one was verified in vain may be told once more.
func (j *judgement) audited(r *ledger.Command) {
	var ends []string
	for _, c := range r.Changes {
		if c.State.Final() {
			ends = append(ends, string(c.State)+" by "+r.By)
		}
	}
	if told := slices.Compact(slices.Clone(j.events[r.ID])); !slices.Equal(told, ends) {
		j.wrong("audit", "%v has ended %q, and the events are %q", words(r), ends, told)
	}
}

// sent: what is said not to be sent was not received, nothing is received twice, before the intent is on disk, or behind the
// expiry.
func (j *judgement) sent(r *ledger.Command) {
	receipts := j.received[r.ID]
	if len(receipts) > 0 && r.State.NeverSent() {
		j.wrong("not sent", "%v was received at %v", words(r), j.book.receipts[receipts[0]].at)
	}
	if len(receipts) > 1 {
		j.wrong("at most once", "%v, of class %s, was received %d times: %v", words(r), r.Class, len(receipts), j.times(receipts))
	}
	for _, i := range receipts {
		at := j.book.receipts[i].at
		if claimed(r, at).IsZero() {
			j.wrong("intent", "%v was received at %v and not claimed before: %v", words(r), at, r.Changes)
		}
		if !r.Expires.IsZero() && at.After(r.Expires.Add(j.slack)) {
			j.wrong("expiry", "%v was received %v behind its expiry", words(r), at.Sub(r.Expires))
		}
	}
}

func (j *judgement) times(receipts []int) (at []string) {
	for _, i := range receipts {
		at = append(at, j.book.receipts[i].at.Format("15:04:05.000000"))
	}
	return at
}

// answered: what is done or refused was answered, by this master and to this command.
func (j *judgement) answered(r *ledger.Command) {
	if r.State != ledger.Done && r.State != ledger.Refused {
		return
	}
	receipts := j.received[r.ID]
	if r.Verified != "" {
		j.verified(r)
		return
	}
	if len(receipts) == 0 {
		j.wrong("own answer", "%v was never received", words(r))
		return
	}
	for _, i := range receipts {
		for _, a := range j.replies[i] {
			if a.raw == r.AnswerHex && !a.at.After(r.Ended) {
				return
			}
		}
	}
	of := "nobody has sent it"
	for _, a := range j.book.replies {
		if a.raw == r.AnswerHex {
			if of = "forged by " + a.master; a.to >= 0 {
				of = fmt.Sprintf("it was the answer of %s to %s", a.master, j.book.receipts[a.to].raw)
			}
		}
	}
	j.wrong("own answer", "%v was sent as %s and is ended by %s: %s (%s)", words(r), r.Sent, r.AnswerHex, of, r.Detail)
}

// verified: what a master has shown when it was asked is so.  It may be so for another reason.
func (j *judgement) verified(r *ledger.Command) {
	var of relay
	var want, is int
	if a := j.owners[r.ID]; a != nil {
		of, want = a.of, a.value
	} else if receipts := j.received[r.ID]; len(receipts) > 0 { // asked for without a key, and the answer was lost
		of, want = j.book.receipts[receipts[0]].of, j.book.receipts[receipts[0]].value
	} else {
		return
	}
	if of == (relay{}) {
		j.wrong("own answer", "%v moves nothing, and is verified: %s", words(r), r.Verified)
		return
	}
	for _, b := range j.book.receipts {
		if b.of == of && !b.at.After(r.Ended) {
			is = b.value
		}
	}
	if is != want {
		j.wrong("own answer", "%v is verified (%s), and has left its relay at %d instead of %d", words(r), r.Verified, is, want)
	}
}

// strangers: what a master receives is a command of somebody, or one that the gateway sends by itself.
func (j *judgement) strangers() {
	for _, i := range j.lost {
		if r := j.book.receipts[i]; !slices.Contains(j.others, r.name) {
			j.wrong("not sent", "%s received %s %s at %v, which is no command's", r.master, r.name, r.raw, r.at)
		}
	}
}

// relays: none moves more often than commands were sent for it.
func (j *judgement) relays() {
	asked := map[relay]int{}
	for _, a := range j.asks {
		if a.of != (relay{}) && (a.taken || a.unsure) && !a.cancelled {
			asked[a.of]++
		}
	}
	for of, moved := range j.book.moves {
		if moved > asked[of] {
			j.wrong("relay", "relay %d of %s has moved %d times, and %d commands were given", of.number, of.master, moved, asked[of])
		}
	}
}

// numbers: while a command is open or unknown no other one has its number.
func (j *judgement) numbers() {
	type numbered struct {
		master string
		number uint64
	}
	owner := map[int]uint64{}
	for id, receipts := range j.received {
		for _, i := range receipts {
			owner[i] = id
		}
	}
	last := map[numbered]int{}
	for i, r := range j.book.receipts {
		if r.number == 0 {
			continue
		}
		n := numbered{r.master, r.number}
		if before, used := last[n]; used && j.book.receipts[before].raw != r.raw {
			first := j.byID[owner[before]]
			if first == nil || first.State != ledger.Done && first.State != ledger.Refused || first.Ended.After(r.at) {
				j.wrong("number", "%s received number %d as %s, and again as %s while the first was open or unknown", r.master, r.number, j.book.receipts[before].raw, r.raw)
			}
		}
		last[n] = i
	}
}

// asked: each command that a user knows of is one row, with the same key, the same user and the outcome that was told.
func (j *judgement) asked() {
	keys, ids := map[string][]*ledger.Command{}, j.owners
	for i := range j.rows {
		if r := &j.rows[i]; r.Key != "" {
			keys[r.By+"/"+r.Key] = append(keys[r.By+"/"+r.Key], r)
		}
	}
	for _, a := range j.asks {
		var rows []*ledger.Command
		if a.key != "" {
			rows = keys[a.user+"/"+a.key]
		}
		for _, id := range a.ids {
			if other := ids[id]; other != nil && other != a {
				j.wrong("key", "command %d is the answer to two requests", id)
			}
			ids[id] = a
			r := j.byID[id]
			if r == nil {
				j.wrong("lost", "command %d of %s for %s was taken, and is not there", id, a.user, a.master)
			} else if !slices.Contains(rows, r) {
				rows = append(rows, r)
			}
		}
		if len(rows) > 1 {
			j.wrong("key", "%s has asked once, key %q, and there are %d commands, the last %v", a.user, a.key, len(rows), words(rows[len(rows)-1]))
		}
		for _, r := range rows {
			ids[r.ID] = a
			j.told(a, r)
		}
	}
	unsure := map[string]int{} // that may be there or not
	for _, a := range j.asks {
		if a.key == "" && (a.unsure || a.down) && !a.taken {
			unsure[a.user+" "+a.master]++
		}
	}
	for i := range j.rows {
		r := &j.rows[i]
		if ids[r.ID] != nil {
			continue
		}
		if unsure[r.By+" "+r.Serial]--; unsure[r.By+" "+r.Serial] < 0 {
			j.wrong("lost", "%v: nobody has asked for it", words(r))
		}
	}
}

// told: a row is what its user was told.
func (j *judgement) told(a *ask, r *ledger.Command) {
	switch {
	case a.user != r.By || a.master != r.Serial:
		j.wrong("told", "%s asked for a command to %s, and got %v", a.user, a.master, words(r))
	case a.cancelled && r.State != ledger.Cancelled:
		j.wrong("told", "%v, and its user was told that it is cancelled", words(r))
	case a.down && !a.unsure && len(j.received[r.ID]) > 0:
		j.wrong("told", "%v was received, and its user (key %q, answers %v) was told that it is not sent", words(r), a.key, a.ids)
	case a.seen != "" && a.seen != r.State && (a.seen != ledger.Unknown || !r.Late):
		j.wrong("told", "%v, and its user was told %s", words(r), a.seen)
	}
}

// kept: the database has what HTTP tells.
func (j *judgement) kept() {
	stored := map[uint64]*ledger.Command{}
	for i := range j.stored {
		stored[j.stored[i].ID] = &j.stored[i]
	}
	for i := range j.rows {
		r := &j.rows[i]
		switch s := stored[r.ID]; {
		case s == nil:
			j.wrong("kept", "%v is not in the database", words(r))
		case s.State != r.State || s.Sent != r.Sent || s.AnswerHex != r.AnswerHex || s.By != r.By || len(s.Changes) != len(r.Changes):
			j.wrong("kept", "%v is %v in the database", words(r), words(s))
		}
	}
	if len(stored) != len(j.rows) {
		j.wrong("kept", "the database has %d commands, HTTP has told of %d", len(stored), len(j.rows))
	}
}
