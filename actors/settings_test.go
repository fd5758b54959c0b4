package actors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/sqlite"
	"trama/transport"
)

// keeper is a gateway with a journal on a disk and one listener of extended.
func keeper(t *testing.T, path string) (*gateway, *sqlite.Journal) {
	t.Helper()
	j, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return startAll(t, Options{Journal: j, Listeners: []ListenerOptions{{Profile: shipped(t, "extended"),
		Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}}}}), j
}

const plc = "12345678"

// uplink is a frame of extended from the master, made now.
func uplink(letter string, number int, body string) string {
	return fmt.Sprintf("%04d0100000000"+plc+"010203%x00%s%08d%s", 20+len(body)/2, letter, time.Now().Format("20060102150405"), number, body)
}

// request asks for parameters: date and time, slaves, sensors, levels.
func (d *device) request(number int, wishes string) {
	d.t.Helper()
	d.send(uplink("p", number, fmt.Sprintf("%x", wishes)))
	d.acknowledged(plc, "p", number)
}

// told reads a command and answers it.
func (d *device) told(bytes, code int) (frame string) {
	d.t.Helper()
	frame = d.receive(bytes)
	d.send(fmt.Sprintf("0020%s%02x%s", frame[4:30], code, frame[32:54]))
	return frame
}

func (g *gateway) keep(t *testing.T, name string, arguments map[string]any) Setting {
	t.Helper()
	s, _, err := g.SetSetting(t.Context(), SettingRequest{Serial: plc, Name: name, Arguments: arguments, By: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settings are the states of what is kept, by name.
func (g *gateway) settings(t *testing.T) string {
	t.Helper()
	all, err := g.Settings(t.Context(), plc)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, s := range all {
		words = append(words, s.Name+" "+string(s.State))
	}
	return strings.Join(words, ", ")
}

func (g *gateway) comesTo(t *testing.T, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got = g.settings(t); got == want {
			return
		}
	}
	t.Fatalf("settings: %s, want %s", got, want)
}

func events(t *testing.T, j *sqlite.Journal) (all []string) {
	t.Helper()
	found, _, err := j.Events(t.Context(), journal.EventQuery{Kind: journal.EventSetting})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		all = append(all, e.Reason+": "+e.Detail)
	}
	return all
}

var keptLevels = map[string]any{"report-period": 15, "wait": 120, "very-high-level": 95.5, "high-level": 80.25, "low-level": 10.125, "very-low-level": -2.5}

// The bytes are those that the original's encoder has made; see docs/wire-protocol.md.
func TestAMasterIsToldWhatItAsksForInOrder(t *testing.T) {
	g, _ := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, g, plc)
	sensors := map[string]any{}
	for i, x := range "ABCDEFGH" {
		sensors["SCode"+string(x)], sensors["SCanal"+string(x)], sensors["SType"+string(x)] = i+1, i+11, i+0x21
	}
	g.keep(t, "set-levels", keptLevels)
	g.keep(t, "E", map[string]any{"slaves": "5"})
	g.keep(t, "set-sensors", sensors)
	d.request(2, "1111")
	for _, want := range []string{"D", "E05", "S011121021222031323041424051525061626071727081828", "C15012042bf000042a0800041220000c0200000"} {
		if frame := d.told(27+len(want)/2, 0); frame[28:30] != fmt.Sprintf("%x", want[0]) || frame[54:] != want[1:] {
			t.Errorf("told %s, want %s", frame, want)
		}
	}
	g.comesTo(t, "set-levels acknowledged, set-sensors acknowledged, set-slaves acknowledged")
	d.request(3, "0000")
	d.quiet()
}

func TestAMasterIsToldOnlyWhatIsKept(t *testing.T) {
	g, _ := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, g, plc)
	d.request(2, "0111")
	d.quiet()
	g.comesTo(t, "set-levels unset, set-sensors unset, set-slaves unset")
	g.keep(t, "set-slaves", map[string]any{"LS": 7})
	d.request(3, "0100")
	if frame := d.told(28, 0); frame[28:30] != "45" || frame[54:] != "07" {
		t.Errorf("told %s", frame)
	}
	if _, _, err := g.SetSetting(t.Context(), SettingRequest{Serial: plc, Name: "set-slaves"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.SetSetting(t.Context(), SettingRequest{Serial: plc, Name: "set-slaves"}); !errors.Is(err, ErrNoSetting) {
		t.Errorf("removed twice: %v", err)
	}
	d.request(4, "0100")
	d.quiet()
}

func TestASettingIsCheckedWhenItIsSet(t *testing.T) {
	g, _ := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	online(t, g, plc)
	missing := maps.Clone(keptLevels)
	delete(missing, "wait")
	unknown := maps.Clone(keptLevels)
	unknown["high-levl"] = 1
	for _, c := range []struct {
		name string
		args map[string]any
		want string
	}{
		{"set-levels", missing, "wait"},
		{"set-levels", unknown, `did you mean "high-level"?`},
		{"set-slaves", map[string]any{"slaves": 256}, "255"},
		{"set-slave", map[string]any{"slaves": 1}, `did you mean "set-slaves"?`},
		{"set-time", map[string]any{}, "nothing is kept for set-time"},
		{"operate-relay", map[string]any{"relay": 1, "operation": 1}, "do not ask for"},
	} {
		_, _, err := g.SetSetting(t.Context(), SettingRequest{Serial: plc, Name: c.name, Arguments: c.args})
		if !errors.Is(err, ErrBadCommand) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s %v: %v, want %s", c.name, c.args, err, c.want)
		}
	}
	if _, _, err := g.SetSetting(t.Context(), SettingRequest{Serial: "12345679", Name: "set-slaves"}); !errors.Is(err, ErrUnknownMaster) {
		t.Errorf("of no master: %v", err)
	}
	g.comesTo(t, "")
}

