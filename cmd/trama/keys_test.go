package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"rsc.io/qr"

	"trama/cmd/trama/internal/admin"
	"trama/codec/protect"
	"trama/keys"
)

// withKeys is a configuration with a directory of keys.
const withKeys = "[keys]\n" + twoPorts

const deviceKey = "00112233445566778899aabbccddeeff"

// keys runs a command of trama keys against the program.
func (p *program) keys(stdin string, args ...string) result {
	p.t.Helper()
	return command(p.t, stdin, append(append([]string{"keys"}, args...), "--config", p.file("config.toml"), "--admin", p.addresses.Admin,
		"--token-file", p.file("data/admin.token"))...)
}

// stored is what stands on the disk.
func (p *program) stored(serial string) (*keys.Entry, bool) {
	p.t.Helper()
	s, err := keys.Open(p.file("data/keys"))
	if err != nil {
		p.t.Fatal(err)
	}
	return s.Key(serial)
}

func TestKeysAreAddedListedAndRemovedWhileTheDaemonRuns(t *testing.T) {
	p := serve(t, withKeys)
	p.keys(" 00112233 44556677\n8899aabb CCDDEEFF\n", "add", "12345678", "--suite", "21", "--hex", "-").
		want(t, 0, "12345678: its key is in "+p.file("data/keys/12345678.key")+", suite 21 (CCM-16)", "the daemon has taken it over")
	e, _ := p.stored("12345678")
	if text := strings.ToLower(hexOf(e)); text != deviceKey {
		t.Errorf("the key became %s", text)
	}
	file := p.file("given")
	p.write("given", deviceKey+"\n")
	p.keys("", "add", "00000001", "--file", file).want(t, 0, "suite 20")
	p.keys("", "add", "00000002", "--generate").want(t, 0, "trama keys qr 00000002")
	shown := p.keys("", "add", "00000003", "--generate", "--show")
	e, _ = p.stored("00000003")
	shown.want(t, 0, hexOf(e))
	p.keys("", "add", "12345678", "--generate").want(t, 1, "12345678: there is a key already; trama keys rotate 12345678")

	list := p.keys("", "list", "--json")
	var rows []admin.KeyInfo
	if err := json.Unmarshal([]byte(list.stdout), &rows); err != nil || len(rows) != 4 || rows[3].Serial != "12345678" || rows[3].Suite.String() != "21" {
		t.Errorf("%v %+v", err, rows)
	}
	p.keys("", "list").want(t, 0, "SERIAL    SUITE", "00000001  20")
	p.keys("", "remove", "00000001").want(t, 0, "00000001: its key is removed", "the daemon has taken it over")
	p.keys("", "remove", "00000001").want(t, 1, "00000001: no key")
	await(t, "the event", func() bool {
		return strings.Contains(p.cli("events", "--kind", "change").stdout, "local (admin): reload keys 0 added, 1 removed, 0 changed, 3 now: 00000001")
	})
	if rows := strings.Split(p.cli("events", "--kind", "change").stdout, "\n"); strings.Fields(rows[1])[5] != "-" {
		t.Errorf("a change has a connection: %s", rows[1])
	}
	if again := p.keys("", "list"); strings.Contains(again.stdout, "00000001") {
		t.Errorf("it is still there: %s", again.stdout)
	}
	p.end()
	p.keys("", "list").want(t, 0, "no daemon answers", "12345678  21")
	p.keys("", "remove", "12345678").want(t, 0, "no daemon answers: it reads the keys when it starts")
}

