package known_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trama/actors/known"
)

const example = `
[[master]]
profile  = "extended"
interval = "1h"
tags     = ["water"]
[[master.point]]
point = "MS/1/1"
unit  = "m"

[[master]]
prefix = "1234"
site   = "north"
delivery_window = "off"
[[master.point]]
point = "MS/1/1"
scale = 0.01

[[master]]
serial   = "12345678"
name     = "Pump 3"
tags     = ["critical"]
interval = "10m"
delivery_window = "30s"
[[master.point]]
point = "MS/1/1"
name  = "level"
min   = 0
max   = 12
`

func TestALaterWordReplacesAnEarlierOne(t *testing.T) {
	m, err := known.Parse("masters.toml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	k := m.Of("12345678", "extended")
	if k.Name != "Pump 3" || k.Site != "north" || k.Interval != 10*time.Minute || k.Window != 30*time.Second || strings.Join(k.Tags, " ") != "water critical" || !k.Has("CRITICAL") {
		t.Errorf("known is %+v", k)
	}
	p := k.Points["MS/1/1"]
	if p.Name != "level" || p.Unit != "m" || p.Scale != 0.01 || p.Min == nil || *p.Max != 12 {
		t.Errorf("the point is %+v", p)
	}
	if got := p.Shown(2127); got != 21.27 || p.Plausible(got) || !p.Plausible(p.Shown(1200)) || p.Plausible(math.NaN()) {
		t.Errorf("2127 is shown as %v", got)
	}
	if k := m.Of("12349999", "extended"); k.Site != "north" || k.Window != known.NoWindow || k.Interval != time.Hour || k.Name != "" || k.Points["MS/1/1"].Unit != "m" {
		t.Errorf("of the prefix is known %+v", k)
	}
	if k := m.Of("123", "compact"); k.Site != "" || k.Points != nil {
		t.Errorf("of a stranger is known %+v", k)
	}
	if k := (*known.Masters)(nil).Of("123", "compact"); k.Name != "" {
		t.Errorf("nothing knows %+v", k)
	}
}

func TestEveryProblemOfAMastersFileIsTold(t *testing.T) {
	_, err := known.Parse("masters.toml", []byte(`
[[master]]
serial = 12345678
[[master]]
serial = "1"
prefix = "1"
[[master]]
name = "nobody"
[[master]]
prefix = "12"
name = "several"
tags = ["two words"]
intervall = "10m"
[[master]]
serial = "5"
interval = 10
[[master.point]]
point = "a"
scale = 0
min = 5
max = 4
[[master.point]]
point = "a"
[[master]]
serial = "5"
`))
	if err == nil {
		t.Fatal("it is taken")
	}
	want := []string{
		`masters.toml:3: master[0].serial: found a number, expected the digits in quotes: "12345678"`,
		`masters.toml:5: master[1].serial: found serial and prefix, expected one of serial, prefix, profile`,
		`masters.toml:7: master[2].serial: found none of them, expected one of serial, prefix, profile`,
		`masters.toml:12: master[3].tags: found "two words", expected words without blanks and commas`,
		`masters.toml:11: master[3].name: found a name beside prefix, expected a name beside serial: it names one master`,
		`did you mean "interval"?`,
		`masters.toml:16: master[4].interval: found the number 10 without a unit`,
		`found 0, expected a factor other than 0`,
		`found 5, which is above max = 4, expected min below max`,
		`found "a" again, expected one [[master.point]] for each point`,
		`found "5" again, expected one [[master]] for each serial`,
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s\nis not told in\n%s", w, err)
		}
	}
}

func TestATableBecomesAMastersFile(t *testing.T) {
	toml, err := known.Import("m.csv", strings.NewReader("\ufeffSerial;Name;site;tags;interval;point;point_name;unit;scale;min;max\r\n"+
		"012;\"Pump \"\"3\"\"\";north;water|critical;10m;MS/1/1;level;m;0.01;0;12\r\n012;;;;;MS/1/2;;°C;;;\r\n"+
		"13;Well;;;;;;;;;\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "masters.toml")
	if err := os.WriteFile(file, toml, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := known.Read(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, toml)
	}
	k := m.Of("012", "")
	if m.Len() != 2 || k.Name != `Pump "3"` || len(k.Tags) != 2 || k.Points["MS/1/1"].Scale != 0.01 || k.Points["MS/1/2"].Unit != "°C" || m.Of("13", "").Name != "Well" {
		t.Errorf("%d entries, known is %+v\n%s", m.Len(), k, toml)
	}
}

func TestAProblemOfATableHasTheLineOfItsRow(t *testing.T) {
	for table, want := range map[string]string{
		"serial,nme\n":                       `m.csv:1: found the column "nme", expected some of serial`,
		"serial,interval\n1,10m\n2,soon\n":   `m.csv:3: interval: found "soon", expected a duration`,
		"serial,name\n1,a\n1,b\n":            `m.csv:3: name: found "b", expected "a" as in line 2`,
		"serial,point,scale\n1,a,\"0,5\"\n":  `m.csv:2: scale: found the text "0,5", expected a number`,
		"serial,point,unit\n1,a,m\n1,a,cm\n": `m.csv:3: point: found "a" again`,
		"serial,name\n,nobody\n":             `m.csv:2: serial: found none of them`,
	} {
		if _, err := known.Import("m.csv", strings.NewReader(table)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nexpected %s", table, err, want)
		}
	}
}
