package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
)

// events are those of one kind.
func (p *program) events(kind string) []admin.Event {
	p.t.Helper()
	var all []admin.Event
	r := p.cli("events", "--kind", kind, "--json")
	if err := json.Unmarshal([]byte(r.stdout), &all); r.code != 0 || err != nil {
		p.t.Fatalf("exit %d, %v: %s", r.code, err, r.stderr)
	}
	return all
}

func (p *program) event(kind string) admin.Event {
	p.t.Helper()
	await(p.t, "the event "+kind, func() bool { return len(p.events(kind)) > 0 })
	return p.events(kind)[0]
}

// portsOfStrangers has a protocol with a checksum beside those without.
const portsOfStrangers = twoPorts + `
[[listener]]
name = "gt"
address = "127.0.0.1:0"
profile = "gt06"
first_frame_timeout = "10s"
frame_timeout = "100ms"
`

func TestAConnectionOfNobodyLeavesAnAccount(t *testing.T) {
	const (
		compact  = "0013010000000012345678010273000041ac0000"
		extended = "00250100000000600000020102036d0020261123143000000001000041ac0000"
		login    = "78780d0103598700123400320001267d0d0a"
		wrongSum = "78780d01035918806217101200079cb90d0a"
	)
	for name, c := range map[string]struct {
		listener, bytes string
		stays           bool // it does not hang up by itself
		reason, detail  string
	}{
		"another listener's frames":   {"field", compact, false, "peer closed", "compact frames, as listener compact takes them: wrong port?"},
		"likewise, the other way":     {"compact", extended, false, "peer closed", "extended frames, as listener field takes them: wrong port?"},
		"frames of a shipped profile": {"field", "7e0200001c01390000000000010000000000000003015752a006c9f9e0000a00000000260901120000607e", false, "peer closed", "jt808 frames: wrong profile?"},
		"a checksum counts before":    {"field", "681a68b35303810d00c00059000000826110000001106000004508090a3516", false, "peer closed", "szy206 frames: wrong profile?"},
		"a short frame alone":         {"field", "68040b000000", false, "peer closed", "iec104 frames: wrong profile?"},
		"a wrong checksum":            {"gt", wrongSum, false, "peer closed", "18 bytes received, 18 skipped; wrong checksum: gt06 login: crc at byte 14"},
		"half a frame":                {"gt", login[:20], true, "frame timeout", "10 bytes received, 0 skipped, 10 cut off; incomplete: "},
		"a scanner":                   {"gt", "474554202f20485454502f312e310d0a0d0a", false, "peer closed", "18 bytes received, 18 skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, portsOfStrangers)
			d := p.dial(c.listener)
			d.send(fromHex(t, c.bytes))
			if !c.stays {
				await(t, "the bytes", func() bool { return !strings.Contains(p.cli("connections", "--json").stdout, `"bytes_in":0`) })
				_ = d.Close()
			}
			e := p.event("unidentified")
			if e.Listener != c.listener || e.Remote != d.LocalAddr().String() || e.Reason != c.reason || !strings.Contains(e.Detail, c.detail) ||
				e.Frame != c.bytes[:min(len(c.bytes), 128)] {
				t.Errorf("%+v", e)
			}
			p.cli("refused").want(t, 0, c.bytes, d.LocalAddr().String())
			p.cli("refused", c.listener).want(t, 0, c.bytes)
			await(t, "the line in the log", func() bool { return p.log.has("connection closed", "received=", "skipped=") })
		})
	}
}

func TestAConnectionThatIsUnderstoodIsNoStranger(t *testing.T) {
	p := serve(t, portsOfStrangers)
	d := p.dial("field")
	d.send(fromHex(t, "0d0a00250100000000600000020102036d0020261123143000000001000041ac0000"))
	d.receive(27)
	_ = d.Close()
	p.event("offline")
	if all := p.events("unidentified"); len(all) > 0 {
		t.Errorf("%+v", all)
	}
	p.cli("refused", "field").want(t, 0, "0d0a", "60000002")
}

func TestConnectionsThatSayNothingAreSummarised(t *testing.T) {
	p := serve(t, portsOfStrangers)
	for range 50 {
		_ = p.dial("field").Close()
	}
	await(t, "their ends", func() bool {
		var all []actors.ListenerInfo
		err := json.Unmarshal([]byte(p.cli("listeners", "--json").stdout), &all)
		return err == nil && len(all) == 3 && all[1].Closed["peer closed"] == 50 || all[0].Closed["peer closed"] == 50 || all[2].Closed["peer closed"] == 50
	})
	await(t, "a line", func() bool { return p.log.has("connections ended without a byte") })
	if text := p.log.String(); strings.Count(text, "connection closed") != 0 || strings.Count(text, "without a byte") != 1 {
		t.Error(text)
	}
	if all := p.events("unidentified"); len(all) > 0 {
		t.Errorf("%+v", all)
	}
}

