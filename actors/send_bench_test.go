package actors

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"trama/transport"
)

// BenchmarkSend has masters obey commands, of which the journal keeps each: one after the other to one master, and to a
// thousand at once.
func BenchmarkSend(b *testing.B) {
	for _, masters := range []int{1, 1000} {
		b.Run(fmt.Sprint(masters, " masters"), func(b *testing.B) {
			j := openJournal(b, filepath.Join(b.TempDir(), "journal.db"))
			g, err := Start(Options{Logger: testLog(), Journal: j, Listeners: []ListenerOptions{
				{Profile: shipped(b, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
			}})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = g.Drain(context.Background()); _ = j.Close() }()
			serials := make([]string, masters)
			for i := range serials {
				serials[i] = fmt.Sprintf("%08d", 10_000_000+i)
				d := dial(b, g.(*gateway), "field")
				d.send(measurement(serials[i], 1))
				d.acknowledged(serials[i], "m", 1)
				_ = d.SetReadDeadline(time.Time{})
				go func() { // the answer to a command of the header alone is the same
					frame := make([]byte, extendedBytes)
					for {
						if _, err := io.ReadFull(d, frame); err != nil {
							return
						}
						if _, err := d.Write(frame); err != nil {
							return
						}
					}
				}()
			}
			var turn atomic.Int64
			b.SetParallelism((masters + 1) / 2)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				serial := serials[int(turn.Add(1))%masters]
				for pb.Next() {
					if r, err := g.Send(context.Background(), CommandRequest{Serial: serial, Command: "A", Wait: patience}); err != nil || r.Outcome != OutcomeDone {
						b.Errorf("%+v, %v", r, err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}
