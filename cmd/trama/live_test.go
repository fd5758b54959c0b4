package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/codec"
)

// corpusFrame is a frame of the corpus, by the profile and its id there.
func corpusFrame(t *testing.T, profile, id string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "codec", "testdata", "corpus", profile+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var corpus struct {
		Frames []struct{ ID, Hex string }
	}
	if err := json.Unmarshal(text, &corpus); err != nil {
		t.Fatal(err)
	}
	for _, f := range corpus.Frames {
		if f.ID == id {
			return f.Hex
		}
	}
	t.Fatalf("%s has no frame %s", profile, id)
	return ""
}

// step is what a device sends and what must come back: "" is nothing.
type step struct{ send, receive string }

// dialogues are what a device of each shipped protocol says on a real socket; the identity it is known by then, and how many frames are its own.
func dialogues(t *testing.T) map[string]struct {
	steps  []step
	serial string
	frames uint64
} {
	c := func(profile, id string) string { return corpusFrame(t, profile, id) }
	return map[string]struct {
		steps  []step
		serial string
		frames uint64
	}{
		"jt808": {[]step{
			{c("jt808", "jt808-loc-escapes"), "7e800100051234567890120000007d02020000727e"},
			{c("jt808", "jt808-loc-escapes"), "7e800100051234567890120001007d02020000737e"}, // sent again, acknowledged again, with the next number of our own
		}, "123456789012", 1},
		"sl651": {[]step{{c("sl651", "sl651-30-test"), "7e7e001234567801123430800802000359101115494704bd95"}}, "0012345678", 1},
		"gt06": {[]step{
			{c("gt06", "gt06-login"), c("gt06", "gt06-login-ack")},
			{c("gt06", "gt06-pos"), ""}, // it says no name: that of the login
			{c("gt06", "gt06-humidity-ext"), ""},
		}, "352887071911998", 3},
		"hj212": {[]step{{c("hj212", "hj212-rtd-2011"), c("hj212", "hj212-rtd-2011-ack")}}, "010000A8900016F000169DC0", 1},
		"teltonika": {[]step{
			{c("teltonika", "teltonika-imei"), "01"},
			{c("teltonika", "teltonika-c8-1"), "00000001"},
			{c("teltonika", "teltonika-c8-3"), "00000002"},
			{c("teltonika", "teltonika-c8e"), "00000001"},
		}, "123456789012345", 4},
		"iec104": {[]step{
			{"680443000000", "680483000000"},                     // TESTFR
			{c("iec104", "iec104-i-float-time"), "68040100c001"}, // ns 223: the next expected is 224
			{c("iec104", "iec104-i-scaled-seq"), "680401005c14"}, // ns 2605
			{c("iec104", "iec104-startdt-con") + "680443000000", "680483000000"},
		}, "401", 1}, // the other one is of station 12
		"dnp3-link": {[]step{{c("dnp3-link", "dnp3_link-reset-out"), c("dnp3-link", "dnp3_link-ack-master")}}, "1", 1},
		"szy206":    {[]step{{c("szy206", "szy206-c0-report"), "680768005303810d00c0df16"}}, "5303810d00", 1},
		"dlt645":    {[]step{{"fefefefe" + c("dlt645", "dlt645-read-pos-rsp"), ""}}, "000000000161", 1},
		"mbus": {[]step{
			{"e5", ""}, // one byte, of nobody
			{c("mbus", "mbus-frame2"), ""},
		}, "12345678", 1},
		"modbus-tcp": {[]step{{c("modbus-tcp", "modbus_tcp-py1"), ""}}, "17", 1},
		"modbus-rtu": {[]step{{c("modbus-rtu", "modbus_rtu-py4"), ""}}, "17", 1},
		"compact":    {[]step{{"0013010000000012345678010273000041ac0000", "000801000000001234567801027300"}}, "12345678", 1},
	}
}

