package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// elsewhere puts the test into an empty directory and the places of the package into another one, which is returned.
func elsewhere(t *testing.T) (system string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv(adminVariable, "")
	t.Setenv(configVariable, "")
	system = t.TempDir()
	config, socket := systemConfig, systemSocket
	t.Cleanup(func() { systemConfig, systemSocket = config, socket })
	systemConfig, systemSocket = filepath.Join(system, "trama.toml"), filepath.Join(system, "run", "admin.sock")
	return system
}

func TestTheDaemonIsFoundWhereItWasSaidToBe(t *testing.T) {
	system := elsewhere(t)
	admin := func(file, address string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("[admin]\nlisten = \"127.0.0.1:"+address+"\"\ntoken_file = \""+system+"/token\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(system, "token"), []byte(strings.Repeat("A", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	command(t, "", "masters").want(t, exitFailed, "no daemon found", "TRAMA_ADMIN: not set", "TRAMA_CONFIG: not set",
		"config.toml in "+here+": no such file", systemConfig+": no such file", systemSocket+": no such file", "trama config example")
	command(t, "", "serve").want(t, exitUsage, "no configuration found", "config.toml in "+here, systemConfig)
	if r := command(t, "", "keys", "list"); r.code != exitUsage || strings.Contains(r.stderr, "keys in the directory") {
		t.Errorf("keys of no directory: %+v", r)
	}
	command(t, "", "masters", "--admin", "127.0.0.1:1").want(t, exitUsage, "--token-file is missing", systemConfig)

	// Each of these is nearer than those before it.
	p := serveIn(t, t.TempDir(), withSocket(systemSocket, ""))
	command(t, "", "masters").want(t, exitDone, "SERIAL")
	p.end()
	admin(systemConfig, "1")
	command(t, "", "masters").want(t, exitFailed, "nothing answers at http://127.0.0.1:1 ([admin] listen of "+systemConfig+")")
	if err := os.WriteFile("config.toml", []byte("of = \"another program\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "masters").want(t, exitFailed, "no such file", "([admin] token_file of config.toml)")
	admin("config.toml", "2")
	command(t, "", "masters").want(t, exitFailed, "nothing answers at http://127.0.0.1:2 ([admin] listen of config.toml)")
	admin("named.toml", "3")
	t.Setenv(configVariable, "named.toml")
	command(t, "", "masters").want(t, exitFailed, "nothing answers at http://127.0.0.1:3 (")
	t.Setenv(adminVariable, "127.0.0.1:4")
	command(t, "", "masters").want(t, exitFailed, "nothing answers at http://127.0.0.1:4: is")
	admin("option.toml", "5")
	command(t, "", "masters", "--config", "option.toml").want(t, exitFailed, "nothing answers at http://127.0.0.1:5 (")
	command(t, "", "masters", "--admin", "127.0.0.1:6").want(t, exitFailed, "nothing answers at http://127.0.0.1:6: is")
	t.Setenv(configVariable, "missing.toml")
	command(t, "", "masters").want(t, exitUsage, "missing.toml: no such file")
}

// A configuration in /tmp is anybody's: it could have the token sent to them.
func TestAConfigurationThatAnybodyMayHaveMadeIsPassedOver(t *testing.T) {
	elsewhere(t)
	if err := os.WriteFile("config.toml", []byte(twoPorts), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(".", os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	command(t, "", "check").want(t, exitUsage, "no configuration found", "everybody may make files in that folder")
	command(t, "", "check", "--config", "config.toml").want(t, exitDone, "no problems")
}

func TestTheExampleOfAConfigurationIsOne(t *testing.T) {
	elsewhere(t)
	r := command(t, "", "config", "example")
	r.want(t, exitDone, "[[listener]]")
	if err := os.WriteFile("config.toml", []byte(r.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "check").want(t, exitDone, "config.toml: ", "no problems")
}
