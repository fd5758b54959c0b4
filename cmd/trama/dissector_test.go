package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec"
)

func TestProfileDissectorPrintsAScriptForEveryProfile(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		got := command(t, "", "profile", "dissector", name, "--port", "12986,4000")
		got.want(t, 0, "made by: trama profile dissector", `local ports = "12986,4000"`, `local profile = "`+name+`"`)
	}
	file := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(file, []byte(strings.Replace(definition(t, "compact"), `"compact"`, `"mine"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "profile", "dissector", file).want(t, 0, `local profile = "mine"`, `local ports = ""`)
}

func TestProfileDissectorSaysWhatIsWrong(t *testing.T) {
	command(t, "", "profile", "dissector", "extendet").want(t, exitUsage, `unknown profile "extendet": shipped are`)
	command(t, "", "profile", "dissector", "extended", "--port", "70000").want(t, exitUsage, "--port: found 70000, expected 1 to 65535")
	command(t, "", "profile", "dissector").want(t, exitUsage, "NAME is missing")
}
