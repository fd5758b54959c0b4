package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const threePorts = twoPorts + `
[[listener]]
name = "integrators"
address = "127.0.0.1:0"
profile = "extended"
role = "integrator"
`

// header is an extended frame without body.
func header(serial int, command byte, code, transaction int) string {
	return fmt.Sprintf("00200100000000%08d010203%02x%02d20261123143000%08d", serial, command, code, transaction)
}

func TestIntegratorAsksAMasterThroughTheGateway(t *testing.T) {
	p := serve(t, threePorts)
	p.simulated(1, time.Hour)
	await(t, "the master", func() bool { return strings.Contains(p.cli("masters").stdout, "10000001  online") })
	c := p.dial("integrators")
	for i, command := range []byte("abfgh") {
		c.send(fromHex(t, header(10000001, command, 0, 500+i)))
		answered := map[byte]bool{}
		for range 2 { // the receipt comes at once and the master's answer later, both under the integrator's number
			raw := c.receive(27)
			answered[raw[14]] = true
			if got := fmt.Sprintf("%x", raw[23:27]); raw[15] != 0 || got != fmt.Sprintf("%08d", 500+i) {
				t.Errorf("%c: answered %x", command, raw)
			}
		}
		if !answered[command] || !answered[command-'a'+'A'] {
			t.Errorf("%c: answered with %v", command, answered)
		}
	}
}

func TestIntegratorIsToldThatAMasterIsOffline(t *testing.T) {
	p := serve(t, threePorts)
	c := p.dial("integrators")
	c.send(fromHex(t, header(99999999, 'a', 0, 7)))
	raw := c.receive(27)
	if raw[14] != 'a' || raw[15] != 1 {
		t.Errorf("answered %x, want response code 1", raw)
	}
}

// A master's own response code reaches the integrator, and fields that both profiles have cross from one to the other.
func TestIntegratorHearsWhatTheMasterAnswered(t *testing.T) {
	p := serve(t, threePorts)
	integrator, extended, compact := p.dial("integrators"), p.dial("field"), p.dial("compact")
	extended.send(fromHex(t, measurement(12345678, 1)))
	extended.receive(27)
	compact.send(fromHex(t, "0013010000000077777777010273000041ac0000"))
	compact.receive(15)
	for i, c := range []struct {
		master       *peer
		serial, size int
		code, codeAt int
	}{
		{extended, 12345678, 27, 0, 15}, {extended, 12345678, 27, 5, 15}, {compact, 77777777, 15, 0, 14}, {compact, 77777777, 15, 5, 14},
	} {
		integrator.send(fromHex(t, header(c.serial, 'a', 0, 600+i)))
		if got, want := masked(integrator.receive(27)), masked(fromHex(t, header(c.serial, 'a', 0, 600+i))); got != want {
			t.Errorf("receipt %s, want %s", got, want)
		}
		command := c.master.receive(c.size)
		command[c.codeAt] = byte(c.code)
		c.master.send(command)
		if got, want := masked(integrator.receive(27)), masked(fromHex(t, header(c.serial, 'A', c.code, 600+i))); got != want {
			t.Errorf("answer %s, want %s", got, want)
		}
	}
}

func TestCommandOverCompact(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("compact")
	c.send(fromHex(t, "0013010000000012345678010273000041ac0000"))
	c.receive(15)
	done := make(chan result, 1)
	go func() { done <- p.cli("send", "12345678", "B") }()
	command := c.receive(15)
	if command[13] != 'B' {
		t.Errorf("the master got %x", command)
	}
	c.send(command) // its answer is the same header
	(<-done).want(t, 0, "done: 12345678 answered B")

	go func() { done <- p.cli("send", "12345678", "O", "RN=3", "OP=1") }()
	command = c.receive(17)
	command[1], command[14] = 0x08, 0x05 // header only, response code 5
	c.send(command[:15])
	(<-done).want(t, exitRefused, "refused: 12345678 answered O with response code 5")

	p.cli("send", "12345678", "A", "--wait", "50ms").want(t, exitUnknown, "unknown: A", "may have been executed")
}

