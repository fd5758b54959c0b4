package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"trama/journal"
)

// Kind is a kind of rows that entries carry beside frames.  A kind has tables of its own, which are made when the
// journal is opened, and its rows are written in the commit that holds the frames of their entry.
type Kind struct {
	Name   string   // as journal.Row names it
	Tables []string // CREATE … IF NOT EXISTS
	// Write writes a row.  An error of it ends the engine.
	Write func(ctx context.Context, tx Tx, at Place, row journal.Row) error
	// Covers says that a row holds the state of the entry's subject: what was appended before needs no sweep.
	Covers bool
}

// Tx is the transaction of a commit.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Place is where a row belongs.
type Place struct {
	Boot    int64            // number of the process in the life of the database
	Through int64            // position of the last frame that was appended before or with it
	Subject *journal.Subject // of the entry; nil: none is known
}

// register makes the kinds known: the engine's own, and those of the options.
func (j *Journal) register() error {
	j.kinds = map[string]Kind{}
	for _, k := range j.allKinds() {
		if _, known := j.kinds[k.Name]; known || k.Name == "" || k.Write == nil {
			return fmt.Errorf("kind of rows %q: it has no name, no Write or is registered twice", k.Name)
		}
		j.kinds[k.Name] = k
	}
	return nil
}

// allKinds are the kinds in the order in which their tables are made.
func (j *Journal) allKinds() []Kind {
	return append([]Kind{j.stateKind(), j.seenKind(), j.eventKind(), j.commandKind(), j.trustKind(), j.settingKind(), j.forgetKind()}, j.options.Kinds...)
}

// known panics when a row is of no kind that was registered: a defect of the program.
func (j *Journal) known(e *journal.Entry) {
	for _, row := range e.Rows {
		if _, ok := j.kinds[row.RowKind()]; !ok {
			panic(fmt.Sprintf("journal: rows of kind %q are not registered", row.RowKind()))
		}
	}
}

// covers says whether a row of e holds the state of its subject.
func (j *Journal) covers(e *journal.Entry) bool {
	for _, row := range e.Rows {
		if j.kinds[row.RowKind()].Covers {
			return true
		}
	}
	return false
}

// makeTables makes what the database has not.
func (j *Journal) makeTables(ctx context.Context, tx Tx) error {
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, table); err != nil {
			return err
		}
	}
	for _, k := range j.allKinds() {
		for _, table := range k.Tables {
			if _, err := tx.ExecContext(ctx, table); err != nil {
				return fmt.Errorf("tables for rows of kind %q: %w", k.Name, err)
			}
		}
	}
	return nil
}
