package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
	"trama/journal"
)

// minuteOfFrames is the time of all frames but its seconds: a plot, or buckets, of the last hour have them on any day.
var minuteOfFrames = time.Now().Add(-2 * time.Minute).Format("200601021504")

// frameOf is an extended m frame of the given second, whose value grows with the number.
func frameOf(serial, number, second int) string {
	return fmt.Sprintf("00250100000000%08d0102036d00%s%02d%08d0041ac%04x", serial, minuteOfFrames, second, number, number)
}

// ask sends frames and wants each acknowledged.
func (c *peer) ask(serial int, numbers ...int) {
	c.t.Helper()
	for _, n := range numbers {
		c.send(fromHex(c.t, frameOf(serial, n, n%60)))
	}
	for _, n := range numbers {
		if got := masked(c.receive(27)); got != receipt(serial, n) {
			c.t.Fatalf("number %d: got %s", n, got)
		}
	}
}

func (p *program) totals() (t actors.Totals) {
	p.t.Helper()
	p.get("/api/v1/totals", &t)
	return t
}

// get asks the endpoint for JSON.
func (p *program) get(path string, into any) int {
	p.t.Helper()
	return p.request(http.MethodGet, path, "", into)
}

func (p *program) request(method, path, body string, into any) int {
	p.t.Helper()
	r, err := http.NewRequest(method, p.addresses.Admin+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := os.ReadFile(p.file("data/admin.token"))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			p.t.Fatalf("%s: %v in %s", path, err, text)
		}
	}
	return w.StatusCode
}

func TestAResendIsOneRecordOverReconnectsAndRestarts(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir, twoPorts)
	for range 3 {
		p.dial("field").ask(12345678, 1, 2)
	}
	if s := p.totals(); s.Frames != 6 || s.Stored != 2 || s.Duplicates != 4 || s.Acknowledged != 6 {
		t.Errorf("totals %+v", s)
	}
	if code := p.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.log)
	}
	for round := range 2 { // the second start reads states, the first one too: the stop was in order
		p = serveIn(t, dir, twoPorts)
		p.dial("field").ask(12345678, 1, 2, 10+round)
		if s := p.totals(); s.Stored != 1 || s.Duplicates != 2 {
			t.Errorf("restart %d: totals %+v", round, s)
		}
		p.end()
	}
	p = serveIn(t, dir, twoPorts)
	var out admin.Frames
	p.get("/api/v1/masters/12345678/frames", &out)
	if len(out.Frames) != 4 {
		t.Errorf("%d frames in the journal, want 4: %+v", len(out.Frames), out.Frames)
	}
}

// A master that has gathered frames sends them in one go, and loses its connection before it sees an acknowledgement.
func TestABurstWithoutAcknowledgementsIsRecordedOnce(t *testing.T) {
	const frames = 300 // more than are remembered of a master that sends them one by one
	var burst strings.Builder
	for n := range frames {
		burst.WriteString(frameOf(12345678, n+1, 0))
	}
	dir := t.TempDir()
	p := serveIn(t, dir, twoPorts)
	for round := range 4 {
		c := p.dial("field")
		c.send(fromHex(t, burst.String()))
		c.receive(27 * frames)
		if round > 0 {
			p.end()
			p = serveIn(t, dir, twoPorts)
		}
	}
	var out admin.Frames
	p.get("/api/v1/masters/12345678/frames?limit=1000", &out)
	if len(out.Frames) != frames {
		t.Errorf("%d frames in the journal, want %d", len(out.Frames), frames)
	}
}

