package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/actors"
	"trama/actors/master"
	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
)

func (a *app) mastersCommand() *cobra.Command {
	var query func() string
	c := look(a, "masters [SERIAL]", "List the known masters, or show one", func(args []string) string {
		if len(args) > 0 {
			return "/api/v1/masters/" + url.PathEscape(args[0])
		}
		return "/api/v1/masters?" + query()
	}, noneEmpty(cobra.MaximumNArgs(1)), a.showMasters)
	c.Example = "  trama masters --state late --site north --sort silent --limit 20\n  trama masters 12345678"
	query = filterFlags(c, [][2]string{
		{"state", "only those that are online, away, late, offline, \"never seen\", in quarantine, refusing or unprotected"},
		{"site", "only those of a site"}, {"tag", "only those with a tag"},
		{"name", "only those whose name has this in it"}, {"profile", "only those that speak a profile"},
		{"silent", "only those not heard for a time, such as 10m"},
		{"sort", "by serial, name, site, profile, state, seen (newest first) or silent (longest first)"},
		{"limit", "maximum rows"},
	})
	c.AddCommand(a.mastersImportCommand())
	all := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if asJSON, _ := c.Flags().GetBool("json"); asJSON || len(args) == 0 {
			return all(c, args)
		}
		daemon, err := a.client()
		if err != nil {
			return err
		}
		m, err := fetchMaster(c.Context(), daemon, args[0])
		if err != nil {
			return hintAtStrangers(err)
		}
		a.showMaster(m)
		return nil
	}
	return c
}

func (a *app) showMasters(rows []actors.MasterInfo) {
	a.table("SERIAL\tNAME?\tSITE:1?\tSTATE\tPROFILE:5\tLINKS:6\tLAST SEEN\tMESSAGE:3\tFRAMES:4\tALARM:2\tVALUES", len(rows), func(i int) []any {
		m := rows[i]
		if m.Flapping {
			m.State += ", flapping"
		}
		if m.Security != nil && m.Security.Verdict == master.ReasonUnprotected {
			m.State += ", unprotected"
		}
		return []any{terminal.Key(m.Serial), m.Name, m.Site, terminal.State(m.State), m.Profile, links(m.Links), terminal.Since(m.LastSeen), m.LastMessage,
			m.Frames, m.Alarm, newest(m.Points)}
	})
}

func links(all []actors.Link) string {
	var words []string
	for _, l := range all {
		words = append(words, fmt.Sprintf("%s:%d", l.Listener, l.Connection))
	}
	return strings.Join(words, ",")
}

// newest writes points, the newest first.
func newest(all []actors.Point) string {
	var words []string
	for _, p := range slices.SortedStableFunc(slices.Values(all), func(a, b actors.Point) int { return b.When().Compare(a.When()) }) {
		words = append(words, p.Name+"="+quantity(p.Value, p.Unit))
	}
	return strings.Join(words, " ")
}

// quantity is a value with its unit; a dash for one that the device has not got.
func quantity(value any, unit string) string {
	if value == nil || unit == "" {
		return short(value)
	}
	return short(value) + " " + unit
}

// shownDecimals is more than anything in the field measures: a centimetre in degrees.  --json has all of them.
const shownDecimals = 7

// short is a value as people read it, a label before its number, and without the decimals that a fraction such as
// 1/1800000 has no end of.
func short(v any) string {
	v, label := history.Plain(v)
	switch {
	case v == nil:
		return "-"
	case label != "":
		return fmt.Sprintf("%s (%s)", label, short(v))
	}
	text := fmt.Sprint(v)
	number, ok := v.(json.Number)
	dot := strings.IndexByte(text, '.')
	if !ok || dot < 0 || len(text)-dot-1 <= shownDecimals {
		return text
	}
	f, err := number.Float64()
	if err != nil || math.Abs(f) < 0.001 {
		return text
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(f, 'f', shownDecimals, 64), "0"), ".")
}

// figure is short for a cell of a table, where a number remains one.
func figure(v any) any {
	if plain, label := history.Plain(v); label == "" {
		if _, is := plain.(json.Number); is {
			return json.Number(short(v))
		}
	}
	return short(v)
}

