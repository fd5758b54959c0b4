package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

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
