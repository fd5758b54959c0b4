package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/faultfs"
)

// later is put without waiting.
func later(j *Journal, s *journal.Subject, m int, rows ...journal.Row) *waiter {
	w := &waiter{done: make(chan struct{})}
	w.entry = journal.Entry{Records: frames(s.Serial, m, 3), Count: 3, Subject: s, Owner: w, Rows: rows}
	j.Append(&w.entry)
	return w
}

// crammed is a journal on a disk that has no room for another byte, which holds back the first of frames of two masters.
func crammed(t *testing.T) (d *faultfs.Disk, j *Journal, waiting []*waiter) {
	t.Helper()
	d = faultfs.New(1)
	j, err := on(t, d)
	if err != nil {
		t.Fatal(err)
	}
	a, b := &journal.Subject{Serial: "1"}, &journal.Subject{Serial: "2"}
	for m := range spanPositions {
		putFrames(t, j, a, m, 3)
	}
	d.Limit(1)
	for m := range 5 {
		waiting = append(waiting, later(j, a, 100+m, journal.State(fmt.Sprint("state ", m)), journal.Window("seen"), journal.Trust("trust")), later(j, b, 100+m))
	}
	await(t, j.held.Load)
	return d, j, waiting
}

// await waits until a condition holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// Frames for which there is no room wait, unacknowledged, for as long as there is none, and are then on disk where they belong.
func TestFramesWaitForRoom(t *testing.T) {
	d, j, waiting := crammed(t)
	if err := j.Accepting(); !errors.Is(err, journal.ErrFull) {
		t.Error("accepting:", err)
	}
	for range 3 { // it is tried again in vain
		tries := d.Calls(faultfs.Write)
		j.again()
		await(t, func() bool { return d.Calls(faultfs.Write) > tries })
	}
	for i, w := range waiting {
		select {
		case <-w.done:
			t.Fatalf("entry %d is told %d, %v", i, w.first, w.err)
		default:
		}
	}
	if err := j.MoveCursor(t.Context(), "north", 3, false); !errors.Is(err, journal.ErrFull) {
		t.Error("a cursor:", err)
	}
	if err := j.Sweep(t.Context()); !errors.Is(err, journal.ErrFull) {
		t.Error("a sweep:", err)
	}
	if _, err := j.Read(t.Context(), 0, 10); err != nil {
		t.Error("a read:", err)
	}
	if err := j.moveLog(); err != nil || !j.stuck.Load() {
		t.Errorf("a checkpoint: %v, stuck %v", err, j.stuck.Load())
	}
	for range heldEvents + 10 {
		journal.AppendEvent(j, journal.Event{Kind: journal.EventRejected})
	}
	if waiting := j.Brief().Waiting; waiting > heldEvents {
		t.Errorf("%d entries wait", waiting)
	}
	d.Limit(0)
	j.again()
	for i, w := range waiting {
		if <-w.done; w.err != nil || w.first != uint64(3*spanPositions+3*i+1) {
			t.Errorf("entry %d is at %d, %v", i, w.first, w.err)
		}
	}
	if err := j.MoveCursor(t.Context(), "north", 3, false); err != nil {
		t.Error("a cursor then:", err)
	}
	if err := errors.Join(j.Sweep(t.Context()), j.moveLog(), j.Accepting()); err != nil || j.stuck.Load() {
		t.Error("then:", err)
	}
	for serial, n := range map[string]int{"1": 3*spanPositions + 15, "2": 15} {
		if page, err := j.Frames(t.Context(), journal.Query{Master: serial, Limit: 1000}); err != nil || len(page.Frames) != n || len(page.Damage) > 0 {
			t.Errorf("history of %s: %d frames, want %d; %v, %v", serial, len(page.Frames), n, page.Damage, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := verify(t.Context(), Options{Path: "j.db", VFS: d.VFS(), OpenMark: marks(d)}); err != nil || len(r.Damage) > 0 || r.Events == 0 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// Retention makes room for what waits.
func TestRetentionWorksWhileFramesWaitForRoom(t *testing.T) {
	d, j, waiting := crammed(t)
	if err := j.moveLog(); err != nil {
		t.Fatal(err)
	}
	d.Limit(len(d.Image()["j.db"]) + len(d.Image()["j.db-wal"]) + 64*pageBytes)
	j.options.FramesUpTo = 1
	if err := j.retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, w := range waiting {
		if <-w.done; w.err != nil {
			t.Error(w.err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// The end of the journal, or its death, while frames wait for room loses none that was acknowledged; the next start waits for room, too.
func TestFramesThatWaitForRoomAreGivenUpAtTheEnd(t *testing.T) {
	for _, kill := range []bool{false, true} {
		d, j, waiting := crammed(t)
		var after *faultfs.Disk
		if kill {
			after = d.Crash(50)
			_ = j.Close()
			_ = j.release()
		} else if err := j.Close(); err != nil {
			t.Error(err)
		}
		for _, w := range waiting {
			if <-w.done; w.err == nil {
				t.Errorf("killed %v: acknowledged at %d", kill, w.first)
			}
		}
		if after == nil {
			after = d
		} else if err := d.Close(); err != nil {
			t.Error(err)
		}
		after.Limit(1)
		if j, err := on(t, after); !errors.Is(err, journal.ErrFull) {
			t.Errorf("killed %v: a start without room: %v", kill, err)
			if err == nil {
				_ = j.Close()
			}
		}
		after.Limit(0)
		j, err := on(t, after)
		if err != nil {
			t.Fatal(err)
		}
		if j.Last() != 3*spanPositions || len(j.FoundDamaged()) > 0 {
			t.Errorf("killed %v: %d frames, damage %v", kill, j.Last(), j.FoundDamaged())
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if err := after.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The log grows while somebody reads, shrinks when it begins anew, and is not taken for cut off then.
func TestTheLogShrinks(t *testing.T) {
	j := open(t, Options{Disk: func() (Disk, error) { return Disk{Size: 64 << 20, Free: 60 << 20}, nil }})
	reader, err := j.read.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), "SELECT count(*) FROM batch").Scan(&n); err != nil {
		t.Fatal(err)
	}
	s, size := &journal.Subject{Serial: "1"}, func() int64 { return sizeOf(j.options.Path + "-wal") }
	for m := 0; size() < 3*logUpTo(64<<20); m++ {
		put(t, j, journal.Entry{Records: frames("1", m, 500), Count: 500, Subject: s})
	}
	if err := errors.Join(reader.Rollback(), j.moveLog()); err != nil {
		t.Fatal(err)
	}
	for m := range 3 {
		putFrames(t, j, s, 1000+m, 1)
	}
	if size() > logUpTo(64<<20) {
		t.Errorf("the log has %d bytes", size())
	}
	if err := j.Err(); err != nil {
		t.Error(err)
	}
}

// A transaction that began the log anew and then had no room leaves it long: the next commit shortens it, and nobody has cut it off.
func TestALogThatIsShortenedBehindAFailureIsWhole(t *testing.T) {
	j := open(t, Options{Disk: func() (Disk, error) { return Disk{Size: 64 << 20, Free: 60 << 20}, nil }})
	s := &journal.Subject{Serial: "1"}
	putFrames(t, j, s, 1, 1)
	if err := j.moveLog(); err != nil { // the next write begins it anew
		t.Fatal(err)
	}
	size := func() int64 { return sizeOf(j.options.Path + "-wal") }
	err := j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		for _, text := range []string{"CREATE TABLE large(x)", "INSERT INTO large VALUES (randomblob(20 << 20))"} {
			if _, err := c.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return syscall.ENOSPC
	})
	if !errors.Is(err, journal.ErrFull) || size() < 2*logUpTo(64<<20) {
		t.Fatalf("%v; the log has %d bytes", err, size())
	}
	j.watch(t.Context())
	putFrames(t, j, s, 2, 1)
	if err := j.Err(); err != nil || size() > logUpTo(64<<20) {
		t.Errorf("%v; the log has %d bytes", err, size())
	}
}
