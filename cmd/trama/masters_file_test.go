package main

import (
	"strings"
	"testing"
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
