package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"trama/journal"
)

// Frames are found by when they were received, but the clock of a machine is set back now and then, and forward.  So
// the time of a batch is not simply when it was committed:
//
//   - no record of a batch was received after the batch's time;
//   - batches follow each other in stretches.  In a stretch, behind its first batch, the time does not go back, and
//     every record was received within receivedLag before it.
//
// So a stretch can be searched by halves.  Its first batch is always looked at; the table clock has those where a new
// stretch begins.  The time goes on from the one before as long as that keeps the rule: small steps back of the clock
// are bridged, and a row is written only when it is set by minutes.

// smallStretch is how many positions are looked at rather than searched.
const smallStretch = 64

// receivedLag bounds how long before the time of its batch a frame was received.
const receivedLag = 5 * time.Minute

// within are the earliest and the latest time, Unix nanoseconds.
type within struct{ from, until int64 }

func receivedWithin(records []byte) within {
	from, until := journal.ReceivedWithin(records)
	return within{from.UnixNano(), until.UnixNano()}
}

// stamp is the time of the batch in hand, which is committed now; goesOn is false when a new stretch begins with it.
func (w *writer) stamp(now time.Time) (at int64, goesOn bool) {
	at = now.UnixNano()
	from := at
	for _, r := range w.received {
		from, at = min(from, r.from), max(at, r.until)
	}
	high := max(at, w.high)
	if from < high-int64(receivedLag) {
		return at, false
	}
	return high, true
}

// stretch are the batches whose first position is in lo to hi.
type stretch struct{ lo, hi int64 }

// stretches are the batches that may hold what was received in the time that is asked for, in order.
func (s *search) stretches(ctx context.Context) (found []stretch, err error) {
	q := &s.q
	whole := []stretch{{0, 1 << 62}}
	if q.Since.IsZero() && q.Until.IsZero() {
		return whole, nil
	}
	var first, last int64
	if err := s.tx.QueryRowContext(ctx,
		"SELECT ifnull(min(first), 1), ifnull(max(first), 0) FROM batch").Scan(&first, &last); err != nil {
		return nil, err
	}
	begins, damaged, err := clockSteps(ctx, s.tx)
	if err != nil {
		return nil, err
	}
	if len(damaged) > 0 {
		s.page.Damage = append(s.page.Damage, damaged...)
		return whole, nil
	}
	heads, err := s.tx.PrepareContext(ctx,
		"SELECT first, n, at, boot, crc, length(records) FROM batch WHERE first BETWEEN ? AND ? ORDER BY first DESC LIMIT 1")
	if err != nil {
		return nil, err
	}
	defer heads.Close()
	for first <= last {
		for len(begins) > 0 && begins[0] <= first {
			begins = begins[1:]
		}
		end := last
		if len(begins) > 0 && begins[0] <= last {
			end = begins[0] - 1
		}
		lo, hi := first, end
		small := hi-lo < smallStretch
		if !q.Since.IsZero() && !small {
			if lo, err = seek(ctx, heads, first, end, q.Since.UnixNano()); err != nil {
				return nil, err
			}
		}
		if !q.Until.IsZero() && !small {
			if hi, err = seek(ctx, heads, first, end, q.Until.Add(receivedLag).UnixNano()); err != nil {
				return nil, err
			}
			hi--
		}
		if lo > first || hi < first {
			found = append(found, stretch{first, first})
		}
		if lo <= hi {
			found = append(found, stretch{lo, hi})
		}
		first = end + 1
	}
	return found, nil
}

// seek is the position of the first batch between two, in one stretch, whose time is t or later; hi+1 when there is
// none.
func seek(ctx context.Context, heads *sql.Stmt, lo, hi, t int64) (int64, error) {
	found := hi + 1
	for lo <= hi {
		mid := lo + (hi-lo)/2
		first, at, err := soundAt(ctx, heads, lo, mid)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			lo = mid + 1
		case err != nil:
			return 0, err
		case at >= t:
			found, hi = first, first-1
		default:
			lo = mid + 1
		}
	}
	return found, nil
}

// soundAt is the last batch between two positions whose head is what was written: one that is not says nothing about
// time.
func soundAt(ctx context.Context, heads *sql.Stmt, lo, hi int64) (first, at int64, err error) {
	for {
		var n, boot, crc, size int64
		err = heads.QueryRowContext(ctx, lo, hi).Scan(&first, &n, &at, &boot, &crc, &size)
		if err != nil || crc == sum(first, n, at, boot, size) {
			return first, at, err
		}
		hi = first - 1
	}
}

