package main

import (
	"strings"
	"testing"
	"time"

	"trama/actors/ledger"
)

// The world of the judge's tests: three commands to one master and one to another, each as it should be.
func honest() *claim {
	at := func(ms int) time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(ms) * time.Millisecond) }
	life := func(from int, states ...ledger.State) (all []ledger.Change) {
		for i, s := range states {
			all = append(all, ledger.Change{At: at(from + 10*i), State: s})
		}
		return all
	}
	command := func(id uint64, master, by, key, sent, answer string, changes []ledger.Change) ledger.Command {
		last := changes[len(changes)-1]
		return ledger.Command{ID: id, Serial: master, By: by, Key: key, State: last.State, Outcome: last.State, Sent: sent, AnswerHex: answer,
			Asked: changes[0].At, Expires: at(900), Ended: last.At, Changes: changes, Class: ledger.Never}
	}
	of := relay{"1", 3}
	c := &claim{slack: 20 * time.Millisecond, others: []string{"ask-relays"}, book: &book{moves: map[relay]int{of: 2}}}
	c.rows = []ledger.Command{
		command(1, "1", "anna", "a", "01", "f1", life(0, ledger.Queued, ledger.Claimed, ledger.Sent, ledger.Done)),
		command(2, "1", "anna", "b", "02", "f2", life(100, ledger.Queued, ledger.Claimed, ledger.Sent, ledger.Unknown, ledger.Done)),
		command(3, "1", "carl", "c", "", "", life(200, ledger.Queued, ledger.Expired)),
		command(4, "2", "carl", "", "04", "", life(300, ledger.Queued, ledger.Claimed, ledger.Unknown)),
		command(5, "2", "carl", "", "", "", life(400, ledger.Queued, ledger.Cancelled)),
	}
	c.rows[1].Late = true
	c.stored = append(c.stored, c.rows...)
	c.events = map[uint64][]string{1: {"done by anna"}, 2: {"unknown by anna", "done by anna"}, 3: {"expired by carl"}, 4: {"unknown by carl", "unknown by carl"},
		5: {"cancelled by carl"}}
	c.asks = []*ask{
		{user: "anna", master: "1", key: "a", of: of, ids: []uint64{1, 1}, taken: true, seen: ledger.Done},
		{user: "anna", master: "1", key: "b", of: of, taken: true, seen: ledger.Unknown, ids: []uint64{2}},
		{user: "carl", master: "1", key: "c", unsure: true},
		{user: "carl", master: "2", unsure: true},
		{user: "carl", master: "2", ids: []uint64{5}, taken: true, cancelled: true},
	}
	for i, r := range []receipt{{master: "1", raw: "01", number: 1, at: at(15)}, {master: "1", raw: "02", number: 2, at: at(115)},
		{master: "2", raw: "04", number: 2, at: at(315)}, {master: "1", raw: "09", name: "ask-relays", number: 3, at: at(500)}} {
		c.book.receipts = append(c.book.receipts, r)
		if i < 2 {
			c.book.replies = append(c.book.replies, reply{master: r.master, raw: "f" + r.raw[1:], at: r.at, to: i})
		}
	}
	return c
}

// Each rule of the judge is broken by the smallest lie against it.
func TestEachRuleOfTheJudgeCanFail(t *testing.T) {
	if problems := judge(*honest()); len(problems) > 0 {
		t.Fatalf("%q", problems)
	}
	first := func(c *claim) *ledger.Command { return &c.rows[0] }
	again := func(c *claim, i int, after time.Duration) {
		r := c.book.receipts[i]
		r.at = r.at.Add(after)
		c.book.receipts = append(c.book.receipts, r)
	}
	for _, l := range []struct {
		rule string
		lie  func(c *claim)
	}{
		{"ends once", func(c *claim) { first(c).Ended = time.Time{} }},
		{"ends once", func(c *claim) { first(c).Outcome = ledger.Unknown }},
		{"ends once", func(c *claim) { first(c).Changes = append(first(c).Changes, first(c).Changes[3]) }},
		{"ends once", func(c *claim) { first(c).Changes[1], first(c).Changes[0] = first(c).Changes[0], first(c).Changes[1] }},
		{"ends once", func(c *claim) { first(c).Late = true }},
		{"ends once", func(c *claim) { c.rows[1].Late = false }},
		{"not sent", func(c *claim) { c.rows[2].Sent, c.book.receipts[0].raw = "01", "01"; c.rows[0].Sent = "99" }},
		{"not sent", func(c *claim) { c.book.receipts[3].name = "operate-relay" }},
		{"not sent", func(c *claim) { c.rows[3].State, c.rows[3].Outcome = ledger.Expired, ledger.Expired }},
		{"at most once", func(c *claim) { again(c, 0, time.Millisecond) }},
		{"intent", func(c *claim) { c.book.receipts[0].at = first(c).Asked }},
		{"intent", func(c *claim) { first(c).Changes = append(first(c).Changes[:1:1], first(c).Changes[2:]...) }},
		{"expiry", func(c *claim) { first(c).Expires = c.book.receipts[0].at.Add(-21 * time.Millisecond) }},
		{"own answer", func(c *claim) { c.book.replies[0].to = -1 }},
		{"own answer", func(c *claim) { c.book.replies[0].to = 1 }},
		{"own answer", func(c *claim) { first(c).AnswerHex = "f2" }},
		{"own answer", func(c *claim) { c.book.replies[0].at = first(c).Ended.Add(time.Millisecond) }},
		{"own answer", func(c *claim) { c.book.receipts[0].raw, c.book.receipts[0].name = "77", "ask-relays" }},
		{"own answer", func(c *claim) { first(c).Verified = "the master reports OP=1"; c.asks[0].value = 1 }},
		{"own answer", func(c *claim) { first(c).Verified = "the master reports OP=1"; c.asks[0].of = relay{} }},
		{"relay", func(c *claim) { c.book.moves[relay{"1", 3}]++ }},
		{"relay", func(c *claim) { c.asks[1].of = relay{} }},
		{"number", func(c *claim) { c.book.receipts[3].number = 2; c.rows[1].State = ledger.Unknown }},
		{"number", func(c *claim) { c.book.receipts[3].master, c.book.receipts[3].number = "2", 2 }},
		{"key", func(c *claim) { c.rows[1].Key = "a" }},
		{"key", func(c *claim) { c.asks[1].ids = append(c.asks[1].ids, 1) }},
		{"lost", func(c *claim) { c.asks[0].ids[0] = 77 }},
		{"lost", func(c *claim) { c.asks[3].unsure = false }},
		{"told", func(c *claim) { c.asks[0].seen = ledger.Unknown }},
		{"told", func(c *claim) { c.asks[2].cancelled = true }},
		{"told", func(c *claim) { c.asks[0].user = "carl" }},
		{"told", func(c *claim) { c.asks[0].down = true }},
		{"audit", func(c *claim) { c.events[2] = c.events[2][1:] }},
		{"audit", func(c *claim) { c.events[1] = []string{"done by carl"} }},
		{"kept", func(c *claim) { c.stored[0].State = ledger.Sent }},
		{"kept", func(c *claim) { c.stored = c.stored[1:] }},
		{"kept", func(c *claim) { c.stored = append(c.stored, ledger.Command{ID: 99}) }},
	} {
		c := honest()
		l.lie(c)
		problems := judge(*c)
		found := false
		for _, p := range problems {
			found = found || strings.HasPrefix(p, l.rule+": ")
		}
		if !found {
			t.Errorf("a lie against %q was not found: %q", l.rule, problems)
		}
	}
}
