package actors

import (
	"slices"

	"trama/actors/master"
)

// PollStatus is a poll in force, and what came of it since it was read.
type PollStatus struct {
	Name    string `json:"name"`
	Every   string `json:"every"`
	Command string `json:"command,omitempty"` // empty: its registers say it
	Source  string `json:"source"`            // "configuration", or the profile that has it
	Masters int64  `json:"masters"`           // that it is for, by what is said of their serial, site and tag; away ones among them
	Failing int64  `json:"failing"`           // of these
	Asked   uint64 `json:"asked"`
	Done    uint64 `json:"done"`
	Refused uint64 `json:"refused"`
	Unknown uint64 `json:"unknown"`
	Skipped uint64 `json:"skipped"` // the last request was open, or the master busy
}

// Polls implements Gateway.
func (g *gateway) Polls() []PollStatus {
	all := []PollStatus{}
	for _, p := range g.schedule.Polls() {
		s := PollStatus{Name: p.Name, Every: p.Every.String(), Command: p.Command, Source: "configuration", Masters: p.Masters.Load(), Failing: p.Failing.Load(),
			Asked: p.Asked.Load(), Done: p.Done.Load(), Refused: p.Refused.Load(), Unknown: p.Unknown.Load(), Skipped: p.Skipped.Load()}
		if p.Shipped {
			s.Source = p.Profile
		}
		all = append(all, s)
	}
	return all
}

// SetPolls implements Gateway.
func (g *gateway) SetPolls(polls []PollOptions) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	g.polls = polls
	g.schedulePolls()
}

// schedulePolls puts in force the polls of the configuration, and those of the profiles of listeners that it does not
// replace.  What is the same as before goes on.
func (g *gateway) schedulePolls() {
	all := slices.Clone(g.polls)
	for _, p := range g.ports.All {
		if p.Role != RoleMaster {
			continue
		}
		profile := p.Profile()
		for _, q := range profile.Polls() {
			same := func(o PollOptions) bool { return o.Name == q.Name && (!o.Shipped || o.Profile == profile.Name()) }
			if !slices.ContainsFunc(all, same) {
				all = append(all, master.PollOptions{Poll: q, Profile: profile.Name(), Shipped: true})
			}
		}
	}
	g.schedule.Set(all)
}
