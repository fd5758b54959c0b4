package main

import (
	"bufio"
	"cmp"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
)

// logger is a profile of devices that send what they have stored, each record with its time and its sensor.
const logger = `
name = "logger"
zone = "UTC"
[frame]
max    = 4096
header = [{ key = "serial", type = "uint32", role = "identity" }, { key = "n", type = "byte" }]
[[message]]
name   = "records"
from   = "master"
fields = [{ key = "records", type = "list", count = "n", fields = [
  { key = "at",     type = "time", as = "unix", size = 4, role = "timestamp" },
  { key = "sensor", type = "byte", enum = { 1 = "upper", 2 = "lower" } },
  { key = "level",  type = "uint16", unit = "m", scale = 0.01, missing = "ffff", role = "value", point = "level/{sensor}" },
  { key = "door",   type = "byte", enum = { 0 = "closed", 1 = "open" }, role = "value" },
] }]
`

const sampleFleet = `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "field"
address = "127.0.0.1:0"
profile = "extended"
[[listener]]
name = "meters"
address = "127.0.0.1:0"
profile = "mbus"
[[listener]]
name = "loggers"
address = "127.0.0.1:0"
profile = "logger.toml"
`

// fieldFrame is a frame of the extended profile: a measurement of one sensor (command m), or the state of a relay (o).
func fieldFrame(number, sensor, channel int, command byte, at time.Time, rest string) string {
	body := fmt.Sprintf("010000000012345678%02x%02x%02x%02x00%s%08d%s", 1, sensor, channel, command, at.UTC().Format("20060102150405"), number, rest)
	return fmt.Sprintf("%04d%s", len(body)/2-5, body)
}

// meterFrame is a telegram of an M-Bus meter.
func meterFrame(access int, records string) string {
	body := fmt.Sprintf("0802728877665524400107%02x000000%s", access, strings.ReplaceAll(records, " ", ""))
	sum := 0
	for i := 0; i < len(body); i += 2 {
		var b int
		_, _ = fmt.Sscanf(body[i:i+2], "%02x", &b)
		sum += b
	}
	return fmt.Sprintf("68%02x%02x68%s%02x16", len(body)/2, len(body)/2, body, sum&0xff)
}

// stored is a frame of the logger with records that are so many minutes old, two minutes between one and the next.
func stored(at time.Time, ages ...int) string {
	text := fmt.Sprintf("%08x%02x", 87654321, len(ages))
	for _, age := range ages {
		level := fmt.Sprintf("%04x", 1000+age)
		if age%50 == 7 {
			level = "ffff"
		}
		text += fmt.Sprintf("%08x%02x%s%02x", at.Add(-time.Duration(age)*time.Minute).Unix(), age%2+1, level, age%3/2)
	}
	return text
}

// line writes a sample as all views are compared.
func line(master string, s actors.Sample) string {
	value, label := history.Plain(s.Value)
	if value == nil {
		value = ""
	}
	return strings.Join([]string{fmt.Sprint(s.Position), fmt.Sprint(s.Index), master, s.Name, fmt.Sprint(value), label, s.Unit, rfc(time.Time(s.Device)), rfc(time.Time(s.Received)), s.Quality}, "|")
}

func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func lines(rows []history.Row) (out []string) {
	for _, r := range rows {
		for _, s := range r.Samples {
			out = append(out, line(r.Master, s))
		}
	}
	return out
}

// views are the samples as each way of looking at them has them.
func (p *program) views(masters ...string) map[string][]string {
	p.t.Helper()
	all := map[string][]string{}
	var page admin.Frames
	p.numbers("/api/v1/frames?limit=1000", &page)
	all["frames"] = lines(page.Frames)
	for _, serial := range masters {
		var rows []history.Row
		if err := decodeNumbers([]byte(p.cli("history", serial, "--json").stdout), &rows); err != nil {
			p.t.Fatal(err)
		}
		all["history"] = append(all["history"], lines(rows)...)
		var values admin.Values
		p.numbers("/api/v1/masters/"+serial+"/values?limit=10000", &values)
		for _, s := range values.Samples {
			all["values"] = append(all["values"], line(serial, s))
		}
	}
	if code := p.request(http.MethodPut, "/api/v1/cursors/north", `{"position": 0, "back": true}`, nil); code != http.StatusOK {
		p.t.Fatalf("cursor: %d", code)
	}
	var behind admin.Behind
	p.numbers("/api/v1/cursors/north/frames?limit=1000", &behind)
	all["cursor"] = lines(behind.Frames)
	all["watch"] = p.watched(len(page.Frames))

	rows, err := csv.NewReader(strings.NewReader(p.cli("export", "-").stdout)).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if row[1] != "" {
			all["CSV"] = append(all["CSV"], strings.Join([]string{row[0], row[1], row[7], row[12], row[13], row[14], row[15], row[3], row[2], row[16]}, "|"))
		}
	}
	file := p.file("export.db")
	_ = os.Remove(file)
	p.cli("export", file).want(p.t, exitDone)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	samples, err := db.Query(`SELECT position||'|'||idx||'|'||master||'|'||point||'|'||ifnull(value, '')||'|'||ifnull(label, '')||'|'||ifnull(unit, '')||'|'||
		ifnull(device_time, '')||'|'||received||'|'||quality FROM sample ORDER BY position, idx`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer samples.Close()
	for samples.Next() {
		var text string
		if err := samples.Scan(&text); err != nil {
			p.t.Fatal(err)
		}
		all["SQLite"] = append(all["SQLite"], text)
	}
	return all
}

