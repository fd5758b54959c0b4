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
	"trama/internal/words"
)

// masterFilters are the parameters that choose and sort masters; each is a flag of trama masters too.
var masterFilters = []string{"state", "site", "tag", "profile", "name", "silent", "sort"}

// masterStates are the states that masters are chosen by.
var masterStates = []string{"online", "away", "late", "offline", "never seen", "quarantine"}

// masterWords are those behind the state by which masters are chosen too.
var masterWords = map[string]func(*actors.MasterSummary) bool{
	"refusing":    func(s *actors.MasterSummary) bool { return s.Refusing },
	"unprotected": func(s *actors.MasterSummary) bool { return s.Unprotected },
}

// MasterStates are all that masters may be chosen by; MasterOrders are the orders of their list.
func MasterStates() []string {
	return append(slices.Clone(masterStates), slices.Sorted(maps.Keys(masterWords))...)
}
func MasterOrders() []string { return slices.Sorted(maps.Keys(masterOrders)) }

// masterOrders are the orders of a list of masters; equal ones stay in the order of their serials.
var masterOrders = map[string]func(a, b *actors.MasterSummary) int{
	"serial":  nil,
	"name":    func(a, b *actors.MasterSummary) int { return strings.Compare(a.Name, b.Name) },
	"site":    func(a, b *actors.MasterSummary) int { return strings.Compare(a.Site, b.Site) },
	"profile": func(a, b *actors.MasterSummary) int { return strings.Compare(a.Profile, b.Profile) },
	"state": func(a, b *actors.MasterSummary) int {
		return slices.Index(masterStates, a.State) - slices.Index(masterStates, b.State)
	},
	"seen":   func(a, b *actors.MasterSummary) int { return b.LastSeen.Compare(a.LastSeen) },
	"silent": func(a, b *actors.MasterSummary) int { return a.LastSeen.Compare(b.LastSeen) },
}

// mastersQuery reads what masters are asked for.
func (e *endpoint) mastersQuery(r *http.Request) (q actors.MasterQuery, err error) {
	values := r.URL.Query()
	q.After = values.Get("after")
	if q.Limit, err = countParameter(r, "limit", 0); err != nil {
		return q, err
	}
	oneOf := func(key string, known []string) error {
		if word := values.Get(key); word != "" && !slices.Contains(known, word) {
			return fmt.Errorf("%s: %w", key, words.OneOf(word, known))
		}
		return nil
	}
	if err := cmp.Or(oneOf("state", MasterStates()), oneOf("sort", MasterOrders())); err != nil {
		return q, err
	}
	var silent time.Duration
	if text := values.Get("silent"); text != "" {
		if silent, err = words.Duration(text); err != nil {
			return q, fmt.Errorf("silent: %w", err)
		}
	}
	state, site, tag, profile, name := values.Get("state"), values.Get("site"), values.Get("tag"),
		values.Get("profile"), strings.ToLower(values.Get("name"))
	now := e.Clock()
	is := masterWords[state]
	if is == nil {
		is = func(s *actors.MasterSummary) bool { return state == "" || s.State == state }
	}
	if state+site+tag+profile+name != "" || silent > 0 {
		q.Keep = func(s *actors.MasterSummary) bool {
			if !is(s) || profile != "" && s.Profile != profile || silent > 0 && now.Sub(s.LastSeen) < silent {
				return false
			}
			return (site == "" || strings.EqualFold(s.Site, site)) && (tag == "" || s.Has(tag)) &&
				(name == "" || strings.Contains(strings.ToLower(s.Name), name))
		}
	}
	q.Order = masterOrders[values.Get("sort")]
	return q, nil
}