func TestStrangersCannotFillTheJournal(t *testing.T) {
	p := serve(t, portsOfStrangers)
	for range 60 {
		d := p.dial("gt")
		d.send([]byte("x"))
		_ = d.Close()
	}
	await(t, "their ends", func() bool { return strings.Count(p.log.String(), "connection closed") == 60 })
	await(t, "the events", func() bool { return len(p.events("unidentified")) >= 20 })
	if n := len(p.events("unidentified")); n > 25 {
		t.Errorf("%d events", n)
	} else if dropped := p.metrics()["trama_events_dropped_total"]; dropped != float64(60-n) {
		t.Errorf("%d of 60 events are written, %v are counted as dropped", n, dropped)
	}
}

func TestAMasterThatIsRefusedShowsIt(t *testing.T) {
	p := serve(t, portsOfStrangers)
	d := p.dial("gt")
	d.send(fromHex(t, "78780d0103598700123400320001267d0d0a"))
	d.receive(10)
	master := func() (m actors.MasterInfo) {
		r := p.cli("masters", "359870012340032", "--json")
		if err := json.Unmarshal([]byte(r.stdout), &m); err != nil {
			t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
		}
		return m
	}
	if m := master(); m.State != "online" || m.Refused != nil {
		t.Errorf("%+v", m)
	}
	d.send(fromHex(t, "78780a134606040002000a34bd0d0a")) // 34bc
	await(t, "the refusal", func() bool { return master().Refused["wrong checksum"] == 1 })
	if m := master(); m.State != "online, refusing" || m.LastRefused.Reason != "wrong checksum" || time.Since(m.LastRefused.At) > patience {
		t.Errorf("%+v", m)
	}
	if e := p.event("rejected"); e.Master != "359870012340032" || e.Reason != "wrong checksum" || e.Frame != "78780a134606040002000a34bd0d0a" {
		t.Errorf("%+v", e)
	}
	p.cli("masters", "359870012340032").want(t, 0, "online, refusing", "1 wrong checksum; last", "trama refused 359870012340032")
	p.cli("refused", "359870012340032").want(t, 0, "78780a134606040002000a34bd0d0a", "crc at byte 11")
	d.send(fromHex(t, "78780a134606040002000b25350d0a"))
	d.receive(10)
	if m := master(); m.State != "online" || m.Refused["wrong checksum"] != 1 {
		t.Errorf("%+v", m)
	}
}

// A modem names itself, and what is behind it speaks another protocol than that of the port.
func TestARegisteredMasterWithTheWrongProfileShowsIt(t *testing.T) {
	p := serve(t, twoPorts+"[[listener]]\nname = \"reg\"\naddress = \"127.0.0.1:0\"\nprofile = \"mbus\"\nregistration = \"imei\"\n")
	dirty := p.dial("reg")
	dirty.send([]byte("AT\r\n352887071911112"))
	await(t, "its master", func() bool { return p.cli("masters", "352887071911112").code == 0 })
	d := p.dial("reg")
	const frame = "010314000a000b000c000d000e000f00100011001200ab29a4"
	d.send(append([]byte("352887071911111"), fromHex(t, frame)...))
	master := func() (m actors.MasterInfo) {
		_ = json.Unmarshal([]byte(p.cli("masters", "352887071911111", "--json").stdout), &m)
		return m
	}
	await(t, "the refusal", func() bool { return master().Refused["no frame"] > 0 })
	if m := master(); m.State != "online, refusing" || m.Frames != 0 || m.LastRefused.Reason != "no frame" {
		t.Errorf("%+v", m)
	}
	p.cli("masters", "352887071911111").want(t, 0, "online, refusing", "no frame (trama refused 352887071911111)")
	p.cli("refused", "352887071911111").want(t, 0, frame, "these are modbus-rtu frames: wrong profile?")
	if r := p.cli("masters", "352887071911112"); !strings.Contains(r.stdout, "online") || strings.Contains(r.stdout, "refus") {
		t.Errorf("dirt before the name: %s", r.stdout)
	}
}

