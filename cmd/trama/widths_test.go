package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"trama/actors"
	"trama/actors/ledger"
	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
	"trama/journal"
)

// listings are the commands that show tables or times, and what of them is there on the narrowest terminal.
var listings = map[string][]string{
	"command":        {"command", "master", "state", "AT", "done"},
	"commands":       {"ID", "ASKED", "MASTER", "COMMAND", "STATE"},
	"connections":    {"ID", "REMOTE", "MASTERS", "QUIET", "FRAMES"},
	"cursors":        {"NAME", "POSITION", "LAG", "LOST", "MOVED"},
	"events":         {"AT", "KIND", "MASTER", "REASON"},
	"history":        nil, // its forms have columns of their own
	"journal stats":  {"state", "frames kept", "disk in use"},
	"keys list":      {"SERIAL", "SUITE", "SPEAKS", "WRONG TAGS"},
	"listeners":      {"NAME", "PROFILE", "STATE", "LIVE", "FRAMES", "REJECTED"},
	"masters":        {"SERIAL", "NAME", "STATE", "LAST SEEN", "VALUES"},
	"crashes":        {"AT", "SERIAL", "CAUSE"},
	"profile list":   {"NAME", "TITLE"},
	"profile points": {"POINT", "UNIT", "TITLE"},
	"settings":       {"SETTING", "STATE", "KEPT"},
	"redecode":       {"RECEIVED", "MESSAGE", "VALUES"},
	"polls":          {"NAME", "EVERY", "MASTERS", "DONE", "UNKNOWN"},
	"refused":        {"AT", "MASTER", "REASON", "DETAIL"},
	"shadow":         {"FIELD", "ACTIVE", "CANDIDATE"},
	"token list":     {"NAME", "ROLE", "EXPIRES"},
	"tree":           {"registry", "conn-"},
	"watch":          nil, // waits for what comes
}

// formsOfHistory are the further ways in which history and masters show what they show.
var furtherForms = map[string][][]string{
	"history":     {{}, {"--frames"}, {"--newest"}, {"--point", "MS/2/3"}, {"--bucket", "1h", "--since", "2026-11-01"}, {"--point", "MS/2/3", "--format", "plot", "--since", "2026-11-01"}},
	"commands":    {{}, {"12345678"}, {"--state", "done"}},
	"connections": {{"--listener", "field", "--silent", "1ms"}, {"--sort", "rejected", "--limit", "7"}},
	"masters":     {{}, {"--sort", "silent"}, {"--state", "online"}},
	"settings":    {{"get", "set-slaves"}, {"diff"}},
}

// noListings are commands with a --json that list nothing: they change something, or show one answer, or the text of a file.
var noListings = strings.Fields(`approve cancel check cursors/remove cursors/set decode encode explain fault forget health journal/verify kick log-level
	profile/show reload restart resume send suspend token/add token/revoke version`)