// hexOf is the key of an entry as people write it.
func hexOf(e *keys.Entry) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range e.Key.Bytes() {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func TestAKeyIsRefusedWithoutBeingRepeated(t *testing.T) {
	p := serve(t, withKeys)
	for _, test := range []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{"on the command line", "", []string{"add", "12345678", "--hex", deviceKey}, "--hex: it takes - only: a key on the command line"},
		{"as serial", "", []string{"add", deviceKey, "--generate"}, "serial: found 32 characters, expected 8 digits"},
		{"as serial to remove", "", []string{"remove", deviceKey}, "serial: found 32 characters"},
		{"as serial to show", "", []string{"qr", deviceKey}, "serial: found 32 characters"},
		{"as suite", "", []string{"add", "12345678", "--generate", "--suite", deviceKey}, "--suite: expected 10, 11, 20 or 21"},
		{"without suite", "", []string{"add", "12345678", "--generate", "--suite", "00"}, "--suite: expected 10, 11, 20 or 21"},
		{"too short", deviceKey[1:], []string{"add", "12345678", "--hex", "-"}, "--hex: a key is 32 hex digits, not 31"},
		{"no digits", "z" + deviceKey[1:], []string{"add", "12345678", "--hex", "-"}, "--hex: a key is 32 hex digits"},
		{"endless", strings.Repeat(deviceKey, 1000), []string{"add", "12345678", "--hex", "-"}, "--hex: a key is 32 hex digits"},
		{"two sources", "", []string{"add", "12345678", "--hex", "-", "--generate"}, "expected one of --hex -"},
		{"no source", "", []string{"add", "12345678"}, "expected one of --hex -"},
		{"shown without need", deviceKey, []string{"add", "12345678", "--hex", "-", "--show"}, "--show"},
		{"rotate nothing", "", []string{"rotate"}, "expected one of serials, --all and --pending"},
		{"rotate both", "", []string{"rotate", "12345678", "--all"}, "expected one of serials, --all and --pending"},
	} {
		r := p.keys(test.stdin, test.args...)
		r.want(t, 2, test.want)
		if strings.Contains(r.stdout+r.stderr, deviceKey[1:9]) {
			t.Errorf("%s: it repeats the key: %s", test.name, r.stderr)
		}
	}
	if _, there := p.stored("12345678"); there {
		t.Error("it is stored all the same")
	}
}

func TestARotationShowsItsProgress(t *testing.T) {
	p := serve(t, withKeys)
	for _, serial := range []string{"00000001", "00000002", "00000003"} {
		p.write("data/keys/"+serial+".key", "key = \""+deviceKey+"\"\ncreated = 2026-01-01T00:00:00Z\n")
	}
	p.cli("reload").want(t, 0, "keys: 3, of these 3 new")
	p.keys("", "rotate", "00000009").want(t, 1, "00000009: no key")
	p.keys("", "rotate", "--all").want(t, 0, "next key made: 3 masters", "the daemon has taken it over")
	p.keys("", "list").want(t, 0, "0 of 3 on the new key")
	s, err := keys.Open(p.file("data/keys"))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := s.Key("00000002")
	if err := s.Commit(map[string]protect.Key{"00000002": e.Next}); err != nil {
		t.Fatal(err)
	}
	p.cli("reload").want(t, 0, "keys: 3, of these 0 new, 1 changed; 0 removed")
	p.keys("", "list").want(t, 0, "1 of 3 on the new key")
	p.keys("", "rotate", "00000001", "00000002").want(t, 1, "00000001: a rotation is in progress")
	p.keys("", "rotate", "00000001", "--abandon").want(t, 0, "next key forgotten: 1 master")
	p.keys("", "list").want(t, 0, "1 of 2 on the new key")
	p.keys("", "rotate", "--all", "--abandon").want(t, 0, "next key forgotten: 1 master")
	p.keys("", "list").want(t, 0, "1 of 1 on the new key: it is over")
	await(t, "the events", func() bool {
		told := p.cli("events", "--kind", "change").stdout
		return strings.Contains(told, "rotate keys: 3 next made: 00000001 00000002 00000003") && strings.Contains(told, "rotate keys: 1 next forgotten: 00000003")
	})
	p.keys("", "rotate", "--pending").want(t, 2, "--pending: it goes with --send or --abandon")
	p.keys("", "rotate", "--pending", "--send").want(t, 0, "no rotation goes on")
	p.keys("", "rotate", "--all").want(t, 0, "next key made: 3 masters")
	if r := p.keys("", "list"); strings.Contains(r.stdout, "it is over") || !strings.Contains(r.stdout, "0 of 3 on the new key") {
		t.Errorf("the rotation before is shown: %s", r.stdout)
	}
}

