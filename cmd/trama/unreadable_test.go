package main

import (
	"encoding/hex"
	"strings"
	"testing"

	"trama/actors"
)

// unreadableLive are frames whose marks, length and checksum are right and whose body does not fit, with their acknowledgements.
var unreadableLive = []struct{ profile, serial, send, receive, reason, value string }{
	{"hj212", "01100010001002", hex.EncodeToString([]byte("##0114QN=20180728132826005;ST=51;CN=2011;MN=01100010001002;PW=123456;Flag=0;CP=&&" +
		"DataTime=20180726121201;CONC-Rtd=0.82&&48C0\r\n")), hex.EncodeToString([]byte("##0067QN=20180728132826005;ST=91;CN=9014;" +
		"MN=01100010001002;Flag=4;CP=&&&&ACC1\r\n")), "CP at byte 59", ""},
	{"jt808", "013900000017", "7e02000026013900000017000a0000000000000003015752a006c9f9e0000a0000000026090112000001040000000530040102717e",
		"7e800100050139000000170000000a020000a37e", "2 left, 4 needed", "22.5"},
	{"sl651", "0012340001", "7e7e0100123400011234320026020003260901120000f1f1001234000148f0f02609011200201900000a3923000001273812111503dd0e", "",
		"value at byte 39", "0.127"},
}

func TestAnUnreadableFrameIsKeptAcknowledgedAndTold(t *testing.T) {
	config := "[admin]\nlisten = \"127.0.0.1:0\"\n"
	for _, c := range unreadableLive {
		config += "[[listener]]\nname = \"" + c.profile + "\"\naddress = \"127.0.0.1:0\"\nprofile = \"" + c.profile + "\"\n"
	}
	p := serve(t, config)
	for i, c := range unreadableLive {
		device := p.dial(c.profile)
		device.send(fromHex(t, c.send))
		if c.receive == "" {
			device.receive(4) // the rest has the time of the server
		} else if got := hex.EncodeToString(device.receive(len(c.receive) / 2)); got != c.receive {
			t.Errorf("%s: the acknowledgement is %s, want %s", c.profile, got, c.receive)
		}
		p.cli("history", c.serial).want(t, 0, c.reason, c.value)
		p.cli("history", c.serial, "--json").want(t, 0, `"error"`, c.reason, c.value, c.send)
		p.cli("events", "--kind", "unreadable").want(t, 0, c.serial, c.reason)
		var totals actors.Totals
		p.get("/api/v1/totals", &totals)
		if n := uint64(i + 1); totals.Unreadable != n || totals.Frames != n || totals.Stored+totals.Duplicates != n || totals.Acknowledged != n {
			t.Errorf("%s: the account is %+v", c.profile, totals)
		}
		var listeners []actors.ListenerInfo
		p.get("/api/v1/listeners", &listeners)
		for _, l := range listeners {
			if l.Name == c.profile && (l.Unreadable != 1 || l.Skipped != 0 || l.BytesIn != l.InFrames) {
				t.Errorf("%s: the listener has %+v", c.profile, l)
			}
		}
	}
	p.cli("masters").want(t, 0, unreadableLive[0].serial, unreadableLive[1].serial)
	if code := p.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.log)
	}
	p = serveIn(t, p.dir, config)
	p.cli("events", "--kind", "stop").want(t, 0, "stored 3 ", "unreadable 3")
	for _, c := range unreadableLive {
		p.cli("masters", c.serial, "--json").want(t, 0, `"frames":1`, c.value)
		p.cli("history", c.serial).want(t, 0, c.reason, c.value)
	}
}

// gauges is a profile of gauges; more messages are appended.
const gauges = `
name = "gauges"
[frame]
max    = 40
length = { field = "size", counts = "body" }
header = [
  { key = "mark", type = "hex", size = 1, const = "68" },
  { key = "size", type = "byte" },
  { key = "func", type = "byte", role = "command" },
  { key = "unit", type = "byte", role = "identity" },
]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
[[message]]
command = 1
from    = "master"
name    = "state"
fields  = [{ key = "level", type = "byte", role = "value" }]
[[message]]
command = 0x81
from    = "server"
name    = "receipt"
purpose = "acknowledgement"
[[reply]]
from = "master"
to   = [1, 2]
send = "receipt"
`

