package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"trama/journal"
)

// writer is what only the writer goroutine touches.
type writer struct {
	next                   uint64 // sequence number of the next record
	nextEvent              int64
	tape                   int64    // bytes of windows ever; see seen.go
	high                   int64    // time of the last batch; see clock.go
	changes                int64    // transactions with more than frames; a meta row counts them, so that the loss of one is noticed
	records                []byte   // of the commit being made
	received               []within // of each entry with records in hand
	hand                   journal.Queue
	dirty                  []*journal.Subject // with positions that no master's row holds
	agedFrames, agedEvents int64              // positions that the last rows of the table age say
	unswept                int                // records since the last sweep began, or as many as make one due
	rhythm                 rhythm
	pacer                  *time.Timer
	asked                  map[*journal.Subject]bool
	done                   chan<- struct{} // of the sweep: told of each state
	before                 []was           // the subjects of the entries in hand as they were before its transaction

	begin, commit, batch, clock, change *sql.Stmt // of commits
	event, master, span, trust          *sql.Stmt // of kinds
}

// Bounds of one commit.
const (
	maxCommitBytes   = 4 << 20
	maxCommitEntries = 16 << 10
	sweepRecords     = 200_000 // a sweep begins after so many records at the latest
	pageBytes        = 4096
	spanPositions    = 64 // positions that a master's row holds before they become a span
)

// was is a subject as it was.
type was struct {
	subject *journal.Subject
	pending journal.Positions
	gone    bool
}

// task is something to be done by the writer in a transaction of its own, behind the entries that came before it.
type task struct {
	do      func(ctx context.Context, c *sql.Conn) error
	outside bool // of a transaction: it writes nothing, or takes care of that itself
	relief  bool // also while the entries in hand are held back: it makes room
	reply   chan error
}

