package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"trama/cmd/trama/internal/admin"
)

// portsWithLogin have protocols whose frames do not say whose they are; the second one does not wait for long.
const portsWithLogin = `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "patient"
address = "127.0.0.1:0"
profile = "teltonika"
[[listener]]
name = "hasty"
address = "127.0.0.1:0"
profile = "teltonika"
first_frame_timeout = "100ms"
[[listener]]
name = "gt"
address = "127.0.0.1:0"
profile = "gt06"
`

const (
	earlyRecords = "00000000000000210801000001a0c4508f28000f053700208b4c8000640000070000000000000000010000c720"
	lateLogin    = "000f333532303933303830303030303132"
	loginSerial  = "352093080000012"
)

// rejected waits until so many frames are refused because nobody has logged in, and wants an event for each.
func (p *program) rejected(n uint64) {
	p.t.Helper()
	await(p.t, "the frames are refused", func() bool { return p.totals().Rejected["nobody has logged in"] == n })
	await(p.t, "an event for each", func() bool {
		all := p.events("rejected")
		return uint64(len(all)) == n && all[0].Reason == "nobody has logged in" && all[0].Frame == earlyRecords
	})
}

func TestFramesBeforeTheLoginBelongToWhoLogsIn(t *testing.T) {
	for name, parts := range map[string][]string{
		"one frame":                 {earlyRecords, lateLogin},
		"two reads":                 {earlyRecords, earlyRecords, lateLogin},
		"several frames of a read":  {earlyRecords + earlyRecords + earlyRecords, lateLogin},
		"login in the same read":    {earlyRecords + lateLogin},
		"frames behind the login":   {earlyRecords, lateLogin + earlyRecords},
		"login in the second read":  {earlyRecords, earlyRecords + lateLogin + earlyRecords},
		"as many reads as may wait": append(strings.Fields(strings.Repeat(earlyRecords+" ", 16)), lateLogin),
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, portsWithLogin)
			d := p.dial("patient")
			all := strings.Join(parts, "")
			frames := strings.Count(all, earlyRecords)
			received := 0
			for i, part := range parts {
				d.send(fromHex(t, part))
				received += len(part) / 2
				if i < len(parts)-1 {
					await(t, "the bytes", func() bool {
						var links []struct {
							In int `json:"bytes_in"`
						}
						p.get("/api/v1/connections", &links)
						return len(links) == 1 && links[0].In == received
					})
				}
			}
			got := d.receive(1 + 4*frames)
			if bytes.Count(got, []byte{0, 0, 0, 1}) != frames || strings.Count(hex.EncodeToString(got), "01") < frames+1 {
				t.Errorf("acknowledgements %x", got)
			}
			var out admin.Frames
			p.get("/api/v1/masters/"+loginSerial+"/frames", &out)
			if len(out.Frames) != 2 {
				t.Errorf("%d frames of the master, want the login and the records, once", len(out.Frames))
			}
			if s := p.totals(); s.Frames != uint64(frames+1) || s.Stored != 2 || s.Duplicates != uint64(frames-1) || len(s.Rejected) > 0 {
				t.Errorf("totals %+v", s)
			}
		})
	}
}

func TestFramesThatNobodyLogsInForAreRefused(t *testing.T) {
	t.Run("the connection ends", func(t *testing.T) {
		p := serve(t, portsWithLogin)
		d := p.dial("patient")
		d.send(fromHex(t, earlyRecords))
		await(t, "the frame", func() bool { return strings.Contains(p.cli("connections", "--json").stdout, `"bytes_in":45`) })
		if s := p.totals(); s.Frames != 0 || len(s.Rejected) != 0 {
			t.Errorf("before the end: %+v", s)
		}
		_ = d.Close()
		p.rejected(1)
		if s := p.totals(); s.Frames != 1 || s.Stored != 0 || s.Acknowledged != 0 {
			t.Errorf("totals %+v", s)
		}
		if e := p.event("unidentified"); e.Frame != earlyRecords[:min(len(earlyRecords), 128)] {
			t.Errorf("%+v", e)
		}
	})
	t.Run("the deadline passes", func(t *testing.T) {
		p := serve(t, portsWithLogin)
		d := p.dial("hasty")
		d.send(fromHex(t, earlyRecords))
		p.rejected(1)
		if n, err := d.Read(make([]byte, 1)); n > 0 || err != io.EOF {
			t.Errorf("%d bytes, %v; want the end", n, err)
		}
		e := p.event("unidentified")
		if e.Reason != "first frame timeout" || !strings.HasPrefix(e.Detail, "nobody has logged in; 45 bytes received") || e.Frame != earlyRecords[:min(len(earlyRecords), 128)] {
			t.Errorf("%+v", e)
		}
		if s := p.totals(); s.Frames != 1 || s.Stored != 0 {
			t.Errorf("totals %+v", s)
		}
	})
	t.Run("too many wait", func(t *testing.T) {
		p := serve(t, portsWithLogin)
		d := p.dial("patient")
		d.send(fromHex(t, strings.Repeat(earlyRecords, 18)))
		p.rejected(2)
		d.send(fromHex(t, lateLogin))
		if got := hex.EncodeToString(d.receive(1 + 4*16)); got != "01"+strings.Repeat("00000001", 16) {
			t.Errorf("acknowledgements %s", got)
		}
		if s := p.totals(); s.Frames != 19 || s.Stored+s.Duplicates != 17 || s.Acknowledged != 17 {
			t.Errorf("totals %+v", s)
		}
	})
}

// What only keeps the link alive has nothing to lose, and some devices hang up without its answer.
func TestAKeepAliveNeedsNoLogin(t *testing.T) {
	p := serve(t, portsWithLogin)
	d := p.dial("gt")
	d.send(fromHex(t, "78780a134606040002000a34bc0d0a"))
	if got := hex.EncodeToString(d.receive(10)); got[:8] != "78780513" {
		t.Errorf("got %s", got)
	}
}
