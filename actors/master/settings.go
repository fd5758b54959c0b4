package master

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trama/actors/internal/count"
	"trama/actors/ledger"
	"trama/actors/settings"
	"trama/actors/supervise"
	"trama/codec"
	"trama/internal/words"
	"trama/journal"
)

// ErrNoSetting is that nothing is kept for a master under a name.
var ErrNoSetting = errors.New("no such setting")

// bySettings is who asks for commands that tell a master its settings, or the time.
const bySettings = "settings"

// settingWait is how long such a command waits for its turn behind the others that the master asked for.
const settingWait = time.Minute

// tellingPause is the least time between two commands of the ledger that tell the same: a master that asks behind each answer
// would push out what people have asked for.
const tellingPause = time.Minute

// settingUnset is the state of a setting that a master asks for and that is not kept.
const settingUnset settings.State = "unset"

// Bounds on the events of settings of one master, which it can cause at will.
const (
	settingEventsPerMinute = 1
	settingEventsAtOnce    = 20
)

// kept is what is kept for a master.
type kept struct {
	events   *count.Pace                  // of its settings
	settings map[string]*settings.Setting // by the name of the command that tells it
	told     map[string]time.Time         // likewise: when the ledger last took that the master is told it
	asked    map[string]time.Time         // likewise: when the master has last asked for it, since the start of the process
}

// Messages to a master about its settings.
type (
	// ListSettings comes from the gateway.
	ListSettings struct{ Reply chan<- []settings.Info }
	// SetSetting comes from the gateway.  The answer comes when it is on disk.
	SetSetting struct {
		Name      string         // of the command that tells it, or its letter
		Arguments map[string]any // by their names or those of the fields; nil removes the setting
		By        string
		Send      bool // at once, when the master has a link
		Reply     chan<- SettingAnswer
	}
	// settingLost: from the journal, which could not write a setting.
	settingLost struct {
		before settings.Setting // Name is all there is when there was none
		at     time.Time        // of the one that is lost
	}
	// tell: from the master itself, which was asked for a setting, or whose clock is off, when the frame that says so is on
	// disk.
	tell struct {
		command  *codec.Command
		listener string
	}
)

// SettingAnswer is what became of SetSetting.
type SettingAnswer struct {
	Info settings.Info
	Sent bool // its command has gone to the master
	Err  error
}

// Orphaned implements supervise.Orphan.
func (s *SetSetting) Orphaned(f *supervise.Fault) {
	select {
	case s.Reply <- SettingAnswer{Err: fmt.Errorf("%w: %w", ErrFault, f)}:
	default: // it was answered before the fault
	}
}

// keeping makes room for what is kept.
func (m *Master) keeping() *kept {
	if m.kept == nil {
		m.kept = &kept{events: count.NewPace(settingEventsPerMinute, settingEventsAtOnce), settings: map[string]*settings.Setting{}, told: map[string]time.Time{}, asked: map[string]time.Time{}}
	}
	return m.kept
}

// restoreSettings takes over what an earlier process has kept.
func (m *Master) restoreSettings(rows []journal.Setting) {
	for _, row := range rows {
		s, err := settings.Read(row.Body)
		if err != nil {
			m.dir.log.Named("journal").Error("a setting cannot be read: it is left out", "master", m.Serial, "setting", row.Name, "error", err)
			continue
		}
		m.keeping().settings[row.Name] = &s
	}
}