func (w *writer) prepare(ctx context.Context, c *sql.Conn) (err error) {
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&w.begin, "BEGIN IMMEDIATE"},
		{&w.commit, "COMMIT"},
		{&w.batch, "INSERT INTO batch(first, n, at, boot, crc, records) VALUES (?, ?, ?, ?, ?, ?)"},
		{&w.clock, "INSERT INTO clock(first, crc) VALUES (?, ?)"},
		{&w.event, `INSERT INTO event(id, at, kind, master, listener, boot, connection, remote, reason, detail, raw, crc)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&w.master, `INSERT INTO master(serial, through, from_at, until_at, pending, state, crc) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT(serial) DO UPDATE SET through = excluded.through, from_at = excluded.from_at, until_at = excluded.until_at,
			pending = excluded.pending, state = excluded.state, crc = excluded.crc`},
		{&w.change, setMeta},
		{&w.trust, `INSERT INTO trust(serial, through, trust, crc) VALUES (?, ?, ?, ?)
			ON CONFLICT(serial) DO UPDATE SET through = excluded.through, trust = excluded.trust, crc = excluded.crc`},
		{&w.span, "INSERT INTO span(serial, last, from_at, until_at, positions, crc) VALUES (?, ?, ?, ?, ?, ?)"},
	} {
		if *s.into, err = c.PrepareContext(ctx, s.text); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) close() {
	for _, s := range []*sql.Stmt{w.begin, w.commit, w.batch, w.clock, w.event, w.master, w.span, w.trust, w.change} {
		if s != nil {
			_ = s.Close() // the connection goes next
		}
	}
}

// Append queues e.  Its owner is told when everything up to it is on disk, or at once that the journal has failed or
// is closed.
func (j *Journal) Append(e *journal.Entry) {
	j.known(e)
	j.mu.Lock()
	err := j.failure
	if err == nil && j.closed {
		err = journal.ErrClosed
	}
	if err == nil && j.needless(e) {
		j.lostEvents++
		j.mu.Unlock()
		return
	}
	if err == nil {
		idle := j.queue.Len == 0
		j.queue.Push(e)
		if idle && !j.pacing || j.pacing && j.queue.Len == j.enough {
			j.wake.Signal()
		}
		j.mu.Unlock()
		return
	}
	j.mu.Unlock()
	if e.Owner == nil {
		return
	}
	var late journal.Queue
	late.Push(e)
	if !j.refusals.put(&late, err) { // what was committed before is told before
		j.tellOwner(e.Owner, 0, err)
	}
}

// do runs f in the writer, in a transaction, and waits for it.  An error of f ends the engine, unless there is no room
// on the disk: then nothing is changed, and the error is ErrFull.
func (j *Journal) do(ctx context.Context, f func(ctx context.Context, c *sql.Conn) error) error {
	return j.hand(ctx, &task{do: f, reply: make(chan error, 1)})
}

// relieve is do for what makes room: also while frames are held back because there is none.
func (j *Journal) relieve(ctx context.Context, f func(ctx context.Context, c *sql.Conn) error) error {
	return j.hand(ctx, &task{do: f, relief: true, reply: make(chan error, 1)})
}

// between runs f in the writer between two commits, outside of a transaction.  An error of f ends the engine.
func (j *Journal) between(ctx context.Context, f func(ctx context.Context, c *sql.Conn) error) error {
	return j.hand(ctx, &task{do: f, outside: true, reply: make(chan error, 1)})
}

// hand gives the writer a task and waits for it.
func (j *Journal) hand(ctx context.Context, t *task) error {
	j.mu.Lock()
	err := j.failure
	if err == nil && j.closed {
		err = journal.ErrClosed
	}
	if err != nil {
		j.mu.Unlock()
		return err
	}
	j.tasks = append(j.tasks, t)
	j.wake.Signal()
	j.mu.Unlock()
	select {
	case err := <-t.reply:
		return err
	case <-ctx.Done():
	}
	j.mu.Lock()
	at := slices.Index(j.tasks, t)
	if at >= 0 {
		j.tasks = slices.Delete(j.tasks, at, at+1)
	}
	j.mu.Unlock()
	if at >= 0 {
		return ctx.Err()
	}
	return <-t.reply // it is being done, with what belongs to the caller
}

// A commit costs much the same for one frame as for many, so under load the next one is not begun before pace has
// passed since the last one was, or before as many entries wait as were committed within the last window: who was
// served then has come again, and nobody else is to be waited for.  A commit of less than crowd entries is no load,
// and nobody waits.
const (
	pace   = 500 * time.Microsecond
	window = 500 * time.Microsecond
	crowd  = 4
)

// rhythm knows the last commits.
type rhythm struct {
	last [8]struct {
		begun   time.Time
		entries int
	}
	next int
}

// note a commit.
func (r *rhythm) note(begun time.Time, entries int) {
	r.last[r.next].begun, r.last[r.next].entries = begun, entries
	r.next = (r.next + 1) % len(r.last)
}

// wait says for how long the next commit is to be put off, and how many entries end the wait early.
func (r *rhythm) wait(now time.Time) (rest time.Duration, enough int) {
	before := r.last[(r.next+len(r.last)-1)%len(r.last)]
	if before.entries < crowd {
		return 0, 0
	}
	for _, c := range r.last {
		if now.Sub(c.begun) < window {
			enough += c.entries
		}
	}
	return pace - now.Sub(before.begun), max(enough, before.entries)
}

// take waits for work; false when the journal is closed and nothing is left.
func (j *Journal) take() (tasks []*task, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := &j.w
	if j.held.Load() { // the hand is full
		for !j.retry && len(j.tasks) == 0 && !j.closed {
			j.wake.Wait()
		}
		j.retry = false
		tasks, j.tasks = j.tasks, nil
		return tasks, true
	}
	if rest, enough := w.rhythm.wait(time.Now()); rest > 0 && j.queue.Len < enough && !j.closed {
		j.pacing, j.enough = true, enough
		w.pacer.Reset(rest)
		for j.pacing && !j.closed && j.queue.Len < enough {
			j.wake.Wait()
		}
		j.pacing = false
	}
	for j.queue.Len == 0 && len(j.tasks) == 0 {
		if j.closed {
			return nil, false
		}
		j.wake.Wait()
	}
	if j.queue.Len <= maxCommitEntries && j.queue.Bytes <= maxCommitBytes {
		w.hand, j.queue = j.queue, journal.Queue{}
	} else {
		for w.hand = (journal.Queue{}); j.queue.Len > 0 &&
			w.hand.Len < maxCommitEntries && w.hand.Bytes < maxCommitBytes; {
			w.hand.Push(j.queue.Pop())
		}
	}
	if j.queue.Len == 0 { // a task sees everything that was appended before it
		tasks, j.tasks = j.tasks, nil
	}
	return tasks, true
}

// run is the writer goroutine.
func (j *Journal) run() {
	defer close(j.finished)
	for {
		runtime.Gosched() // readers that are ready to run bring frames for this commit
		tasks, more := j.take()
		if !more {
			return
		}
		if err := j.guarded("writer", j.store); err != nil {
			j.fail(err, tasks)
			return
		}
		if left, err := j.perform(tasks); err != nil {
			j.fail(err, left)
			return
		}
		if j.held.Load() && j.isClosed() {
			j.abandon()
			return
		}
	}
}

// store commits the entries in hand and tells their owners.  When there is no room for them they stay in hand, as if
// nothing had been tried.
func (j *Journal) store() error {
	w := &j.w
	if w.hand.Len == 0 {
		return nil
	}
	begun := time.Now()
	w.rhythm.note(begun, w.hand.Len)
	j.counters.begun.Store(begun.UnixNano())
	defer j.counters.begun.Store(0)
	committed, changes, wrote := w.next-1, w.changes, false
	_ = j.look(false)                          // an error is told by the keeper
	err := cmp.Or(j.sound(), j.inPlace(false)) // behind the commit a log that was cut off is long again
	if err == nil {
		err = j.write()
	}
	if noRoom(err) && j.makeRoom() {
		err = j.write()
	}
	if err == nil {
		wrote = w.next-1 > committed || w.changes > changes
		err = cmp.Or(j.sound(), j.inPlace(wrote))
	}
	if noRoom(err) {
		j.hold(err)
		return nil
	}
	if err != nil {
		return err
	}
	j.letGo()
	took := time.Since(begun)
	j.counters.commit(w.hand.Len, int(w.next-1-committed), w.hand.Bytes, took)
	if told := j.options.Committed; told != nil && wrote {
		told(took)
	}
	j.committed.Store(w.next - 1)
	// what comes while acknowledgements are written goes along with the next commit
	j.tell(&w.hand, committed+1, nil)
	if w.next-1 > committed {
		j.news.tell()
	}
	return nil
}

// perform does tasks and answers them; with the error that ends the engine come those that were not answered.
func (j *Journal) perform(tasks []*task) (left []*task, err error) {
	for i, t := range tasks {
		do := func(ctx context.Context) error {
			return j.guarded("writer", func() error { return t.do(ctx, j.conn) })
		}
		switch {
		case t.outside:
			err = do(context.Background())
		case j.held.Load() && !t.relief:
			t.reply <- journal.ErrFull
			continue
		default:
			err = j.transact(do)
			if t.relief && noRoom(err) && j.makeRoom() {
				err = j.transact(do)
			}
			if noRoom(err) {
				t.reply <- fmt.Errorf("%w: %w", journal.ErrFull, err)
				continue
			}
		}
		if err != nil {
			return tasks[i:], err
		}
		t.reply <- nil
		if t.relief && j.held.Load() {
			j.again()
		}
	}
	return nil, nil
}

// transact makes a transaction of what f does, and counts it.  When there is no room everything is as before.
func (j *Journal) transact(f func(ctx context.Context) error) (err error) {
	w := &j.w
	ctx := context.Background()
	if err := j.sound(); err != nil {
		return err
	}
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err = f(ctx)
	if err == nil {
		w.changes++
		if _, err = w.change.ExecContext(ctx, "changes", w.changes, sum("changes", w.changes)); err != nil {
			err = fmt.Errorf("count the changes: %w", err)
		} else if _, err = w.commit.ExecContext(ctx); err != nil {
			err = fmt.Errorf("commit: %w", err)
		}
		if err != nil {
			w.changes--
		}
	}
	if err == nil {
		return j.setMark()
	}
	if !noRoom(err) {
		return err
	}
	return errors.Join(err, j.rollBack(ctx))
}

// sound is nil unless a write or a sync beside the writer has failed.
func (j *Journal) sound() error {
	if err := j.doomed.Load(); err != nil {
		return *err
	}
	return nil
}

// rollBack ends a transaction for which there was no room, unless SQLite has.
func (j *Journal) rollBack(ctx context.Context) error {
	_, err := j.conn.ExecContext(ctx, "ROLLBACK")
	if err == nil || strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return errNotWhole{err}
}

// errNotWhole is that a transaction may be there by half.
type errNotWhole struct{ error }

// setMark notes how far commits have come.  A mark for which there is no room stays behind, which it may.
func (j *Journal) setMark() error {
	err := j.mark.set(reached{last: j.w.next - 1, changes: uint64(j.w.changes)})
	if noRoom(err) {
		return nil
	}
	return err
}

// write makes one transaction of what is in hand.  When there is no room everything is as before.
func (j *Journal) write() error {
	w := &j.w
	ctx := context.Background()
	first, rows := w.next, 0
	records := w.records[:0]
	w.received, w.before = w.received[:0], w.before[:0]
	w.hand.All(func(e *journal.Entry) {
		if e.Count > 0 {
			records = append(records, e.Records...)
			w.received = append(w.received, receivedWithin(e.Records))
			w.next += uint64(e.Count)
		}
		rows += len(e.Rows)
		s := e.Subject
		if s == nil {
			return
		}
		w.before = append(w.before, was{s, s.Pending, s.Gone})
		// also by a resend, a registration, a command: its state is another one
		if !s.Listed && !j.covers(e) {
			s.Listed = true
			w.dirty = append(w.dirty, s)
		}
	})
	if cap(records) <= maxCommitBytes {
		w.records = records
	}
	count := int64(w.next - first)
	if count == 0 && rows == 0 {
		return nil // nothing but resends: what they wait for has been committed
	}
	nextEvent, tape, high := w.nextEvent, w.tape, w.high
	stamp, goesOn := w.stamp(j.options.Now())
	insert := func(ctx context.Context) error {
		if count == 0 {
			return j.writeRows(ctx, first)
		}
		head := [...]int64{int64(first), count, stamp, j.boot}
		crc := batchSum(head, records)
		if _, err := w.batch.ExecContext(ctx, head[0], head[1], head[2], head[3], crc, records); err != nil {
			return fmt.Errorf("write %d frames: %w", count, err)
		}
		w.high = stamp
		if !goesOn {
			if _, err := w.clock.ExecContext(ctx, head[0], sum("clock", head[0])); err != nil {
				return fmt.Errorf("note a step of the clock: %w", err)
			}
		}
		return j.writeRows(ctx, first)
	}
	var err error
	if rows == 0 && goesOn { // one statement is a transaction
		if err = insert(ctx); err == nil {
			err = j.setMark()
		}
	} else {
		err = j.transact(insert)
	}
	if noRoom(err) {
		w.next, w.nextEvent, w.tape, w.high = first, nextEvent, tape, high
		for _, b := range w.before {
			b.subject.Pending, b.subject.Gone = b.pending, b.gone
		}
	}
	if err != nil {
		return err
	}
	j.counters.logPages.Add(uint64(len(records)/pageBytes + 2 + 2*rows))
	if w.unswept += int(count); count > 0 && w.unswept >= sweepRecords { // masters have actors when they have frames
		w.unswept = 0
		select {
		case j.sweepDue <- struct{}{}:
		default: // the sweeper has been told
		}
	}
	return nil
}

// writeRows notes where the frames in hand stand, and writes the rows beside them.  One by one: the positions that go
// with a state are those of the frames before it.
func (j *Journal) writeRows(ctx context.Context, next uint64) (err error) {
	w, received := &j.w, j.w.received
	w.hand.All(func(e *journal.Entry) {
		if e.Count > 0 {
			if s := e.Subject; s != nil {
				s.Pending.Add(next, e.Count, time.Unix(0, received[0].from), time.Unix(0, received[0].until))
			}
			received = received[1:]
		}
		next += uint64(e.Count)
		at := Place{Boot: j.boot, Through: int64(next - 1), Subject: e.Subject}
		for _, row := range e.Rows {
			if err == nil {
				err = j.kinds[row.RowKind()].Write(ctx, j.conn, at, row)
			}
		}
	})
	return err
}

func (j *Journal) isClosed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// fail is the end of the engine: who waits is told, and nothing is written or synced any more.
func (j *Journal) fail(cause error, tasks []*task) {
	if errors.Is(cause, errLogGone) {
		_ = checkpoint(context.Background(), j.conn) // an error is that of the log, too
	}
	err := fmt.Errorf("%w: %w", journal.ErrFailed, cause)
	j.doomed.Store(&err)
	j.mu.Lock()
	j.failure = err
	j.mu.Unlock()
	close(j.failed)
	j.giveUp(err, tasks)
	j.news.tell()
}

// giveUp tells everybody who waits that nothing will be done.
func (j *Journal) giveUp(err error, tasks []*task) {
	j.mu.Lock()
	waiting, late := j.queue, j.tasks
	j.queue, j.tasks = journal.Queue{}, nil
	j.mu.Unlock()
	j.refusals.put(&j.w.hand, err)
	j.refusals.put(&waiting, err)
	for _, t := range append(tasks, late...) {
		t.reply <- err
	}
}
