package sqlite

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"trama/journal"
)

// A question about a span of time must not need a second connection of the pool while it holds one: as many questions as there are
// connections would wait for each other for ever, and the keeper with them.
func TestAQuestionNeedsOneConnection(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "00000001"}
	for m := range 3 {
		putFrames(t, j, s, m, 2)
	}
	for range readers - 1 {
		c, err := j.read.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, q := range []journal.Query{{Since: begin}, {Since: begin, Master: "00000001"}, {Until: time.Now().Add(time.Hour), Newest: true}} {
		page, err := j.Frames(ctx, q)
		if err != nil || len(page.Frames) != 6 {
			t.Errorf("%+v: %d frames, %v", q, len(page.Frames), err)
		}
	}
}

// damageRecords makes every record of a batch another one than was written, and leaves its head.
func damageRecords(t *testing.T, j *Journal, first uint64) {
	t.Helper()
	err := j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		var records []byte
		if err := c.QueryRowContext(ctx, "SELECT records FROM batch WHERE first = ?", int64(first)).Scan(&records); err != nil {
			return err
		}
		records[len(records)-1] ^= 1
		_, err := c.ExecContext(ctx, "UPDATE batch SET records = ? WHERE first = ?", records, int64(first))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFramesBehindADamagedBatchAreServed(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "00000001"}
	for m := range 5 {
		putFrames(t, j, s, m, 1)
	}
	damageRecords(t, j, 3)
	for _, q := range []journal.Query{{}, {Newest: true}, {Since: begin, Until: begin.Add(time.Hour)}, {Master: "00000001"}} {
		page, err := j.Frames(t.Context(), q)
		if err != nil || len(page.Frames) != 4 || len(page.Damage) != 1 {
			t.Errorf("%+v: %d frames, damage %v, %v", q, len(page.Frames), page.Damage, err)
		}
	}
}

// What an integrator said of a master is none of the master's frames, whether the index has come that far or not.
func TestAnIntegratorsFramesAreNotTheMasters(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "00000001"}
	putFrames(t, j, s, 0, 1)
	put(t, j, journal.Entry{Count: 1, Records: journal.AppendRecord(nil, &journal.Record{Received: begin, Listener: "north", Master: "00000001", Flags: journal.Integrator, Raw: []byte("ask")})})
	page, err := j.Frames(t.Context(), journal.Query{Master: "00000001"})
	if err != nil || len(page.Frames) != 1 {
		t.Errorf("%d frames, %v", len(page.Frames), err)
	}
}

// Who reads by cursor comes to the newest position also where the last frames are gone; else it would ask again at once, for ever.
func TestReadingComesToTheEndOverWhatIsGone(t *testing.T) {
	for name, spoil := range map[string]string{
		"deleted":          "DELETE FROM batch",
		"the head damaged": "UPDATE batch SET crc = crc + 1 WHERE first = (SELECT max(first) FROM batch)",
	} {
		j := open(t, Options{})
		s := &journal.Subject{Serial: "00000001"}
		putFrames(t, j, s, 0, 1)
		putFrames(t, j, s, 1, 5)
		if err := j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
			_, err := c.ExecContext(ctx, spoil)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		page, err := j.Read(t.Context(), 0, 1000)
		if err != nil || page.Next != j.Last() {
			t.Errorf("%s: next %d, the last is %d (%v)", name, page.Next, j.Last(), err)
		}
		if page, err = j.Read(t.Context(), page.Next, 1000); err != nil || page.Next != j.Last() || len(page.Frames) > 0 {
			t.Errorf("%s, again: next %d, %d frames, %v", name, page.Next, len(page.Frames), err)
		}
	}
}

// A time that no clock shows is a bound like any other.
func TestTimesFarAwayAreBounds(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "00000001"}
	for m := range 3 {
		putFrames(t, j, s, m, 2)
		put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin, Kind: journal.EventOnline}}})
	}
	past, future := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		since, until time.Time
		frames       int
	}{{past, future, 6}, {past, time.Time{}, 6}, {time.Time{}, future, 6}, {future, time.Time{}, 0}, {time.Time{}, past, 0}} {
		for _, newest := range []bool{false, true} {
			for _, master := range []string{"", "00000001"} {
				page, err := j.Frames(t.Context(), journal.Query{Since: c.since, Until: c.until, Newest: newest, Master: master})
				if err != nil || len(page.Frames) != c.frames {
					t.Errorf("%v, newest %v, master %q: %d frames, %v", c, newest, master, len(page.Frames), err)
				}
			}
			events, _, err := j.Events(t.Context(), journal.EventQuery{Since: c.since, Until: c.until, Newest: newest})
			if err != nil || len(events) != c.frames/2 {
				t.Errorf("%v, newest %v: %d events, %v", c, newest, len(events), err)
			}
		}
	}
}
