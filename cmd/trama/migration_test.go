package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/codec"
	"trama/journal"
	"trama/journal/sqlite"
)

// stateBefore is the state of a master as versions before points wrote it: counters, and the newest frame of each kind.
func stateBefore(frames int, definition uint32, at time.Time, raw []byte) journal.State {
	b := []byte{1}
	for range 3 { // first, last, newest
		b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixNano()))
	}
	for _, n := range []int{frames, len(raw), 1, 0, 0, 0, 77} { // frames, bytes, connects, takeovers, commands, duplicates, number
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendUvarint(b, 0) // frames seen
	b = binary.AppendUvarint(b, 1)
	b = binary.AppendUvarint(b, uint64(definition))
	b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixNano()))
	return append(binary.AppendUvarint(b, uint64(len(raw))), raw...)
}

type onDisk chan error

// Committed implements journal.Committer.
func (d onDisk) Committed(_ uint64, err error) { d <- err }

// journalBefore makes a journal of three frames of two masters with the definition that a version before points shipped;
// the state of the first master covers its first frame.
func journalBefore(t *testing.T, file string, at time.Time, frames []string) {
	t.Helper()
	j, err := sqlite.Open(t.Context(), sqlite.Options{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/before/compact.toml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := codec.Compile("compact.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := json.Marshal(p.Sources())
	if err != nil {
		t.Fatal(err)
	}
	hash := p.Hash()
	number, err := j.Profile(t.Context(), p.Name(), hash[:], sources)
	if err != nil {
		t.Fatal(err)
	}
	subjects := map[string]*journal.Subject{}
	for i, frame := range frames {
		raw := fromHex(t, frame)
		serial := frame[14:22]
		if subjects[serial] == nil {
			subjects[serial] = &journal.Subject{Serial: serial}
		}
		e := &journal.Entry{Count: 1, Subject: subjects[serial], Owner: make(onDisk, 1), Records: journal.AppendRecord(nil, &journal.Record{
			Received: at.Add(time.Duration(i) * time.Second), Listener: "compact", Connection: 1, Master: serial, Profile: number, Command: "s", Raw: raw})}
		if i == 0 {
			e.Rows = []journal.Row{stateBefore(1, number, at, raw)}
		}
		j.Append(e)
		if err := <-e.Owner.(onDisk); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// A journal of a version before points shows the masters and the past by points, and goes on.
func TestAJournalOfTheVersionBeforeIsShownByPoints(t *testing.T) {
	dir, at := t.TempDir(), time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Mkdir(dir+"/data", 0o700); err != nil {
		t.Fatal(err)
	}
	const sensor1, sensor2, other = "0013010000000012345678010173000041ac0000", "00130100000000123456780102730000447a0000", "0013010000000022345678010173010041a40000"
	journalBefore(t, dir+"/data/journal.db", at, []string{sensor1, sensor2, other})
	for round := range 2 { // the second start reads states that this version has written
		p := serveIn(t, dir, twoPorts)
		p.cli("masters", "12345678").want(t, exitDone, "offline", "MS/1    21.5", "MS/2    1000")
		p.cli("masters").want(t, exitDone, "MS/1=20.5", "MS/2=1000")
		var m actors.MasterInfo
		p.get("/api/v1/masters/12345678", &m)
		if m.Frames != 2 || m.Connects != 1 || !m.FirstSeen.Equal(at) || len(m.Points) != 4 {
			t.Errorf("round %d: %+v", round, m)
		}
		p.cli("history", "12345678", "--point", "MS/1", "--format", "csv").want(t, exitDone, "1,1,"+rfc(at)+",,MS/1,21.5,,,good")
		var page admin.Frames
		p.numbers("/api/v1/frames", &page)
		got := ""
		for _, r := range page.Frames {
			for _, s := range r.Samples {
				got += fmt.Sprintf("%d.%d %s=%v ", s.Position, s.Index, s.Name, s.Value)
			}
		}
		if want := "1.0 AL/1=0 1.1 MS/1=21.5 2.0 AL/2=0 2.1 MS/2=1000 3.0 AL/1=0 3.1 MS/1=20.5 "; got != want {
			t.Errorf("round %d: %s, want %s", round, got, want)
		}
		if code := p.end(); code != exitDone {
			t.Fatalf("exit code %d\n%s", code, p.log)
		}
		command(t, "", "journal", "verify", "--path", dir+"/data/journal.db").want(t, exitDone, "no damage")
	}
	p := serveIn(t, dir, twoPorts)
	c := p.dial("compact")
	c.send(fromHex(t, "0013010000000012345678010173000041b40000"))
	c.receive(15)
	p.cli("masters", "12345678").want(t, exitDone, "MS/1    22.5", "MS/2    1000")
	p.cli("history", "12345678", "--point", "MS/1").want(t, exitDone, "21.5", "22.5")
}