func TestEveryShippedProtocolIsLiveOnAPort(t *testing.T) {
	all := dialogues(t)
	config := "[admin]\nlisten = \"127.0.0.1:0\"\n"
	files := map[string]string{}
	for profile := range all {
		definition := profile
		if src, _ := codec.ShippedSource(profile); strings.Contains(string(src), "\n[clock]\n") { // the frames are old: their clocks would be set
			before, behind, _ := strings.Cut(string(src), "\n[clock]\n")
			_, behind, _ = strings.Cut(behind, "\n\n")
			definition = profile + ".toml"
			files[definition] = before + "\n" + behind
		}
		config += fmt.Sprintf("[[listener]]\nname = %q\naddress = \"127.0.0.1:0\"\nprofile = %q\n", profile, definition)
	}
	p := serveWith(t, config, files)
	for profile, d := range all {
		for _, cut := range []int{0, 1} {
			t.Run(fmt.Sprint(profile, "/", map[int]string{0: "whole", 1: "byte by byte"}[cut]), func(t *testing.T) {
				c := p.dial(profile)
				for i, s := range d.steps {
					raw := fromHex(t, s.send)
					for len(raw) > 0 {
						n := len(raw)
						if cut > 0 {
							n = cut
						}
						c.send(raw[:n])
						raw = raw[n:]
					}
					if s.receive == "" {
						continue
					}
					if got := hex.EncodeToString(c.receive(len(s.receive) / 2)); got != s.receive {
						t.Errorf("step %d\n got %s\nwant %s", i, got, s.receive)
					}
				}
				var m actors.MasterInfo
				await(t, "its frames", func() bool {
					m = actors.MasterInfo{}
					r := p.cli("masters", d.serial, "--json")
					return json.Unmarshal([]byte(r.stdout), &m) == nil && m.State == "online" && m.Profile == profile && len(m.Links) > 0 && m.Frames+m.Duplicates >= d.frames
				})
				if m.Profile != profile || m.Serial != d.serial {
					t.Errorf("%s %s", m.Profile, m.Serial)
				}
				_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
				if rest, _ := io.ReadAll(c); len(rest) > 0 {
					t.Errorf("more came than is owed: %x", rest)
				}
				_ = c.Close()
			})
		}
	}
	var listeners []actors.ListenerInfo
	r := p.cli("listeners", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &listeners); err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		if l.Skipped != 0 || l.Rejected != 0 || l.Poisoned != 0 {
			t.Errorf("%s: skipped %d, rejected %d, poisoned %d", l.Name, l.Skipped, l.Rejected, l.Poisoned)
		}
	}
}

// TestAModemIsAskedFromTheCommandLine is what docs/operations.md tells of registration.
func TestAModemIsAskedFromTheCommandLine(t *testing.T) {
	p := serve(t, `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "rtu"
address = "127.0.0.1:0"
profile = "modbus-rtu"
registration = "imei"
heartbeat_bytes = ["0xfe", "ping"]
heartbeat_echo = true
`)
	c := p.dial("rtu")
	c.send([]byte("865012345678901"))
	await(t, "the master", func() bool { return strings.Contains(p.cli("masters").stdout, "865012345678901") })
	c.send([]byte("ping"))
	if got := string(c.receive(4)); got != "ping" {
		t.Errorf("echo %q", got)
	}
	asked := make(chan result, 1)
	go func() { asked <- p.cli("send", "865012345678901", "3", "unit=17", "start=124", "count=2") }()
	if got := hex.EncodeToString(c.receive(8)); got != "1103007c00020743" {
		t.Errorf("asked %s", got)
	}
	c.send(fromHex(t, "110304008d008efbbd"))
	r := <-asked
	r.want(t, 0, "done: 865012345678901 answered", "registers/0=")
	p.cli("connections", "--json").want(t, 0, `"registered":"865012345678901"`, `"skipped_bytes":0,"heartbeats":1`)
}
