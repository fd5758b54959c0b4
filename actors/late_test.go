package actors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/actors/ledger"
)

// Behind a command that nobody answered in time, an answer that fits both is held: the next one takes its place, and
// without one it is shown as what it may be.  Compact frames have no numbers.
func TestALateAnswerIsNoOutcomeOfTheNextCommand(t *testing.T) {
	const late, own = "000801000000001234567801024107", "000801000000001234567801024100"
	g := start(t, "compact:compact")
	d := dial(t, g, "compact")
	d.send("0013010000000012345678010273000041ac0000")
	d.receive(15)
	unanswered := func() {
		t.Helper()
		reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: 50 * time.Millisecond})
		d.receive(15)
		if s := outcome(t, reply); s.result.Outcome != OutcomeUnknown {
			t.Fatalf("%+v", s)
		}
	}
	unanswered()
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	d.receive(15)
	d.send(late)
	d.send(own)
	if s := outcome(t, reply); s.result.Outcome != OutcomeDone || s.result.AnswerHex != own || s.result.Detail != "" {
		t.Errorf("%+v", s)
	}

	unanswered()
	reply = send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	d.receive(15)
	d.send(late)
	if s := outcome(t, reply); s.result.Outcome != OutcomeRefused || !strings.Contains(s.result.Detail, "may be the late answer") {
		t.Errorf("%+v", s)
	}

	// A late answer that comes before the next command is sent belongs to nobody, and the next is answered at once.
	unanswered()
	d.send(late)
	await(t, "the late answer", func() bool { m, _ := g.Master("12345678"); return m.Frames == 5 })
	reply = send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	d.receive(15)
	d.send(own)
	if s := outcome(t, reply); s.result.Outcome != OutcomeDone || s.result.Detail != "" {
		t.Errorf("%+v", s)
	}
}

// A command for which the line is quiet is not overtaken by one that was asked for behind it.
func TestTheQuietOfTheLineKeepsTheOrderOfCommands(t *testing.T) {
	g := start(t, "compact:compact")
	d := dial(t, g, "compact")
	d.send("0013010000000012345678010273000041ac0000")
	d.receive(15)
	outcome(t, send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: 50 * time.Millisecond}))
	d.receive(15)
	for _, letter := range []string{"A", "F"} {
		if _, err := g.Send(t.Context(), CommandRequest{Serial: "12345678", Command: letter, Wait: patience, Async: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"41", "46"} {
		if got := d.receive(15); got[26:28] != want {
			t.Fatalf("%s comes before %s", got, want)
		}
		d.send("0008010000000012345678010241"[:26] + want + "00")
	}
}

// Of a late answer that is given up for another one nothing is left in the result.
func TestNothingOfALateAnswerIsLeft(t *testing.T) {
	g := startRegistered(t, "modbus-rtu", false, imeiForm)
	d := dial(t, g, "port")
	d.send(text(imei))
	await(t, "the master", func() bool { m, err := g.Master(imei); return err == nil && m.State == "online" })
	read := CommandRequest{Serial: imei, Command: "3", Fields: map[string]any{"unit": 17, "start": 124, "count": 2}, Wait: 50 * time.Millisecond}
	reply := send(g, read)
	d.receive(8)
	if s := outcome(t, reply); s.result.Outcome != OutcomeUnknown {
		t.Fatalf("%+v", s)
	}
	read.Wait = patience
	reply = send(g, read)
	d.receive(8)
	d.send("118302c134") // an exception
	d.send("110304008d008efbbd")
	s := outcome(t, reply)
	if s.result.Outcome != OutcomeDone || s.result.Code != nil || len(s.result.Answer) == 0 || strings.Contains(fmt.Sprint(s.result.Answer), "exception_code") {
		t.Errorf("%+v", s)
	}
}

// A write to a unit behind a modem is read back from the same unit, at the same place; the echo of another one,
// another unit and another register say nothing of it.
func TestAWriteWithoutAnswerIsReadBackWhereItWent(t *testing.T) {
	for _, test := range []struct {
		command        string
		fields         map[string]any
		sent, readBack string
		others         []string
		says           string
		want           ledger.State
		detail         string
	}{
		{"write-coil", map[string]any{"unit": 17, "address": 5, "value": "on"}, "11050005ff009eab", "110100050001ef5b",
			[]string{"1105000400008e9b", "1201010194cc"}, "110101019488", OutcomeDone, "verified: the master reports flags=10000000"},
		{"write-coil", map[string]any{"unit": 17, "address": 5, "value": "on"}, "11050005ff009eab", "110100050001ef5b",
			nil, "110101005548", OutcomeUnknown, "and the master reports flags=00000000"},
		{"write-register", map[string]any{"unit": 17, "address": 5, "value": 1000}, "1106000503e89be5", "110300050001969b",
			nil, "11030203e87939", OutcomeDone, "verified: the master reports registers[0]=1000"},
	} {
		t.Run(test.command+" "+test.says, func(t *testing.T) {
			t.Parallel() // each waits for silence
			g := startRegistered(t, "modbus-rtu", false, imeiForm)
			d := dial(t, g, "port")
			d.send(text(imei))
			await(t, "the master", func() bool { m, err := g.Master(imei); return err == nil && m.State == "online" })
			reply := send(g, CommandRequest{Serial: imei, Command: test.command, Fields: test.fields, Wait: 2 * time.Second})
			if got := d.receive(8); got != test.sent {
				t.Fatalf("sent %s, want %s", got, test.sent)
			}
			if got := d.receive(8); got != test.readBack {
				t.Fatalf("read back by %s, want %s", got, test.readBack)
			}
			for _, other := range test.others {
				d.send(other)
			}
			d.send(test.says)
			if s := outcome(t, reply); s.result.Outcome != test.want || !strings.Contains(s.result.Detail, test.detail) {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A modem that sends each answer twice: the second one is not the answer to the next request, once it has shown its manner.
func TestASecondAnswerIsNotThatToTheNextCommand(t *testing.T) {
	g := startRegistered(t, "modbus-rtu", false, imeiForm)
	d := dial(t, g, "port")
	d.send(text(imei))
	await(t, "the master", func() bool { m, err := g.Master(imei); return err == nil && m.State == "online" })
	const first, own = "110304008d008efbbd", "110304000100023bf3"
	read := CommandRequest{Serial: imei, Command: "3", Fields: map[string]any{"unit": 17, "start": 124, "count": 2}, Wait: patience}
	reply := send(g, read)
	d.receive(8)
	begun := time.Now()
	d.send(first)
	outcome(t, reply)
	d.send(first)
	await(t, "the second one", func() bool { m, _ := g.Master(imei); return m.Frames == 2 })
	read.Fields = map[string]any{"unit": 17, "start": 200, "count": 2}
	reply = send(g, read)
	d.receive(8)
	if quiet := time.Since(begun); quiet < 300*time.Millisecond {
		t.Errorf("the next command came after %v, when another second answer may come", quiet)
	}
	d.send(own)
	if s := outcome(t, reply); s.result.Outcome != OutcomeDone || s.result.AnswerHex != own {
		t.Errorf("%+v", s)
	}
}
