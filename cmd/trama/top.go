package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/spf13/cobra"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/terminal"
	"trama/journal"
)

func (a *app) topCommand() *cobra.Command {
	var every time.Duration
	var once bool
	c := &cobra.Command{
		Use: "top", Short: "Show what goes on now, until q is pressed: rates, masters, connections, alarms", Args: cobra.NoArgs,
		Long: "Show what goes on now, until q is pressed: rates, masters, connections, alarms.\n\n" + topKeys,
		RunE: func(c *cobra.Command, _ []string) error {
			if every < 500*time.Millisecond {
				return usageError{fmt.Errorf("--every: found %s, allowed 500ms and more", every)}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			t := &top{ctx: c.Context(), daemon: daemon, every: every, screen: terminal.ScreenOf(a.stdout), orders: []string{"silent", "seen", "state", "serial", "name", "site"}}
			now, err := t.look(topAlarmsMost)
			if err != nil {
				return err
			}
			t.take(now)
			if once {
				return a.topOnce(t)
			}
			return t.run()
		},
	}
	durationFlag(c.Flags(), &every, "every", 2*time.Second, "time between two looks")
	c.Flags().BoolVar(&once, "once", false, "print one screen and end")
	return a.daemonFlags(c)
}

// topOnce prints what two looks have shown: the second one tells the rates.
func (a *app) topOnce(t *top) error {
	select {
	case <-t.ctx.Done():
		return nil
	case <-time.After(t.every):
	}
	now, err := t.look(topAlarmsMost)
	if err != nil {
		return err
	}
	t.take(now)
	a.show(t.text())
	return nil
}

const topKeys = `Keys:
  tab          masters, connections, alarms
  up, down     choose a row; page up, page down
  enter        open a master; escape goes back
  s            sort masters by the next column
  /            show only masters whose serial, name, site or state has a text in it
  k            close the connection of the row, after a question
  q            end`

// topView is what the lower part of the screen lists.
type topView int

const (
	topMasters topView = iota
	topConnections
	topAlarms
	topViews
)

// glance is what the daemon says at one moment.
type glance struct {
	at          time.Time
	totals      actors.Totals
	listeners   []actors.ListenerInfo
	masters     []actors.MasterInfo
	connections []actors.ConnectionInfo
	alarms      []admin.Event
	opened      *actors.MasterInfo // the master that is open
}

// top is the live screen.
type top struct {
	ctx    context.Context
	daemon *client
	every  time.Duration
	screen terminal.Screen
	height int

	view     topView
	orders   []string // of masters; the first one counts
	filter   string
	typing   bool   // of the filter
	opened   string // serial of the master that is open; "": the list is
	selected int    // row of the list
	asked    uint64 // the connection that a question is about; 0: none is asked
	askedOf  string // whose that is
	said     string // below everything, until the next key

	now, before glance
	failed      error // of the last look
}

// Rows that are asked for of a long list, and events.
const (
	topMost       = 1000
	topAlarmsMost = 30
)

// look asks the daemon; events at the most.
func (t *top) look(events int) (now glance, err error) {
	ctx, cancel := context.WithTimeout(t.ctx, 10*time.Second)
	defer cancel()
	now.at = time.Now()
	var happened admin.Events
	list := url.Values{"sort": {t.orders[0]}, "limit": {strconv.Itoa(topMost)}}
	for _, ask := range []struct {
		path string
		into any
	}{
		{"/api/v1/totals", &now.totals},
		{"/api/v1/listeners", &now.listeners},
		{"/api/v1/masters?" + list.Encode(), &now.masters},
		{"/api/v1/connections?limit=" + strconv.Itoa(topMost), &now.connections},
		{"/api/v1/events?newest=true&kind=" + journal.EventAlarm + "&limit=" + strconv.Itoa(events), &happened},
	} {
		if ask.into == any(&happened) && now.totals.Journal.Volatile {
			break // it keeps no events
		}
		if err := t.daemon.get(ctx, ask.path, ask.into); err != nil {
			return now, err
		}
	}
	now.alarms = happened.Events
	slices.SortStableFunc(now.connections, func(a, b actors.ConnectionInfo) int { return cmp.Compare(b.Rejected, a.Rejected) })
	if t.opened != "" {
		now.opened = new(actors.MasterInfo)
		err = t.daemon.get(ctx, "/api/v1/masters/"+url.PathEscape(t.opened), now.opened)
	}
	return now, err
}

// looked is a look that has been taken.
type looked struct {
	glance
	err error
}

// run shows the screen until the person ends it.
func (t *top) run() error {
	s, err := tcell.NewScreen()
	if err == nil {
		err = s.Init()
	}
	if err != nil {
		return fmt.Errorf("top needs a terminal: %w; --once prints one screen anywhere", err)
	}
	defer s.Fini()
	done := make(chan struct{})
	defer close(done)
	events, looks, said := make(chan tcell.Event), make(chan looked, 1), make(chan string, 1)
	go s.ChannelEvents(events, done)
	next := time.NewTimer(t.every)
	defer next.Stop()
	for {
		t.screen.Width, t.height = s.Size()
		draw(s, t.text())
		select {
		case <-t.ctx.Done():
			return nil // interrupted
		case <-next.C:
			seen := *t // what the look reads of it
			go func() {
				now, err := seen.look(topAlarmsMost)
				looks <- looked{now, err}
			}()
		case l := <-looks:
			if t.failed = l.err; l.err == nil {
				t.take(l.glance)
			}
			next.Reset(t.every)
		case t.said = <-said:
		case e := <-events:
			switch e := e.(type) {
			case *tcell.EventResize:
				s.Sync()
			case *tcell.EventKey:
				id, ends := t.key(e)
				if ends {
					return nil
				}
				if id != 0 {
					go func() { said <- t.kick(id) }()
				}
			}
		}
	}
}

// take makes what was seen the present.  The row that is chosen stays so wherever it has moved.
func (t *top) take(now glance) {
	var chosen string
	if rows := t.names(); t.selected < len(rows) {
		chosen = rows[t.selected]
	}
	if now.opened == nil || now.opened.Serial != t.opened { // the look began before
		now.opened = t.now.opened
	}
	t.before, t.now = t.now, now
	if t.before.at.IsZero() {
		t.before = now
	}
	if i := slices.Index(t.names(), chosen); i >= 0 {
		t.selected = i
	}
	t.selected = max(0, min(t.selected, t.listed()-1))
}

// names tell the rows of the view apart; alarms have none.
func (t *top) names() (all []string) {
	switch t.view {
	case topMasters:
		for _, m := range t.masters() {
			all = append(all, m.Serial)
		}
	case topConnections:
		for i := range t.now.connections {
			all = append(all, strconv.FormatUint(t.now.connections[i].ID, 10))
		}
	}
	return all
}

// key obeys a key: kick is a connection to close, 0 for none.
func (t *top) key(e *tcell.EventKey) (kick uint64, ends bool) {
	t.said = ""
	switch {
	case e.Key() == tcell.KeyCtrlC:
		return 0, true
	case t.typing:
		t.write(e)
		return 0, false
	case t.asked != 0:
		if e.Rune() == 'y' {
			kick = t.asked
		}
		t.asked = 0
		return kick, false
	}
	page := max(t.rows()-1, 1)
	switch e.Key() {
	case tcell.KeyTab:
		t.view, t.selected, t.opened = (t.view+1)%topViews, 0, ""
	case tcell.KeyUp:
		t.selected--
	case tcell.KeyDown:
		t.selected++
	case tcell.KeyPgUp:
		t.selected -= page
	case tcell.KeyPgDn:
		t.selected += page
	case tcell.KeyEnter:
		if all := t.masters(); t.view == topMasters && t.selected < len(all) {
			t.opened = all[t.selected].Serial
			t.now.opened = &all[t.selected]
		}
	case tcell.KeyEscape:
		t.opened, t.filter = "", ""
	}
	switch e.Rune() {
	case 'q':
		return 0, true
	case 's':
		t.orders = append(t.orders[1:], t.orders[0])
		t.said = "sorted by " + t.orders[0] + " from the next look on"
	case '/':
		t.typing = true
	case 'k':
		if t.asked, t.askedOf = t.connection(); t.asked == 0 {
			t.said = "no connection to close"
		}
	}
	t.selected = max(0, min(t.selected, t.listed()-1))
	return 0, false
}

// write takes a key into the filter.
func (t *top) write(e *tcell.EventKey) {
	switch e.Key() {
	case tcell.KeyEnter:
		t.typing = false
	case tcell.KeyEscape:
		t.typing, t.filter = false, ""
	case tcell.KeyBackspace, tcell.KeyBackspace2:
		if r := []rune(t.filter); len(r) > 0 {
			t.filter = string(r[:len(r)-1])
		}
	case tcell.KeyRune:
		t.filter += string(e.Rune())
	}
	t.selected = 0
}

// kick closes a connection, and says what came of it.
func (t *top) kick(id uint64) string {
	if err := t.daemon.call(t.ctx, "DELETE", fmt.Sprintf("/api/v1/connections/%d", id), nil, nil); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("connection %d is closed", id)
}

// connection is that of the selected row, and whose it is; 0: there is none.
func (t *top) connection() (id uint64, of string) {
	m := t.now.opened
	switch all := t.masters(); {
	case t.opened != "":
	case t.view == topConnections && t.selected < len(t.now.connections):
		c := &t.now.connections[t.selected]
		return c.ID, cmp.Or(strings.Join(c.Masters, ","), c.Remote)
	case t.view == topMasters && t.selected < len(all):
		m = &all[t.selected]
	default:
		m = nil
	}
	if m == nil || len(m.Links) == 0 {
		return 0, ""
	}
	return m.Links[0].Connection, m.Serial
}
