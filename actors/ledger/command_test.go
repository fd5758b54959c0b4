package ledger_test

import (
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
