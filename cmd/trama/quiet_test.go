package main

import (
	"testing"
)

// TestAWholeFrameBehindADoubtfulBeginningIsAcknowledged has deadlines that are too long to help.
func TestAWholeFrameBehindADoubtfulBeginningIsAcknowledged(t *testing.T) {
	p := serve(t, `
[journal]
path = "journal.db"
[admin]
listen = "127.0.0.1:0"
token_file = "admin.token"
[[listener]]
name = "trackers"
address = "127.0.0.1:0"
profile = "gt06"
frame_timeout = "24h"
first_frame_timeout = "24h"
`)
	c := p.dial("trackers")
	c.send(fromHex(t, "78780d0103598700123400320001267d0d0a"))
	c.receive(10)
	c.send(fromHex(t, "7878ff12 78780a134606040002000a34bc0d0a 78780a134606040002000b25350d0a"))
	for _, want := range []string{"78780513000a", "78780513000b"} {
		if got := c.receive(10); string(got[:6]) != string(fromHex(t, want)) {
			t.Errorf("%x, expected %s…", got, want)
		}
	}
}
