package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"

	"trama/actors"
	"trama/cmd/trama/internal/terminal"
)

// masters are those that the filter lets through.
func (t *top) masters() []actors.MasterInfo {
	word := strings.ToLower(t.filter)
	return slices.DeleteFunc(slices.Clone(t.now.masters), func(m actors.MasterInfo) bool {
		return !strings.Contains(strings.ToLower(strings.Join([]string{m.Serial, m.Name, m.Site, m.State}, " ")), word)
	})
}

func (t *top) listed() int {
	return []int{len(t.masters()), len(t.now.connections), len(t.now.alarms)}[t.view]
}

// headLines are the lines above the list: three of counters, and the names of the views.
const headLines = 5

// rows is how many rows of a list the screen has; all of them when nobody knows how high it is.
func (t *top) rows() int {
	if t.height == 0 {
		return topMost
	}
	return max(t.height-headLines-2, 1) // its heading, and the line below
}

// text is the whole screen, as lines with colours.
func (t *top) text() string {
	var out bytes.Buffer
	t.head(&out)
	if t.opened != "" && t.now.opened != nil {
		t.master(&out, t.now.opened)
	} else {
		t.list(&out)
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if room := t.height - 1; t.height > 0 && len(lines) > room {
		lines = lines[:max(room, 0)]
	}
	for t.height > len(lines)+1 {
		lines = append(lines, "")
	}
	return strings.Join(append(lines, t.foot()), "\n")
}

// head writes the counters.
func (t *top) head(out *bytes.Buffer) {
	n, was := &t.now.totals, &t.before.totals
	seconds := t.now.at.Sub(t.before.at).Seconds()
	rate := func(now, before uint64, decimals int) string {
		if seconds <= 0 || now < before { // the first look, or another daemon
			return "-"
		}
		return strconv.FormatFloat(float64(now-before)/seconds, 'f', decimals, 64) + "/s"
	}
	var in, sent, wasIn, wasSent uint64
	for _, l := range t.now.listeners {
		in, sent = in+l.BytesIn, sent+l.BytesOut
	}
	for _, l := range t.before.listeners {
		wasIn, wasSent = wasIn+l.BytesIn, wasSent+l.BytesOut
	}
	var states []string
	for _, s := range slices.SortedFunc(maps.Keys(n.MastersBy), func(a, b string) int {
		return cmp.Or(cmp.Compare(n.MastersBy[b], n.MastersBy[a]), cmp.Compare(a, b))
	}) {
		if k := n.MastersBy[s]; k > 0 {
			states = append(states, fmt.Sprintf("%d %s", k, s))
		}
	}
	fmt.Fprintln(out, t.screen.Line(fmt.Sprintf("%s  masters: %s  connections %d", t.screen.Moment(t.now.at),
		cmp.Or(strings.Join(states, ", "), "none"), n.Connections)))
	fmt.Fprintln(out, t.screen.Line(fmt.Sprintf("frames %s  acknowledged %s  refused %s  bytes in %s  out %s",
		rate(n.Frames, was.Frames, 1), rate(n.Acknowledged, was.Acknowledged, 1), rate(sum(n.Rejected), sum(was.Rejected), 1),
		rate(in, wasIn, 0), rate(sent, wasSent, 0))))
	commit := "-"
	if k := n.Journal.Commits - was.Journal.Commits; n.Journal.Commits > was.Journal.Commits {
		commit = ((n.Journal.Took - was.Journal.Took) / time.Duration(k)).Round(10 * time.Microsecond).String()
	}
	line := fmt.Sprintf("commit %s  worst %s  disk %.0f %%  alarms %d  restarts %d", commit,
		n.Journal.Worst.Round(10*time.Microsecond), n.Journal.Disk, sum(n.Alarms), n.Restarts)
	if n.Journal.Volatile {
		line = fmt.Sprintf("journal in memory: nothing is kept  alarms %d  restarts %d", sum(n.Alarms), n.Restarts)
	}
	if n.Journal.Full {
		line += "  THE DISK IS FULL: NOTHING IS ACCEPTED"
	}
	fmt.Fprintln(out, t.screen.Line(line))
	fmt.Fprintln(out)
}

func sum(by map[string]uint64) (n uint64) {
	for v := range maps.Values(by) {
		n += v
	}
	return n
}

// ago is how long ago something was at the look; nothing when it never was.
func (t *top) ago(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return t.now.at.Sub(at)
}

// list writes the rows of the view around the selected one.
func (t *top) list(out *bytes.Buffer) {
	names := []string{"masters", "connections", "alarms"}
	names[t.view] = "[" + names[t.view] + "]"
	order := []string{t.orders[0], "refused", "time"}[t.view]
	fmt.Fprintln(out, t.screen.Line(strings.Join(names, "  ")+"  sorted by "+order))
	n, room := t.listed(), t.rows()
	first := max(0, min(t.selected-room/2, n-room))
	var heading string
	var row func(i int) []any
	switch t.view {
	case topMasters:
		masters := t.masters()
		heading = "SERIAL\tNAME:5?\tSITE:6?\tSTATE\tLISTENER:7\tLAST SEEN:1\tMESSAGE:8\tFRAMES:4\tALARM:2\tVALUES:9"
		row = func(i int) []any {
			m := &masters[i]
			listener := ""
			if len(m.Links) > 0 {
				listener = m.Links[0].Listener
			}
			return []any{m.Serial, m.Name, m.Site, terminal.State(m.State), listener, t.ago(m.LastSeen), m.LastMessage,
				m.Frames, m.Alarm, newest(m.Points)}
		}
	case topConnections:
		heading = "ID\tLISTENER:3\tREMOTE\tMASTERS\tOPEN:5\tQUIET:4\tFRAMES:2\tREFUSED:1\tSKIPPED:6"
		row = func(i int) []any {
			c := &t.now.connections[i]
			return []any{c.ID, c.Listener, c.Remote, strings.Join(c.Masters, ","), t.ago(c.Opened),
				t.ago(c.LastReceived), c.Frames, c.Rejected, c.Skipped}
		}
	case topAlarms:
		heading = "AT\tMASTER\tLISTENER:3\tREASON\tDETAIL:2"
		row = func(i int) []any {
			e := &t.now.alarms[i]
			return []any{e.At, e.Master, e.Listener, e.Reason, e.Detail}
		}
	}
	if t.height > 0 {
		heading = " \t" + heading // the mark of the selected row
	}
	err := t.screen.Table(out, heading, min(n-first, room), func(i int) []any {
		i += first
		switch cells := row(i); {
		case t.height == 0:
			return cells
		case i == t.selected:
			return append([]any{">"}, cells...)
		default:
			return append([]any{" "}, cells...)
		}
	})
	if err != nil {
		fmt.Fprintln(out, err)
	}
	if n == 0 {
		fmt.Fprintln(out, "none")
	}
}

// master writes what is known of one master.
func (t *top) master(out *bytes.Buffer, m *actors.MasterInfo) {
	fmt.Fprintln(out, t.screen.Line("master "+m.Serial+"; escape goes back"))
	rows := [][2]string{{"state", m.State}, {"name, site", strings.TrimSpace(m.Name + "  " + m.Site)}, {"profile", m.Profile},
		{"links", links(m.Links)}, {"last seen", t.screen.Moment(m.LastSeen)}, {"last message", m.LastMessage},
		{"frames", fmt.Sprint(m.Frames)}, {"duplicates", fmt.Sprint(m.Duplicates)}, {"connections", fmt.Sprint(m.Connects)}}
	if err := t.screen.Details(out, rows); err != nil {
		fmt.Fprintln(out, err)
	}
	fmt.Fprintln(out)
	err := t.screen.Table(out, "POINT\tVALUE\tQUALITY:2\tAGE", len(m.Points), func(i int) []any {
		p := &m.Points[i]
		return []any{p.Name, quantity(p.Value, p.Unit), p.Quality, t.ago(p.When())}
	})
	if err != nil {
		fmt.Fprintln(out, err)
	}
}

// foot is the last line.
func (t *top) foot() string {
	switch {
	case t.asked != 0:
		return t.screen.Line(fmt.Sprintf("close connection %d of %s? y: yes, any other key: no", t.asked, t.askedOf))
	case t.typing:
		return t.screen.Line("show only: " + t.filter + "_")
	case t.failed != nil:
		return t.screen.Line(fmt.Sprintf("as of %s; %v", t.screen.Moment(t.now.at), t.failed))
	case t.said != "":
		return t.screen.Line(t.said)
	case t.height == 0:
		return ""
	}
	line := "q end  tab view  enter open  s sort  / filter  k close connection"
	if t.filter != "" {
		line = "only " + t.filter + " (escape: all)  " + line
	}
	return t.screen.Line(line)
}

var styles = map[string]tcell.Style{
	terminal.Faint: tcell.StyleDefault.Dim(true), terminal.Red: tcell.StyleDefault.Foreground(tcell.ColorMaroon).Bold(true),
	terminal.Green: tcell.StyleDefault.Foreground(tcell.ColorGreen), terminal.Yellow: tcell.StyleDefault.Foreground(tcell.ColorOlive),
	terminal.Cyan: tcell.StyleDefault.Foreground(tcell.ColorTeal),
}

// draw puts lines with the colours of package terminal on a screen.
func draw(s tcell.Screen, text string) {
	s.Clear()
	for y, line := range strings.Split(text, "\n") {
		x, style := 0, tcell.StyleDefault
		for line != "" {
			if code, rest, found := strings.Cut(line, "m"); found && strings.HasPrefix(line, "\x1b[") {
				style, line = styles[code+"m"], rest // the end of a colour is none of them
				continue
			}
			var wide int
			line, wide = s.Put(x, y, line, style)
			x += wide
		}
	}
	s.Show()
}