// An integrator that wants to hears of every outcome, under its own number; any other sees no new frame.
func TestAnIntegratorHearsOfOutcomesWithoutAnAnswer(t *testing.T) {
	p := serve(t, strings.Replace(threePorts, `role = "integrator"`, "role = \"integrator\"\noutcomes = true", 1)+strings.ReplaceAll(
		strings.TrimPrefix(threePorts, twoPorts), `"integrators"`, `"plain"`))
	told, plain, master := p.dial("integrators"), p.dial("plain"), p.dial("field")
	master.send(fromHex(t, measurement(12345678, 1)))
	master.receive(27)
	ask := func(c *peer, letter byte, number int) {
		t.Helper()
		c.send(fromHex(t, header(12345678, letter, 0, number)))
		if raw := c.receive(27); raw[14] != letter || raw[15] != 0 {
			t.Fatalf("receipt %x", raw)
		}
	}
	outcome := func(letter, code byte, number int) {
		t.Helper()
		if raw := told.receive(27); raw[14] != letter || raw[15] != code || fmt.Sprintf("%x", raw[23:27]) != fmt.Sprintf("%08d", number) {
			t.Errorf("told %x, want letter %c, response code %d and number %d", raw, letter, code, number)
		}
	}
	ask(told, 'a', 71)
	if raw := master.receive(27); raw[14] != 'A' {
		t.Fatalf("asked %x", raw)
	}
	ask(told, 'h', 72)
	ask(plain, 'b', 73)
	var queued struct {
		Commands []struct {
			ID      uint64 `json:"id"`
			Command string `json:"command"`
		} `json:"commands"`
	}
	p.get("/api/v1/commands?open=true", &queued)
	for _, c := range queued.Commands {
		if c.Command != "A" {
			p.cli("cancel", fmt.Sprint(c.ID)).want(t, exitDone)
		}
	}
	outcome('H', 242, 72)
	_ = master.Close()
	outcome('A', 240, 71)
	plain.send(fromHex(t, header(12345678, 'k', 0, 74))) // what comes next is its receipt
	if raw := plain.receive(27); raw[14] != 'k' {
		t.Errorf("an integrator that did not ask for outcomes is told %x", raw)
	}
}

// Measurements of a master are passed on as long as the connection lasts, under the number of the subscription, from one profile
// to another too.
func TestAnIntegratorSubscribesToMeasurements(t *testing.T) {
	p := serve(t, threePorts)
	extended, compact := p.dial("field"), p.dial("compact")
	say := func(c *peer, raw string, acknowledgement int) {
		t.Helper()
		c.send(fromHex(t, raw))
		c.receive(acknowledgement)
	}
	const short = "0013010000000077777777010273000041ac0000"
	say(extended, measurement(12345678, 1), 27)
	say(compact, short, 15)
	i := p.dial("integrators")
	subscribe := func(serial, number, code int) {
		t.Helper()
		i.send(fromHex(t, header(serial, 'w', 0, number)))
		if raw := i.receive(27); raw[14] != 'w' || int(raw[15]) != code {
			t.Errorf("subscribed to %d: %x, want response code %d", serial, raw, code)
		}
	}
	passed := func(want string) {
		t.Helper()
		if raw := fmt.Sprintf("%x", i.receive(32)); raw[14:22]+raw[28:30]+raw[46:] != want {
			t.Errorf("passed on %s, want %s", raw, want)
		}
	}
	subscribe(12345678, 81, 0)
	subscribe(77777777, 82, 0)
	subscribe(99999999, 83, 1)
	say(extended, measurement(12345678, 2), 27)
	passed("123456786d" + "00000081" + "0041ac0000")
	say(extended, measurement(12345678, 2), 27) // a resend is no measurement
	say(extended, header(12345678, 'k', 0, 3), 27)
	say(extended, measurement(55555555, 1), 27) // nobody has subscribed to it
	say(compact, strings.Replace(short, "41ac", "42ac", 1), 15)
	passed("777777776d" + "00000082" + "0042ac0000")
	subscribe(12345678, 84, 0)
	say(extended, measurement(12345678, 4), 27)
	passed("123456786d" + "00000084" + "0041ac0000")
	_ = i.Close()
	await(t, "its leave", func() bool { return strings.Count(p.cli("connections").stdout, "\n") == 3 })
	say(extended, measurement(12345678, 5), 27)
	i = p.dial("integrators")
	say(extended, measurement(12345678, 6), 27)
	i.send(fromHex(t, header(12345678, 'k', 0, 85)))
	if raw := i.receive(27); raw[14] != 'k' {
		t.Errorf("another connection is given %x", raw)
	}
}
