package ledger_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"trama/actors/ledger"
)

func TestACommandEndsOnce(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for _, first := range ledger.States {
		for _, second := range ledger.States {
			if !first.Final() || !first.May(second) {
				continue
			}
			if first != ledger.Unknown || second != ledger.Done && second != ledger.Refused {
				t.Errorf("a command that ended as %s may become %s", first, second)
			}
		}
		if first.NeverSent() && ledger.Sent.May(first) {
			t.Errorf("a command that was sent may become %s, which was never sent", first)
		}
	}
	if !ledger.Claimed.May(ledger.Queued) || ledger.Sent.May(ledger.Queued) {
		t.Error("a command whose connection ends before it is written waits for the next one, and no other does")
	}
	c := ledger.Command{ID: 1, Serial: "12345678", Asked: at}
	if err := c.Change(ledger.Done, at, ""); err == nil || c.State != "" || len(c.Changes) != 0 {
		t.Errorf("done before it was sent: %v, %+v", err, c)
	}
}

func TestACommandComesBackFromItsRow(t *testing.T) {
	at := time.Unix(1_800_000_000, 0).UTC()
	c := ledger.Command{ID: 7, Serial: "12345678", Command: "O", By: "anna", Key: "k", Class: ledger.Never, Asked: at, Expires: at.Add(time.Minute),
		Arguments: map[string]any{"RN": "3"}}
	for i, s := range []ledger.State{ledger.Queued, ledger.Claimed, ledger.Sent, ledger.Unknown, ledger.Done} {
		if open := c.Open(); open != (i < 4) {
			t.Errorf("open before %s: %v", s, open)
		}
		if err := c.Change(s, at.Add(time.Duration(i)*time.Second), string(s)); err != nil {
			t.Fatal(err)
		}
	}
	row, err := c.Row()
	if err != nil {
		t.Fatal(err)
	}
	if row.ID != 7 || row.State != "done" || !row.Ended || row.Key != "k" || !row.Changed.Equal(at.Add(4*time.Second)) || !row.Asked.Equal(at) {
		t.Errorf("%+v", row)
	}
	again, err := ledger.Read(row)
	if err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("%v\n%+v\n%+v", err, again, c)
	}
	if !c.Late || c.Outcome != ledger.Done || time.Duration(c.Elapsed) != 4*time.Second {
		t.Errorf("%+v", c)
	}
}

// A link that flaps gives a command back a hundred times in a second.
func TestACommandThatIsGivenBackForEverHasFewChanges(t *testing.T) {
	at := time.Unix(1_800_000_000, 0).UTC()
	c := ledger.Command{ID: 1, Serial: "12345678", Asked: at}
	early := c
	for n := range 5_000 {
		for _, to := range []ledger.State{ledger.Queued, ledger.Claimed} {
			if err := c.Change(to, at, fmt.Sprint(n)); err != nil {
				t.Fatal(err)
			}
		}
		if n == 40 {
			early = c
		}
	}
	if err := c.Change(ledger.Sent, at, ""); err != nil {
		t.Fatal(err)
	}
	all := c.Changes
	if n := len(all); n > 100 || all[0].Detail != "0" || all[n-1].State != ledger.Sent || all[n-2].Detail != "4999" || all[n-3].Detail != "4999" {
		t.Errorf("%d changes, %+v", n, all)
	}
	if n := len(early.Changes); early.Changes[n-1].Detail != "40" {
		t.Errorf("what was told before has changed: %+v", early.Changes[n-1])
	}
}
