package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"trama/journal"
)

const commandColumns = "id, master, state, name, by, key, asked, changed, ended, body, crc"

// commandKind is how commands are stored: a row of each.
func (j *Journal) commandKind() Kind {
	return Kind{
		Name: (*journal.Command)(nil).RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS command(id INTEGER PRIMARY KEY, master TEXT NOT NULL, state TEXT NOT NULL, name TEXT NOT NULL, by TEXT NOT NULL,
				key TEXT NOT NULL, asked INTEGER NOT NULL, changed INTEGER NOT NULL, ended INTEGER NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL)`,
			`CREATE INDEX IF NOT EXISTS command_master ON command(master, id)`,
			`CREATE INDEX IF NOT EXISTS command_open ON command(id) WHERE ended = 0`,
			`CREATE INDEX IF NOT EXISTS command_unknown ON command(id) WHERE state = 'unknown'`,
			`CREATE INDEX IF NOT EXISTS command_key ON command(by, key) WHERE key != ''`,
		},
		Write: func(ctx context.Context, tx Tx, _ Place, row journal.Row) error {
			c := row.(*journal.Command)
			id, asked, changed, ended := int64(c.ID), c.Asked.UnixNano(), c.Changed.UnixNano(), int64(0)
			if c.Ended {
				ended = 1
			}
			crc := sum(id, c.Master, c.State, c.Name, c.By, c.Key, asked, changed, ended, c.Body)
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO command("+commandColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				id, c.Master, c.State, c.Name, c.By, c.Key, asked, changed, ended, c.Body, crc); err != nil {
				return fmt.Errorf("write command %d: %w", c.ID, err)
			}
			return nil
		},
	}
}

// Commands returns what q asks for; damage names rows that are left out.
func (j *Journal) Commands(ctx context.Context, q journal.CommandQuery) (commands []journal.Command, damage []Damage, err error) {
	err = j.chosenCommands(ctx, q, func(c journal.Command, ok bool) error {
		if ok {
			commands = append(commands, c)
		} else {
			damage = append(damage, Damage{Where: fmt.Sprintf("command %d", c.ID), What: "its checksum is wrong"})
		}
		return nil
	})
	return commands, damage, err
}

// EachCommand visits what q asks for, and warns of rows that are damaged.
func (j *Journal) EachCommand(ctx context.Context, q journal.CommandQuery, visit func(journal.Command) error) error {
	return j.chosenCommands(ctx, q, j.undamaged(visit))
}

// undamaged leaves damaged rows out, with a warning.
func (j *Journal) undamaged(visit func(journal.Command) error) func(journal.Command, bool) error {
	return func(c journal.Command, ok bool) error {
		if !ok {
			j.options.Warn("journal is damaged: a command is left out", "command", c.ID)
			return nil
		}
		return visit(c)
	}
}

func (j *Journal) chosenCommands(ctx context.Context, q journal.CommandQuery, visit func(c journal.Command, ok bool) error) error {
	q.Since, q.Until = storable(q.Since), storable(q.Until)
	where, args := []string{"true"}, []any(nil)
	add := func(text string, arg any) { where, args = append(where, text), append(args, arg) }
	for _, c := range []struct{ column, value string }{{"master", q.Master}, {"state", q.State}, {"by", q.By}} {
		if c.value != "" {
			add(c.column+" = ?", c.value)
		}
	}
	if q.Open {
		where = append(where, "ended = 0")
	}
	if !q.Since.IsZero() {
		add("asked >= ?", q.Since.UnixNano())
	}
	if !q.Until.IsZero() {
		add("asked < ?", q.Until.UnixNano())
	}
	if q.Before > 0 {
		add("id < ?", int64(q.Before))
	}
	if q.Limit <= 0 {
		q.Limit = journal.DefaultLimit
	}
	return eachCommand(ctx, j.read, visit, "SELECT "+commandColumns+" FROM command WHERE "+strings.Join(where, " AND ")+
		fmt.Sprintf(" ORDER BY id DESC LIMIT %d", q.Limit), args...)
}

// Command returns one command; [journal.ErrNoCommand] when there is none of this number.
func (j *Journal) Command(ctx context.Context, id uint64) (journal.Command, error) {
	return j.oneCommand(ctx, "id = ?", int64(id))
}

// CommandByKey returns the command that somebody has asked for with a key; [journal.ErrNoCommand] when there is none.
func (j *Journal) CommandByKey(ctx context.Context, by, key string) (journal.Command, error) {
	return j.oneCommand(ctx, "key != '' AND by = ? AND key = ?", by, key)
}

func (j *Journal) oneCommand(ctx context.Context, where string, args ...any) (found journal.Command, err error) {
	err = journal.ErrNoCommand
	if failed := eachCommand(ctx, j.read, func(c journal.Command, ok bool) error {
		if found, err = c, nil; !ok {
			err = fmt.Errorf("%w: command %d: its checksum is wrong", journal.ErrDamaged, c.ID)
		}
		return nil
	}, "SELECT "+commandColumns+" FROM command WHERE "+where+" ORDER BY id DESC LIMIT 1", args...); failed != nil {
		err = failed
	}
	return found, err
}

const openCommands = "SELECT " + commandColumns + " FROM command WHERE ended = 0 UNION ALL SELECT " + commandColumns +
	" FROM command WHERE state = 'unknown' AND ended = 1 AND changed >= ? ORDER BY id"

// OpenCommands visits the commands that have not ended, and those that have been unknown since a time, the oldest first.  Both
// are few, and have an index each: a start does not read all that there ever were.
func (j *Journal) OpenCommands(ctx context.Context, since time.Time, visit func(journal.Command) error) error {
	return eachCommand(ctx, j.read, j.undamaged(visit), openCommands, storable(since).UnixNano())
}

// LastCommand is the largest number that a command has; 0 when there is none.
func (j *Journal) LastCommand(ctx context.Context) (uint64, error) {
	var last int64
	err := j.read.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) FROM command").Scan(&last)
	return uint64(last), err
}

// eachCommand visits the rows of a query; ok is false for one that is not what was written.
func eachCommand(ctx context.Context, q querier, visit func(c journal.Command, ok bool) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c journal.Command
		var id, asked, changed, ended, crc int64
		if err := rows.Scan(&id, &c.Master, &c.State, &c.Name, &c.By, &c.Key, &asked, &changed, &ended, &c.Body, &crc); err != nil {
			return err
		}
		c.ID, c.Asked, c.Changed, c.Ended = uint64(id), time.Unix(0, asked), time.Unix(0, changed), ended != 0
		ok := crc == sum(id, c.Master, c.State, c.Name, c.By, c.Key, asked, changed, ended, blob(c.Body))
		if err := visit(c, ok); err != nil {
			return err
		}
	}
	return rows.Err()
}

// excessCommands is excessEvents for commands: those that are older than the newest CommandsUpTo go when they have ended.
func (j *Journal) excessCommands(ctx context.Context) (upTo int64, err error) {
	if j.options.CommandsUpTo == 0 {
		return 0, nil
	}
	err = j.read.QueryRowContext(ctx, `SELECT ifnull(max(id), 0) FROM (SELECT id FROM command WHERE ended = 1 AND
		id <= (SELECT id FROM command ORDER BY id DESC LIMIT 1 OFFSET ?) ORDER BY id LIMIT ?)`, j.options.CommandsUpTo, eventSlice).Scan(&upTo)
	return upTo, err
}

// commands checks the commands; a database of an older make has none.
func (r *Report) commands(ctx context.Context, tx *sql.Tx) error {
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'command'").Scan(&tables); err != nil || tables == 0 {
		return err
	}
	return eachCommand(ctx, tx, func(c journal.Command, ok bool) error {
		if r.Commands++; !ok {
			r.bad(fmt.Sprintf("command %d", c.ID), "its checksum is wrong")
		}
		return nil
	}, "SELECT "+commandColumns+" FROM command ORDER BY id")
}
