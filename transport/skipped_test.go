package transport

import (
	"strings"
	"sync"
	"testing"
)

func TestEveryStretchOfNoiseIsShownWithItsPlaceAndBytes(t *testing.T) {
	long := "<" + strings.Repeat("x", DefaultMaxFrameBytes) + ">"
	for name, s := range map[string]struct {
		stream, skipped, cutOff string
		long                    bool
	}{
		"none":                    {stream: "<a><b>"},
		"before, between, behind": {stream: "\x00\xff<a>--<b>\r\n", skipped: "\x00\xff--\r\n"},
		"a damaged frame":         {stream: "<a><b?c><d>", skipped: "<b?c>"},
		"nothing but noise":       {stream: "GET / HTTP/1.1\r\n", skipped: "GET / HTTP/1.1\r\n"},
		"the end cuts a frame":    {stream: "--<a><bcd", skipped: "--", cutOff: "<bcd"},
		"a frame longer than any": {stream: long + "<a>", skipped: long, long: true},
	} {
		for cut, n := range map[string]int{"whole": len(s.stream), "bytes": 1} {
			t.Run(name+"/"+cut, func(t *testing.T) {
				var mu sync.Mutex
				at, skipped, gaveUp := uint64(0), "", false
				r := start(t, Options{}, func(_ *Conn, b *Batch) {
					mu.Lock()
					defer mu.Unlock()
					for i := range len(b.Frames) + 1 {
						for _, k := range b.Skipped {
							if k.Before != i {
								continue
							}
							if k.At != at {
								t.Errorf("stretch at %d, want %d", k.At, at)
							}
							at += uint64(k.Len)
							gaveUp = gaveUp || k.Long
							skipped += string(k.Bytes[:k.Len])
						}
						if i < len(b.Frames) {
							at += uint64(len(b.Frames[i]))
						}
					}
					b.Release()
				})
				p, c := r.connect()
				for rest := s.stream; len(rest) > 0; rest = rest[min(n, len(rest)):] {
					p.send(rest[:min(n, len(rest))])
				}
				_ = p.CloseWrite()
				r.expectReason(ClosePeer)
				mu.Lock()
				defer mu.Unlock()
				if skipped != s.skipped || string(c.CutOff()) != s.cutOff || gaveUp != s.long {
					t.Errorf("skipped %q, cut off %q, too long %v", skipped, c.CutOff(), gaveUp)
				}
				if stats := c.Stats(); int(stats.Skipped) != len(s.skipped) || at != stats.Received-stats.CutOff {
					t.Errorf("%d accounted for, %+v", at, stats.ByteCounts)
				}
			})
		}
	}
}