// clockSteps reads where stretches begin.
func clockSteps(ctx context.Context, q querier) (begins []int64, damage []Damage, err error) {
	rows, err := q.QueryContext(ctx, "SELECT first, crc FROM clock ORDER BY first")
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var first, crc int64
		if err := rows.Scan(&first, &crc); err != nil {
			return nil, nil, err
		}
		if crc != sum("clock", first) {
			damage = append(damage, Damage{Where: fmt.Sprintf("clock %d", first), What: "its checksum is wrong"})
		}
		begins = append(begins, first)
	}
	return begins, damage, rows.Err()
}

// order follows the times of batches from the oldest to the newest.
type order struct{ high int64 }

// next says whether a batch goes on from the one before.  odd are those of its records that its time does not bound.
func (o *order) next(b *batch) (goesOn bool, odd []journal.Frame) {
	if w := receivedWithin(b.records); w.until <= b.at && w.from >= b.at-int64(receivedLag) {
		goesOn = b.at >= o.high
		o.high = b.at
		return goesOn, nil
	}
	b.each(func(seq uint64, r *journal.Record) bool {
		if at := r.Received.UnixNano(); at > b.at || at < b.at-int64(receivedLag) {
			odd = append(odd, journal.Frame{Seq: seq, Record: journal.Record{Master: r.Master, Received: r.Received}})
		}
		return true
	}, func(Damage) {})
	goesOn = b.at >= o.high && len(odd) == 0
	o.high = b.at
	return goesOn, odd
}

// indexTimes makes the table clock of a database that was written when a batch had the time of its commit, and spans
// the times of commits: it is read once through.
func (j *Journal) indexTimes(ctx context.Context, tx *sql.Tx) error {
	var times order
	var begins []int64
	var odd []journal.Frame
	rows, err := tx.QueryContext(ctx, "SELECT "+batchColumns+" FROM batch ORDER BY first")
	if err != nil {
		return err
	}
	defer rows.Close()
	for begun := false; rows.Next(); {
		b, err := scanBatch(rows.Scan)
		if errors.Is(err, journal.ErrDamaged) {
			continue // it says nothing about time
		}
		if err != nil {
			return err
		}
		if !begun {
			begun = true
			j.options.Warn("migrating the journal: building the time index, which reads every frame once")
		}
		goesOn, strange := times.next(&b)
		if odd = append(odd, strange...); !goesOn {
			begins = append(begins, int64(b.first))
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, first := range begins {
		if _, err := tx.ExecContext(ctx, "INSERT INTO clock(first, crc) VALUES (?, ?)", first, sum("clock",
			first)); err != nil {
			return err
		}
	}
	for i := range odd {
		if err := widen(ctx, tx, &odd[i]); err != nil {
			return err
		}
	}
	return nil
}

// widen makes the times of the span, or of the master's row, that holds the position of a frame include when it was
// received.
func widen(ctx context.Context, tx *sql.Tx, f *journal.Frame) error {
	serial, seq, at := f.Master, int64(f.Seq), f.Received.UnixNano()
	var last, from, until, through, crc int64
	var list, state []byte
	err := tx.QueryRowContext(ctx,
		"SELECT last, from_at, until_at, positions, crc FROM span WHERE serial = ? AND last >= ? ORDER BY last LIMIT 1", serial, seq).
		Scan(&last, &from, &until, &list, &crc)
	if err == nil {
		if crc != sum(serial, last, from, until, blob(list)) {
			return nil // it is damaged, and stays so
		}
		from, until = min(from, at), max(until, at)
		_, err = tx.ExecContext(ctx,
			"UPDATE span SET from_at = ?, until_at = ?, crc = ? WHERE serial = ? AND last = ?", from, until,
			sum(serial, last, from, until, blob(list)), serial, last)
		return err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	err = tx.QueryRowContext(ctx,
		"SELECT through, from_at, until_at, pending, state, crc FROM master WHERE serial = ?", serial).Scan(&through,
		&from, &until, &list, &state, &crc)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case crc != sum(serial, through, from, until, blob(list), blob(state)) || seq > through || len(list) == 0:
		return nil
	}
	from, until = min(from, at), max(until, at)
	_, err = tx.ExecContext(ctx, "UPDATE master SET from_at = ?, until_at = ?, crc = ? WHERE serial = ?", from,
		until, sum(serial, through, from, until, blob(list), blob(state)), serial)
	return err
}