// listSettings describes what is kept, and what the master asks for in vain.
func (m handler) listSettings() []settings.Info {
	all := []settings.Info{}
	if m.kept == nil {
		return all
	}
	for _, s := range m.kept.settings {
		i := s.Info()
		i.Asked = m.kept.asked[s.Name]
		all = append(all, i)
	}
	for name, at := range m.kept.asked {
		if m.kept.settings[name] == nil {
			all = append(all, settings.Info{Setting: settings.Setting{Name: name}, State: settingUnset, Asked: at})
		}
	}
	slices.SortFunc(all, func(a, b settings.Info) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// settable finds the command of a setting, among those that masters of the profile ask for.
func (m handler) settable(name string) (*codec.Profile, *codec.Command, error) {
	var profiles []*codec.Profile
	for _, l := range m.links {
		profiles = append(profiles, l.link.Profile())
	}
	if p := m.speaks.Load(); p != nil {
		profiles = append(profiles, p)
	}
	if len(profiles) == 0 {
		return nil, nil, fmt.Errorf("%w: %s (never seen): its profile is not known", ErrOffline, m.Serial)
	}
	err := fmt.Errorf("%w: profile %q has no [settings]: its masters do not ask for any", ErrBadCommand, profiles[len(profiles)-1].Name())
	for _, p := range profiles {
		s := p.Settings()
		if s == nil {
			continue
		}
		named, _ := p.Command(name)
		var all []string
		for i := range s.Wishes {
			switch c := s.Wishes[i].Command; {
			case c.Bare() && c == named:
				return nil, nil, fmt.Errorf("%w: nothing is kept for %s: it is sent whenever the master asks", ErrBadCommand, c.Name)
			case c == named:
				return p, c, nil
			case !c.Bare():
				all = append(all, c.Name)
			}
		}
		err = fmt.Errorf("%w: masters of profile %q do not ask for %q%s", ErrBadCommand, p.Name(), name, words.Known(name, all))
	}
	return nil, nil, err
}

// set keeps a setting, or removes it.
func (m handler) set(q *SetSetting) {
	answer, err := m.setting(q)
	if err != nil {
		answer.Err = err
		q.Reply <- answer
	}
}

func (m handler) setting(q *SetSetting) (answer SettingAnswer, err error) {
	if m.gone {
		return answer, ErrStopping // or it was forgotten just now
	}
	p, c, err := m.settable(q.Name)
	name := q.Name
	if c != nil {
		name = c.Name
	}
	k := m.keeping()
	old := k.settings[name]
	before := settings.Setting{Name: name}
	if old != nil {
		before = *old
	}
	if q.Arguments == nil {
		if old == nil {
			return answer, fmt.Errorf("%w: %s of %s", ErrNoSetting, name, m.Serial)
		}
		delete(k.settings, name)
		m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Rows: []journal.Row{journal.Setting{Name: name}},
			Owner: settingKept{m.Master, q.Reply, SettingAnswer{}, before, time.Time{}}})
		return answer, nil
	}
	if err != nil {
		return answer, err
	}
	arguments, err := m.settingArguments(p, c, q.Arguments)
	if err != nil {
		return answer, err
	}
	s := before
	s.Set(arguments, q.By, time.Now())
	row, err := s.Row()
	if err != nil {
		return answer, fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	k.settings[name] = &s
	answer.Sent = q.Send && len(m.links) > 0
	answer.Info = s.Info()
	m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Rows: []journal.Row{journal.Setting{Name: name, Body: row}},
		Owner: settingKept{m.Master, q.Reply, answer, before, s.At}})
	if answer.Sent {
		m.tellSetting(c, "")
	}
	return answer, nil
}

// settingKept owns a setting on its way to the journal.
type settingKept struct {
	m      *Master
	reply  chan<- SettingAnswer
	answer SettingAnswer
	before settings.Setting
	at     time.Time
}

// Committed implements journal.Committer.
func (k settingKept) Committed(_ uint64, err error) {
	if err != nil {
		k.answer = SettingAnswer{Err: fmt.Errorf("the setting is not kept: %w", err)}
		k.m.send(&settingLost{k.before, k.at})
	}
	k.reply <- k.answer
}

// settingLost puts back what was there before a setting that is not on disk.
func (m handler) settingLost(lost *settingLost) {
	k := m.keeping()
	switch now := k.settings[lost.before.Name]; {
	case now != nil && !now.At.Equal(lost.at): // another one was set meanwhile
	case lost.before.Arguments == nil:
		delete(k.settings, lost.before.Name)
	default:
		k.settings[lost.before.Name] = &lost.before
	}
}

