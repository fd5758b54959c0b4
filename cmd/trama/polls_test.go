package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trama/actors"
	"trama/codec"
	"trama/journal/sqlite"
)

// polledMeter is a configuration with one poll of two registers; more stands behind it.
func polledMeter(more string) string {
	return "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"dtu\"\naddress = \"127.0.0.1:0\"\nprofile = \"modbus-tcp\"\nregistration = \"imei\"\n" +
		"[[poll]]\nname = \"levels\"\nevery = \"1s\"\nwait = \"5s\"\nfields = { unit = 1 }\n" +
		"points = [{ register = 40001, name = \"level\", unit = \"m\", scale = 0.01, type = \"int16\" }, { register = 40002, name = \"flow\" }]\n" + more
}

// meter is a Modbus TCP device behind a DTU.
type meter struct {
	t         *testing.T
	exception atomic.Bool // it refuses
	silent    atomic.Bool // it does not answer
	asked     atomic.Int32
}

// dialMeter has one dial in by the name of a DTU; register n holds n + 100, the first one 215.
func (p *program) dialMeter(name string) *meter {
	p.t.Helper()
	m := &meter{t: p.t}
	c := p.dial("dtu")
	done := make(chan struct{})
	p.t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	c.send([]byte(name))
	go func() {
		defer close(done)
		m.serve(c)
	}()
	return m
}

func (m *meter) serve(c net.Conn) {
	_ = c.SetDeadline(time.Time{})
	for b := make([]byte, 12); ; {
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		m.asked.Add(1)
		body := []byte{b[6], b[7], 2 * b[11]}
		for i := range b[11] {
			value := binary.BigEndian.Uint16(b[8:]) + uint16(i) + 100
			if value == 100 {
				value = 215
			}
			body = binary.BigEndian.AppendUint16(body, value)
		}
		if m.exception.Load() {
			body = []byte{b[6], b[7] | 0x80, 2}
		}
		if m.silent.Load() {
			continue
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(slices.Clone(b[:4]), uint16(len(body))), body...)); err != nil {
			return
		}
	}
}

func TestAPolledRegisterIsAPointEverywhere(t *testing.T) {
	p := serve(t, polledMeter(""))
	p.dialMeter(dtuName)
	await(t, "the level", func() bool { return strings.Contains(p.cli("history", dtuName, "--point", "level").stdout, "2.15") })
	shown := func(p *program) {
		t.Helper()
		p.cli("masters", dtuName).want(t, 0, "level", "2.15", " m ", "flow", "101")
		p.cli("history", dtuName, "--json").want(t, 0, `"point": "level"`, `"value": 2.15`, `"unit": "m"`)
		p.cli("export", "-", "--serial", dtuName).want(t, 0, ",level,2.15,,m,good,", ",flow,101,,,good,")
		if out := p.cli("history", dtuName, "--frames").stdout; strings.Contains(out, "registers/0") {
			t.Errorf("the registers have two names:\n%s", out)
		}
	}
	shown(p)
	p.cli("masters", dtuName).want(t, 0, "poll levels", "every 1s, done")
	p.cli("polls").want(t, 0, "levels", "configuration")
	if p.end() != 0 {
		t.Fatal("it does not end in order")
	}
	if r, err := sqlite.Verify(t.Context(), p.file("data/journal.db")); err != nil || len(r.Damage) > 0 || r.Frames == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	shown(serveIn(t, p.dir, strings.Replace(polledMeter(""), "40001", "40011", 1))) // what was polled is not read again by another poll
}

const dtuName = "866123456789012"

func TestAPollThatFailsIsToldOnce(t *testing.T) {
	p := serve(t, polledMeter(""))
	m := p.dialMeter(dtuName)
	m.exception.Store(true)
	await(t, "the event", func() bool { return strings.Contains(p.cli("events", "--kind", "poll").stdout, "failing") })
	p.cli("events", dtuName, "--kind", "poll").want(t, 0, "poll levels: code 2, illegal-address")
	p.cli("masters", dtuName).want(t, 0, "refused", "code 2, illegal-address")
	p.cli("polls", "--json").want(t, 0, `"failing":1`)
	m.exception.Store(false)
	await(t, "the end of it", func() bool { return strings.Contains(p.cli("events", "--kind", "poll").stdout, "works again") })
	if out := p.cli("events", "--kind", "poll", "--json").stdout; strings.Count(out, `"id"`) != 2 {
		t.Errorf("there are more events:\n%s", out)
	}
	p.cli("polls", "--json").want(t, 0, `"failing":0`)
}

// A poll that cannot be asked says why.
func TestAPollWithoutItsUnitSaysSo(t *testing.T) {
	p := serve(t, strings.Replace(polledMeter(""), "fields = { unit = 1 }\n", "", 1))
	p.dialMeter(dtuName)
	await(t, "the reason", func() bool { return strings.Contains(p.cli("masters", dtuName).stdout, "unit: missing") })
}

// Each outcome is told with its reason, also of a request that was not sent and so has not failed.
func TestWhatCameOfAPollIsSaidInWords(t *testing.T) {
	for want, p := range map[string]actors.PollInfo{
		"every 3s, asked for the first time":                                  {},
		"every 3s, done 3d ago":                                               {Outcome: actors.OutcomeDone},
		"every 3s, expired 3d ago: never sent: it waited":                     {Outcome: actors.OutcomeExpired, Detail: "never sent: it waited"},
		"every 3s, unknown 3d ago: no answer within 1s (2 failed in a row)":   {Outcome: actors.OutcomeUnknown, Detail: "no answer within 1s", Failed: 2},
		"every 3s, expired 3d ago: never sent: it waited (2 failed in a row)": {Outcome: actors.OutcomeExpired, Detail: "never sent: it waited", Failed: 2},
	} {
		p.Every, p.At = "3s", time.Now().Add(-72*time.Hour)
		if got := pollInWords(p); got != want {
			t.Errorf("found %q, expected %q", got, want)
		}
	}
}

