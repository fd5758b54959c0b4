package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"trama/journal"
)

// Killed says whether the last process that told of its start did not tell of its end.
func (j *Journal) Killed(ctx context.Context) (bool, error) {
	started, _, err := j.Events(ctx, journal.EventQuery{Kind: journal.EventStart, Newest: true, Limit: 1})
	if err != nil || len(started) == 0 {
		return false, err
	}
	stopped, _, err := j.Events(ctx, journal.EventQuery{Kind: journal.EventStop, After: started[0].ID, Limit: 1})
	return len(stopped) == 0, err
}

// Events returns what q asks for, oldest first unless it says otherwise; damage names rows that are left out.
func (j *Journal) Events(ctx context.Context, q journal.EventQuery) (events []journal.Event, damage []Damage,
	err error) {
	q.Since, q.Until = storable(q.Since), storable(q.Until)
	var where []string
	var args []any
	add := func(text string, arg any) {
		where = append(where, text)
		args = append(args, arg)
	}
	if q.Master != "" {
		add("master = ?", q.Master)
	}
	if q.Kind != "" {
		add("kind = ?", q.Kind)
	}
	if !q.Since.IsZero() {
		add("at >= ?", q.Since.UnixNano())
	}
	if !q.Until.IsZero() {
		add("at < ?", q.Until.UnixNano())
	}
	order := "id"
	if q.Newest {
		order = "id DESC"
		if q.After > 0 {
			add("id < ?", int64(q.After))
		}
	} else {
		add("id > ?", int64(q.After))
	}
	if q.Limit <= 0 {
		q.Limit = journal.DefaultLimit
	}
	text := "SELECT id, at, kind, master, listener, boot, connection, remote, reason, detail, raw, crc FROM event"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	rows, err := j.read.QueryContext(ctx, text+fmt.Sprintf(" ORDER BY %s LIMIT %d", order, q.Limit), args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, ok, err := scanEvent(rows.Scan)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			damage = append(damage, Damage{Where: fmt.Sprintf("event %d", e.ID), What: "its checksum is wrong"})
			continue
		}
		events = append(events, e)
	}
	return events, damage, rows.Err()
}

// scanEvent reads a row; ok is false when it is not what was written.
func scanEvent(scan func(...any) error) (e journal.Event, ok bool, err error) {
	var id, at, boot, connection, crc int64
	if err := scan(&id, &at, &e.Kind, &e.Master, &e.Listener, &boot, &connection, &e.Remote, &e.Reason, &e.Detail,
		&e.Raw, &crc); err != nil {
		return e, false, err
	}
	e.ID, e.At, e.Connection = uint64(id), time.Unix(0, at), uint64(connection)
	return e, crc == sum(id, at, e.Kind, e.Master, e.Listener, boot, connection, e.Remote, e.Reason, e.Detail,
		blob(e.Raw)), nil
}

// Event returns one event with its bytes.
func (j *Journal) Event(ctx context.Context, id uint64) (journal.Event, error) {
	all, damage, err := j.Events(ctx, journal.EventQuery{After: id - 1, Limit: 1})
	switch {
	case err != nil:
		return journal.Event{}, err
	case len(damage) > 0:
		return journal.Event{}, fmt.Errorf("%w: %s", journal.ErrDamaged, damage[0].Where)
	case len(all) == 0 || all[0].ID != id:
		return journal.Event{}, fmt.Errorf("no event %d", id)
	}
	return all[0], nil
}

// eventKind is how events are stored.
func (j *Journal) eventKind() Kind {
	return Kind{
		Name: (*journal.Event)(nil).RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, master TEXT NOT NULL,
				listener TEXT NOT NULL, boot INTEGER NOT NULL, connection INTEGER NOT NULL, remote TEXT NOT NULL, reason TEXT NOT NULL,
				detail TEXT NOT NULL, raw BLOB, crc INTEGER NOT NULL)`,
			`CREATE INDEX IF NOT EXISTS event_master ON event(master, id)`,
		},
		Write: func(ctx context.Context, _ Tx, _ Place, row journal.Row) error {
			return j.writeEvent(ctx, row.(*journal.Event))
		},
	}
}

func (j *Journal) writeEvent(ctx context.Context, e *journal.Event) error {
	id := j.w.nextEvent
	j.w.nextEvent++
	e.ID = uint64(id)
	at, connection := e.At.UnixNano(), int64(e.Connection)
	crc := sum(id, at, e.Kind, e.Master, e.Listener, j.boot, connection, e.Remote, e.Reason, e.Detail, e.Raw)
	if _, err := j.w.event.ExecContext(ctx, id, at, e.Kind, e.Master, e.Listener, j.boot, connection, e.Remote,
		e.Reason, e.Detail, e.Raw, crc); err != nil {
		return fmt.Errorf("write an event: %w", err)
	}
	return nil
}