// settingArguments checks the arguments of a setting, and returns them by the names that the profile gives them.
func (m handler) settingArguments(p *codec.Profile, c *codec.Command, given map[string]any) (map[string]any, error) {
	fields, err := c.Fields(given)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	for _, field := range c.Message.Fields { // the gateway gives them
		switch field.Role {
		case codec.RoleIdentity:
			fields[field.Key] = m.Serial
		case codec.RoleTransaction:
			fields[field.Key] = 1
		}
	}
	var frame codec.Frame
	if err := p.BuildIn(codec.Env{Now: time.Now(), Session: m.header(p)}, &frame, c.Message.Name, fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	return named(c, given), nil
}

// named are arguments by the names that the profile gives them, with values as the wire has them.
func named(c *codec.Command, given map[string]any) map[string]any {
	fields, err := c.Fields(given)
	if err != nil {
		return nil
	}
	out := make(map[string]any, len(fields))
	for key, v := range fields {
		if _, always := c.Set[key]; always {
			continue
		}
		if a := c.Argument(key); a != nil {
			key = a.Key
		}
		out[key] = v
	}
	return out
}

// hearSettings looks whether a frame of the master asks for settings, or shows what it has.
func (m handler) hearSettings(b *Batch, f *codec.Frame) {
	s := b.Installed.Profile.Settings()
	if s == nil || f.Unreadable() != nil {
		return
	}
	message := f.Message()
	for i := range s.Wishes {
		w := &s.Wishes[i]
		if message == s.On {
			if it, ok := f.Item(w.Field); ok && it.Text() == s.Wanted {
				m.wishes(w, b)
			}
		}
		if message == w.Report && m.kept != nil {
			if it, ok := f.Item(w.Shown); ok {
				m.shows(w, it.Text(), b)
			}
		}
	}
}

// wishes fulfils a wish of the master, if what it asks for is kept.
func (m handler) wishes(w *codec.Wish, b *Batch) {
	if !w.Command.Bare() {
		k := m.keeping()
		k.asked[w.Command.Name] = b.At
		if k.settings[w.Command.Name] == nil {
			return
		}
	}
	m.tellStored(w.Command, b)
}

// tellStored has the master told a setting, behind the acknowledgement of the frame that asks for it.
func (m handler) tellStored(c *codec.Command, b *Batch) {
	msg := &tell{c, b.Link.Listener()}
	m.whenStored(func() { m.Master.send(msg) })
}

// shows takes in what a report of the master says of a setting.
func (m handler) shows(w *codec.Wish, text string, b *Batch) {
	s := m.kept.settings[w.Command.Name]
	if s == nil {
		return
	}
	argument := w.Shown
	if a := w.Command.Argument(argument); a != nil {
		argument = a.Key
	}
	m.changeSetting(s, b.Link, func() bool { return s.Report(argument, text, b.At) })
}

// tellSetting has the master told a setting, or the time, unless it is being told.
func (m handler) tellSetting(c *codec.Command, listener string) {
	is := func(other *Command) bool {
		return other.Request.Origin == bySettings && other.Request.Command == c.Name
	}
	if m.inFlight != nil && is(m.inFlight) || slices.ContainsFunc(m.queue, is) {
		return
	}
	r := CommandRequest{Serial: m.Serial, Command: c.Name, Queue: settingWait, Listener: listener, Origin: bySettings, From: bySettings,
		Class: ledger.Idempotent, Unkept: true}
	if m.kept != nil {
		if s := m.kept.settings[c.Name]; s != nil {
			r.Fields, r.Unkept = maps.Clone(s.Arguments), m.kept.again(s)
		}
	}
	order := &Command{Request: r, load: &m.load, Respond: func(e End) {
		if e.Err != nil && e.Result.State == "" { // what was taken is told by the ledger
			m.dir.log.Named("settings").Warn("master not told", "master", m.Serial, "command", c.Name, "error", e.Err)
		}
	}}
	m.load.Add(1)
	m.command(order)
}

// again says whether a master is told a setting that it was told just now.
func (k *kept) again(s *settings.Setting) bool {
	told, now := k.told[s.Name], time.Now()
	if s.At.Before(told) && now.Sub(told) < tellingPause {
		return true
	}
	k.told[s.Name] = now
	return false
}

// settingConcluded takes in the outcome of a command that may have been one for a setting, whoever has sent it.
func (m handler) settingConcluded(c *Command) {
	if m.kept == nil || c.Profile == nil {
		return
	}
	order, ok := c.Profile.Command(c.Request.Command)
	if !ok || m.kept.settings[order.Name] == nil {
		return
	}
	s, arguments := m.kept.settings[order.Name], named(order, c.Request.Fields)
	m.changeSetting(s, c.link, func() bool {
		s.Command = cmp.Or(c.Result.ID, s.Command)
		switch c.Result.Outcome {
		case ledger.Done:
			s.Acknowledge(arguments, time.Now())
		case ledger.Refused:
			code := uint64(0)
			if c.Result.Code != nil {
				code = *c.Result.Code
			}
			return s.Refuse(arguments, code, time.Now())
		default:
			return false
		}
		return true
	})
}

// changeSetting changes a setting and keeps it; an event tells when it is not any more as it should be, and when it is again.
func (m handler) changeSetting(s *settings.Setting, l Link, change func() bool) {
	before := s.State()
	if !change() {
		return
	}
	body, err := s.Row()
	if err != nil {
		m.dir.log.Named("journal").Error("a setting is not kept", "master", m.Serial, "setting", s.Name, "error", err)
		return
	}
	rows := []journal.Row{journal.Setting{Name: s.Name, Body: body}}
	wrong := func(state settings.State) bool { return state == settings.Refused || state == settings.Drift }
	if now := s.State(); now != before && (wrong(now) || wrong(before)) && m.kept.events.Allow() {
		e := &journal.Event{At: time.Now(), Kind: journal.EventSetting, Master: m.Serial, Reason: string(now), Detail: s.Words()}
		if n := m.kept.events.LeftOut(); n > 0 {
			e.Detail += fmt.Sprintf(" (%d like it were not written)", n)
		}
		if l != nil {
			e.Listener, e.Connection, e.Remote = l.Listener(), l.ID(), l.Remote()
		}
		rows = append(rows, e)
		m.dir.log.Named("settings").Info("setting "+string(now), "master", m.Serial, "setting", s.Name, "detail", e.Detail)
	}
	m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Rows: rows})
}
