package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec"
)

func TestProfileListNamesTheShippedOnesAndThoseOfTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	own := strings.Replace(definition(t, "compact"), `"compact"`, `"mine"`, 1)
	for name, text := range map[string]string{"mine.toml": own, "config.toml": `
[[listener]]
name = "one"
address = "127.0.0.1:0"
profile = "mine.toml"
[[listener]]
name = "two"
address = "127.0.0.1:0"
profile = "mine.toml"
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := command(t, "", "profile", "list", "--json", "--config", filepath.Join(dir, "config.toml"))
	got.want(t, 0)
	var rows []struct {
		Name, Title, File string
		Messages          int
		Checksum, Shipped bool
	}
	if err := json.Unmarshal([]byte(got.stdout), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(codec.ShippedNames())+1 {
		t.Errorf("%d profiles", len(rows))
	}
	for _, r := range rows {
		if r.Shipped == (r.Name == "mine") || r.Shipped != (r.File == "") || r.Messages == 0 {
			t.Errorf("%+v", r)
		}
		want := map[string]bool{"modbus-rtu": true, "dnp3-link": true, "jt808": true}
		if plain := map[string]bool{"compact": true, "mine": true, "modbus-tcp": true}; r.Checksum && plain[r.Name] || !r.Checksum && want[r.Name] {
			t.Errorf("%s: checksum %v", r.Name, r.Checksum)
		}
	}
	command(t, "", "profile", "list", "--config", filepath.Join(dir, "none.toml")).want(t, exitUsage, "none.toml")
	command(t, "", "profile", "list").want(t, 0, "NAME", "sl651", "shipped", "yes")
}

func definition(t *testing.T, name string) string {
	t.Helper()
	src, ok := codec.ShippedSource(name)
	if !ok {
		t.Fatalf("no profile %s", name)
	}
	return string(src)
}

func TestProfileShowPrintsTheDefinition(t *testing.T) {
	if got := command(t, "", "profile", "show", "gt06"); got.code != 0 || got.stdout != definition(t, "gt06") {
		t.Errorf("%d %s", got.code, got.stderr)
	}
	file := filepath.Join(t.TempDir(), "x.toml")
	if err := os.WriteFile(file, []byte("name = \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, "", "profile", "show", file); got.code != 0 || got.stdout != "name = \"x\"\n" {
		t.Errorf("%d %s %s", got.code, got.stdout, got.stderr)
	}
	command(t, "", "profile", "show", "gt60").want(t, exitUsage, `did you mean "gt06"?`)
	command(t, "", "profile", "show", "nowhere.toml").want(t, exitUsage, "nowhere.toml")
}

func TestProfileShowPrintsADescriptionAsJSON(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		got := command(t, "", "profile", "show", name, "--json")
		got.want(t, exitDone)
		var d struct {
			Name     string
			Frames   []struct{ Header []struct{ Key string } }
			Messages []struct{ Name, From string }
			Commands []struct {
				Name      string
				Arguments []struct{ Key, Type, Given string }
			}
		}
		if err := json.Unmarshal([]byte(got.stdout), &d); err != nil {
			t.Fatal(err)
		}
		if d.Name != name || len(d.Frames) == 0 || len(d.Messages) == 0 || d.Messages[0].From == "" {
			t.Errorf("%s: %+v", name, d)
		}
		if name == "modbus-tcp" && (d.Commands[0].Name != "read-coils" || len(d.Commands[0].Arguments) < 2 || d.Commands[0].Arguments[1].Given != "required") {
			t.Errorf("%+v", d.Commands)
		}
	}
	command(t, "", "profile", "show", "gt60", "--json").want(t, exitUsage, `unknown profile "gt60"`)
}

func TestProfilePointsListsWhatFramesCanSay(t *testing.T) {
	command(t, "", "profile", "points", "extended").want(t, exitDone, "POINT ", "MS/{SC}/{CC}", "relay/{RN} ", "measurement", "measured value")
	command(t, "", "profile", "points", "teltonika", "--json").want(t, exitDone, `"point": "value-{id}"`, `"unit": "km/h"`, `"message": "records"`)
	command(t, "", "profile", "points", "dlt64").want(t, exitUsage, `unknown profile "dlt64"`)
}

func TestProfileDocPrintsAPage(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		command(t, "", "profile", "doc", name).want(t, exitDone, "# "+name+"\n", "## Messages", "| offset | bytes | field |", "## Examples", "accepted")
	}
	file := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(file, []byte(strings.Replace(definition(t, "compact"), `"compact"`, `"mine"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "profile", "doc", file).want(t, exitDone, "# mine\n", "### Message measurement", "| 16 | 4 | `MS` | float32 |")
	command(t, "", "profile", "doc", "none").want(t, exitUsage, `unknown profile "none"`)
	command(t, "", "profile", "doc").want(t, exitUsage, "NAME is missing")
}

func TestAFileWithTheNameOfAShippedProfileIsWarnedOf(t *testing.T) {
	dir := t.TempDir()
	text := command(t, "", "profile", "show", "extended")
	text.want(t, exitDone)
	mine := filepath.Join(dir, "mine.toml")
	if err := os.WriteFile(mine, []byte(text.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	const warning = `warning: name: "extended", the name of a shipped profile; expected a name of its own`
	command(t, "", "check", mine).want(t, exitDone, mine+": "+warning)
	command(t, "", "check", "--strict", mine).want(t, exitUsage, warning)
	if err := os.WriteFile(mine, []byte(strings.Replace(text.stdout, `"extended"`, `"mine"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", "check", "--strict", mine); r.code != exitDone {
		t.Errorf("a name of its own: %d %s%s", r.code, r.stdout, r.stderr)
	}
}
