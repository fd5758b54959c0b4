package actors

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"trama/actors/profiles"
	"trama/codec"
	"trama/journal"
	"trama/journal/sqlite"
	"trama/transport"
)

func openJournal(t testing.TB, path string) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.Open(context.Background(), sqlite.Options{Path: path, SweepEvery: time.Hour, Disk: func() (sqlite.Disk, error) { return sqlite.Disk{Size: 1 << 40, Free: 1 << 39}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// fill writes two frames of each of many masters straight into a journal, as after a kill; with their states, as after a clean stop.
func fill(t testing.TB, path string, masters int, states bool) {
	t.Helper()
	j := openJournal(t, path)
	p := shipped(t, "extended")
	store := profiles.NewStore(j)
	if err := store.Add(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	by := profiles.Install(ProfileVersion{Profile: p}, store.Number(p), nil)
	var f codec.Frame
	done := make(chan struct{}, 1024)
	for i := range masters {
		serial := fmt.Sprintf("%08d", 10_000_000+i)
		entry := &journal.Entry{Subject: &journal.Subject{Serial: serial}, Owner: told(done)}
		for n, frame := range []string{"00200100000000" + serial + "0102036b0020261123143000" + "00000001", measurement(serial, 2)} {
			raw := unhexed(t, frame)
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				t.Fatal(n, err)
			}
			by.AppendRecord(entry, profiles.Origin{Received: time.Now(), Listener: "field", Connection: uint64(i + 1)}, &f, raw, serial, 0, nil, nil)
		}
		j.Append(entry)
	}
	for range masters {
		<-done
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if states {
		g, j := restored(t, path)
		if err := g.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
		if s, err := j.Stats(context.Background()); err != nil || s.Swept != uint64(2*masters) {
			t.Fatalf("states up to %d, %v", s.Swept, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

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
			if m.State != "offline" || m.Frames != 2 || fmt.Sprint(valueOf(m, "MS/2/3")) != "21.5" || m.LastCommand != "m" {
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