func TestABetterProfileReadsWhatWasKept(t *testing.T) {
	config := "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"g\"\naddress = \"127.0.0.1:0\"\nprofile = \"gauges.toml\"\n"
	p := serveWith(t, config, map[string]string{"gauges.toml": gauges})
	device := p.dial("g")
	device.send(fromHex(t, "68020207114dd1")) // an unknown function
	if got := hex.EncodeToString(device.receive(5)); got != "68008107f0" {
		t.Errorf("the acknowledgement is %s", got)
	}
	p.cli("masters", "7").want(t, 0, "unreadable", "1; last", "unknown command")
	device.send(fromHex(t, "68020207114ed2")) // and again, which is no news
	device.receive(5)
	if n := strings.Count(p.cli("events", "7", "--kind", "unreadable").stdout, "unknown command"); n != 1 {
		t.Errorf("%d events", n)
	}
	p.cli("redecode").want(t, 0, "unknown command", "0 of 2 frames can be read now")
	p.cli("history", "7").want(t, 0, "unknown command")

	p.write("gauges.toml", gauges+`
[[message]]
command = 2
from    = "master"
name    = "temperature"
fields  = [{ key = "celsius", type = "byte", role = "value" }, { key = "kelvin", type = "byte", role = "value" }]
`)
	p.cli("reload").want(t, 0, "swapped")
	await(t, "the new definition", func() bool {
		var page struct{ Frames []struct{ Redecoded bool } }
		p.get("/api/v1/unreadable?master=7", &page)
		return len(page.Frames) == 2 && page.Frames[0].Redecoded
	})
	p.cli("redecode", "7").want(t, 0, "temperature", "celsius=17", "2 of 2 frames can be read now")
	p.cli("history", "7", "--field", "kelvin").want(t, 0, "77")
	p.cli("redecode", "8").want(t, 1, "unknown master")
}

func TestATimeOfAnotherCenturyIsSuspectAndNoDeviceTime(t *testing.T) {
	p := serve(t, "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"g\"\naddress = \"127.0.0.1:0\"\nprofile = \"gt06\"\n")
	device := p.dial("g")
	device.send(fromHex(t, "78780d0103598700123499830001e14f0d0a")) // a login
	device.receive(10)
	device.send(fromHex(t, "78782012500106141316cc04500000003000004b14860000000000000000000002403c0d0a")) // a position of 1980
	var r result
	await(t, "the position", func() bool {
		r = p.cli("history", "359870012349983")
		return strings.Contains(r.stdout, "position")
	})
	r.want(t, 0, "2080-01-06", "suspect time")
	var m actors.MasterInfo
	p.get("/api/v1/masters/359870012349983", &m)
	if !m.DeviceTime.IsZero() {
		t.Errorf("the device time is %s", m.DeviceTime)
	}
	p.cli("masters", "359870012349983").want(t, 0, "2080-01-06", "suspect time")
}

func TestACommandWhoseAnswerCannotBeReadEndsAtOnce(t *testing.T) {
	p := serve(t, "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:0\"\nprofile = \"dlt645\"\n")
	meter := p.dial("m")
	meter.send(fromHex(t, "6861010000000068910833333433ab8967457816")) // an energy of 123456.78 kWh
	await(t, "the meter", func() bool { return p.cli("masters", "000000000161").code == 0 })
	done := make(chan result)
	go func() {
		done <- p.cli("send", "000000000161", "request", "func=17", `data={"di":"00010000"}`, "--wait", "5m")
	}()
	meter.receive(16)
	meter.send(fromHex(t, "68610100000000689108333334334d8967451a16")) // the same with a digit of 10
	(<-done).want(t, exitUnknown, "unknown", "cannot be read", "pos_active_energy_kwh at byte 14", `"di":"00010000"`)
}

func TestATimeWithABadDigitDoesNotHideWhatStandsBesideIt(t *testing.T) {
	p := serve(t, "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"g\"\naddress = \"127.0.0.1:0\"\nprofile = \"jt808\"\n")
	device := p.dial("g")
	device.send(fromHex(t, "7e02000026123456789013007d02000000010000000200ba7f0e07e4f11c0028003c0000fa10151010100104000000640202007d01f07e"))
	device.receive(15)
	p.cli("masters", "123456789013").want(t, 0, "suspect time", "unreadable")
	p.cli("history", "123456789013").want(t, 0, "time at byte 36: not a decimal digit", "suspect time", "12.5")
	p.cli("history", "123456789013", "--json").want(t, 0, `"time": "?fa1015101010"`)
	p.cli("history", "123456789013", "--point", "oil").want(t, 0, "12.5")
	p.cli("export", "-").want(t, 0, "oil,12.5")
	p.cli("redecode").want(t, 0, "0 of 1 frame can be read now")
	p.cli("cursors", "set", "c", "0").want(t, 0)
	var behind struct{ Frames []struct{ Error string } }
	if p.get("/api/v1/cursors/c/frames", &behind); len(behind.Frames) != 1 || behind.Frames[0].Error == "" {
		t.Errorf("behind the cursor: %+v", behind)
	}
	if got := p.watched(1); len(got) != 6 {
		t.Errorf("the stream has %q", got)
	}
}
