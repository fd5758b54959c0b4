package actors

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"trama/transport"
)

const imei = "865012345678901"

// mostRegistered is how many masters a connection may have here.
const mostRegistered = 50

func startRegistered(t *testing.T, profile string, frameNames bool, r transport.Registration) *gateway {
	t.Helper()
	return startAll(t, Options{Listeners: []ListenerOptions{{
		Profile: shipped(t, profile), FrameNames: frameNames, MaxMasters: mostRegistered,
		Transport: transport.Options{Name: "port", Address: "127.0.0.1:0", Aside: &transport.Aside{
			Registration: &r, HeartbeatBytes: [][]byte{{0xfe}, []byte("ping")}, HeartbeatEcho: true,
		}},
	}}})
}

var imeiForm = transport.Registration{Form: transport.FormDigits, Min: 15, Max: 15}

func text(s string) string { return hex.EncodeToString([]byte(s)) }

func TestARegisteredModemIsAskedThroughItsName(t *testing.T) {
	for profile, c := range map[string]struct{ ask, answer, other string }{
		"modbus-rtu": {"1103007c00020743", "110304008d008efbbd", "110302008df9e2"},
		"modbus-tcp": {"000100000006110300010002", "0001000000071103040001000a", ""},
	} {
		t.Run(profile, func(t *testing.T) {
			g := startRegistered(t, profile, false, imeiForm)
			d := dial(t, g, "port")
			d.send(text(imei))
			await(t, "the master", func() bool {
				m, err := g.Master(imei)
				return err == nil && m.State == "online" && m.Profile == profile
			})
			d.send("fe", text("ping"))
			if got := d.receive(5); got != "fe"+text("ping") {
				t.Errorf("echo %s", got)
			}
			sent := make(chan CommandResult, 1)
			go func() {
				start, count := 124, 2
				if profile == "modbus-tcp" {
					start = 1
				}
				r, err := g.Send(context.Background(), CommandRequest{Serial: imei, Command: "3", Fields: map[string]any{"unit": 17, "start": start, "count": count}, Wait: patience})
				if err != nil {
					t.Error(err)
				}
				sent <- r
			}()
			got := d.receive(len(c.ask) / 2)
			if profile == "modbus-rtu" && got != c.ask {
				t.Errorf("asked %s, want %s", got, c.ask)
			}
			if profile == "modbus-tcp" {
				c.answer = got[:4] + c.answer[4:]
			}
			d.send("fe", c.answer)
			if r := <-sent; r.Outcome != OutcomeDone || r.AnswerHex != c.answer {
				t.Errorf("%+v", r)
			}
			m, err := g.Master(imei)
			if err != nil || m.Frames != 1 || len(g.Masters()) != 1 {
				t.Errorf("%v %+v", err, m)
			}
			conn := g.Connections()[0]
			if conn.Skipped != 0 || conn.Heartbeats != 3 || conn.Registered != imei {
				t.Errorf("%+v", conn)
			}
		})
	}
}

func TestARegistrationGluedToDataNamesItsFrames(t *testing.T) {
	g := startRegistered(t, "compact", false, imeiForm)
	d := dial(t, g, "port")
	const level = "0013010000000012345678010273000041ac0000"
	const other = "0013010000000012345678010273000041b00000" // the same one again would be a resend
	d.send(text(imei), level, other)
	d.receive(30)
	m, err := g.Master(imei)
	if err != nil || m.Frames != 2 || len(g.Masters()) != 1 {
		t.Errorf("%v %+v", err, g.Masters())
	}
}

