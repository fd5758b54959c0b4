package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trama/journal"
)

// kept puts commands into a journal and waits for them.
func kept(t *testing.T, j *Journal, commands ...*journal.Command) {
	t.Helper()
	done := make(chan error, 1)
	var rows []journal.Row
	for _, c := range commands {
		rows = append(rows, c)
	}
	j.Append(&journal.Entry{Rows: rows, Owner: owner(func(_ uint64, err error) { done <- err })})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

type owner func(uint64, error)

func (o owner) Committed(first uint64, err error) { o(first, err) }

func commandAt(id uint64, state string, at time.Time) *journal.Command {
	return &journal.Command{ID: id, Master: fmt.Sprint(10 + id%2), State: state, Name: "O", By: "anna", Key: fmt.Sprint("k", id),
		Asked: at, Changed: at, Ended: state == "done", Body: []byte(`{"id":1}`)}
}

func TestACommandIsOneRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	at := time.Unix(1_800_000_000, 0)
	kept(t, j, commandAt(1, "queued", at), commandAt(2, "queued", at), commandAt(3, "queued", at))
	kept(t, j, commandAt(1, "done", at.Add(time.Second)), commandAt(3, "sent", at.Add(time.Second)))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	defer j.Close()
	ids := func(q journal.CommandQuery) (ids []uint64) {
		found, damage, err := j.Commands(t.Context(), q)
		if err != nil || len(damage) > 0 {
			t.Fatal(err, damage)
		}
		for _, c := range found {
			ids = append(ids, c.ID)
		}
		return ids
	}
	for _, c := range []struct {
		q    journal.CommandQuery
		want string
	}{
		{journal.CommandQuery{}, "[3 2 1]"}, {journal.CommandQuery{Limit: 2}, "[3 2]"}, {journal.CommandQuery{Before: 2}, "[1]"},
		{journal.CommandQuery{Open: true}, "[3 2]"}, {journal.CommandQuery{State: "done"}, "[1]"}, {journal.CommandQuery{Master: "11"}, "[3 1]"},
		{journal.CommandQuery{By: "bert"}, "[]"}, {journal.CommandQuery{Since: at.Add(time.Millisecond)}, "[3 1]"},
		{journal.CommandQuery{Until: at.Add(time.Millisecond)}, "[2]"},
	} {
		if got := fmt.Sprint(ids(c.q)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	var visited []uint64
	if err := j.OpenCommands(t.Context(), at.Add(time.Millisecond), func(c journal.Command) error {
		visited = append(visited, c.ID)
		return nil
	}); err != nil || fmt.Sprint(visited) != "[2 3]" {
		t.Error(err, visited)
	}
	last, err := j.LastCommand(t.Context())
	one, other := j.Command(t.Context(), 3)
	byKey, third := j.CommandByKey(t.Context(), "anna", "k2")
	if err != nil || last != 3 || other != nil || one.State != "sent" || third != nil || byKey.ID != 2 {
		t.Error(last, one, byKey, err, other, third)
	}
	for _, err := range []error{func() error { _, err := j.Command(t.Context(), 4); return err }(),
		func() error { _, err := j.CommandByKey(t.Context(), "bert", "k2"); return err }(),
		func() error { _, err := j.CommandByKey(t.Context(), "anna", ""); return err }()} {
		if !errors.Is(err, journal.ErrNoCommand) {
			t.Error(err)
		}
	}
	if r, err := Verify(t.Context(), path); err != nil || r.Commands != 3 || len(r.Damage) > 0 {
		t.Errorf("%v, %+v", err, r)
	}
	if err := j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "UPDATE command SET state = 'done' WHERE id = 2")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) != 1 || r.Damage[0].Where != "command 2" {
		t.Errorf("%v, %+v", err, r)
	}
	if found, damage, err := j.Commands(t.Context(), journal.CommandQuery{}); err != nil || len(found) != 2 || len(damage) != 1 {
		t.Error(found, damage, err)
	}
	if _, err := j.Command(t.Context(), 2); !errors.Is(err, journal.ErrDamaged) {
		t.Error(err)
	}
}

// A start asks for what is open and for what may still be answered, and reads nothing else of many.
func TestAStartReadsTheCommandsThatMayStillBeAnswered(t *testing.T) {
	j := open(t, Options{})
	defer j.Close()
	at := time.Unix(1_800_000_000, 0)
	for id, state := range []string{"", "unknown", "unknown", "done", "sent", "unknown"} {
		if id > 0 {
			c := commandAt(uint64(id), state, at.Add(time.Duration(id)*time.Second))
			c.Ended = state != "sent"
			kept(t, j, c)
		}
	}
	var visited []uint64
	if err := j.OpenCommands(t.Context(), at.Add(2*time.Second), func(c journal.Command) error {
		visited = append(visited, c.ID)
		return nil
	}); err != nil || fmt.Sprint(visited) != "[2 4 5]" {
		t.Error(err, visited)
	}
	rows, err := j.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+openCommands, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "INDEX") {
			t.Error(step)
		}
	}
}

func TestCommandsThatAreTooManyGoUnlessTheyAreOpen(t *testing.T) {
	j := open(t, Options{CommandsUpTo: 10})
	defer j.Close()
	at := time.Unix(1_800_000_000, 0)
	for id := uint64(1); id <= 30; id++ {
		state := "done"
		if id == 3 {
			state = "queued"
		}
		kept(t, j, commandAt(id, state, at))
	}
	if err := j.retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, _, err := j.Commands(t.Context(), journal.CommandQuery{})
	if err != nil || len(found) != 11 || found[9].ID != 21 || found[10].ID != 3 {
		t.Errorf("%v: %d, %+v", err, len(found), found)
	}
}
