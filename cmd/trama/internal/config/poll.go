package config

import (
	"fmt"
	"strings"

	"trama/actors"
	"trama/codec"
	"trama/internal/tomlread"
)

// readPolls reads the [[poll]] of the file, each of which must go with the profile of every listener that it is for.
func (c *Config) readPolls(t table) {
	codec.ReadPolls(t.Table, func(inner *tomlread.Table, q *codec.Poll) {
		t := table{inner}
		p := actors.PollOptions{Poll: q}
		t.list("serials", &p.Serials, "serials, whole or as in \"1234*\"")
		for _, s := range p.Serials {
			if strings.Contains(s[:len(s)-1], "*") {
				t.Problem(t.At("serials"), fmt.Sprintf("%q", s), "whole serials, or beginnings with one * behind")
			}
		}
		for _, each := range []struct {
			key  string
			into *string
		}{{"site", &p.Site}, {"tag", &p.Tag}, {"listener", &p.Listener}, {"profile", &p.Profile}} {
			t.text(each.key, each.into)
		}
		c.Polls = append(c.Polls, p)
	})
	for i := range c.Polls {
		c.checkPoll(t, &c.Polls[i])
	}
}

// checkPoll tells what is wrong when a poll goes with the profile of no listener that it is for.  One that names neither a
// listener nor a profile is for those whose masters can be asked so.
func (c *Config) checkPoll(t table, p *actors.PollOptions) {
	var names, profiles []string
	for i := range c.Listeners {
		if l := &c.Listeners[i]; l.Role == actors.RoleMaster {
			names = append(names, l.Name)
			if l.Profile == nil { // its problems are told
				return
			}
			profiles = append(profiles, l.Profile.Name())
		}
	}
	var wrong []codec.PollError
	chosen, good := false, false
	for i := range c.Listeners {
		l := &c.Listeners[i]
		if l.Role != actors.RoleMaster || p.Listener != "" && p.Listener != l.Name || p.Profile != "" && p.Profile != l.Profile.Name() {
			continue
		}
		chosen = true
		_, problems := l.Profile.Request(p.Poll)
		good = good || len(problems) == 0
		if wrong == nil {
			wrong = problems
		}
	}
	switch {
	case good:
	case chosen:
		for _, w := range wrong {
			t.Problem(w.Path, w.Found, w.Expected, w.Known...)
		}
	case p.Listener != "":
		t.Problem(tomlread.Join(p.Path, "listener"), fmt.Sprintf("%q", p.Listener), "the name of a listener of masters (with the profile that is said)", names...)
	default:
		t.Problem(tomlread.Join(p.Path, "profile"), fmt.Sprintf("%q", p.Profile), "the profile of a listener of masters", profiles...)
	}
}
