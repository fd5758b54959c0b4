package schema

import (
	"cmp"
	"time"
)

// SettingsDef is [settings] as it is written.
type SettingsDef struct {
	Path, On, Wanted string
	Wishes           []WishDef
}

// WishDef is what a master can wish for in its request.
type WishDef struct{ Path, Field, Command, Report, Shown string }

// ClockDef is [clock] as it is written.
type ClockDef struct {
	Path, Set string
	Connect   bool
	Drift     time.Duration // 0: off
}

func readSettings(t *Table) *SettingsDef {
	s := &SettingsDef{Path: t.Path, On: t.RequiredText("on"), Wanted: cmp.Or(t.Text("wanted"), "1")}
	for _, w := range t.Subs("wishes") {
		s.Wishes = append(s.Wishes, WishDef{w.Path, w.RequiredText("field"), w.RequiredText("command"), w.Text("report"), w.Text("shown")})
		w.Finish()
	}
	t.Finish()
	return s
}

func readClock(t *Table) *ClockDef {
	c := &ClockDef{Path: t.Path, Set: t.RequiredText("set"), Connect: t.Flag("connect", false)}
	c.Drift = max(t.Duration("drift", time.Second, 24*time.Hour, true, 0), 0)
	t.Finish()
	return c
}