// A logger that has lost its connection sends everything again that it has: each frame is acknowledged again, and is one record, on another
// connection, behind a kill, and behind a stop in order.
func TestTenThousandFramesThatComeAgainAreRecordedOnce(t *testing.T) {
	const frames = 10_000
	var all strings.Builder
	for n := range frames {
		all.WriteString(frameOf(12345678, n+1, 0))
	}
	raw := fromHex(t, all.String())
	replay := func(address string) {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		sent := make(chan error, 1)
		go func() {
			_, err := conn.Write(raw)
			sent <- err
		}()
		(&peer{t, conn}).receive(27 * frames)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	killed := startProcessIn(t, dir)
	replay(killed.addresses.Listeners["field"])
	killed.signal(os.Kill)
	_ = killed.cmd.Wait() // it was killed
	ended := startProcessIn(t, dir)
	replay(ended.addresses.Listeners["field"])
	ended.signal(syscall.SIGTERM)
	if code := ended.wait(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, ended.log)
	}
	p := serveIn(t, dir, twoPorts)
	for range 2 {
		replay(p.addresses.Listeners["field"])
	}
	if s := p.totals(); s.Stored != 0 || s.Duplicates != 2*frames {
		t.Errorf("totals %+v", s)
	}
	var out admin.Frames
	p.get("/api/v1/masters/12345678/frames?limit=20000", &out)
	if len(out.Frames) != frames {
		t.Errorf("%d frames in the journal, want %d", len(out.Frames), frames)
	}
}

// A machine that loses its counter, on the connection that its modem keeps or on another one, with its clock right or dead: what it says is recorded,
// acknowledged and marked, and told once.  What it said before is still known.
func TestAMasterThatBeginsItsNumbersAnewIsRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		other bool
		clock int // second of the minute, in the frames behind the restart
	}{"same connection, later clock": {false, 30}, "same connection, same clock": {false, 5}, "other connection, earlier clock": {true, 1}, "other connection, later clock": {true, 30}} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, twoPorts)
			d := p.dial("field")
			numbers := func(frames string, want ...int) {
				t.Helper()
				d.send(fromHex(t, frames))
				for _, n := range want {
					if got := masked(d.receive(27)); got != receipt(12345678, n) {
						t.Fatalf("got %s, want the acknowledgement of %d", got, n)
					}
				}
			}
			before := frameOf(12345678, 1, 5+10) + frameOf(12345678, 2, 6+10) + frameOf(12345678, 3, 7+10)
			numbers(before, 1, 2, 3)
			if c.other {
				d = p.dial("field")
			}
			anew := frameOf(12345678, 1, c.clock) + frameOf(12345678, 2, c.clock+1) + frameOf(12345678, 3, c.clock+2) + frameOf(12345678, 4, c.clock+3)
			numbers(anew, 1, 2, 3, 4)
			numbers(before+anew, 1, 2, 3, 1, 2, 3, 4) // resends of both lives
			if s := p.totals(); s.Stored != 7 || s.Duplicates != 7 || len(s.Rejected) > 0 || s.Alarms["counter restarted"] != 1 {
				t.Errorf("totals %+v", s)
			}
			p.cli("masters", "12345678").want(t, 0, "7, acknowledged again and not stored again", `trama events 12345678 --kind "counter restarted"`)
			var events struct {
				Events []struct{ Master, Detail string }
			}
			p.get("/api/v1/events?kind="+url.QueryEscape("counter restarted"), &events)
			if len(events.Events) != 1 || events.Events[0].Master != "12345678" || !strings.Contains(events.Events[0].Detail, "transaction number 1 was used before") {
				t.Errorf("events %+v", events)
			}
			var out struct {
				Frames []struct {
					Restarted bool `json:"numbers_restarted"`
				}
			}
			p.get("/api/v1/masters/12345678/frames", &out)
			for i, f := range out.Frames {
				if f.Restarted != (i >= 3 && i < 6) {
					t.Errorf("frame %d is marked: %v", i, f.Restarted)
				}
			}
			// again: told again
			numbers(frameOf(12345678, 1, c.clock+20), 1)
			if s := p.totals(); s.Stored != 8 || s.Alarms["counter restarted"] != 2 {
				t.Errorf("totals %+v", s)
			}
		})
	}
}

func TestMastersValuesAndCountersSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir, twoPorts)
	p.dial("field").ask(12345678, 1, 2, 3)
	p.dial("field").ask(22345678, 1)
	before := p.masters()
	p.end()
	p = serveIn(t, dir, twoPorts)
	after := p.masters()
	for serial, want := range before {
		got := after[serial]
		if got.State != "offline" || got.Frames != want.Frames || got.Bytes != want.Bytes || got.Connects != want.Connects || !got.FirstSeen.Equal(want.FirstSeen) ||
			!got.LastSeen.Equal(want.LastSeen) || fmt.Sprint(got.Points) != fmt.Sprint(want.Points) || len(got.Points) != 2 || got.Profile != "extended" {
			t.Errorf("%s\nbefore %+v\nafter  %+v", serial, want, got)
		}
	}
	if len(after) != 2 {
		t.Errorf("%d masters", len(after))
	}
}

func TestHistoryIsShownAndExported(t *testing.T) {
	p := serve(t, twoPorts)
	p.dial("field").ask(12345678, 1, 2, 3, 4, 5)
	p.cli("history", "12345678").want(t, exitDone, "measurement  MS/2/3   21.50001  ", "measurement  AL/2/3          0  -     good")
	p.cli("history", "12345678", "--frames").want(t, exitDone, "measurement", "AL/2/3=0 MS/2/3=21.5", frameOf(12345678, 5, 5))
	p.cli("history", "12345678", "--limit", "2", "--format", "csv").want(t, exitDone, "position,index,received", frameOf(12345678, 4, 4), frameOf(12345678, 5, 5))
	if r := p.cli("history", "12345678", "--limit", "2", "--json"); strings.Contains(r.stdout, frameOf(12345678, 3, 3)) {
		t.Errorf("more than the two newest: %s", r.stdout)
	}
	p.cli("history", "12345678", "--point", "MS/2/3", "--format", "plot").want(t, exitDone, "5 values", "┤")
	p.cli("history", "12345678", "--point", "MS").want(t, exitFailed, `master 12345678 has no point "MS", known are AL/2/3, MS/2/3; did you mean "MS/2/3"?`)
	month := p.cli("history", "12345678", "--point", "MS/2/3", "--format", "plot", "--since", "30d")
	month.want(t, exitDone, "5 values", time.Now().Format("2006-01-02"))
	if then := time.Now().AddDate(0, 0, -30).Format("2006-01-02"); strings.Contains(month.stdout, then) {
		t.Errorf("the axis begins long before there is data: %s", month.stdout)
	}
	p.cli("history", "12345678", "--field", "MS/2/3", "--bucket", "1h").want(t, exitDone, "COUNT", "5")
	p.cli("history", "12345678", "--since", "yesterday").want(t, exitUsage, `--since: found "yesterday", expected how long ago`)
	p.cli("history", "12345678", "--format", "plot").want(t, exitUsage, "--format plot needs --point")
	p.cli("history", "99999999").want(t, exitFailed, `unknown master: "99999999"`)
	p.cli("history", "12345678", "--since", "2020-01-01", "--until", "2021-01-01").want(t, exitDone, "RECEIVED")

	var values admin.Values
	p.get("/api/v1/masters/12345678/values?point=MS/2/3&limit=2", &values)
	if len(values.Samples) != 2 || values.Cursor == "" {
		t.Fatalf("%+v", values)
	}
	p.get("/api/v1/masters/12345678/values?field=MS/2/3&limit=10&cursor="+values.Cursor, &values)
	if len(values.Samples) != 3 {
		t.Errorf("the second page has %d values, want 3", len(values.Samples))
	}
	var buckets admin.Values
	p.get("/api/v1/masters/12345678/values?field=MS/2/3&since=1h&points=10", &buckets)
	n := 0
	for _, b := range buckets.Buckets {
		n += b.Count
		if b.Min > b.Mean || b.Mean > b.Max {
			t.Errorf("bucket %+v", b)
		}
	}
	if n != 5 {
		t.Errorf("%d values in buckets", n)
	}
	file := p.file("out.db")
	p.cli("export", file).want(t, exitDone, "5 frames exported")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export, which holds every frame: %v, %v", info.Mode(), err)
	}
	p.cli("export", file).want(t, exitFailed, "file already exists")
	p.cli("export", p.file("out.parquet")).want(t, exitUsage, "ends with .csv, .db or .sqlite")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var frames, sum float64
	if err := db.QueryRow("SELECT count(*), sum(value) FROM frame JOIN sample USING (position) WHERE sample.master = '12345678' AND point = 'MS/2/3' AND length(bytes) = 32").Scan(&frames, &sum); err != nil || frames != 5 || sum < 107 || sum > 108 {
		t.Errorf("export: %v frames, sum %v, %v", frames, sum, err)
	}
	if r := p.cli("export", "-", "--serial", "12345678"); strings.Count(r.stdout, ",MS/2/3,21.5") != 5 || strings.Count(r.stdout, "\n") != 11 {
		t.Errorf("CSV: %s", r.stdout)
	}
	for _, wrong := range []string{"limit=0", "limit=x", "since=never", "bucket=5", "bucket=1h&points=3", "points=3", "cursor=a", "nonsense=1"} {
		if code := p.get("/api/v1/masters/12345678/values?"+wrong, nil); code != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, code)
		}
	}
}