// numbers is get with numbers as they were written.
func (p *program) numbers(path string, into any) {
	p.t.Helper()
	var text json.RawMessage
	if code := p.get(path, &text); code != http.StatusOK {
		p.t.Fatalf("%s: %d", path, code)
	}
	if err := decodeNumbers(text, into); err != nil {
		p.t.Fatal(err)
	}
}

// watched are the samples of the first frames as a stream has them.
func (p *program) watched(frames int) (out []string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.addresses.Admin+"/api/v1/watch?cursor=0", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := os.ReadFile(p.file("data/admin.token"))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	w, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer w.Body.Close()
	in := bufio.NewReader(w.Body)
	for range frames {
		text, err := in.ReadBytes('\n')
		var row history.Row
		if err == nil {
			err = decodeNumbers(text, &row)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		out = append(out, lines([]history.Row{row})...)
	}
	return out
}

// agree checks that every view has the same samples, and that the masters have the newest of each point.
func (p *program) agree(when string, masters ...string) []string {
	p.t.Helper()
	views := p.views(masters...)
	want := views["frames"]
	for name, got := range views {
		byPosition := func(a, b string) int { return cmp.Compare(place(a), place(b)) }
		got = slices.Clone(got)
		slices.SortStableFunc(got, byPosition)
		if !slices.Equal(got, want) {
			p.t.Errorf("%s: %s has %d samples, the frames %d\n%s\n\n%s", when, name, len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for _, serial := range masters {
		var rows admin.Frames
		p.numbers("/api/v1/masters/"+serial+"/frames", &rows)
		newest := map[string]actors.Sample{}
		for _, r := range rows.Frames {
			for _, s := range r.Samples {
				if last, known := newest[s.Name]; !known || !s.When().Before(last.When()) {
					newest[s.Name] = s
				} else if s.Quality != "historical" && s.Quality != "missing" {
					p.t.Errorf("%s: %s is %s behind %s", when, line(serial, s), s.Quality, line(serial, last))
				}
			}
		}
		var m actors.MasterInfo
		p.numbers("/api/v1/masters/"+serial, &m)
		for _, point := range m.Points {
			s := newest[point.Name]
			if line(serial, actors.Sample(point)) != line(serial, s) {
				p.t.Errorf("%s: master %s has %+v, the history %+v", when, serial, point, s)
			}
		}
		if len(m.Points) != len(newest) || len(m.Points) == 0 {
			p.t.Errorf("%s: master %s has %d points, the history %d", when, serial, len(m.Points), len(newest))
		}
	}
	return want
}

// place is the position and the index of a line, for sorting.
func place(line string) int {
	var position, index int
	_, _ = fmt.Sscanf(line, "%d|%d|", &position, &index)
	return position<<16 | index
}

// Two sensors, two relays, a meter with stored values and an archive of 100 records, newest first: every way of looking at them shows the
// same samples, in the master's list the newest of each point, also after an end and after a kill.
func TestEveryViewShowsTheSameSamples(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/logger.toml", []byte(logger), 0o600); err != nil {
		t.Fatal(err)
	}
	var child *process
	start := func() *program {
		child = startProcessWith(t, dir, sampleFleet)
		return &program{t: t, dir: dir, addresses: child.addresses}
	}
	p := start()
	now := time.Now().Add(-time.Minute).Truncate(time.Second)
	masters := []string{"12345678", "55667788", "87654321"}
	sent := 0
	send := func(listener string, frames ...string) {
		t.Helper()
		c := p.dial(listener)
		for _, f := range frames {
			c.send(fromHex(t, f))
		}
		sent += len(frames)
		await(t, "the frames", func() bool {
			var page admin.Frames
			p.get("/api/v1/frames", &page)
			return len(page.Frames) == sent
		})
	}
	send("field",
		fieldFrame(1, 1, 1, 'm', now, "0041ac0000"), fieldFrame(2, 1, 2, 'm', now.Add(time.Second), "00447a0000"),
		fieldFrame(3, 1, 1, 'o', now, "0301"), fieldFrame(4, 1, 1, 'o', now.Add(time.Second), "0100"),
		fieldFrame(5, 1, 1, 'm', now.Add(-time.Hour), "0041a40000"),                                                 // it was stored
		fieldFrame(6, 1, 3, 'm', now, "0041a40000"), fieldFrame(7, 1, 3, 'm', now.AddDate(-40, 0, 0), "0041ac0000")) // its clock died
	send("meters", meterFrame(1, "041331d40000 441311000000"), meterFrame(2, "441322000000"))
	ages := make([]int, 100)
	for i := range ages {
		ages[i] = i
	}
	send("loggers", stored(now, ages...), stored(now, 7, 30, 31))
	all := p.agree("at first", masters...)
	for _, want := range []string{
		"1|1|12345678|MS/1/1|21.5||", "2|1|12345678|MS/1/2|1000||", "3|0|12345678|relay/3|1|on|", "4|0|12345678|relay/1|0|off|", "|20.5|||",
		"|55667788|volume_m3|54.321||", "|55667788|volume_m3/storage=1|0.034||", "|87654321|level/upper|10||m|", "|87654321|level/lower|||m|",
	} {
		if !slices.ContainsFunc(all, func(l string) bool { return strings.Contains(l, want) }) {
			t.Errorf("no sample is %s in\n%s", want, strings.Join(all, "\n"))
		}
	}
	page := p.cli("masters", "12345678")
	page.want(t, exitDone, "POINT", "AGE", "QUALITY", "MS/1/1   21.5", "MS/1/2   1000", "relay/1  off (0)", "relay/3  on (1)", "suspect time")
	p.cli("masters").want(t, exitDone, "MS/1/2=1000", "level/upper=10 m", "volume_m3=54.321", "volume_m3/storage=1=0.034")

	child.signal(syscall.SIGTERM) // its masters come back from their states
	if code := child.wait(); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, child.log)
	}
	p = start()
	if again := p.agree("after an end", masters...); !slices.Equal(again, all) {
		t.Errorf("the samples are others after an end:\n%s\n\n%s", strings.Join(again, "\n"), strings.Join(all, "\n"))
	}
	send("field", fieldFrame(8, 1, 2, 'm', now.Add(2*time.Second), "0041ac0000"), fieldFrame(9, 1, 1, 'm', now.Add(-time.Minute), "0041ac0000"))
	send("loggers", stored(now.Add(time.Minute), 40, 3, 0))
	all = p.agree("with more frames", masters...)
	child.signal(syscall.SIGKILL) // from states, and from the frames since
	_ = child.cmd.Wait()
	p = start()
	if again := p.agree("after a kill", masters...); !slices.Equal(again, all) {
		t.Errorf("the samples are others after a kill:\n%s\n\n%s", strings.Join(again, "\n"), strings.Join(all, "\n"))
	}
}

func TestRecordsThatComeAgainOnAnotherConnectionAreRecordedOnce(t *testing.T) {
	p := serve(t, "[admin]\nlisten = \"127.0.0.1:0\"\n[[listener]]\nname = \"t\"\naddress = \"127.0.0.1:0\"\nprofile = \"teltonika\"\n")
	for range 2 { // the acknowledgement of the first is lost with its connection
		tracker := p.dial("t")
		tracker.send(fromHex(t, "000f333536333037303432343431303133"))
		tracker.receive(1)
		tracker.send(fromHex(t, "000000000000004308020000016b40d57b480100000000000000000000000000000001010101000000000000016b40d5c198010000000000000000000000000000000101010101000000020000252c"))
		if got := hex.EncodeToString(tracker.receive(4)); got != "00000002" {
			t.Errorf("acknowledged with %s", got)
		}
		_ = tracker.Close()
	}
	var values admin.Values
	if p.get("/api/v1/masters/356307042441013/values?point=value-1", &values); len(values.Samples) != 2 {
		t.Errorf("%d samples of two", len(values.Samples))
	}
}

func TestWhatWasBufferedStandsInTheBucketsOfItsOwnTime(t *testing.T) {
	p := serveWith(t, sampleFleet, map[string]string{"logger.toml": logger})
	p.dial("loggers").send(fromHex(t, stored(time.Now(), 301, 300, 2)))
	await(t, "the frame", func() bool { return strings.Contains(p.cli("history", "87654321").stdout, "level") })
	span := []string{"history", "87654321", "--since", "7h", "--until", "3h"}
	p.cli(append(span, "--point", "level/upper", "--bucket", "12h")...).want(t, exitDone, "level/upper      1   13")
	p.cli(append(span, "--point", "level/upper", "--format", "plot")...).want(t, exitDone, "(1 values)")
	p.cli(span...).want(t, exitDone, "nothing was received in this span; what a master has buffered came later")
	p.cli(append(span, "--point", "level/upper")...).want(t, exitDone, "nothing was received in this span")
	p.cli("export", "-", "--since", "7h", "--until", "3h").want(t, exitDone, "nothing was received in this span", "0 frames exported")
	if r := p.cli("history", "87654321"); strings.Contains(r.stderr, "nothing") {
		t.Error(r.stderr)
	}
}