// inWidestZone is whether the process is in a zone whose times are the widest; else the test is run in another that is:
// connections of tests before may still read time.Local.
func inWidestZone(t *testing.T) bool {
	t.Helper()
	const zone = "TZ=Etc/GMT+3"
	if slices.Contains(os.Environ(), zone) {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.short="+strconv.FormatBool(testing.Short()))
	c.Env = append(os.Environ(), zone)
	if said, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	return false
}

// Each listing fits terminals of usual widths with 400 masters, and a new listing is named in this file.
func TestEveryListingFitsTheTerminal(t *testing.T) {
	if !inWidestZone(t) {
		return
	}
	p := serveCrowd(t, 400)
	seen := map[string]bool{}
	for _, width := range []int{80, 120, 200} {
		t.Setenv("COLUMNS", fmt.Sprint(width))
		eachCommand((&app{}).root(), func(path string, command *cobra.Command) {
			important, listed := listings[path]
			flag := command.Flags().Lookup("wide")
			if listed != (flag != nil) || flag == nil && command.Flags().Lookup("json") != nil && !slices.Contains(noListings, strings.ReplaceAll(path, " ", "/")) {
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
				if strings.Count(got.stdout, "\n") < 2 && path != "redecode" { // all could be read when it came
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
	p := serveWith(t, "[keys]\n[masters]\nfile = \"masters.toml\"\n"+twoPorts+"[[poll]]\nname = \"measurements\"\nevery = \"30d\"\ncommand = \"ask-measurement\"\n", map[string]string{"masters.toml": file.String()})
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
	master.obey("E", func() { p.cli("send", "12345678", "E", "LS=05").want(t, exitDone) })
	p.cli("cursors", "set", "a-consumer-with-a-long-name").want(t, exitDone)
	p.cli("settings", "12345678", "set", "set-slaves", "slaves=5").want(t, exitDone)
	p.cli("settings", "12345678", "set", "set-levels", "report-period=15", "wait=120", "very-high-level=95.5", "high-level=80.25", "low-level=10.125", "very-low-level=-2.5").want(t, exitDone)
	p.cli("token", "add", "night-shift", "--role", "read", "--expires", "90d").want(t, exitDone)
	p.keys(deviceKey, "add", "12345678", "--hex", "-").want(t, exitDone)
	return p
}

// rowsOf are the rows of listings as JSON; those that are not here have no keys that may be absent.
var rowsOf = map[string]any{
	"command": ledger.Command{}, "commands": ledger.Command{}, "connections": actors.ConnectionInfo{}, "cursors": journal.Cursor{}, "events": admin.Event{}, "history": history.Row{},
	"journal stats": journal.Stats{}, "keys list": admin.KeyInfo{}, "listeners": actors.ListenerInfo{}, "masters": actors.MasterInfo{}, "settings": actors.Setting{},
	"crashes": actors.Poison{}, "redecode": history.Row{}, "refused": actors.Stretch{}, "shadow": actors.ShadowInfo{},
	"token list": access.Token{}, "tree": actors.Node{},
}

// keysOf are the keys that a row may have.
func keysOf(row any) (keys []string) {
	if row == nil {
		return nil
	}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(row)) {
		if key, _, _ := strings.Cut(field.Tag.Get("json"), ","); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

// Each listing as JSON has the keys that docs/listings.md names, and nothing of a terminal is in it.
func TestEveryListingIsThereAsJSON(t *testing.T) {
	t.Setenv("COLUMNS", "20")
	text, err := os.ReadFile("../../docs/listings.md")
	if err != nil {
		t.Fatal(err)
	}
	p := serveCrowd(t, 3)
	for path := range listings {
		if path == "watch" {
			continue
		}
		_, named, _ := strings.Cut(string(text), "\n| `"+path+"`")
		named, _, _ = strings.Cut(named, "\n")
		got := p.listing(append(append(strings.Fields(path), argumentsOf[path]...), "--json")...)
		var list []map[string]json.RawMessage
		if !strings.HasPrefix(got.stdout, "[") {
			got.stdout = "[" + got.stdout + "]"
		}
		if err := json.Unmarshal([]byte(got.stdout), &list); err != nil || got.code != exitDone || len(list) == 0 && path != "redecode" || strings.Contains(got.stdout, "…") {
			t.Errorf("trama %s --json: %d, %v: %.200s %s", path, got.code, err, got.stdout, got.stderr)
		}
		keys := keysOf(rowsOf[path])
		for _, row := range list {
			keys = slices.AppendSeq(keys, maps.Keys(row))
		}
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			if !strings.Contains(named, "`"+key+"`") {
				t.Errorf("docs/listings.md: %s: no `%s`", path, key)
			}
		}
	}
}

// A time is taken back as a listing shows it, and a date without a zone is one of the zone that is shown.
func TestShownTimesAreTakenBack(t *testing.T) {
	if !inWidestZone(t) {
		return
	}
	p := serve(t, twoPorts)
	master := p.dial("field")
	master.send(fromHex(t, measurement(12345678, 1)))
	master.receive(27)
	for zone, flags := range map[string][]string{"-03:00": nil, "Z": {"--utc"}} {
		shown := regexp.MustCompile(`\n([-0-9]{10} [:0-9]{8})(\S+)`).FindStringSubmatch(p.cli(append([]string{"events", "--kind", "online"}, flags...)...).stdout)
		if len(shown) == 0 || shown[2] != zone {
			t.Fatalf("%v: shown as %q, want the zone %s", flags, shown, zone)
		}
		for _, since := range []string{shown[1] + shown[2], shown[1]} {
			p.cli(append([]string{"events", "--kind", "online", "--since", since}, flags...)...).want(t, exitDone, "12345678")
			p.cli(append([]string{"history", "12345678", "--since", since}, flags...)...).want(t, exitDone, "21.5")
			if got := p.cli(append([]string{"history", "12345678", "--until", since}, flags...)...); strings.Contains(got.stdout, "21.5") {
				t.Errorf("%v: %s is not before it:\n%s", flags, since, got.stdout)
			}
		}
	}
}