func TestANameBeforeEveryPacketMayChange(t *testing.T) {
	repeated := imeiForm
	repeated.Repeat = true
	g := startRegistered(t, "modbus-rtu", false, repeated)
	d := dial(t, g, "port")
	const answer = "110304008d008efbbd"
	other := "865012345678902"
	d.send(text(imei), answer, text(other), answer, answer, text(imei), answer)
	await(t, "all", func() bool { return g.Totals().Frames == 4 })
	a, err1 := g.Master(imei)
	b, err2 := g.Master(other)
	if err1 != nil || err2 != nil || a.Frames != 2 || b.Frames != 2 {
		t.Errorf("%v %v %+v %+v", err1, err2, a, b)
	}
	if c := g.Connections()[0]; c.Skipped != 0 || len(c.Masters) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestFramesOfNobodyAreRefusedWhereDevicesRegister(t *testing.T) {
	g := startRegistered(t, "modbus-rtu", false, imeiForm)
	d := dial(t, g, "port")
	d.send("110304008d008efbbd")
	await(t, "the refusal", func() bool { return g.Totals().Rejected["nobody is registered"] == 1 })
	if n := len(g.Masters()); n != 0 {
		t.Errorf("%d masters", n)
	}
	d.send(text(imei), "110304008d008efbbd")
	await(t, "the master", func() bool { m, err := g.Master(imei); return err == nil && m.Frames == 1 })
}

func TestFramesMayKeepTheirOwnNames(t *testing.T) {
	g := startRegistered(t, "compact", true, imeiForm)
	d := dial(t, g, "port")
	d.send(text(imei), "0013010000000012345678010273000041ac0000")
	d.receive(15)
	if m, err := g.Master("12345678"); err != nil || m.Frames != 1 {
		t.Errorf("%v %+v", err, m)
	}
}

func TestStrangersCannotRegisterWithoutEnd(t *testing.T) {
	g := startRegistered(t, "modbus-rtu", false, transport.Registration{Form: transport.FormBytes, Min: 2, Max: 2, Repeat: true})
	d := dial(t, g, "port")
	for i := range mostRegistered + 10 {
		d.send(hex.EncodeToString([]byte{byte(i >> 8), byte(i)}))
	}
	await(t, "the refusals", func() bool { return g.Totals().Rejected["too many masters on one connection"] == 10 })
	if c := g.Connections()[0]; len(c.Masters) != mostRegistered {
		t.Errorf("%d masters", len(c.Masters))
	}
}

func TestWhoeverDialsInIsGreeted(t *testing.T) {
	g := startAll(t, Options{Listeners: []ListenerOptions{{
		Profile: shipped(t, "iec104"), Greeting: "start", Transport: transport.Options{Name: "port", Address: "127.0.0.1:0"},
	}}})
	d := dial(t, g, "port")
	if got := d.receive(6); got != "680407000000" {
		t.Fatalf("greeting %s", got)
	}
	d.send("68040b000000", "6819be010000240103009101040000bcf4474200983a2d8e420614")
	if got := d.receive(6); got != "68040100c001" {
		t.Errorf("received %s", got)
	}
	if err := g.ports.All[0].Fits(shipped(t, "extended")); err == nil {
		t.Error("a profile without that message fits")
	}
}

// A command with the address of the device behind a modem waits for the modem that is away.
func TestACommandWaitsForADeviceBehindAModemThatIsAway(t *testing.T) {
	g := startRegistered(t, "modbus-rtu", false, imeiForm)
	d := dial(t, g, "port")
	d.send(text(imei))
	await(t, "the master", func() bool { m, err := g.Master(imei); return err == nil && m.State == "online" })
	_ = d.Close()
	await(t, "its end", func() bool { m, err := g.Master(imei); return err == nil && len(m.Links) == 0 })
	ask := CommandRequest{Serial: imei, Command: "write-register", Fields: map[string]any{"unit": 17, "address": 5, "value": 1}, Queue: time.Minute, Async: true}
	if c, err := g.Send(t.Context(), ask); err != nil || c.State != "queued" {
		t.Fatalf("%+v, %v", c, err)
	}
	again := dial(t, g, "port")
	again.send(text(imei))
	if got := again.receive(8); !strings.HasPrefix(got, "110600050001") {
		t.Errorf("%s", got)
	}
}