func number(n *uint64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

// hintAtStrangers is the error, and where to look for a device that nobody knows.
func hintAtStrangers(err error) error {
	if !strings.Contains(err.Error(), actors.ErrUnknownMaster.Error()) {
		return err
	}
	return fmt.Errorf("%w\nhas its device dialled in?  trama refused and trama events --kind unidentified list what is not understood, "+
		"trama masters all serials", err)
}

// why is a reason with what is known of it.
func why(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

// counts prints counts by reason.
func counts(by map[string]uint64) string {
	var words []string
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		words = append(words, fmt.Sprintf("%d %s", by[reason], reason))
	}
	return strings.Join(words, ", ")
}

// security says how a master protects its frames.
func (a *app) security(s *actors.SecurityInfo) string {
	if s.Verdict == master.ReasonUnprotected && s.Since.IsZero() {
		return s.Verdict
	}
	text := fmt.Sprintf("suite %s, epoch %d, counter %d", s.Suite, s.Epoch, s.Counter)
	if !s.Since.IsZero() {
		text += ", key proven " + a.moment(s.Since)
	}
	if s.Verdict != "" {
		text += lastVerdict(s.Verdict)
	}
	if s.WrongTags > 0 {
		text += fmt.Sprintf("; wrong tags: %d", s.WrongTags)
	}
	return text
}

// lastVerdict says what became of the frame that the verdict is of.
func lastVerdict(verdict string) string {
	if verdict == master.ReasonUnprotected {
		return "; last frame unprotected"
	}
	return "; last protected frame " + verdict
}

// showMaster prints everything known of one master.
func (a *app) showMaster(m actors.MasterInfo) {
	var rows [][2]string
	line := func(name string, format string, args ...any) {
		rows = append(rows, [2]string{name, fmt.Sprintf(format, args...)})
	}
	line("serial", "%s", m.Serial)
	for _, told := range []struct{ name, value string }{{"name", m.Name}, {"site", m.Site}, {"tags", strings.Join(m.Tags, ", ")}} {
		if told.value != "" {
			line(told.name, "%s", told.value)
		}
	}
	line("state", "%s", m.State)
	if m.Interval != "" {
		line("reports", "every %s%s", m.Interval, map[bool]string{true: " (learned)"}[m.Learned])
	}
	if m.Window != "" {
		line("reached", "within %s behind a frame%s", m.Window, map[bool]string{true: " (learned)"}[m.WindowLearned])
	}
	if m.Profile != "" {
		line("profile", "%s", m.Profile)
	}
	if m.FirstSeen.IsZero() {
		line("hint", "no frame came with this serial: trama refused lists frames that are not understood, trama masters --sort seen the newest other serials")
		a.details(rows)
		return
	}
	line("first seen", "%s", a.moment(m.FirstSeen))
	if m.LastSeen.IsZero() {
		line("last seen", "never")
	} else {
		line("last seen", "%s, %s ago, %s", a.moment(m.LastSeen), terminal.Since(m.LastSeen), dash(m.LastMessage))
	}
	if !m.DeviceTime.IsZero() {
		line("device time", "%s", a.moment(m.DeviceTime))
	}
	if m.ClockOff {
		line("clock", "wrong (trama events %s --kind \"clock off\")", m.Serial)
	}
	if s := m.Security; s != nil {
		line("security", "%s", a.security(s))
	}
	line("alarm", "%s", number(m.Alarm))
	for _, l := range m.Links {
		line("link", "%s, connection %d from %s, for %s", l.Listener, l.Connection, l.Remote, terminal.Since(l.Since))
	}
	if e := m.LastEnd; e != nil && len(m.Links) == 0 {
		line("link ended", "%s ago, %s, connection %d from %s: %s", terminal.Since(e.At), e.Listener, e.Connection, e.Remote,
			why(e.Reason, e.Detail))
	}
	if m.Flapping {
		line("flapping", "its link comes and goes (trama events %s --kind flapping)", m.Serial)
	}
	line("frames", "%d (%d bytes)", m.Frames, m.Bytes)
	if m.Duplicates > 0 {
		line("duplicates", "%d, acknowledged again and not stored again", m.Duplicates)
	}
	if !m.Restarted.IsZero() {
		line("counter", "restarted %s ago (trama events %s --kind \"counter restarted\")", terminal.Since(m.Restarted), m.Serial)
	}
	if m.LastRefused != nil {
		line("refused", "%s; last %s ago: %s (trama refused %s)", counts(m.Refused), terminal.Since(m.LastRefused.At),
			m.LastRefused.Reason, m.Serial)
	}
	if u := m.Unreadable; u != nil {
		line("unreadable", "%d; last %s ago: %s (trama redecode %s)", u.Frames, terminal.Since(u.At), u.Reason, m.Serial)
	}
	line("connections", "%d (%d replaced an older one)", m.Connects, m.Takeovers)
	if m.Commands > 0 {
		line("commands", "%d (trama commands %s)", m.Commands, m.Serial)
	} else {
		line("commands", "0")
	}
	if m.InFlight != "" || m.Queued > 0 {
		line("waiting for answer", "%s; %d queued", dash(m.InFlight), m.Queued)
	}
	for _, p := range m.Polls {
		line("poll "+p.Name, "%s", pollInWords(p))
	}
	if m.Beyond > 0 {
		line("not kept", "%d samples of points that are too many, or texts too long", m.Beyond)
	}
	a.details(rows)
	if len(m.Points) == 0 {
		return
	}
	a.say("")
	a.table("POINT\tVALUE\tUNIT:1\tTIME:2\tAGE\tQUALITY", len(m.Points), func(i int) []any {
		p := m.Points[i]
		name := p.Name
		if p.Title != "" {
			name += " (" + p.Title + ")"
		}
		at := p.Device // also when it is not believed
		if at.IsZero() {
			at = p.Received
		}
		return []any{name, figure(p.Value), p.Unit, time.Time(at), terminal.Since(p.When()), terminal.State(p.Quality)}
	})
}

// pollInWords is what came of a poll last.
func pollInWords(p actors.PollInfo) string {
	if p.Outcome == "" {
		return "every " + p.Every + ", asked for the first time"
	}
	text := fmt.Sprintf("every %s, %s %s ago", p.Every, p.Outcome, terminal.Since(p.At))
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.Failed > 0 {
		text += fmt.Sprintf(" (%d failed in a row)", p.Failed)
	}
	return text
}
