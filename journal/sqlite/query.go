package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/journal"
)

// Frames returns what q asks for, oldest first unless it says otherwise.
func (j *Journal) Frames(ctx context.Context, q journal.Query) (journal.Page, error) {
	if q.Limit <= 0 {
		q.Limit = journal.DefaultLimit
	}
	q.Since, q.Until = storable(q.Since), storable(q.Until)
	tx, err := j.read.BeginTx(ctx, nil) // one state of the database for all that follows
	if err != nil {
		return journal.Page{Next: q.After}, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	s := &search{j: j, q: q, tx: tx, page: journal.Page{Next: q.After}}
	if q.Master == "" {
		err = s.all(ctx)
	} else {
		err = s.master(ctx, j.swept.Load())
	}
	return s.page, err
}

// storable is the time nearest to t that a column of nanoseconds can hold with room to count on; zero stays zero.
func storable(t time.Time) time.Time {
	first, last := time.Unix(0, 1), time.Unix(0, 1<<62) // 1970 to 2116
	switch {
	case t.IsZero():
		return t
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t
}

// search is one Query being answered.
type search struct {
	j    *Journal
	q    journal.Query
	tx   *sql.Tx
	page journal.Page
	b    batch // read last
}

// bad notes damage, once where a batch is looked at twice.
func (s *search) bad(d Damage) {
	if !slices.Contains(s.page.Damage, d) {
		s.page.Damage = append(s.page.Damage, d)
	}
}

// wanted says whether a record is asked for.
func (s *search) wanted(r *journal.Record) bool {
	q := &s.q
	return (q.Master == "" ||
		r.Master == q.Master) &&
		(q.Since.IsZero() || !r.Received.Before(q.Since)) && (q.Until.IsZero() || r.Received.Before(q.Until))
}

// take adds a record; false when there are enough.
func (s *search) take(seq uint64, r *journal.Record) bool {
	s.page.Frames = append(s.page.Frames, journal.Frame{Seq: seq, Boot: s.b.boot, Record: *r})
	s.page.Next = seq
	return len(s.page.Frames) < s.q.Limit
}

const findBatch = "SELECT " + batchColumns + " FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1"

// load makes s.b the batch that holds a position; false when there is none, or when it is damaged, which is noted.
func (s *search) load(ctx context.Context, seq uint64) (bool, error) {
	if s.b.n > 0 && seq >= s.b.first && seq < s.b.first+uint64(s.b.n) {
		return true, nil
	}
	b, err := scanBatch(s.tx.QueryRowContext(ctx, findBatch, int64(seq)).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case errors.Is(err, journal.ErrDamaged):
		s.bad(Damage{Where: fmt.Sprintf("batch %d", b.first), What: err.Error()})
		return false, nil
	case err != nil:
		return false, err
	}
	s.b = b
	return seq < b.first+uint64(b.n), nil
}

// master answers by the positions of one master: those of its spans, a few spans at a time, then those of its row and
// of what came since; newest first in the other order.
func (s *search) master(ctx context.Context, swept uint64) error {
	recent := func() (bool, error) {
		positions, err := s.recent(ctx, swept)
		if err != nil {
			return false, err
		}
		return s.visit(ctx, positions)
	}
	if s.q.Newest {
		if more, err := recent(); err != nil || !more {
			return err
		}
		_, err := s.spans(ctx)
		return err
	}
	if more, err := s.spans(ctx); err != nil || !more {
		return err
	}
	_, err := recent()
	return err
}

// visit takes the records at ascending positions, in the order that is asked for; false when there are enough.
func (s *search) visit(ctx context.Context, positions []uint64) (more bool, err error) {
	q := &s.q
	positions = slices.DeleteFunc(positions,
		func(seq uint64) bool { return q.Newest && q.After > 0 && seq >= q.After || !q.Newest && seq <= q.After })
	if q.Newest {
		slices.Reverse(positions)
	}
	for len(positions) > 0 {
		there, err := s.load(ctx, positions[0])
		if err != nil {
			return false, err
		}
		if !there { // retention has been here, or damage
			if seq := positions[0]; seq >= s.j.oldest.Load() && len(s.page.Damage) == 0 {
				s.bad(Damage{Where: fmt.Sprintf("frame %d", seq), What: "missing"})
			}
			positions = positions[1:]
			continue
		}
		n := 1
		for n < len(positions) && positions[n] >= s.b.first && positions[n] < s.b.first+uint64(s.b.n) {
			n++
		}
		if !s.fromBatch(positions[:n]) {
			return false, nil
		}
		positions = positions[n:]
	}
	return true, nil
}

// fromBatch takes the given positions of s.b; false when there are enough.
func (s *search) fromBatch(positions []uint64) bool {
	ascending := slices.Clone(positions)
	if s.q.Newest {
		slices.Reverse(ascending)
	}
	var found []journal.Frame
	next := 0
	s.b.each(func(seq uint64, r *journal.Record) bool {
		for next < len(ascending) && ascending[next] < seq { // a damaged record
			next++
		}
		if next < len(ascending) && ascending[next] == seq {
			next++
			if s.wanted(r) {
				found = append(found, journal.Frame{Seq: seq, Record: *r})
			}
		}
		return next < len(ascending)
	}, s.bad)
	if s.q.Newest {
		slices.Reverse(found)
	}
	for i := range found {
		if !s.take(found[i].Seq, &found[i].Record) {
			return false
		}
	}
	return true
}

// spansAtOnce is how many spans are read before their frames are.
const spansAtOnce = 64

// spans visits the spans of one master that may hold what is asked for; false when there are enough frames.
func (s *search) spans(ctx context.Context) (more bool, err error) {
	q := &s.q
	since, until := int64(0), int64(1)<<62
	if !q.Since.IsZero() {
		since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		until = q.Until.Add(receivedLag).UnixNano() // spans of an older make have the times of commits
	}
	bound, text := int64(q.After), "last > ? AND until_at >= ? AND from_at <= ? ORDER BY last"
	if q.Newest {
		text = "last < ? AND until_at >= ? AND from_at <= ? ORDER BY last DESC"
		bound = 1 << 62
		if q.After > 0 { // the span that the position lies in ends behind it
			if err := s.tx.QueryRowContext(ctx,
				"SELECT ifnull(min(last), ?) + 1 FROM span WHERE serial = ? AND last >= ?", bound-1, q.Master,
				int64(q.After)).Scan(&bound); err != nil {
				return false, err
			}
		}
	}
	for {
		positions, n, next, err := s.somePositions(ctx, text, bound, since, until)
		if err != nil {
			return false, err
		}
		if more, err := s.visit(ctx, positions); err != nil || !more {
			return false, err
		}
		if n < spansAtOnce {
			return true, nil
		}
		bound = next
	}
}

// somePositions reads up to spansAtOnce spans: their positions, ascending, how many spans they were, and where the
// next ones begin.
func (s *search) somePositions(ctx context.Context, text string, bound, since, until int64) (positions []uint64,
	n int, next int64, err error) {
	rows, err := s.tx.QueryContext(ctx,
		"SELECT last, from_at, until_at, positions, crc FROM span WHERE serial = ? AND "+text+" LIMIT ?", s.q.Master,
		bound, since, until, spansAtOnce)
	if err != nil {
		return nil, 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var last, from, to, crc int64
		var list []byte
		if err := rows.Scan(&last, &from, &to, &list, &crc); err != nil {
			return nil, 0, 0, err
		}
		n, next = n+1, last
		span, err := journal.ReadPositions(list)
		if err != nil || crc != sum(s.q.Master, last, from, to, blob(list)) {
			s.bad(Damage{Where: fmt.Sprintf("span %s up to %d", s.q.Master, last),
				What: "its checksum is wrong: frames of this master may be missing here"})
			continue
		}
		positions = append(positions, span...)
	}
	slices.Sort(positions)
	return positions, n, next, rows.Err()
}

// recent are the positions that no span holds yet: those of the master's row, and of what came since.
func (s *search) recent(ctx context.Context, swept uint64) ([]uint64, error) {
	var all []uint64
	var through, from, to, crc int64
	var pending, state []byte
	err := s.tx.QueryRowContext(ctx,
		"SELECT through, from_at, until_at, pending, state, crc FROM master WHERE serial = ?",
		s.q.Master).Scan(&through, &from, &to, &pending, &state, &crc)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, err
	case crc != sum(s.q.Master, through, from, to, blob(pending), blob(state)):
		s.bad(Damage{Where: "state of " + s.q.Master, What: "its checksum is wrong"})
		swept, through = 0, 0 // what it covered is looked for in the rows
	default:
		list, err := journal.ReadPositions(pending)
		if err != nil {
			return nil, err
		}
		all = list
	}
	var spanned int64 // when the row is damaged or gone, spans reach farther than it says
	if err := s.tx.QueryRowContext(ctx, "SELECT ifnull(max(last), 0) FROM span WHERE serial = ?",
		s.q.Master).Scan(&spanned); err != nil {
		return nil, err
	}
	tail, err := s.tail(ctx, max(swept, uint64(through), uint64(max(spanned, 0))))
	return append(all, tail...), err
}

// tail looks for a master's records behind what the index covers.
func (s *search) tail(ctx context.Context, after uint64) (positions []uint64, err error) {
	rows, err := s.tx.QueryContext(ctx,
		"SELECT "+batchColumns+" FROM batch WHERE first >= ifnull((SELECT max(first) FROM batch WHERE first <= ?), 0) ORDER BY first", int64(after+1))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		b, err := scanBatch(rows.Scan)
		if errors.Is(err, journal.ErrDamaged) {
			s.bad(Damage{Where: fmt.Sprintf("batch %d", b.first), What: err.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		b.each(func(seq uint64, r *journal.Record) bool {
			if seq > after && r.Master == s.q.Master && r.Flags&journal.Integrator == 0 {
				positions = append(positions, seq)
			}
			return true
		}, s.bad) // whose it was cannot be known
	}
	return positions, rows.Err()
}

// all answers for every master, batch by batch.
func (s *search) all(ctx context.Context) error {
	q := &s.q
	stretches, err := s.stretches(ctx)
	if err != nil {
		return err
	}
	lo, hi, order := int64(0), int64(1)<<62, "ASC"
	if q.Newest {
		slices.Reverse(stretches)
		order = "DESC"
		if q.After > 0 {
			hi = int64(q.After) - 1
		}
	} else if err := s.tx.QueryRowContext(ctx, "SELECT ifnull(max(first), 0) FROM batch WHERE first <= ?",
		int64(q.After+1)).Scan(&lo); err != nil {
		return err
	}
	for _, r := range stretches {
		r.lo, r.hi = max(r.lo, lo), min(r.hi, hi)
		if r.lo > r.hi {
			continue
		}
		if more, err := s.stretch(ctx, r, order); err != nil || !more {
			return err
		}
	}
	return nil
}

// stretch takes what is wanted of some batches; false when there are enough frames.
func (s *search) stretch(ctx context.Context, r stretch, order string) (more bool, err error) {
	q := &s.q
	rows, err := s.tx.QueryContext(ctx,
		"SELECT "+batchColumns+" FROM batch WHERE first BETWEEN ? AND ? ORDER BY first "+order, r.lo, r.hi)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		b, err := scanBatch(rows.Scan)
		if errors.Is(err, journal.ErrDamaged) {
			s.bad(Damage{Where: fmt.Sprintf("batch %d", b.first), What: err.Error()})
			continue
		}
		if err != nil {
			return false, err
		}
		s.b = b
		var found []journal.Frame
		b.each(func(seq uint64, r *journal.Record) bool {
			if s.wanted(r) && (q.Newest && (q.After == 0 || seq < q.After) || !q.Newest && seq > q.After) {
				found = append(found, journal.Frame{Seq: seq, Record: *r})
			}
			return true
		}, s.bad)
		if q.Newest {
			slices.Reverse(found)
		}
		for i := range found {
			if !s.take(found[i].Seq, &found[i].Record) {
				return false, nil
			}
		}
	}
	return true, rows.Err()
}
