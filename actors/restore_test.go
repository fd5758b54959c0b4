package actors

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"trama/codec"
	"trama/journal"
	"trama/journal/sqlite"
	"trama/transport"
)

func openJournal(t testing.TB, path string) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.Open(context.Background(), sqlite.Options{Path: path, SweepEvery: time.Hour, DiskUse: func() (float64, error) { return 1, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// fill writes frames of many masters straight into a journal; with states, as after a clean stop, or without, as after a kill.
func fill(t testing.TB, path string, masters int, swept bool) {
	t.Helper()
	j := openJournal(t, path)
	p := shipped(t, "extended")
	b := newBook(j)
	if err := b.enter(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	g := &gateway{journal: b}
	e := &edition{profile: p, number: b.number(p)}
	var f codec.Frame
	done := make(chan struct{}, 1024)
	for i := range masters {
		m := newMaster(g, fmt.Sprintf("%08d", 10_000_000+i))
		m.subject.Owner = snapshots(func() { j.Append(&journal.Entry{Subject: &m.subject, State: m.encode(nil)}) })
		entry := &journal.Entry{Subject: &m.subject, Owner: told(done)}
		for n, letter := range []string{"6b", "6d"} {
			body, length := "", "0020"
			if letter == "6d" {
				body, length = "0041ac0000", "0025"
			}
			raw, err := hex.DecodeString(fmt.Sprintf("%s0100000000%s010203%s0020261123143000%08d%s", length, m.serial, letter, n+1, body))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				t.Fatal(err)
			}
			r := journal.Record{Received: time.Now(), Listener: "field", Connection: uint64(i + 1), Master: m.serial, Profile: e.number, Command: f.Command(), Raw: raw}
			entry.Records = journal.AppendRecord(entry.Records, &r)
			entry.Count++
			m.replay(e, &f, &r)
		}
		j.Append(entry)
	}
	for range masters {
		<-done
	}
	if swept {
		if err := j.Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

type snapshots func()

// Snapshot implements journal.Snapshotter.
func (s snapshots) Snapshot() { s() }

type told chan struct{}

// Committed implements journal.Committer.
func (d told) Committed(uint64, error) { d <- struct{}{} }

func restored(t testing.TB, path string) (Gateway, *sqlite.Journal) {
	t.Helper()
	j := openJournal(t, path)
	g, err := Start(Options{Logger: testLog(), Journal: j, MaxMasters: 1 << 20, Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return g, j
}

func TestMastersComeBackFromStatesAndFromFrames(t *testing.T) {
	for name, swept := range map[string]bool{"after a clean stop": true, "after a kill": false} {
		path := filepath.Join(t.TempDir(), "journal.db")
		const masters = 300
		fill(t, path, masters, swept)
		g, j := restored(t, path)
		all := g.Masters()
		if len(all) != masters {
			t.Errorf("%s: %d masters, want %d", name, len(all), masters)
		}
		for _, m := range all {
			if m.State != "offline" || m.Frames != 2 || fmt.Sprint(m.Values["MS"].Value) != "21.5" || m.LastCommand != "m" {
				t.Errorf("%s: %+v", name, m)
				break
			}
		}
		if err := g.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a start costs with 100,000 masters known: each iteration opens the journal and starts the gateway.
func BenchmarkStart(b *testing.B) {
	for name, swept := range map[string]bool{"states": true, "frames": false} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "journal.db")
			fill(b, path, 100_000, swept)
			for b.Loop() {
				g, j := restored(b, path)
				b.StopTimer()
				if err := g.Drain(context.Background()); err != nil {
					b.Fatal(err)
				}
				_ = j.Close()
				b.StartTimer()
			}
		})
	}
}
