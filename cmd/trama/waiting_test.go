package main

import (
	"encoding/hex"
	"testing"
	"time"

	"trama/codec"
)

const stationPort = `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "stations"
address = "127.0.0.1:0"
profile = "sl651"
`

// While a command waits for a station, or for its answer, its reports are acknowledged with 1B: it is to stay on the line.
func TestAStationIsAskedToStayWhileCommandsWait(t *testing.T) {
	station, err := codec.Shipped("sl651")
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, stationPort)
	var report codec.Frame
	if err := station.Decode(codec.Uplink, fromHex(t, corpusFrame(t, "sl651", "sl651-30-test")), &report); err != nil {
		t.Fatal(err)
	}
	c := p.dial("stations")
	endMark := func(number int) string {
		for key, value := range map[string]any{"serial": number, "send_time": time.Now()} { // its clock is not set
			if err := station.Set(&report, key, value); err != nil {
				t.Fatal(err)
			}
		}
		raw, err := station.Append(nil, &report)
		if err != nil {
			t.Fatal(err)
		}
		c.send(raw)
		return hex.EncodeToString(c.receive(25)[22:23])
	}
	if mark := endMark(1); mark != "04" {
		t.Errorf("nothing waits, and the acknowledgement ends with %s", mark)
	}
	done := make(chan result)
	go func() { done <- p.cli("send", "0012345678", "ask-values", "func=55", "center=1", "password=1234") }()
	asked := c.receive(25)
	if mark := endMark(2); mark != "1b" {
		t.Errorf("a command is in flight, and the acknowledgement ends with %s", mark)
	}
	var request, answer codec.Frame
	if err := station.Decode(codec.Downlink, asked, &request); err != nil {
		t.Fatal(err)
	}
	number, _ := request.Transaction()
	if err := station.Decode(codec.Uplink, fromHex(t, corpusFrame(t, "sl651", "sl651-37-query-reply")), &answer); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{"station": "0012345678", "serial": number, "send_time": time.Now()} {
		if err := station.Set(&answer, key, value); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := station.Append(nil, &answer)
	if err != nil {
		t.Fatal(err)
	}
	c.send(raw)
	(<-done).want(t, 0, "done")
	if mark := endMark(3); mark != "04" {
		t.Errorf("the command has ended, and the acknowledgement ends with %s", mark)
	}
	_ = c.Close()
	await(t, "its leave", func() bool { return len(p.links("0012345678")) == 0 })
	p.cli("send", "0012345678", "ask-values", "func=55", "center=1", "password=1234", "--queue", "1h", "--wait", "1ms").want(t, 0, "queued")
	c = p.dial("stations")
	if mark := endMark(4); mark != "1b" {
		t.Errorf("a command is queued, and the acknowledgement ends with %s", mark)
	}
	if err := station.Decode(codec.Downlink, c.receive(25), &request); err != nil || request.Message().Name != "ask-values" {
		t.Errorf("no command came: %v", err)
	}
}