func TestASettingGoesAtOnceWhenThatIsAsked(t *testing.T) {
	g, _ := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, g, plc)
	ask := SettingRequest{Serial: plc, Name: "set-slaves", Arguments: map[string]any{"slaves": 3}, Send: true}
	if s, sent, err := g.SetSetting(t.Context(), ask); err != nil || !sent || s.State != "waiting" {
		t.Error(s, sent, err)
	}
	d.told(28, 0)
	g.comesTo(t, "set-slaves acknowledged")
	_ = d.Close()
	for end := time.Now().Add(patience); g.masters.Get(plc).Online() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if s, sent, err := g.SetSetting(t.Context(), ask); err != nil || sent || s.State != "acknowledged" {
		t.Error("away, and it has this already:", s, sent, err)
	}
}

// Drift is one event for each change: not for each report, and not for what is set.
func TestDriftIsTold(t *testing.T) {
	g, j := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, g, plc)
	number := 1
	report := func(slaves string) {
		t.Helper()
		number++
		d.send(uplink("n", number, slaves))
		d.acknowledged(plc, "n", number)
	}
	ask := SettingRequest{Serial: plc, Name: "set-slaves", Arguments: map[string]any{"slaves": 5}, Send: true}
	set := func(code int, state string) {
		t.Helper()
		if _, _, err := g.SetSetting(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		d.told(28, code)
		g.comesTo(t, "set-slaves "+state)
	}
	report("09")
	set(0, "acknowledged")
	report("05")
	report("04")
	report("04")
	g.comesTo(t, "set-slaves drift")
	report("05")
	g.comesTo(t, "set-slaves acknowledged")
	reply := send(g, CommandRequest{Serial: plc, Command: "E", Fields: map[string]any{"LS": 6}, Wait: patience})
	d.told(28, 0)
	outcome(t, reply)
	g.comesTo(t, "set-slaves drift")
	ask.Arguments = map[string]any{"slaves": 7}
	set(1, "refused")
	want := []string{"drift: set-slaves: the master reports 4, not 5", "acknowledged: set-slaves: as it is kept",
		"drift: set-slaves: the master has slaves = 6, not 5", "refused: set-slaves: refused with code 1"}
	for end := time.Now().Add(patience); len(events(t, j)) < len(want) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if got := events(t, j); !slices.Equal(got, want) {
		t.Errorf("events\n got %q\nwant %q", got, want)
	}
}

func TestSettingsSurviveAStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	g, j := keeper(t, path)
	d := online(t, g, plc)
	g.keep(t, "set-levels", keptLevels)
	g.keep(t, "set-slaves", map[string]any{"slaves": 5})
	d.request(2, "0101")
	d.told(28, 0) // acknowledged,
	d.receive(46) // and this one is not
	g.comesTo(t, "set-levels waiting, set-slaves acknowledged")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	g, _ = keeper(t, path)
	g.comesTo(t, "set-levels waiting, set-slaves acknowledged")
	d = dial(t, g, "field")
	d.request(3, "0001")
	if frame := d.told(46, 0); frame[54:] != "15012042bf000042a0800041220000c0200000" {
		t.Errorf("told %s", frame)
	}
	g.comesTo(t, "set-levels acknowledged, set-slaves acknowledged")
	if err := g.Forget(t.Context(), plc); err != nil {
		t.Fatal(err)
	}
}

// The time is set when a clock is off, once an hour; frames that have waited do not make it so.
func TestAClockThatIsOffIsSet(t *testing.T) {
	g, _ := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	d := dial(t, g, "field")
	at := func(letter string, number int, when time.Time) {
		t.Helper()
		d.send(fmt.Sprintf("00200100000000"+plc+"010203%x00%s%08d", letter, when.Format("20060102150405"), number))
		d.acknowledged(plc, letter, number)
	}
	at("k", 1, time.Now())
	at("k", 2, time.Now().Add(-5*time.Minute))
	at("k", 3, time.Now().Add(30*time.Second))
	d.quiet()
	at("k", 4, time.Now().Add(5*time.Minute))
	frame := d.told(27, 0)
	if made, err := time.ParseInLocation("20060102150405", frame[32:46], time.Local); frame[28:30] != "44" || err != nil || time.Since(made).Abs() > 5*time.Second {
		t.Errorf("told %s: %v", frame, err)
	}
	at("k", 5, time.Now().Add(5*time.Minute))
	d.quiet()
}

// A master that asks behind each answer, and obeys and refuses in turns, pushes out neither what people have asked for nor
// other events.
func TestAMasterThatAsksForEverFillsNeitherLedgerNorEvents(t *testing.T) {
	g, j := keeper(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, g, plc)
	inLedger := func() int {
		t.Helper()
		all, _, err := g.Commands(t.Context(), journal.CommandQuery{Master: plc})
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	g.keep(t, "set-slaves", map[string]any{"slaves": 5})
	const asked = 40
	for i := range asked {
		d.request(i+2, "0100")
		d.told(28, i%2)
	}
	g.comesTo(t, "set-slaves refused")
	if n := inLedger(); n != 1 {
		t.Errorf("%d commands in the ledger", n)
	}
	if n := len(events(t, j)); n == 0 || n > asked/2+1 {
		t.Errorf("%d events of %d", n, asked-1)
	}
	g.keep(t, "set-slaves", map[string]any{"slaves": 6})
	d.request(asked+2, "0100")
	d.told(28, 0)
	g.comesTo(t, "set-slaves acknowledged")
	if n := inLedger(); n != 2 {
		t.Errorf("%d commands in the ledger when something else is told", n)
	}
}
