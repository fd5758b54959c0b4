package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"trama/journal"
)

// A backup says of itself that it is one (metaCopy).  A process that opens it as a journal begins an epoch: the process that it
// was made beside went on, and gave positions to frames that the backup does not have.  So positions and numbers of
// events go on behind all that can have been given, and consumers are told; see journal.Epoch.

const (
	metaCopy = "copy"         // a position: no smaller one is given any more
	epochGap = 10_000_000_000 // positions of an epoch begin behind a multiple of it
)

// readEpochs reads the table epoch; a database of an older make has none.
func readEpochs(ctx context.Context, q querier) (all journal.Epochs, damage []Damage, err error) {
	var tables int
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'epoch'").Scan(&tables); err != nil || tables == 0 {
		return nil, nil, err
	}
	rows, err := q.QueryContext(ctx, "SELECT first, last, event, last_event, id, at, crc FROM epoch ORDER BY first")
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var first, last, event, lastEvent, at, crc int64
		var id string
		if err := rows.Scan(&first, &last, &event, &lastEvent, &id, &at, &crc); err != nil {
			return nil, nil, err
		}
		if crc != sum(first, last, event, lastEvent, id, at) {
			damage = append(damage, Damage{Where: fmt.Sprintf("epoch from frame %d on", first), What: "its checksum is wrong"})
			continue
		}
		all = append(all, journal.Epoch{ID: id, Begun: time.Unix(0, at), Frames: journal.Gap{Last: uint64(last), First: uint64(first)},
			Events: journal.Gap{Last: uint64(lastEvent), First: uint64(event)}})
	}
	return all, damage, rows.Err()
}

// beginEpoch begins the first one of a new journal, or the next one of a backup.  The journal holds frames up to held,
// and has given positions up to last and numbers of events up to lastEvent.
func (j *Journal) beginEpoch(ctx context.Context, copied int64, held, last, lastEvent uint64) error {
	if len(j.epochs) > 0 && copied == 0 {
		return nil
	}
	e := journal.Epoch{Begun: j.options.Now(), Frames: journal.Gap{First: 1}, Events: journal.Gap{First: 1}}
	if copied > 0 {
		base := (max(last, lastEvent, uint64(copied))/epochGap + 1) * epochGap
		e.Frames, e.Events = journal.Gap{Last: held, First: base + 1}, journal.Gap{Last: lastEvent, First: base + 1}
	}
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails
	e.ID = hex.EncodeToString(id[:])
	tx, err := j.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	first, event, at := int64(e.Frames.First), int64(e.Events.First), e.Begun.UnixNano()
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO epoch(first, last, event, last_event, id, at, crc) VALUES (?, ?, ?, ?, ?, ?, ?)",
		first, int64(e.Frames.Last), event, int64(e.Events.Last), e.ID, at, sum(first, int64(e.Frames.Last), event, int64(e.Events.Last), e.ID, at))
	if err == nil && copied > 0 {
		_, err = tx.ExecContext(ctx, "DELETE FROM meta WHERE key = ?", metaCopy)
		err = errors.Join(err, detach(ctx, tx))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	j.epochs = append(j.epochs, e)
	return tx.Commit()
}

// detach has every cursor wait until its consumer has been told of the epoch: a cursor that was never moved.
func detach(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT name, seq FROM cursor")
	if err != nil {
		return err
	}
	defer rows.Close()
	at := map[string]int64{}
	for rows.Next() {
		var name string
		var seq int64
		if err := rows.Scan(&name, &seq); err != nil {
			return err
		}
		at[name] = seq
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for name, seq := range at {
		if _, err := tx.ExecContext(ctx, "UPDATE cursor SET at = 0, crc = ? WHERE name = ?", sum(name, seq, int64(0)), name); err != nil {
			return err
		}
	}
	return nil
}

// Epochs are the parts of the journal's history, the oldest first.
func (j *Journal) Epochs() journal.Epochs { return j.epochs }

// readEpochs checks the table epoch, and remembers which numbers were never given.
func (r *Report) readEpochs(ctx context.Context, tx *sql.Tx) error {
	epochs, damage, err := readEpochs(ctx, tx)
	r.Damage = append(r.Damage, damage...)
	r.Epoch, r.gaps, r.eventGaps = epochs.Now(), epochs.Frames(), epochs.Events()
	return err
}