// The code on the screen is that of the newest key, and is read as the standard says.
func TestAKeyIsShownAsAQRCode(t *testing.T) {
	p := serve(t, withKeys)
	p.keys(deviceKey, "add", "12345678", "--hex", "-").want(t, 0)
	shown := p.keys("", "qr", "12345678")
	shown.want(t, 0, "This is the key of 12345678: whoever sees or photographs it")
	code, err := qr.Encode("TRAMA:1:12345678:20:"+strings.ToUpper(deviceKey), qr.M)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(shown.stdout, "\n"), "\n")
	if len(lines) != (code.Size+8+1)/2 {
		t.Fatalf("%d lines for %d modules", len(lines), code.Size)
	}
	for y := range code.Size + 8 {
		row := []rune(lines[y/2])
		for x, cell := range row {
			light := cell == '█' || y%2 == 0 && cell == '▀' || y%2 == 1 && cell == '▄'
			if light == code.Black(x-4, y-4) {
				t.Fatalf("row %d, column %d is wrong:\n%s", y, x, shown.stdout)
			}
		}
	}
	p.keys("", "rotate", "12345678").want(t, 0)
	if next := p.keys("", "qr", "12345678"); next.stdout == shown.stdout || !strings.Contains(next.stderr, "the next key of 12345678") {
		t.Errorf("the next key is not shown: %s", next.stderr)
	}
	p.keys("", "qr", "00000001").want(t, 1, "00000001: no key")
}

func TestKeysOfAFleetAreImported(t *testing.T) {
	p := serve(t, withKeys)
	p.keys("", "add", "00000004", "--generate").want(t, 0)
	p.write("bad.csv", "serial,key,suite\n00000001,"+deviceKey+"\n0000000,"+deviceKey+"\n00000002,"+deviceKey[1:]+"\n"+deviceKey+",00000003\n00000001,"+
		deviceKey+"\n00000003,"+deviceKey+",22\n00000004,"+deviceKey+"\n00000005\n")
	r := p.keys("", "import", p.file("bad.csv"))
	r.want(t, 2, "bad.csv:3: serial: found 7 characters", "bad.csv:4: a key is 32 hex digits, not 31", "bad.csv:5: serial: found 32", "bad.csv:6: 00000001 is in line 2 too",
		"bad.csv:7: suite: expected 10, 11, 20 or 21", "bad.csv:8: 00000004: there is a key already", "bad.csv:9: a row of 1 columns")
	if strings.Contains(r.stderr, deviceKey[1:]) {
		t.Errorf("it repeats a key: %s", r.stderr)
	}
	if _, there := p.stored("00000001"); there {
		t.Error("some are stored")
	}
	p.keys("00000001,"+deviceKey+"\n00000002, "+strings.Replace(deviceKey, "00", "01", 1)+" ,21\n", "import", "-").want(t, 2, "32 hex digits") // a blank behind a key
	p.keys("00000001,"+deviceKey+"\n00000002, "+strings.Replace(deviceKey, "00", "01", 1)+",21\n", "import", "-").want(t, 0, "keys stored: 2", "the daemon has taken it over")
	if e, _ := p.stored("00000002"); e.Suite.String() != "21" {
		t.Errorf("suite %s", e.Suite)
	}
	p.keys("", "import", "-").want(t, 2, "no row")
}

// The daemon does not start with keys that others can read, goes on with what it has when a reload finds such, and dumps
// no core.
func TestTheDaemonRefusesKeysThatOthersCanRead(t *testing.T) {
	p := serve(t, withKeys)
	p.keys(deviceKey, "add", "12345678", "--hex", "-").want(t, 0)
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core.Cur != 0 || core.Max != 0 {
		t.Errorf("core dumps: %+v, %v", core, err)
	}
	if err := os.Chmod(p.file("data/keys/12345678.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "", "check", "--config", p.file("config.toml")).want(t, 2, "12345678.key can be used by others (mode 0644)")
	p.cli("reload").want(t, 1, "the keys cannot be taken", "12345678.key can be used by others (mode 0644); chmod 600 it")
	p.cli("keys", "list").want(t, 0, "12345678  20")
	p.end()
	r := command(t, "", "serve", "--config", p.file("config.toml"))
	r.want(t, 1, "start failed", filepath.Join("data", "keys", "12345678.key")+" can be used by others")
	if strings.Contains(r.stderr, "listener open") {
		t.Error("ports were open")
	}
}

func TestWithoutATableOfKeysThereAreNone(t *testing.T) {
	p := serve(t, twoPorts)
	p.keys("", "add", "12345678", "--generate").want(t, 2, "has no [keys]")
	p.cli("keys", "list").want(t, 1, "the configuration has no [keys]: no master has a key")
	if _, err := os.Stat(p.file("data/keys")); err == nil {
		t.Error("a directory was made")
	}
	dir := filepath.Join(t.TempDir(), "fleet")
	p.keys("", "add", "12345678", "--generate", "--key-dir", dir).want(t, 0, dir)
	p.keys("", "list", "--key-dir", dir).want(t, 0, "12345678")
}
