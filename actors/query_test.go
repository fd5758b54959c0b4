package actors

import (
	"strings"
	"testing"
)

// Masters are chosen and sorted before they are described, and a page goes on behind the last one of the page before.
func TestMastersAreChosenSortedAndPaged(t *testing.T) {
	g := start(t, "field:extended", "compact:compact")
	for i, serial := range []string{"30000003", "30000001", "30000002", "40000001"} {
		d := dial(t, g, "field")
		d.send(measurement(serial, i+1))
		d.acknowledged(serial, "m", i+1)
	}
	d := dial(t, g, "compact")
	d.send("0013010000000012345678010273000041ac0000")
	d.receive(15)
	field := func(s *MasterSummary) bool {
		return s.Profile == "extended" && s.State == "online" && !s.LastSeen.IsZero()
	}
	newest := func(a, b *MasterSummary) int { return b.LastSeen.Compare(a.LastSeen) }
	for name, c := range map[string]struct {
		q     MasterQuery
		want  string
		total int
	}{
		"all":                         {MasterQuery{}, "12345678 30000001 30000002 30000003 40000001", 5},
		"of a profile":                {MasterQuery{Keep: field}, "30000001 30000002 30000003 40000001", 4},
		"newest first":                {MasterQuery{Keep: field, Order: newest, Limit: 3}, "40000001 30000002 30000001", 4},
		"the next page":               {MasterQuery{Keep: field, Order: newest, Limit: 3, After: "30000001"}, "30000003", 4},
		"behind one that is not kept": {MasterQuery{Keep: func(s *MasterSummary) bool { return field(s) && s.Serial != "30000001" }, Order: newest, After: "30000001"}, "30000003", 3},
		"behind a gap":                {MasterQuery{After: "30000000", Limit: 2}, "30000001 30000002", 5},
		"behind the end":              {MasterQuery{After: "9"}, "", 5},
		"none":                        {MasterQuery{Keep: func(*MasterSummary) bool { return false }}, "", 0},
	} {
		page, total := g.FindMasters(c.q)
		var serials []string
		for m := range page {
			serials = append(serials, m.Serial)
		}
		if got := strings.Join(serials, " "); got != c.want || total != c.total {
			t.Errorf("%s: %s of %d, want %s of %d", name, got, total, c.want, c.total)
		}
	}
}
