package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"trama/actors"
)

// listings are the commands that show tables or times, and what of them is there on the narrowest terminal.
var listings = map[string][]string{
	"connections":    {"ID", "REMOTE", "MASTERS", "QUIET", "FRAMES"},
	"cursors":        {"NAME", "POSITION", "LAG", "LOST", "MOVED"},
	"events":         {"AT", "KIND", "MASTER", "REASON"},
	"history":        nil, // its forms have columns of their own
	"journal stats":  {"state", "frames kept", "disk in use"},
	"keys list":      {"SERIAL", "SUITE", "SPEAKS", "WRONG TAGS"},
	"listeners":      {"NAME", "PROFILE", "STATE", "LIVE", "FRAMES", "REJECTED"},
	"masters":        {"SERIAL", "NAME", "STATE", "SEEN", "VALUES"},
	"poisoned":       {"AT", "SERIAL", "CAUSE"},
	"profile list":   {"NAME", "TITLE"},
	"profile points": {"POINT", "UNIT", "TITLE"},
	"redecode":       {"RECEIVED", "MESSAGE", "VALUES"},
	"refused":        {"AT", "MASTER", "REASON", "DETAIL"},
	"shadow":         {"FIELD", "ACTIVE", "CANDIDATE"},
	"token list":     {"NAME", "ROLE", "EXPIRES"},
	"tree":           {"registry", "conn-"},
	"watch":          nil, // waits for what comes
}

// formsOfHistory are the further ways in which history and masters show what they show.
var furtherForms = map[string][][]string{
	"history":     {{}, {"--frames"}, {"--newest"}, {"--point", "MS/2/3"}, {"--bucket", "1h", "--since", "2026-11-01"}, {"--point", "MS/2/3", "--format", "plot", "--since", "2026-11-01"}},
	"connections": {{"--listener", "field", "--silent", "1ms"}, {"--sort", "rejected", "--limit", "7"}},
	"masters":     {{}, {"--sort", "silent"}, {"--state", "online"}},
}

// noListings are commands with a --json that list nothing: one answer, frames for other programs, or the text of a file.
var noListings = []string{"check", "decode", "encode", "explain", "journal verify", "profile show", "health", "reload", "send", "version"}

// Each listing fits terminals of usual widths with 400 masters, and a new listing is named in this file.
func TestEveryListingFitsTheTerminal(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	time.Local = time.FixedZone("", -3*3600) // the widest times there are
	p := serveCrowd(t, 400)
	seen := map[string]bool{}
	for _, width := range []int{80, 120, 200} {
		t.Setenv("COLUMNS", fmt.Sprint(width))
		eachCommand((&app{}).root(), func(path string, command *cobra.Command) {
			important, listed := listings[path]
			flag := command.Flags().Lookup("wide")
			if listed != (flag != nil) || flag == nil && command.Flags().Lookup("json") != nil && !slices.Contains(noListings, path) {
				t.Errorf("trama %s: a listing has --wide, and a line in the table of this test", path)
			}
			if !listed || path == "watch" {
				return
			}
			seen[path] = true
			for _, form := range append([][]string{{}}, furtherForms[path]...) {
				args := append(strings.Fields(path), argumentsOf[path]...)
				got := p.listing(append(args, form...)...)
				got.want(t, exitDone, important...)
				what := strings.Join(append(args, form...), " ")
				if strings.Count(got.stdout, "\n") < 2 {
					t.Errorf("trama %s: nothing is listed: %q", what, got.stdout)
				}
				for line := range strings.Lines(got.stdout) {
					if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width { // no text of this test is wider than its characters
						t.Errorf("trama %s at %d columns: %d: %s", what, width, n, line)
						break
					}
				}
				if wide := p.listing(append(append(args, form...), "--wide")...); strings.Contains(strings.ReplaceAll(wide.stdout, "… ", ""), "…") {
					t.Errorf("trama %s --wide is shortened", what)
				}
			}
		})
	}
	for path := range listings {
		if !seen[path] && path != "watch" {
			t.Errorf("there is no trama %s", path)
		}
	}
}

// listing runs a command with the daemon and the configuration of the program, where the command takes them.
func (p *program) listing(args ...string) result {
	p.t.Helper()
	args = append(args, "--config", p.file("config.toml"))
	if args[0] != "profile" {
		args = append(args, "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token"))
	}
	return command(p.t, "", args...)
}

// serveCrowd is a daemon to which masters with names are connected, and to which all has happened that a listing shows.
func serveCrowd(t *testing.T, masters int) *program {
	t.Helper()
	var file strings.Builder
	for n := range masters {
		fmt.Fprintf(&file, "[[master]]\nserial = \"%08d\"\nname = \"Pump %d at the upper reservoir\"\nsite = \"north-%d\"\n", n+1, n+1, n%7)
	}
	p := serveWith(t, "[keys]\n[masters]\nfile = \"masters.toml\"\n"+twoPorts, map[string]string{"masters.toml": file.String()})
	candidate, _, _ := strings.Cut(edited(t, `key = "MS", type = "float32"`, `key = "MS", type = "uint32"`), "[[example]]")
	p.write("candidate.toml", candidate)
	p.cli("shadow", "field", p.file("candidate.toml")).want(t, exitDone)
	for n := range masters {
		master := p.dial("field")
		master.send(fromHex(t, measurement(n+1, 1)))
		master.receive(27)
		if n%10 == 0 {
			_ = master.Close() // it comes and goes
		}
	}
	master := p.dial("field")
	for n := range 20 {
		master.send(fromHex(t, measurement(12345678, n+1)))
		master.receive(27)
	}
	p.dial("field").send([]byte(strings.Repeat("what no profile understands ", 20)))
	bad := p.dial("compact")
	bad.send(fromHex(t, measurement(12345678, 99)))
	_ = bad.Close()
	var links []actors.ConnectionInfo
	p.get("/api/v1/connections", &links)
	at := slices.IndexFunc(links, func(c actors.ConnectionInfo) bool { return slices.Contains(c.Masters, "12345678") })
	p.cli("fault", fmt.Sprintf("trama/listeners/field/conn-%d", links[at].ID), "--on-frame").want(t, exitDone)
	master.send(fromHex(t, measurement(12345678, 100)))
	await(t, "the crash", func() bool { return strings.Contains(p.cli("poisoned", "--json").stdout, "12345678") })
	p.cli("cursors", "set", "a-consumer-with-a-long-name").want(t, exitDone)
	p.cli("token", "add", "night-shift", "--role", "read", "--expires", "90d").want(t, exitDone)
	p.keys(deviceKey, "add", "12345678", "--hex", "-").want(t, exitDone)
	return p
}

// Each list as JSON is one array of objects (or one object), and nothing of a terminal is in it.
func TestEveryListingIsThereAsJSON(t *testing.T) {
	t.Setenv("COLUMNS", "20")
	p := serveCrowd(t, 3)
	for path := range listings {
		if path == "watch" {
			continue
		}
		args := append(strings.Fields(path), argumentsOf[path]...)
		got := p.listing(append(args, "--json")...)
		var value any
		if err := json.Unmarshal([]byte(got.stdout), &value); err != nil || got.code != exitDone || strings.Contains(got.stdout, "…") {
			t.Errorf("trama %s --json: %d, %v: %.200s %s", path, got.code, err, got.stdout, got.stderr)
		}
	}
}
