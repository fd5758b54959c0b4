package admin

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"trama/actors"
	"trama/actors/known"
	"trama/cmd/trama/internal/history"
)

// masterFilters are the parameters that choose and sort masters; each is a flag of trama masters too.
var masterFilters = []string{"state", "site", "tag", "profile", "name", "silent", "sort"}

// States that masters are chosen by.
var masterStates = []string{"online", "away", "late", "offline"}

// A listed master is a summary with what the operator has told of it.
type listed struct {
	actors.MasterSummary
	known.Master
}

// masterOrders are the orders of a list of masters; equal ones stay in the order of their serials.
var masterOrders = map[string]func(a, b listed) int{
	"serial":  nil,
	"name":    func(a, b listed) int { return strings.Compare(a.Name, b.Name) },
	"site":    func(a, b listed) int { return strings.Compare(a.Site, b.Site) },
	"profile": func(a, b listed) int { return strings.Compare(a.Profile, b.Profile) },
	"state": func(a, b listed) int {
		return slices.Index(masterStates, a.State) - slices.Index(masterStates, b.State)
	},
	"seen":   func(a, b listed) int { return b.LastSeen.Compare(a.LastSeen) },
	"silent": func(a, b listed) int { return a.LastSeen.Compare(b.LastSeen) },
}

// mastersQuery reads what masters are asked for.
func (e *endpoint) mastersQuery(r *http.Request) (q actors.MasterQuery, err error) {
	values := r.URL.Query()
	q.After = values.Get("after")
	if q.Limit, err = countParameter(r, "limit", 0); err != nil {
		return q, err
	}
	oneOf := func(key string, words []string) error {
		if word := values.Get(key); word != "" && !slices.Contains(words, word) {
			return fmt.Errorf("%s=%s: expected one of %s", key, word, strings.Join(words, ", "))
		}
		return nil
	}
	if err := cmp.Or(oneOf("state", masterStates), oneOf("sort", slices.Sorted(maps.Keys(masterOrders)))); err != nil {
		return q, err
	}
	var silent time.Duration
	if text := values.Get("silent"); text != "" {
		if silent, err = history.ParseDuration(text); err != nil {
			return q, fmt.Errorf("silent: %w", err)
		}
	}
	state, site, tag, profile, name := values.Get("state"), values.Get("site"), values.Get("tag"), values.Get("profile"), strings.ToLower(values.Get("name"))
	told := e.Known.Get()
	of := func(s actors.MasterSummary) listed { return listed{s, told.Of(s.Serial, s.Profile)} }
	now := e.Clock()
	if state+site+tag+profile+name != "" || silent > 0 {
		q.Keep = func(s actors.MasterSummary) bool {
			if state != "" && s.State != state || profile != "" && s.Profile != profile || silent > 0 && now.Sub(s.LastSeen) < silent {
				return false
			}
			if site+tag+name == "" {
				return true
			}
			m := of(s)
			return (site == "" || strings.EqualFold(m.Site, site)) && (tag == "" || m.Has(tag)) &&
				(name == "" || strings.Contains(strings.ToLower(m.Name), name))
		}
	}
	if order := masterOrders[values.Get("sort")]; order != nil {
		q.Order = func(a, b actors.MasterSummary) int { return order(of(a), of(b)) }
	}
	return q, nil
}
