package profiles

import (
	"regexp"
	"strings"
	"sync"
)

// pointNames tells the names of points that a definition can make from others.
type pointNames struct {
	once    sync.Once
	pattern *regexp.Regexp
}

// field is one in braces in the name of a point.
var field = regexp.MustCompile(`\\\{[^{}]*\\\}`)

// Makes says whether frames of e can have samples of a point with this name.
func (e *Installed) Makes(name string) bool {
	e.names.once.Do(func() {
		var all []string
		for _, p := range e.Profile.Points() {
			text := ""
			for segment := range strings.SplitSeq(p.Name, "/") {
				quoted := "/?" + regexp.QuoteMeta(segment)
				if one := field.ReplaceAllString(quoted, ".*"); one != quoted {
					quoted = "(" + one + ")?" // it is left out when the field is not there
				}
				text += quoted
			}
			all = append(all, text)
		}
		e.names.pattern = regexp.MustCompile("^(?s:" + strings.Join(all, "|") + ")$")
	})
	return e.names.pattern.MatchString(name)
}
