package actors

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/journal"
)

// valuesOf sends frames on a connection of their own and returns what is known of the master then: "key=value unit", sorted.
func valuesOf(t *testing.T, profile string, frames ...string) (MasterInfo, string) {
	t.Helper()
	g := start(t, "port:"+profile)
	d := dial(t, g, "port")
	for _, f := range frames {
		d.send(f)
	}
	var info MasterInfo
	await(t, "all frames", func() bool {
		all := g.Masters()
		if len(all) == 1 {
			info = all[0]
		}
		return info.Frames == uint64(len(frames))
	})
	var words []string
	for _, p := range info.Points {
		words = append(words, strings.TrimSpace(p.Name+"="+p.Plain.String()+" "+p.Unit))
	}
	return info, strings.Join(words, ", ")
}

// valueOf is the last value of a point as JSON shows it; nil when there is none.
func valueOf(m MasterInfo, point string) any {
	for _, p := range m.Points {
		if p.Name == point {
			return p.Value
		}
	}
	return nil
}

// samplesOf lists the samples of a frame: "point=value".
func samplesOf(p *codec.Profile, f *codec.Frame) []string {
	var words []string
	for _, s := range SamplesOf(p, f, &journal.Record{Received: time.Now()}, 1, false) {
		words = append(words, s.Name+"="+s.Plain.String())
	}
	return words
}

// The frames are published ones.
func TestValuesAreShownHoweverDeepTheyStand(t *testing.T) {
	for _, test := range []struct{ profile, frame, serial, message, want string }{
		{"extended", "00250100000000123456780102036d0020261123143000000000070041ac0000", "12345678", "measurement", "AL/2/3=0, MS/2/3=21.5"},
		{"extended", "00220100000000123456780102036f0020261123143000000000130301", "12345678", "relay-report", "relay/3=on (1)"},
		{"jt808", "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e",
			"123456789012", "location", "alarm=1, latitude=12.222222 °, longitude=132.444444 °, mileage=10 km, oil=12.5 L, speed=6 km/h"},
		{"sl651", "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa",
			"0012345678", "report", "battery_v=11.15, current_rain_mm=0.5, rain_total_mm=0.5, river_level_m=0.127"},
		{"teltonika", "000f313233343536373839303132333435", "123456789012345", "login", ""},
	} {
		info, got := valuesOf(t, test.profile, test.frame)
		if info.Serial != test.serial || info.LastMessage != test.message || info.State != "online" || got != test.want {
			t.Errorf("%s: master %s, %s, message %s: %s\nwant master %s, message %s: %s", test.profile, info.Serial, info.State, info.LastMessage, got,
				test.serial, test.message, test.want)
		}
	}
}

// Without fields of the role value everything is shown that may be news.
func TestMarksSumsLengthsAndConstantsAreNoValues(t *testing.T) {
	p, err := codec.Compile("plain.toml", []byte(`
name = "plain"
[[frame]]
name   = "long"
length = { field = "len", counts = "body" }
header = [
  { key = "start", type = "hex", size = 1, const = "68" },
  { key = "len",   type = "byte" },
  { key = "same",  type = "byte", value = "len" },
  { key = "unit",  type = "byte", role = "identity" },
]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }, { key = "end", type = "byte", const = 0x16 }]
[[frame]]
name   = "single"
header = [{ key = "beat", type = "hex", size = 1, const = "e5" }]
[[message]]
frame  = "long"
name   = "report"
fields = [
  { key = "n",     type = "byte" },
  { key = "text",  type = "ascii", size = "n" },
  { key = "level", type = "byte" },
  { key = "flags", type = "bits", size = 1, bits = [{ key = "on", at = "7" }, { key = "always", at = "6-0", const = 1 }] },
  { key = "twice", type = "computed", value = "level * 2" },
]
[[message]]
frame = "single"
name  = "beat"
[[frame]]
name   = "short"
header = [{ key = "mark", type = "hex", size = 1, const = "10" }, { key = "prm", type = "byte" }, { key = "at", type = "byte", role = "identity" }, { key = "what", type = "byte", role = "command" }]
[[message]]
frame   = "short"
command = 1
name    = "ready"
[[message]]
frame   = "short"
command = 2
name    = "open"
fields  = [{ key = "door", type = "byte" }]
`))
	if err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[string]string{"\x68\x05\x05\x07\x02AB\x09\x81\x88\x16": "text=AB level=9 flags=129 on=1 twice=18", "\xe5": "", "\x10\x05\x07\x01": "", "\x10\x05\x07\x02\x03": "door=3"} {
		var f codec.Frame
		if err := p.Decode(codec.Uplink, []byte(frame), &f); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(samplesOf(p, &f), " "); got != want {
			t.Errorf("%x: got %s, want %s", frame, got, want)
		}
	}
}

func TestTheLastElementOfAListWins(t *testing.T) {
	_, got := valuesOf(t, "teltonika", "000f313233343536373839303132333435",
		"000000000000004308020000016b40d57b480100000000000000000000000000000001010101000000000000016b40d5c198010000000000000000000000000000000101010101000000020000252c")
	if want := "lat=0 °, lon=0 °, speed=0 km/h, value-1=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCommandsReachMastersWhoseNumbersStandBehindTheHeader(t *testing.T) {
	g := start(t, "vehicles:jt808")
	d := dial(t, g, "vehicles")
	d.send("7e000200000123456789017fff0a7e")
	d.receive(20)
	reply := send(g, CommandRequest{Serial: "012345678901", Command: "ask-location", Wait: patience})
	if raw := d.receive(15); !strings.HasPrefix(raw, "7e82010000012345678901") {
		t.Errorf("sent %s", raw)
	}
	_ = d.Close()
	if r := <-reply; r.result.Outcome != OutcomeUnknown {
		t.Errorf("%+v, %v", r.result, r.err)
	}
}

// A name that stands beside several values says of whom they are, not which.
func TestSeveralValuesBesideOneNameAreToldApart(t *testing.T) {
	p, err := codec.Compile("named.toml", []byte(`
name = "named"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }]
[[message]]
name   = "values"
from   = "master"
fields = [{ key = "points", type = "list", count = 2, fields = [
  { key = "what",  type = "byte", enum = { 1 = "position", 2 = "level" }, role = "name" },
  { key = "value", type = "byte", role = "value" },
  { key = "other", type = "byte", when = "what = 1", role = "value" },
] }]
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	if err := p.Decode(codec.Uplink, []byte{7, 1, 10, 11, 2, 20}, &f); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(samplesOf(p, &f), ", "), "position.value=10, position.other=11, level.value=20"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// RFC 3339 has four digits for a year: one device with a wild clock must not make a list that JSON cannot hold.
func TestATimeBehindTheYear9999CanBeShown(t *testing.T) {
	p, err := codec.Compile("far.toml", []byte(`
name = "far"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "at", type = "time", as = "unix", size = 8, role = "timestamp" }]
[[message]]
name   = "m"
fields = [{ key = "v", type = "byte", role = "value" }, { key = "due", type = "time", as = "unix", size = 8, role = "value" }]
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	if err := p.Decode(codec.Uplink, []byte("\x01\x00\x00\x01\x00\x00\x00\x00\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00"), &f); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(SamplesOf(p, &f, &journal.Record{Received: time.Now()}, 1, false))
	if err != nil || !strings.Contains(string(text), `"suspect time"`) {
		t.Errorf("%s, %v", text, err)
	}
	if at, ok := f.Timestamp(); ok {
		t.Errorf("the frame was made %v", at)
	}
}