// A poll whose answer is awaited is not asked again, and those that are skipped are counted.
func TestPollsDoNotPileUp(t *testing.T) {
	p := serve(t, polledMeter(""))
	m := p.dialMeter(dtuName)
	m.silent.Store(true)
	await(t, "skipped ones", func() bool {
		out := p.cli("polls", "--json").stdout
		return strings.Contains(out, `"skipped":2`) || strings.Contains(out, `"skipped":3`)
	})
	if n := m.asked.Load(); n != 1 {
		t.Errorf("it was asked %d times within the wait for the first answer", n)
	}
	p.cli("polls", "--json").want(t, 0, `"asked":1,`)
}

func TestAReloadPutsOtherPollsInForce(t *testing.T) {
	p := serve(t, polledMeter(""))
	p.dialMeter(dtuName)
	await(t, "the level", func() bool { return strings.Contains(p.cli("masters", dtuName).stdout, "level") })
	p.write("config.toml", polledMeter("[[poll]]\nname = \"more\"\nevery = \"1s\"\nfields = { unit = 1 }\npoints = [{ register = 30006, name = \"temperature\" }]\n"))
	p.cli("reload").want(t, 0, "polls: 2 read")
	await(t, "the new point", func() bool { return strings.Contains(p.cli("masters", dtuName).stdout, "temperature") })
	p.write("config.toml", strings.Replace(polledMeter(""), `points = [`, `points = [{ register = 40009, name = "wrong", type = "int8" }, `, 1))
	p.cli("reload").want(t, 1, "poll[0].points[0].type")
	p.write("config.toml", strings.SplitAfter(polledMeter(""), "imei\"\n")[0])
	p.cli("reload").want(t, 0)
	if out := p.cli("polls", "--json").stdout; strings.Contains(out, "levels") {
		t.Errorf("polls that are gone: %s", out)
	}
}

// A serial line answers in order, and an answer does not say of which registers it is.  One that comes when another request
// waits is not the answer to that.
func TestALateAnswerIsNotThatOfAnotherRegister(t *testing.T) {
	t.Parallel()
	poll := func(name string, register int) string {
		return fmt.Sprintf("[[poll]]\nname = %q\nevery = \"1s\"\nwait = \"300ms\"\nfields = { unit = 1 }\npoints = [{ register = %d, name = %q }]\n", name, register, name)
	}
	p := serve(t, "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"dtu\"\naddress = \"127.0.0.1:0\"\nprofile = \"modbus-rtu\"\nregistration = \"imei\"\n"+
		poll("one", 40001)+poll("seven", 40007)+poll("nine", 40009))
	c := p.dial("dtu")
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	c.send([]byte(dtuName))
	rtu, err := codec.Shipped("modbus-rtu")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		_ = c.SetDeadline(time.Time{})
		for n, b := 0, make([]byte, 8); ; n++ {
			if _, err := io.ReadFull(c, b); err != nil {
				return
			}
			if n%4 == 1 {
				time.Sleep(1400 * time.Millisecond) // when the next request is there
			}
			var f codec.Frame
			fields := map[string]any{"unit": 1, "func": 3, "registers": []any{binary.BigEndian.Uint16(b[2:]) + 1}}
			if err := rtu.Build(&f, "registers", fields); err != nil {
				t.Error(err)
				return
			}
			if _, err := c.Write(f.Raw()); err != nil {
				return
			}
		}
	}()
	await(t, "late answers", func() bool {
		out := p.cli("polls", "--json").stdout
		return strings.Count(out, `"unknown":0`) <= 1 && strings.Count(out, `"done":0`) == 0 && strings.Count(out, `"done":1,`) == 0
	})
	all := p.cli("export", "-", "--serial", dtuName).stdout
	for point, value := range map[string]string{"one": "1", "seven": "7", "nine": "9"} {
		good := strings.Count(all, ","+point+","+value+",,,good")
		if n := strings.Count(all, ","+point+","); good == 0 || n != good {
			t.Errorf("%s: %d samples, %d of them %s:\n%s", point, n, good, value, all)
		}
	}
}

// A definition brings polls of its own, which one of config.toml with their name replaces.
func TestADefinitionPollsItsMasters(t *testing.T) {
	t.Parallel()
	text, ok := codec.ShippedSource("modbus-tcp")
	if !ok {
		t.Fatal("modbus-tcp is not shipped")
	}
	own := strings.Replace(string(text), "modbus-tcp", "meter", 1) +
		"\n[[poll]]\nname = \"energy\"\nevery = \"1s\"\nfields = { unit = 1 }\npoints = [{ register = 30002, name = \"energy\", unit = \"kWh\" }]\n"
	config := strings.Replace(polledMeter(""), `"modbus-tcp"`, `"meter.toml"`, 1)
	p := serveWith(t, config, map[string]string{"meter.toml": own})
	p.dialMeter(dtuName)
	await(t, "the points", func() bool {
		out := p.cli("masters", dtuName).stdout
		return strings.Contains(out, "kWh") && strings.Contains(out, "level")
	})
	p.cli("polls", "--json").want(t, 0, `"name":"energy","every":"1s","source":"meter"`, `"source":"configuration"`)
	p.write("config.toml", strings.Replace(config, `"levels"`, `"energy"`, 1))
	p.cli("reload").want(t, 0)
	if out := p.cli("polls", "--json").stdout; strings.Count(out, `"name"`) != 1 || !strings.Contains(out, `"source":"configuration"`) {
		t.Errorf("it does not take the place of the other:\n%s", out)
	}
}
