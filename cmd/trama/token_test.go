package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trama/cmd/trama/internal/access"
)

// as runs a command with the token of a file.
func (p *program) as(token string, args ...string) result {
	p.t.Helper()
	return command(p.t, "", append(args, "--admin", p.addresses.Admin, "--token-file", p.file(token))...)
}

// addToken makes a token with the command line and puts it into a file of its name.
func (p *program) addToken(name, role string, more ...string) string {
	p.t.Helper()
	r := p.cli(append([]string{"token", "add", name, "--role", role}, more...)...)
	r.want(p.t, 0)
	p.write(name, r.stdout)
	return strings.TrimSpace(r.stdout)
}

func TestTokenGivesItsRoleAtOnceUntilItIsRevoked(t *testing.T) {
	p := serve(t, twoPorts)
	secret := p.addToken("night-shift", "read", "--expires", "90d")
	p.addToken("control-room", "operate")
	p.as("night-shift", "masters").want(t, 0, "SERIAL")
	p.as("night-shift", "suspend", "field").want(t, 1, "night-shift has the role read, and this needs operate")
	p.as("control-room", "suspend", "field").want(t, 0, "field is suspended")
	p.as("control-room", "reload").want(t, 1, "needs admin")
	p.as("control-room", "token", "list").want(t, 1, "needs admin")
	p.cli("token", "add", "night-shift", "--role", "admin").want(t, 1, "of this name already")
	p.cli("token", "add", "local", "--role", "admin").want(t, 2, "is that of the token file")
	p.cli("token", "add", "../x", "--role", "read").want(t, 2, "name")
	p.cli("token", "add", "x", "--role", "root").want(t, 2, "expected one of read, operate, admin")
	p.cli("token", "add", "x", "--role", "read", "--expires", "soon").want(t, 2, "such as")
	p.cli("token", "list").want(t, 0, "control-room  operate  never", "local         admin    never", "token file", "night-shift   read     "+
		time.Now().AddDate(0, 0, 90).UTC().Format("2006-01-02"), "tokens.toml")
	p.cli("token", "revoke", "local").want(t, 1, "not one that was added")
	p.cli("token", "revoke", "nobody").want(t, 1, "no such token")
	p.cli("token", "revoke", "night-shift").want(t, 0, "night-shift is revoked")
	p.as("night-shift", "masters").want(t, 1, "does not accept the token")

	await(t, "the last change", func() bool {
		return strings.Contains(p.cli("events", "--kind", "change").stdout, "revoke token night-shift")
	})
	p.cli("events", "--kind", "change").want(t, 0, "local (admin): add token night-shift with role read until ",
		"night-shift (read): suspend field", "refused: it needs the role operate", "control-room (operate): suspend field",
		"local (admin): revoke token night-shift")
	info, err := os.Stat(p.file("data/tokens.toml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("tokens.toml: %v, %v", info, err)
	}
	text, err := os.ReadFile(p.file("data/tokens.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range map[string]string{"log": p.log.String(), "tokens.toml": string(text), "journal": p.cli("events", "--json").stdout} {
		if strings.Contains(text, secret) || text == "" {
			t.Errorf("the %s has the token", place)
		}
	}

	p.end()
	again := serveIn(t, p.dir, twoPorts)
	again.as("control-room", "masters").want(t, 0)
}

// Tokens can be made before the first start, and stand in the configuration; what a person edits counts with the next reload.
func TestTokensAreTakenOverFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, []byte(twoPorts), 0o600); err != nil {
		t.Fatal(err)
	}
	made := command(t, "", "token", "add", "early", "--role", "read", "--config", file, "--admin", "")
	made.want(t, 2, "port of [admin] listen") // it cannot know that none runs
	config := strings.Replace(twoPorts, `listen = "127.0.0.1:0"`, `listen = "127.0.0.1:1"`, 1)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	made = command(t, "", "token", "add", "early", "--role", "read", "--config", file)
	made.want(t, 0, "no daemon answers: changed in "+filepath.Join(dir, "data", "tokens.toml"))

	p := serveIn(t, dir, twoPorts)
	p.write("early", made.stdout)
	p.as("early", "masters").want(t, 0)
	written := strings.Repeat("w", 43)
	hash, err := access.HashOf(written).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	p.write("written", written)
	p.as("written", "masters").want(t, 1, "does not accept")
	p.write("config.toml", twoPorts+"[[admin.token]]\nname = \"written\"\nrole = \"operate\"\nhash = \""+string(hash)+"\"\n")
	if err := os.Remove(p.file("data/tokens.toml")); err != nil {
		t.Fatal(err)
	}
	p.cli("reload").want(t, 0)
	p.as("written", "suspend", "field").want(t, 0)
	p.as("early", "masters").want(t, 1, "does not accept")
	p.cli("token", "revoke", "written").want(t, 1, "is in the configuration")

	p.write("data/tokens.toml", "[[token]]\nname = \"x\"\n")
	p.cli("reload").want(t, 1, "the tokens cannot be read", "expected a role")
	p.as("written", "masters").want(t, 0)
}

func TestCommandTellsWhoSentIt(t *testing.T) {
	p := serve(t, twoPorts)
	p.simulated(1, time.Hour)
	p.addToken("control-room", "operate")
	await(t, "the master", func() bool { return strings.Contains(p.cli("masters").stdout, "online") })
	p.as("control-room", "send", "10000001", "O", "RN=3", "OP=1", "--json").want(t, 0, `"by":"control-room"`, `"outcome":"done"`)
	await(t, "the change", func() bool {
		r := p.cli("events", "10000001", "--kind", "change").stdout
		return strings.Contains(r, "control-room (operate): send 10000001 O OP=1 RN=3") && strings.Contains(r, "command 1")
	})
	if !p.log.has("by=control-room role=operate from=127.0.0.1:", `what="send 10000001 O OP=1 RN=3" outcome="command 1"`) {
		t.Errorf("the log does not tell the change:\n%s", p.log)
	}
}

// A question that the daemon has no time for is asked again; an order is not.
func TestBusyDaemonIsAskedAgain(t *testing.T) {
	asked := map[string]int{}
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked[r.Method]++; asked[r.Method] == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write([]byte("[]"))
	}))
	defer daemon.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(strings.Repeat("A", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "listeners", "--admin", daemon.URL, "--token-file", token).want(t, 0, "NAME")
	command(t, "", "suspend", "field", "--admin", daemon.URL, "--token-file", token).want(t, 1, "429")
	if asked["GET"] != 2 || asked["POST"] != 1 {
		t.Errorf("asked %v", asked)
	}
}