func TestAStrangerIsHintedAt(t *testing.T) {
	p := serve(t, twoPorts)
	p.cli("masters", "12345679").want(t, 1, "unknown master", "trama refused and trama events --kind unidentified")
	p.cli("events", "12345679").want(t, 1, "unknown master", "trama refused and trama events --kind unidentified")
	p.cli("refused", "12345679").want(t, 1, "unknown master, and no listener")
}

// The last byte of bytes that are no frame may begin one, and is held back; it belongs to what came with it.
func TestBytesHeldBackBehindARefusedFrameStandWithIt(t *testing.T) {
	for name, rest := range map[string]string{"the end": "", "more noise": "7f7f7f"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, twoPorts+"[[listener]]\nname = \"rtu\"\naddress = \"127.0.0.1:0\"\nprofile = \"modbus-rtu\"\n")
			d := p.dial("rtu")
			d.send(fromHex(t, "018302000000"))
			await(t, "the bytes", func() bool { return p.cli("refused", "rtu").stdout != "" && len(p.events("rejected")) > 0 })
			d.send(fromHex(t, rest))
			_ = d.Close()
			await(t, "its end", func() bool { return p.log.has("connection closed", "cut_off=") })
			p.cli("refused", "rtu").want(t, 0, " 018302000000 ")
			if rest == "" && !p.log.has("received=6 skipped=5 cut_off=1 ") {
				t.Error(p.log)
			}
		})
	}
}

// nak is a profile that replies to damaged frames.
const nak = `
name = "nak"
[[frame]]
name    = "data"
length  = { field = "len", counts = "body" }
header  = [{ key = "start", type = "hex", size = 1, const = "01" }, { key = "len", type = "byte" }, { key = "id", type = "byte", role = "identity" }]
trailer = [{ key = "crc", type = "checksum", algorithm = "crc-16/modbus", order = "little" }]
[[frame]]
name   = "answer"
header = [{ key = "mark", type = "byte", role = "command" }]
[[message]]
frame  = "data"
from   = "master"
name   = "values"
fields = [{ key = "level", type = "uint16", role = "value" }]
[[message]]
frame   = "answer"
from    = "server"
name    = "taken"
command = 6
purpose = "acknowledgement"
[[message]]
frame   = "answer"
from    = "server"
name    = "refused"
command = 21
purpose = "acknowledgement"
[[reply]]
send = "taken"
messages = ["values"]
[[reply]]
damaged = true
send    = "refused"
`

func TestADamagedFrameIsAnsweredAndNoiseIsNot(t *testing.T) {
	p := serveWith(t, twoPorts+"[[listener]]\nname = \"nak\"\naddress = \"127.0.0.1:0\"\nprofile = \"nak.toml\"\n", map[string]string{"nak.toml": nak})
	d := p.dial("nak")
	const first, damaged, second = "010207010229e8", "010207010229e9", "0102070103e828"
	d.send(fromHex(t, first+damaged+second)) // one read: the replies come in the order of the frames
	if got := d.receive(3); string(got) != "\x06\x15\x06" {
		t.Errorf("%x", got)
	}
	d.send(fromHex(t, "ffffff"+damaged))
	if got := d.receive(1); string(got) != "\x15" {
		t.Errorf("%x", got)
	}
	d.send(fromHex(t, "ff00ff00ff00ff"))
	d.send(fromHex(t, first))
	if got := d.receive(1); string(got) != "\x06" {
		t.Errorf("%x", got)
	}
	for range 100 {
		d.send(fromHex(t, damaged))
	}
	d.send(fromHex(t, second))
	naks := 0
	for d.receive(1)[0] == 0x15 {
		naks++
	}
	if naks < 1 || naks > 50 {
		t.Errorf("%d replies to 100 damaged frames", naks)
	}
}

func TestAMasterThatHasGoneSaysHowItsLinkEnded(t *testing.T) {
	p := serve(t, portsOfStrangers)
	d := p.dial("gt")
	d.send(fromHex(t, "78780d0103598700123400320001267d0d0a"))
	d.receive(10)
	d.send(fromHex(t, "78780a13"))
	await(t, "the end", func() bool { return strings.Contains(p.cli("masters", "359870012340032").stdout, "link ended") })
	p.cli("masters", "359870012340032").want(t, 0, "from "+d.LocalAddr().String(), "frame timeout: the rest of a frame did not come within 100ms")
	p.cli("refused", "359870012340032").want(t, 0, "incomplete", "78780a13")
}
