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
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"trama/actors"
	"trama/actors/master"
	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
)

func (a *app) mastersCommand() *cobra.Command {
	filters := map[string]*string{}
	c := look(a, "masters [SERIAL]", "List the known masters, or show one", func(args []string) string {
		if len(args) > 0 {
			return "/api/v1/masters/" + url.PathEscape(args[0])
		}
		q := url.Values{}
		for name, value := range filters {
			if *value != "" {
				q.Set(name, *value)
			}
		}
		return "/api/v1/masters?" + q.Encode()
	}, noneEmpty(cobra.MaximumNArgs(1)), a.showMasters)
	c.Example = "  trama masters --state late --site north --sort silent --limit 20\n  trama masters 12345678"
	for _, f := range []struct{ name, usage string }{
		{"state", "only those that are online, away, late, offline, \"never seen\", in quarantine, refusing or unprotected"},
		{"site", "only those of a site"}, {"tag", "only those with a tag"},
		{"name", "only those whose name has this in it"}, {"profile", "only those that speak a profile"},
		{"silent", "only those not heard for a time, such as 10m"},
		{"sort", "by serial, name, site, profile, state, seen (newest first) or silent (longest first)"},
		{"limit", "so many at the most"},
	} {
		filters[f.name] = c.Flags().String(f.name, "", f.usage)
	}
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
			a.hintAtStrangers(err)
			return err
		}
		a.showMaster(m)
		return nil
	}
	return c
}

func (a *app) showMasters(rows []actors.MasterInfo) {
	heading, told := "SERIAL", slices.ContainsFunc(rows, func(m actors.MasterInfo) bool { return m.Name+m.Site != "" })
	if told {
		heading += "\tNAME\tSITE"
	}
	a.table(heading+"\tSTATE\tPROFILE\tLINKS\tSEEN\tLAST\tFRAMES\tALARM\tVALUES", len(rows), func(i int) []any {
		m := rows[i]
		cells := []any{m.Serial}
		if told {
			cells = append(cells, dash(m.Name), dash(m.Site))
		}
		if m.Flapping {
			m.State += ", flapping"
		}
		if m.Security != nil && m.Security.Verdict == master.ReasonUnprotected {
			m.State += ", unprotected"
		}
		return append(cells, m.State, m.Profile, dash(links(m.Links)), since(m.LastSeen), dash(last(m)), m.Frames,
			number(m.Alarm), dash(newest(m.Points)))
	})
}

// last says what the last frame was: by the command where that is a letter, else by the message.
func last(m actors.MasterInfo) string {
	if m.LastCommand == "" || strings.ContainsFunc(m.LastCommand, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return m.LastMessage
	}
	return m.LastCommand
}

func links(all []actors.Link) string {
	var words []string
	for _, l := range all {
		words = append(words, fmt.Sprintf("%s:%d", l.Listener, l.Connection))
	}
	return strings.Join(words, ",")
}

// valuesWidth is how many characters of a list of masters its values may have.
const valuesWidth = 120

// newest writes as many points as fit, the newest first.
func newest(all []actors.Point) string {
	all = slices.SortedStableFunc(slices.Values(all), func(a, b actors.Point) int { return b.When().Compare(a.When()) })
	text := ""
	for i, p := range all {
		word := p.Name + "=" + quantity(p.Value, p.Unit)
		if i > 0 && utf8.RuneCountInString(text)+utf8.RuneCountInString(word) > valuesWidth {
			return fmt.Sprintf("%s … %d more", text, len(all)-i)
		}
		text = strings.TrimPrefix(text+" "+word, " ")
	}
	return text
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

func number(n *uint64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

// hintAtStrangers says where a device is found that nobody knows.
func (a *app) hintAtStrangers(err error) {
	if strings.Contains(err.Error(), actors.ErrUnknownMaster.Error()) {
		a.complain("a device that is not understood stands in: trama refused, trama events --kind unidentified; one that sends another serial: trama masters")
	}
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
func security(s *actors.SecurityInfo) string {
	if s.Verdict == master.ReasonUnprotected && s.Since.IsZero() {
		return s.Verdict
	}
	text := fmt.Sprintf("suite %s, epoch %d, counter %d", s.Suite, s.Epoch, s.Counter)
	if !s.Since.IsZero() {
		text += ", key proven " + s.Since.Local().Format(time.DateTime)
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
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	line := func(name string, format string, args ...any) {
		// the writer below is standard output: see say
		_, _ = fmt.Fprintf(w, "%s\t%s\n", name, terminal.Text(fmt.Sprintf(format, args...)))
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
	line("profile", "%s", m.Profile)
	if m.FirstSeen.IsZero() {
		line("hint", "no frame came with this serial; one that is not understood stands in trama refused, one with another serial in trama masters --sort seen")
		_ = w.Flush()
		return
	}
	line("first seen", "%s", m.FirstSeen.Local().Format(time.DateTime))
	if m.LastSeen.IsZero() {
		line("last seen", "never")
	} else {
		line("last seen", "%s ago, %s", since(m.LastSeen), dash(m.LastMessage))
	}
	if !m.DeviceTime.IsZero() {
		line("device time", "%s", m.DeviceTime.Format(time.DateTime))
	}
	if m.ClockOff {
		line("clock", "wrong (trama events %s --kind \"clock off\")", m.Serial)
	}
	if s := m.Security; s != nil {
		line("security", "%s", security(s))
	}
	line("alarm", "%s", number(m.Alarm))
	for _, l := range m.Links {
		line("link", "%s, connection %d from %s, for %s", l.Listener, l.Connection, l.Remote, since(l.Since))
	}
	if e := m.LastEnd; e != nil && len(m.Links) == 0 {
		line("link ended", "%s ago, %s, connection %d from %s: %s", since(e.At), e.Listener, e.Connection, e.Remote,
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
		line("counter", "restarted %s ago (trama events %s --kind \"counter restarted\")", since(m.Restarted), m.Serial)
	}
	if m.LastRefused != nil {
		line("refused", "%s; last %s ago: %s (trama refused %s)", counts(m.Refused), since(m.LastRefused.At),
			m.LastRefused.Reason, m.Serial)
	}
	if u := m.Unreadable; u != nil {
		line("unreadable", "%d; last %s ago: %s (trama redecode %s)", u.Frames, since(u.At), u.Reason, m.Serial)
	}
	line("connects", "%d, %d of them took an older link over", m.Connects, m.Takeovers)
	line("commands", "%d", m.Commands)
	if m.InFlight != "" || m.Queued > 0 {
		line("in flight", "%s, %d behind it", dash(m.InFlight), m.Queued)
	}
	if m.Beyond > 0 {
		line("not kept", "%d samples of points that are too many, or texts too long", m.Beyond)
	}
	_ = w.Flush()
	if len(m.Points) == 0 {
		return
	}
	a.say("")
	a.table("POINT\tVALUE\tUNIT\tTIME\tAGE\tQUALITY", len(m.Points), func(i int) []any {
		p := m.Points[i]
		at := p.Device
		if at.IsZero() {
			at = p.Received
		}
		name := p.Name
		if p.Title != "" {
			name += " (" + p.Title + ")"
		}
		return []any{name, short(p.Value), dash(p.Unit), moment(time.Time(at)), since(p.When()), p.Quality}
	})
}
