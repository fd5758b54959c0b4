package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"

	"trama/journal"
)

// Damage is a row that is not what was written.
type Damage = journal.Damage

// batch is one row of the table.
type batch struct {
	first   uint64
	n       int
	at      int64
	boot    int64
	records []byte
}

// maxPosition is more than there will ever be: what a damaged row says beyond it is not believed.
const maxPosition = 1 << 48

const batchColumns = "first, n, at, boot, crc, records"

// batchSum is the checksum of a batch's row; that of the records is made of their own checksums, which are verified
// with them.
func batchSum(head [4]int64, records []byte) int64 {
	return sum(head[0], head[1], head[2], head[3], int64(len(records)))
}

// scanBatch reads a row; the error is ErrDamaged when its head is not what was written.
func scanBatch(scan func(...any) error) (b batch, err error) {
	var first, n, crc int64
	if err := scan(&first, &n, &b.at, &b.boot, &crc, &b.records); err != nil {
		return b, err
	}
	b.first, b.n = uint64(first), int(n)
	if crc != batchSum([4]int64{first, n, b.at, b.boot}, b.records) || n < 1 || n > int64(len(b.records)) {
		return b, fmt.Errorf("%w: the row's checksum is wrong", journal.ErrDamaged)
	}
	return b, nil
}

// each visits the records of b that are what was written, and tells of the others.
func (b *batch) each(visit func(seq uint64, r *journal.Record) bool, bad func(Damage)) {
	rest, at := b.records, 0
	for i := range b.n {
		var r journal.Record
		size, err := journal.ReadRecord(rest, &r)
		seq := b.first + uint64(i)
		if err != nil {
			bad(Damage{Where: fmt.Sprintf("frame %d (batch %d, byte %d)", seq, b.first, at), What: err.Error()})
			if size == 0 { // where the next one begins cannot be known
				if more := b.n - i - 1; more > 0 {
					bad(Damage{Where: fmt.Sprintf("frames %d to %d (batch %d)", seq+1, b.first+uint64(b.n)-1,
						b.first), What: "unreadable behind the damage"})
				}
				return
			}
		} else if !visit(seq, &r) {
			return
		}
		rest, at = rest[size:], at+size
	}
	if len(rest) > 0 {
		bad(Damage{Where: fmt.Sprintf("batch %d, byte %d", b.first, at),
			What: fmt.Sprintf("%d bytes behind its last record", len(rest))})
	}
}

// Read returns up to limit committed frames behind position after, in order.  Whole batches are read, so there may be
// a few more.
func (j *Journal) Read(ctx context.Context, after uint64, limit int) (journal.Page, error) {
	page := journal.Page{Next: after}
	// due is the next position; read before the rows, which may go meanwhile
	known, due := j.committed.Load(), max(after+1, j.oldest.Load())
	gaps := j.epochs.Frames()
	bad := func(d Damage) { page.Damage = append(page.Damage, d) }
	rows, err := j.read.QueryContext(ctx,
		"SELECT "+batchColumns+" FROM batch WHERE first >= ifnull((SELECT max(first) FROM batch WHERE first <= ?), 0) ORDER BY first", int64(after+1))
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for len(page.Frames) < limit && rows.Next() {
		b, err := scanBatch(rows.Scan)
		if errors.Is(err, journal.ErrDamaged) {
			bad(Damage{Where: fmt.Sprintf("batch %d", b.first), What: err.Error()})
			if b.first <= known { // its position may be what is damaged
				page.Next = max(page.Next, b.first)
				due = max(due, b.first+1)
			}
			continue
		}
		if err != nil {
			return page, err
		}
		last := b.first + uint64(b.n) - 1
		if last <= after {
			continue
		}
		if due = gaps.Skip(max(due, j.oldest.Load())); b.first > due {
			bad(Damage{Where: fmt.Sprintf("frames %d to %d", due, b.first-1), What: "missing"})
		}
		due = last + 1
		b.each(func(seq uint64, r *journal.Record) bool {
			if seq > after {
				page.Frames = append(page.Frames, journal.Frame{Seq: seq, Boot: b.boot, Record: *r})
			}
			return true
		}, bad)
		page.Next = last
	}
	due = gaps.Skip(max(due, j.oldest.Load()))
	page.Next = gaps.Skip(page.Next+1) - 1
	if err := rows.Err(); err != nil || len(page.Frames) >= limit || known < due {
		return page, err
	}
	bad(Damage{Where: fmt.Sprintf("frames %d to %d", due, known), What: "missing"})
	page.Next = max(page.Next, known)
	return page, nil
}

// newest looks at the last rows: the last sequence number, when the last row was committed (0: there is none;
// math.MaxInt64: it is damaged), and what is wrong with them.
func newest(ctx context.Context, q querier) (last uint64, at int64, damage []Damage, err error) {
	rows, err := q.QueryContext(ctx, "SELECT "+batchColumns+" FROM batch ORDER BY first DESC LIMIT 64")
	if err != nil {
		return 0, 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		b, err := scanBatch(rows.Scan)
		if errors.Is(err, journal.ErrDamaged) {
			damage = append(damage, Damage{Where: fmt.Sprintf("batch %d", b.first), What: err.Error()})
			if b.first < maxPosition {
				last = max(last, b.first) // nothing can be written there
			}
			if at == 0 {
				at = math.MaxInt64
			}
			continue
		}
		if err != nil {
			return 0, 0, damage, err
		}
		b.each(func(uint64, *journal.Record) bool { return true }, func(d Damage) { damage = append(damage, d) })
		last = max(last, b.first+uint64(b.n)-1)
		if at == 0 {
			at = b.at
		}
	}
	return last, at, damage, rows.Err()
}
