package master

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/actors/profiles"
	"trama/actors/supervise"
	"trama/codec"
	"trama/journal"
)

// logger is a profile of devices with several sensors, which send what they have stored.
const logger = `
name = "logger"
zone = "UTC"
[frame]
header = [{ key = "serial", type = "uint16", role = "identity" }]
[[message]]
name   = "records"
from   = "master"
fields = [{ key = "n", type = "byte" }, { key = "records", type = "list", count = "n", fields = [
  { key = "at",     type = "time", as = "unix", size = 4, role = "timestamp" },
  { key = "sensor", type = "byte" },
  { key = "level",  type = "uint16", unit = "m", scale = 0.01, missing = "ffff", role = "value", point = "level/{sensor}" },
] }]
`

func installed(t testing.TB, definition string, number uint32) *profiles.Installed {
	t.Helper()
	p, err := codec.Compile("logger.toml", []byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	return &profiles.Installed{Profile: p, Number: number}
}

// records is a frame of the logger; each record is minutes after noon, sensor, level.
func records(t testing.TB, by *profiles.Installed, all ...[3]int) *codec.Frame {
	t.Helper()
	text := fmt.Sprintf("0001%02x", len(all))
	for _, r := range all {
		text += fmt.Sprintf("%08x%02x%04x", noon.Add(time.Duration(r[0])*time.Minute).Unix(), r[1], r[2])
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	if err := by.Profile.Decode(codec.Uplink, raw, &f); err != nil {
		t.Fatal(err)
	}
	return &f
}

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func (p *points) String() string {
	var words []string
	for _, s := range p.show() {
		words = append(words, fmt.Sprintf("%s=%s@%s:%d.%d", s.Name, s.Plain, time.Time(s.Device).Format("15:04"), s.Position, s.Index))
	}
	return strings.Join(words, " ")
}

func TestAStoredValueNeverHidesTheCurrentOne(t *testing.T) {
	by := installed(t, logger, 1)
	var p points
	var s scratch
	at := noon.Add(time.Hour)
	p.note(by, records(t, by, [3]int{50, 1, 500}, [3]int{50, 2, 700}), at, 0, 1, false, &s)
	if len(s.historical) != 0 {
		t.Errorf("historical %b of the first frame", s.historical)
	}
	// newest first, and of sensor 2 all are old
	p.note(by, records(t, by, [3]int{52, 1, 520}, [3]int{51, 1, 510}, [3]int{40, 2, 640}, [3]int{30, 2, 630}), at.Add(time.Second), 0, 2, false, &s)
	if got := fmt.Sprintf("%s %04b", &p, s.historical); got != "level/1=5.2@12:52:2.0 level/2=7@12:50:1.1 [1110]" {
		t.Error(got)
	}
}

// A clock that ran ahead is set right: the true times that follow are before the last one, and yet newer.
func TestAClockThatRanAheadHidesNothing(t *testing.T) {
	by := installed(t, logger, 1)
	for name, wrong := range map[string]int{"some hours": 300, "more than a day": 3000} {
		var p points
		var s scratch
		p.note(by, records(t, by, [3]int{wrong, 1, 1}), noon.Add(time.Minute), 0, 1, false, &s)
		p.note(by, records(t, by, [3]int{2, 1, 2}), noon.Add(2*time.Minute), 0, 2, false, &s)
		if got := p.String(); got != "level/1=0.02@12:02:2.0" || len(s.historical) != 0 {
			t.Errorf("%s: %s, %b", name, got, s.historical)
		}
	}
}

func TestPointsBeyondTheBoundAreCounted(t *testing.T) {
	by := installed(t, strings.Replace(logger, `"sensor", type = "byte"`, `"sensor", type = "uint16"`, 1), 1)
	var p points
	var s scratch
	for from := range 5 {
		text := "000178"
		for i := range 120 {
			text += fmt.Sprintf("%08x%04x%04x", noon.Unix(), from*120+i, i)
		}
		raw, _ := hex.DecodeString(text)
		var f codec.Frame
		if err := by.Profile.Decode(codec.Uplink, raw, &f); err != nil {
			t.Fatal(err)
		}
		p.note(by, &f, noon, 0, 1, false, &s)
	}
	if len(p.list) != maxPoints || p.beyond != 600-maxPoints {
		t.Errorf("%d points, %d samples beyond", len(p.list), p.beyond)
	}
}

// A definition that names a point otherwise leaves no stale one behind, and other messages and profiles theirs.
func TestAPointThatIsNamedOtherwiseGoes(t *testing.T) {
	old, other := installed(t, logger, 1), installed(t, strings.Replace(logger, `"logger"`, `"another"`, 1), 2)
	renamed := installed(t, strings.Replace(logger, `"level/{sensor}"`, `"depth/{sensor}"`, 1), 3)
	var p points
	var s scratch
	p.note(old, records(t, old, [3]int{1, 1, 1}), noon, 0, 1, false, &s)
	p.note(other, records(t, other, [3]int{1, 2, 2}), noon, 0, 2, false, &s)
	p.note(renamed, records(t, renamed, [3]int{1, 1, 3}), noon, 0, 3, false, &s)
	if got := p.String(); got != "depth/1=0.03@12:01:3.0 level/2=0.02@12:01:2.0" {
		t.Error(got)
	}
}

// Positions come from the writer of the journal, when the master may be frames ahead.
func TestASampleGetsThePositionOfItsFrame(t *testing.T) {
	by := installed(t, logger, 1)
	var p points
	var s scratch
	for record := range uint64(4) {
		p.note(by, records(t, by, [3]int{int(record), int(record), 1}), noon, record+1, 0, false, &s)
	}
	p.placed(0, 2, 71)
	p.placed(2, 1, 90)
	if got := p.String(); got != "level/0=0.01@12:00:71.0 level/1=0.01@12:01:72.0 level/2=0.01@12:02:90.0 level/3=0.01@12:03:0.0" {
		t.Error(got)
	}
}

// The samples of points that are known cost no memory.
func TestSamplesOfKnownPointsCostNoMemory(t *testing.T) {
	by := installed(t, logger, 1)
	f := records(t, by, [3]int{1, 1, 1}, [3]int{1, 2, 2}, [3]int{1, 3, 0xffff}, [3]int{1, 4, 4})
	var p points
	var s scratch
	if n := testing.AllocsPerRun(100, func() { p.note(by, f, noon, 1, 0, false, &s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What the samples of a frame cost: of one whose fields have fixed places, and of 4 records in a list.
func BenchmarkSamplesAreKept(b *testing.B) {
	list := installed(b, logger, 1)
	p, err := codec.Shipped("extended")
	if err != nil {
		b.Fatal(err)
	}
	raw, _ := hex.DecodeString("00250100000000123456780102036d0020261130113000000000070041ac0000")
	var fixed codec.Frame
	if err := p.Decode(codec.Uplink, raw, &fixed); err != nil {
		b.Fatal(err)
	}
	for name, run := range map[string]struct {
		by *profiles.Installed
		f  *codec.Frame
	}{
		"fixed places": {&profiles.Installed{Profile: p, Number: 1}, &fixed},
		"4 records":    {list, records(b, list, [3]int{1, 1, 1}, [3]int{1, 2, 2}, [3]int{1, 3, 3}, [3]int{1, 4, 4})},
	} {
		b.Run(name, func(b *testing.B) {
			var p points
			var s scratch
			b.ReportAllocs()
			for b.Loop() {
				p.note(run.by, run.f, noon, 1, 0, false, &s)
			}
		})
	}
}

// A state may be told while frames are on their way to the disk: their positions are filled in when it is written.
func TestAStateHasThePositionsOfFramesOnTheirWay(t *testing.T) {
	by := installed(t, logger, 1)
	d := NewDirectory(Options{System: new(supervise.System), Journal: new(journal.Memory)})
	m, s := d.newMaster("1"), new(scratch)
	for record := range uint64(4) {
		m.points.note(by, records(t, by, [3]int{int(record), int(record), 1}), noon, record+1, 0, false, s)
		m.points.recorded++
	}
	m.points.placed(0, 1, 5)
	state := m.encode()
	var last journal.Positions
	last.Add(5, 1, noon, noon)
	last.Add(8, 2, noon, noon)
	last.Add(77, 1, noon, noon)
	if err := state.Fill(&last); err != nil {
		t.Fatal(err)
	}
	back := d.newMaster("1")
	if err := back.decode(state.State, func(uint32) (*profiles.Installed, error) { return by, nil }); err != nil {
		t.Fatal(err)
	}
	if got := back.points.String(); got != "level/0=0.01@12:00:5.0 level/1=0.01@12:01:8.0 level/2=0.01@12:02:9.0 level/3=0.01@12:03:77.0" {
		t.Error(got)
	}
}

// The next frame may be of another sensor than the last one: what the new definition can still make stays.
func TestAPointThatIsStillMadeStays(t *testing.T) {
	old := installed(t, logger, 1)
	renamed := installed(t, strings.Replace(logger, `"level/{sensor}"`, `"level/{sensor?1}"`, 1), 3)
	var p points
	var s scratch
	p.note(old, records(t, old, [3]int{1, 1, 1}, [3]int{1, 2, 2}), noon, 0, 1, false, &s)
	p.note(renamed, records(t, renamed, [3]int{1, 1, 3}), noon, 0, 3, false, &s)
	if got := p.String(); got != "level=0.03@12:01:3.0 level/1=0.01@12:01:1.0 level/2=0.02@12:01:1.1" {
		t.Error(got)
	}
}

// A device that sends long texts under ever new names has no more memory than any other.
func TestLongTextsAreBounded(t *testing.T) {
	by := installed(t, strings.NewReplacer(`"level",  type = "uint16", unit = "m", scale = 0.01, missing = "ffff"`, `"text", type = "ascii", size = 200`,
		`"level/{sensor}"`, `"note/{sensor}"`).Replace(logger), 1)
	note := func(sensor int, text string) *codec.Frame {
		raw := append([]byte{0, 1, 1, 0x6a, 0, 0, byte(sensor), byte(sensor)}, text...)
		var f codec.Frame
		if err := by.Profile.Decode(codec.Uplink, append(raw, strings.Repeat(" ", 200-len(text))...), &f); err != nil {
			t.Fatal(err)
		}
		return &f
	}
	p, s := points{list: []lastSample{{name: strings.Repeat("n", maxText-2000), received: 1}}}, new(scratch)
	for sensor := range 20 {
		p.note(by, note(sensor, strings.Repeat("x", 200)), noon, 0, 1, false, s)
	}
	kept := len(p.list) - 1
	if p.beyond != uint64(20-kept) || kept < 5 || kept > 10 {
		t.Errorf("%d texts are kept, %d beyond", kept, p.beyond)
	}
}

func TestAClockThatGoesBackHidesNothing(t *testing.T) {
	by := installed(t, logger, 1)
	var s scratch
	for name, c := range map[string]struct {
		first, second int  // minutes of the clock
		off           bool // the clock is known to be wrong
		want          bool // the second one is shown
	}{
		"buffered":                   {50, 40, false, false},
		"a wrong clock, known":       {50, 40, true, true},
		"from a time far ahead":      {99999, 40, false, true},
		"to a time far ahead":        {40, 99999, false, true},
		"right again, after a wrong": {40, 50, false, true},
	} {
		var p points
		p.note(by, records(t, by, [3]int{c.first, 1, 100}), noon.Add(time.Hour), 0, 1, false, &s)
		p.note(by, records(t, by, [3]int{c.second, 1, 200}), noon.Add(time.Hour+time.Second), 0, 2, c.off, &s)
		if got := p.list[0].position == 2; got != c.want {
			t.Errorf("%s: the second one is shown: %t", name, got)
		}
	}
	var p points
	p.note(by, records(t, by, [3]int{40, 1, 100}, [3]int{99999, 1, 200}), noon.Add(time.Hour), 0, 1, false, &s)
	if n, _ := p.list[0].value.Number(); n != 1 {
		t.Errorf("a record with a time far ahead hides a good one of its upload: %v is shown", n)
	}
}

// Samples of a poison frame have no position; asking for one would crash the journal's writer.
func TestAStateBehindAPoisonFrameIsWritten(t *testing.T) {
	by := installed(t, logger, 1)
	d := NewDirectory(Options{System: new(supervise.System), Journal: new(journal.Memory)})
	m := d.newMaster("1")
	m.points.note(by, records(t, by, [3]int{1, 1, 1}), noon, 1, 0, false, new(scratch)) // and it is not recorded
	var last journal.Positions
	last.Add(5, 1, noon, noon)
	state := m.encode()
	if err := state.Fill(&last); err != nil || len(state.Open) != 0 {
		t.Errorf("%+v, %v", state.Open, err)
	}
}