func TestFramesAreWatchedAsTheyAreCommitted(t *testing.T) {
	p := serve(t, twoPorts)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &logBuffer{}
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"watch", "12345678", "--color", "always", "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token")}, strings.NewReader(""), out, io.Discard)
	}()
	c, number := p.dial("field"), 0
	other := p.dial("field")
	await(t, "a frame is shown", func() bool { // the first ones may come before the watch
		number++
		other.ask(22345678, number)
		c.ask(12345678, number)
		return out.has("MS/2/3=21.5")
	})
	if text := out.String(); strings.Contains(text, "22345678") || !strings.Contains(text, "\x1b[") {
		t.Errorf("%q", text)
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

func TestAConsumerReadsFromItsCursor(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir, twoPorts)
	p.cli("cursors", "set", "north", "0").want(t, exitDone, "north is at 0")
	p.dial("field").ask(12345678, 1, 2, 3)
	var behind admin.Behind
	p.get("/api/v1/cursors/north/frames?limit=2", &behind)
	if len(behind.Frames) != 2 || behind.Frames[0].Position != 1 || behind.Next != 2 {
		t.Fatalf("%+v", behind)
	}
	p.get("/api/v1/cursors/north/frames?limit=2", &behind) // not moved: they come again
	if behind.Frames[0].Position != 1 {
		t.Errorf("%+v", behind)
	}
	var c journal.Cursor
	if code := p.request(http.MethodPut, "/api/v1/cursors/north", `{"position": 2}`, &c); code != http.StatusOK || c.Position != 2 || c.Lag != 1 {
		t.Errorf("%d %+v", code, c)
	}
	p.end()
	p = serveIn(t, dir, twoPorts)
	p.get("/api/v1/cursors/north/frames", &behind)
	if len(behind.Frames) != 1 || behind.Frames[0].Position != 3 {
		t.Errorf("after a restart: %+v", behind)
	}
	waited := make(chan []history.Row)
	p.request(http.MethodPut, "/api/v1/cursors/north", `{"position": 3}`, nil)
	go func() {
		var later admin.Behind
		p.get("/api/v1/cursors/north/frames?wait=20s", &later)
		waited <- later.Frames
	}()
	p.dial("field").ask(12345678, 4)
	if rows := <-waited; len(rows) != 1 || rows[0].Position != 4 {
		t.Errorf("waited for %+v", rows)
	}
	for _, c := range []struct { // in this order: each finds the cursor where the one before left it
		body string
		want int
	}{
		{`{"position": 1}`, http.StatusConflict}, {`{"position": 1, "back": true}`, http.StatusOK}, {`{"position": 99}`, http.StatusConflict}, {`{"pos": 1}`, http.StatusBadRequest},
	} {
		if code := p.request(http.MethodPut, "/api/v1/cursors/north", c.body, nil); code != c.want {
			t.Errorf("%s: %d, want %d", c.body, code, c.want)
		}
	}
	p.cli("cursors").want(t, exitDone, "north")
	p.cli("cursors", "remove", "north").want(t, exitDone)
	p.cli("cursors", "remove", "north").want(t, exitFailed, "no such cursor")
}

