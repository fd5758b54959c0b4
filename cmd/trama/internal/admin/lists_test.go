package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/actors"
)

func TestListsArePaged(t *testing.T) {
	g := someGateway()
	h := Handler(testOptions(g))
	for query, want := range map[string][]uint64{
		"": {9, 10}, "?limit=1": {9}, "?after=9": {10}, "?after=9&limit=5": {10}, "?after=10": {}, "?limit=0": {9, 10},
	} {
		w := ask(t, h, "GET", "/api/v1/connections"+query, "")
		var rows []actors.ConnectionInfo
		if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil {
			t.Fatalf("%q: %v in %s", query, err, w.Body)
		}
		got := []uint64{}
		for _, row := range rows {
			got = append(got, row.ID)
		}
		if !slices.Equal(got, want) || w.Header().Get("X-Total-Count") != "2" {
			t.Errorf("%q: rows %v of %s, want %v of 2", query, got, w.Header().Get("X-Total-Count"), want)
		}
	}
	for _, query := range []string{"?limit=-1", "?limit=x", "?after=x"} {
		if w := ask(t, h, "GET", "/api/v1/connections"+query, ""); w.Code != 400 {
			t.Errorf("%q: %d, want 400", query, w.Code)
		}
	}
}

func TestConnectionsAreChosenAndSorted(t *testing.T) {
	g := someGateway()
	at := func(ago time.Duration) time.Time { return time.Now().Add(-ago) }
	g.connections = []actors.ConnectionInfo{
		{ID: 1, Listener: "field", LastReceived: at(time.Minute), Frames: 3, Rejected: 2},
		{ID: 2, Listener: "other", LastReceived: at(time.Hour), Frames: 9},
		{ID: 3, Listener: "field", LastReceived: at(time.Second), Skipped: 5},
		{ID: 4, Listener: "field"}, // nothing ever came
	}
	h := Handler(testOptions(g))
	for query, want := range map[string]string{
		"listener=field": "[1 3 4]", "silent=10m": "[2 4]", "sort=quiet": "[4 2 1 3]", "sort=frames&limit=2": "[2 1]",
		"sort=rejected&limit=1": "[1]", "sort=skipped&limit=1": "[3]", "sort=id&listener=field&silent=30s": "[1 4]",
	} {
		var rows []actors.ConnectionInfo
		w := ask(t, h, "GET", "/api/v1/connections?"+query, "")
		if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil {
			t.Fatalf("%s: %v in %s", query, err, w.Body)
		}
		got := []uint64{}
		for _, row := range rows {
			got = append(got, row.ID)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"listener=feld": `did you mean \"field\"?`, "sort=quit": `did you mean \"quiet\"?`, "silent=10": "unit", "after=1&sort=frames": "after: it goes",
	} {
		if w := ask(t, h, "GET", "/api/v1/connections?"+query, ""); w.Code != 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want 400 and %q", query, w.Code, w.Body, want)
		}
	}
}

func TestTwentyThousandMastersAreListed(t *testing.T) {
	g := someGateway()
	g.masters = make([]actors.MasterInfo, 20_000)
	for i := range g.masters {
		g.masters[i].Serial = fmt.Sprintf("%08d", i)
	}
	h := Handler(testOptions(g))
	var rows []actors.MasterInfo
	w := ask(t, h, "GET", "/api/v1/masters", "")
	if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || len(rows) != 20_000 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen, after := 0, ""
	for {
		w := ask(t, h, "GET", "/api/v1/masters?limit=3000&after="+after, "")
		rows = nil
		if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			break
		}
		seen, after = seen+len(rows), rows[len(rows)-1].Serial
	}
	if seen != 20_000 {
		t.Errorf("paging showed %d masters, want 20000", seen)
	}
}
