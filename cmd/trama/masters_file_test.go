package main

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"trama/cmd/trama/internal/admin"
)

const withMasters = onePort + "[masters]\nfile = \"masters.toml\"\n"

const oneMaster = "[[master]]\nserial = \"12345678\"\nname = \"Pump 3\"\n"

// serveMasters runs a daemon with a masters file; [masters] stands before the listeners, as tables do.
func serveMasters(t *testing.T, masters string) *program {
	t.Helper()
	return serveWith(t, withMasters, map[string]string{"mine.toml": edited(t), "masters.toml": masters})
}

func TestAMastersFileIsReadCheckedAndReloadedAsAWhole(t *testing.T) {
	p := serveMasters(t, oneMaster)
	command(t, "", "check", "--config", p.file("config.toml")).want(t, 0, "masters.toml: well formed, entries: 1")
	p.write("masters.toml", oneMaster+"[[master]]\nserial = 5\n[[master]]\nserial = \"6\"\ninterval = \"soon\"\n")
	p.write("mine.toml", edited(t, `title = "27-byte`, `title = "A 27-byte`))
	p.cli("reload").want(t, 1, `masters.toml:5: master[1].serial: found a number, expected the digits in quotes: "5"`, "masters.toml:8: master[2].interval")
	p.cli("listeners", "--json").want(t, 0, `"generation":1`)
	p.write("masters.toml", oneMaster+"[[master]]\nserial = \"5\"\n")
	p.cli("reload").want(t, 0, "masters: entries read: 2", "field: extended is swapped (generation 2")
}

func TestAMastersFileThatIsNotThereIsAProblemOfTheConfiguration(t *testing.T) {
	p := serveMasters(t, oneMaster)
	p.write("config.toml", strings.Replace(withMasters, "masters.toml", "nope.toml", 1))
	command(t, "", "check", "--config", p.file("config.toml")).want(t, 2, "config.toml:13: masters.file: found", "no such file")
}

func TestATableOfMastersIsImported(t *testing.T) {
	p := serveMasters(t, oneMaster)
	p.write("masters.csv", "serial;name;tags;point;unit\n12345678;Pump 3;water|critical;MS/1/1;m\n")
	command(t, "", "masters", "import", p.file("masters.csv")).want(t, 0, `serial = "12345678"`, `tags = ["water", "critical"]`, "[[master.point]]", `unit = "m"`)
	p.write("masters.csv", "serial;interval\n12345678;10\n")
	command(t, "", "masters", "import", p.file("masters.csv")).want(t, 2, "masters.csv:2: interval: found \"10\" without a unit")
}

func TestMastersAreShownAndChosenAsTheOperatorHasToldOfThem(t *testing.T) {
	p := serveMasters(t, `
[[master]]
profile  = "extended"
tags     = ["water"]
interval = "1h"
[[master]]
serial = "12345678"
name   = "Pump 3"
site   = "north"
[[master.point]]
point = "MS/2/3"
name  = "level"
unit  = "m"
scale = 0.01
max   = 0.2
[[master]]
serial = "22345678"
name   = "Well"
site   = "south"
tags   = ["critical"]
`)
	for _, serial := range []int{22345678, 12345678, 32345678} {
		p.dial("field").ask(serial, 1)
	}
	p.cli("masters", "12345678").want(t, 0, "Pump 3", "north", "water", "every 1h", "MS/2/3 (level)", "0.215", "implausible")
	p.cli("masters", "12345678", "--json").want(t, 0, `"title":"level","value":0.21500002,"unit":"m"`)
	p.cli("history", "12345678").want(t, 0, "0.215", "implausible")
	p.cli("export", "-").want(t, 0, "MS/2/3,0.21500002,,m,implausible")
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "12345678 22345678 32345678"},
		{"--site north", "12345678"},
		{"--tag critical", "22345678"},
		{"--tag water --sort site", "32345678 12345678 22345678"},
		{"--name pump", "12345678"},
		{"--state online --limit 2", "12345678 22345678"},
		{"--state late", ""},
		{"--silent 10m", ""},
		{"--sort silent", "22345678 12345678 32345678"},
		{"--sort seen --limit 1", "32345678"},
		{"--profile compact", ""},
	} {
		r := p.cli(strings.Fields("masters --json " + c.args)...)
		r.want(t, 0)
		if got := strings.Join(regexp.MustCompile(`"serial":"(\d+)"`).FindAllString(r.stdout, -1), " "); strings.NewReplacer(`"serial":"`, "", `"`, "").Replace(got) != c.want {
			t.Errorf("masters %s: %s, want %s", c.args, got, c.want)
		}
	}
	p.cli("masters", "--state", "ofline").want(t, 2, `state: found "ofline", expected one of online, away, late, offline`, `did you mean "offline"?`)
	// A reload changes what is shown, of the past too.
	p.write("masters.toml", "[[master]]\nserial = \"12345678\"\nname = \"Pump 4\"\n")
	p.cli("reload").want(t, 0, "masters: entries read: 1")
	p.cli("masters").want(t, 0, "Pump 4")
	p.cli("export", "-").want(t, 0, "MS/2/3,21.500002,,,good")
}

func TestHistoryAndExportsSayWhatIsKnownAndLeaveOutWhatIsImplausible(t *testing.T) {
	p := serveMasters(t, oneMaster+"site = \"north\"\ntags = [\"water\"]\n[[master.point]]\npoint = \"MS/2/3\"\nname = \"level\"\nmax = 100\n")
	device := p.dial("field")
	now := time.Now().Truncate(time.Minute)
	for i, value := range []string{"41ac0000", "447a0000", "7fc00000", "7f800000"} { // 21.5, 1000, not a number, infinite
		device.send(fromHex(t, fieldFrame(i+1, 2, 3, 'm', now, "00"+value)))
		device.receive(27)
	}
	p.cli("history", "12345678", "--json").want(t, 0, `"name": "Pump 3"`, `"site": "north"`, `"water"`, `"value": "NaN"`, `"value": "+Inf"`)
	var values admin.Values
	p.get("/api/v1/masters/12345678/values?point=level&bucket=1h", &values)
	if len(values.Buckets) != 1 || values.Buckets[0].Count != 1 || values.Buckets[0].Max != 21.5 || values.LeftOut != 3 {
		t.Errorf("%+v", values)
	}
	p.cli("history", "12345678", "--point", "level", "--format", "plot").want(t, 0, "1 values", "3 samples left out: implausible or missing")
	p.cli("history", "12345678", "--point", "level", "--format", "csv").want(t, 0, ",NaN,,,implausible,level", ",1000,,,implausible,level", ",21.5,,,good,level")
	p.cli("export", "-").want(t, 0, "quality,frame,title,protection\n", ",level,\n")
	p.cli("export", p.file("out.db")).want(t, 0)
	db, err := sql.Open("sqlite", p.file("out.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var null, numbers int
	if err := db.QueryRow("SELECT sum(value IS NULL), sum(typeof(value) = 'real' OR typeof(value) = 'integer') FROM sample WHERE title = 'level'").Scan(&null, &numbers); err != nil || null != 2 || numbers != 2 {
		t.Errorf("%d without a value, %d with a number, %v", null, numbers, err)
	}
}
