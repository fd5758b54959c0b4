package actors

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/transport"
)

func refused(t *testing.T, g *gateway, of string) []Stretch {
	t.Helper()
	all, err := g.Refused(of)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNoiseThatComesInPiecesIsOneStretch(t *testing.T) {
	g := start(t, "gt:gt06")
	d := dial(t, g, "gt")
	for n := range 300 {
		d.send("41")
		await(t, "the byte", func() bool { all := g.Connections(); return len(all) == 1 && all[0].Skipped == uint64(n+1) })
	}
	await(t, "the stretch", func() bool { all := refused(t, g, "gt"); return len(all) == 1 && all[0].Length == 300 })
	if s := refused(t, g, "")[0]; s.Bytes != strings.Repeat("41", 256) || s.Reason != "no frame" || s.Profile != "gt06" || s.Place != 0 {
		t.Errorf("%+v", s)
	}
}

func TestTheLastStretchesOfAListenerAreKept(t *testing.T) {
	g := start(t, "field:extended", "other:extended")
	d := dial(t, g, "field")
	for n := range 250 {
		d.send(fmt.Sprintf("ff%04x", n) + measurement("12345678", n+1))
		d.acknowledged("12345678", "m", n+1)
	}
	all := refused(t, g, "field")
	if len(all) != 200 || all[0].Bytes != fmt.Sprintf("ff%04x", 50) || all[199].Bytes != fmt.Sprintf("ff%04x", 249) || all[199].Master != "12345678" {
		t.Errorf("%d stretches, the first %+v, the last %+v", len(all), all[0], all[len(all)-1])
	}
	if all := refused(t, g, "12345678"); len(all) != 199 && len(all) != 200 { // of nobody before the first frame
		t.Errorf("%d stretches of the master", len(all))
	}
	if all := refused(t, g, "other"); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	if _, err := g.Refused("nobody"); err == nil {
		t.Error("a stranger has stretches")
	}
}

// A device that is refused again and again is one row, and hides nobody else.
func TestFramesThatAreRefusedAlikeAreOneRow(t *testing.T) {
	const other, refusedFrame = "78780a134606040002000a34be0d0a", "78780a134606040002000a34bd0d0a" // 34bc
	g := start(t, "gt:gt06")
	dial(t, g, "gt").send(other)
	await(t, "the other", func() bool { return len(refused(t, g, "gt")) == 1 })
	begun := time.Now()
	for n := range 9 {
		d := dial(t, g, "gt")
		d.send(refusedFrame)
		await(t, "the refusal", func() bool { all := refused(t, g, "gt"); return max(all[len(all)-1].Times, len(all)-1) == n+1 })
		_ = d.Close()
	}
	all := refused(t, g, "gt")
	if len(all) != 2 || all[0].Bytes != other || all[0].Times != 0 || all[1].Bytes != refusedFrame || all[1].Times != 9 ||
		all[1].First.Before(begun) || !all[1].First.Before(all[1].At) || all[1].Reason != "wrong checksum" {
		t.Errorf("%+v", all)
	}
}

func TestAFrameThatIsTooLongForThePortIsSaidToBe(t *testing.T) {
	g := startAll(t, Options{Listeners: []ListenerOptions{{Profile: shipped(t, "jt808"),
		Transport: transport.Options{Name: "field", Address: "127.0.0.1:0", MaxFrameBytes: 40}}}})
	d := dial(t, g, "field")
	d.send("7e000200000139000000170014397e")
	await(t, "the master", func() bool { m, err := g.Master("013900000017"); return err == nil && m.Frames == 1 })
	for n := range 3 {
		d.send("7e"+strings.Repeat("01", 60), strings.Repeat("02", 60))
		await(t, "the refusal", func() bool {
			m, _ := g.Master("013900000017")
			return m.Refused["too large"] == uint64(n+1) && m.LastRefused.Reason == "too large"
		})
	}
	all := refused(t, g, "field")
	if len(all) == 0 || all[0].Reason != "too large" || !strings.Contains(all[0].Detail, "max_frame_bytes") {
		t.Errorf("%+v", all)
	}
}

// The last bytes of a damaged frame look like the beginning of another one, of which more is cut off than is kept.
func TestACutOffBeginningInsideADamagedFrameIsTold(t *testing.T) {
	g := start(t, "gt:gt06")
	d := dial(t, g, "gt")
	damaged := "7979" + "0190" + "98" + strings.Repeat("11", 20) + "797903e898" + strings.Repeat("22", 370) + "0001ffff0d0a"
	d.send(damaged + strings.Repeat("33", 60))
	await(t, "the refusal", func() bool { return len(refused(t, g, "gt")) > 0 })
	_ = d.Close()
	await(t, "the end", func() bool { return len(g.Connections()) == 0 })
	all := refused(t, g, "gt")
	if n := g.Totals().Restarts; n != 0 || len(all) != 2 || all[0].Length != len(damaged)/2 || all[1].Length != 60 {
		t.Errorf("%d restarts, %+v", n, all)
	}
}

func TestConnectionsWithoutAByteAreToldOncePerMinute(t *testing.T) {
	var text bytes.Buffer
	log := hclog.New(&hclog.LoggerOptions{Output: &text, DisableTime: true})
	inBubble(t, Options{Logger: log}, nil, func(t *testing.T, g *gateway, w *wires) {
		said := func() (lines []string) {
			synctest.Wait()
			for line := range strings.Lines(text.String()) {
				if strings.Contains(line, "connection") {
					lines = append(lines, line)
				}
			}
			text.Reset()
			return lines
		}
		probe := func(times int, reason transport.CloseReason) {
			for range times {
				w.dial(t).Close(reason, "")
			}
		}
		said()
		probe(10, transport.ClosePeer)
		if lines := said(); len(lines) != 1 || !strings.Contains(lines[0], "without a byte: listener=field count=1 ") {
			t.Errorf("%q", lines)
		}
		time.Sleep(59 * time.Second)
		probe(3, transport.ClosePeer)
		if lines := said(); len(lines) != 0 {
			t.Errorf("%q", lines)
		}
		time.Sleep(2 * time.Second)
		probe(2, transport.CloseReset)
		if lines := said(); len(lines) != 1 || !strings.Contains(lines[0], "count=13 ") || !strings.Contains(lines[0], "peer closed:12") ||
			!strings.Contains(lines[0], "peer reset:1") {
			t.Errorf("%q", lines)
		}
		if info := g.Listeners()[0]; info.Silent != 15 || info.Unidentified != 0 {
			t.Errorf("%+v", info)
		}
	})
}
