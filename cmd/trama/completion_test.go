package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The shell is offered what there is: of the daemon where it knows, at once and without a word where none runs.
func TestCompletionOffersWhatThereIs(t *testing.T) {
	p := serveWith(t, twoPorts+"[masters]\nfile = \"masters.toml\"\n",
		map[string]string{"masters.toml": "[[master]]\nserial = \"12345678\"\nname = \"pump north\"\nsite = \"hill\"\ntags = [\"water\"]\n"})
	t.Setenv(adminVariable, p.addresses.Admin)
	t.Setenv(configVariable, p.file("config.toml"))
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	var links []struct{ ID uint64 }
	p.get("/api/v1/connections", &links)
	for _, args := range []string{"cursors set north", "token add night-shift --role read"} {
		command(t, "", strings.Fields(args)...).want(t, 0)
	}
	c.obey("A", func() { command(t, "", "send", "12345678", "A", "--json").want(t, exitDone) })
	offers := func(line string) []string {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		r := command(t, "", args...)
		r.want(t, 0)
		var words []string
		for _, line := range strings.Split(r.stdout, "\n") {
			word, _, _ := strings.Cut(line, "\t")
			words = append(words, word)
		}
		return words
	}
	for line, want := range map[string]string{
		"mas": "masters", "masters 123": "12345678", "send ": "12345678", "send 12345678 oper": "operate-relay",
		"send 12345678 operate-relay r": "relay=", "send 12345678 O operation=o": "operation=on", "history 12345678 --point M": "MS/2/3",
		"history 12345678 --format ": "plot", "events --kind of": "offline", "suspend f": "field", "refused ": "compact",
		"refused 1": "12345678", "kick ": strconv.FormatUint(links[0].ID, 10), "restart trama/listeners/f": "trama/listeners/field",
		"tree --under trama/registry/": "trama/registry/12345678", "cursors set n": "north", "token revoke n": "night-shift",
		"masters --site ": "hill", "masters --name ": "pump north", "masters --tag ": "water", "masters --state la": "late",
		"masters --sort s": "silent", "log-level d": "debug", "decode --profile ext": "extended", "profile show j": "jt808",
		"encode --profile extended ope": "operate-relay", "export x.db --serial ": "12345678", "journal b": "backup",
		"send --prefix 1234 ": "ask-relays", "send --all operate-relay R": "RN=", "send 12345678 operate-relay R": "RN=", "send 12345678 O OP=o": "OP=on", "send 12345678 operate-relay relay=3 operation=o": "operation=on", "command ": "1", "cancel ": ":4", "commands --state can": "cancelled",
		"completion ": "bash", "shadow field comp": "compact", "approve ": "12345678",
	} {
		if got := offers(line); !slices.Contains(got, want) {
			t.Errorf("%q: offered %q, want %s among them", line, got, want)
		}
	}
	for line, not := range map[string]string{"send 12345678 ": "set-key", "connections --sort ": "silent"} {
		if got := offers(line); len(got) < 3 || slices.Contains(got, not) {
			t.Errorf("%q: offered %q, want others than %s", line, got, not)
		}
	}
	p.end()
	begun := time.Now()
	if got := offers("send "); len(got) != 2 || got[0] != ":4" {
		t.Errorf("without a daemon: %q", got)
	}
	if took := time.Since(begun); took > patience/2 {
		t.Errorf("without a daemon: after %v", took)
	}
	command(t, "", "--help").want(t, 0, "completion")
}
