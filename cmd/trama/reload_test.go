package main

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"trama/cmd/trama/internal/admin"
	"trama/codec"
)

// onePort is a listener whose profile is a file of its own.
const onePort = `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "field"
address = "127.0.0.1:0"
profile = "mine.toml"
[[listener]]
name = "compact"
address = "127.0.0.1:0"
profile = "compact"
`

// edited is the shipped definition of extended with pairs of texts replaced.
func edited(t *testing.T, replace ...string) string {
	t.Helper()
	src, _ := codec.ShippedSource("extended")
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(src), replace[i]) {
			t.Fatalf("%q is not in the definition", replace[i])
		}
	}
	return strings.NewReplacer(replace...).Replace(string(src))
}

func serveMine(t *testing.T) *program {
	t.Helper()
	return serveWith(t, onePort, map[string]string{"mine.toml": edited(t)})
}

func TestReloadSwapsAProfileWithoutDroppingASocket(t *testing.T) {
	p := serveMine(t)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	p.cli("reload").want(t, 0, "field: extended is unchanged (generation 1)", "compact: compact is unchanged")

	p.write("mine.toml", regexp.MustCompile(`\bMS\b`).ReplaceAllString(edited(t), "LEVEL"))
	p.write("config.toml", strings.Replace(onePort, "[admin]", "[limits]\nmax_masters = 5\n[admin]", 1)+"idle_timeout = \"1m\"\n")
	p.cli("reload").want(t, 0, "field: extended is swapped (generation 2,", "mine.toml); 1 live connection went along",
		"[limits] max_masters", "listener compact: heartbeat or idle_timeout")
	c.send(fromHex(t, measurement(12345678, 2)))
	c.receive(27)
	p.cli("masters", "12345678").want(t, 0, "LEVEL")
	p.cli("listeners").want(t, 0, "GENERATION")
	p.cli("tree").want(t, 0, "extended accepting  generation=2 hash=")

	// A listener may change to another profile altogether.
	p.write("config.toml", strings.Replace(onePort, `profile = "compact"`, `profile = "extended"`, 1))
	p.cli("reload", "--json").want(t, 0, `"profile_before":"compact","profile":"extended"`)
	if !p.log.has("reload: done: swapped=1 unchanged=1") {
		t.Errorf("the log:\n%s", p.log)
	}
}

func TestReloadRefusesWhatDoesNotPassAndKeepsAll(t *testing.T) {
	for name, c := range map[string]struct {
		profile, config string
		want            []string
	}{
		"a definition that does not compile": {edited(t, `role = "identity"`, `role = "identiy"`), onePort, []string{"mine.toml:13:", `did you mean "identity"?`}},
		"an example that fails":              {edited(t, "MS = 21.5", "MS = 22.5"), onePort, []string{"mine.toml:", "example[", "expected 22.5"}},
		"a key that nobody knows":            {edited(t), onePort + "profil = 1\n", []string{"config.toml:12:", "profil"}},
		"no definition":                      {edited(t), strings.Replace(onePort, "mine.toml", "yours.toml", 1), []string{"config.toml:7:", "yours.toml"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := serveMine(t)
			p.write("mine.toml", c.profile)
			// The other listener would change, too: all or nothing.
			p.write("config.toml", strings.Replace(c.config, `profile = "compact"`, `profile = "extended"`, 1))
			p.cli("reload").want(t, 1, c.want...)
			if !p.log.has(c.want[0], "reload: refused, every listener keeps its profile") {
				t.Errorf("the log:\n%s", p.log)
			}
			p.cli("listeners", "--json").want(t, 0, `"profile":"compact","definition":{"generation":1`, `"profile":"extended","definition":{"generation":1`)
			peer := p.dial("compact")
			peer.send(fromHex(t, "0013010000000012345678010273000041ac0000"))
			peer.receive(15)
		})
	}
}

func TestARefusedReloadListsTheProblemsOverHTTP(t *testing.T) {
	p := serveMine(t)
	p.write("mine.toml", edited(t, `role = "identity"`, `role = "identiy"`, `role = "transaction"`, `role = "transactio"`))
	token, err := os.ReadFile(p.file("data/admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, p.addresses.Admin+"/api/v1/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var problem admin.Problem
	if err := json.NewDecoder(w.Body).Decode(&problem); err != nil || w.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("%v %s", err, w.Status)
	}
	if len(problem.Problems) < 3 || !strings.Contains(problem.Error, "problems") {
		t.Errorf("%+v", problem)
	}
}

func TestHangUpReloads(t *testing.T) {
	p := serve(t, twoPorts)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "the reload", func() bool { return p.log.has("trama.reload: done: swapped=0 unchanged=2") })
}