func TestNothingIsAcceptedWhileTheDiskIsNearlyFull(t *testing.T) {
	p := serve(t, twoPorts+"[journal]\ndisk_limit = 1\n") // every disk is used to more than 1 %
	c := p.dial("field")
	c.send(fromHex(t, frameOf(12345678, 1, 1)))
	await(t, "the frame is refused", func() bool { return p.totals().Rejected[journal.ErrFull.Error()] == 1 })
	if code := p.get("/readyz", nil); code != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d", code)
	}
	if s := p.totals(); s.Acknowledged != 0 || s.Stored != 0 || !s.Journal.Full {
		t.Errorf("%+v", s)
	}
	if !p.log.has("the disk is nearly full") {
		t.Errorf("%s", p.log)
	}
	p.cli("journal", "stats").want(t, exitDone, "the disk is nearly full: nothing is accepted")
}

func TestABackupIsRestored(t *testing.T) {
	dir := t.TempDir()
	p := serveIn(t, dir, twoPorts)
	p.dial("field").ask(12345678, 1, 2)
	copied := p.file("copy.db")
	command(t, "", "journal", "backup", copied, "--config", p.file("config.toml")).want(t, exitDone, "written")
	command(t, "", "journal", "backup", copied, "--config", p.file("config.toml")).want(t, exitFailed, "file already exists")
	command(t, "", "journal", "verify", "--path", copied).want(t, exitDone, "frames 1 to 2: 2 in", "no damage")
	p.end()
	restored := t.TempDir()
	if err := os.Mkdir(restored+"/data", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, restored+"/data/journal.db"); err != nil {
		t.Fatal(err)
	}
	p = serveIn(t, restored, twoPorts)
	if m := p.masters()["12345678"]; m.Frames != 2 {
		t.Errorf("%+v", m)
	}
	p.dial("field").ask(12345678, 2, 3)
	if s := p.totals(); s.Stored != 1 || s.Duplicates != 1 {
		t.Errorf("%+v", s)
	}
}

func TestVerifyFindsAChangedByte(t *testing.T) {
	p := serve(t, twoPorts)
	p.dial("field").ask(12345678, 1, 2, 3)
	p.end()
	file := p.file("data/journal.db")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), string(fromHex(t, frameOf(12345678, 2, 2))))
	if at < 0 {
		t.Fatal("the frame is not in the file")
	}
	text[at+20] ^= 1
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "journal", "verify", "--path", file).want(t, exitFailed, "damaged: frame 2 (batch", "checksum is", "damaged")
	p = serveIn(t, p.dir, twoPorts) // it goes on, and does not serve what is damaged
	if !p.log.has("journal is damaged") {
		t.Errorf("%s", p.log)
	}
	p.cli("history", "12345678", "--frames").want(t, exitDone, frameOf(12345678, 1, 1), frameOf(12345678, 3, 3), "damaged: frame 2")
	if r := p.cli("history", "12345678", "--frames"); strings.Contains(r.stdout, "41ac0002") {
		t.Errorf("the damaged frame is served: %s", r.stdout)
	}
}

func TestAMemoryJournalIsLoud(t *testing.T) {
	p := serve(t, twoPorts+"[journal]\nmemory = true\n")
	p.dial("field").ask(12345678, 1)
	if !p.log.has("THE JOURNAL IS IN MEMORY") {
		t.Errorf("%s", p.log)
	}
	p.cli("tree").want(t, exitDone, "nothing is kept")
	p.cli("journal", "stats").want(t, exitDone, "NOTHING IS KEPT")
	p.cli("history", "12345678").want(t, exitFailed, "the journal is in memory: nothing is kept")
	if _, err := os.Stat(p.file("data/journal.db")); err == nil {
		t.Error("there is a file")
	}
}
