package main

import (
	"os"
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

// TestASilenceEndsAFrameOfOneOfSeveralSizes sends the frames of a profile in which nothing else says how long they are.
func TestASilenceEndsAFrameOfOneOfSeveralSizes(t *testing.T) {
	profile, err := os.ReadFile("../../codec/testdata/sizes.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	p := serveWith(t, `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "trackers"
address = "127.0.0.1:0"
profile = "sizes.toml"
frame_timeout = "24h"
`, map[string]string{"sizes.toml": string(profile)})
	c := p.dial("trackers")
	const short, long = "240700106b0cc900", "240700106b0cc900010203040506"
	for _, sent := range []string{short, long, long + short} {
		c.send(fromHex(t, sent))
		for range len(sent) / len(short) {
			if got := c.receive(8); string(got) != string(fromHex(t, "2407000000000000")) {
				t.Errorf("%s: %x", sent, got)
			}
		}
	}
}

// TestFramesThatShareAMarkAreAcknowledged sends one mark between two frames, in one write and byte by byte.
func TestFramesThatShareAMarkAreAcknowledged(t *testing.T) {
	p := serve(t, `
[admin]
listen = "127.0.0.1:0"
[[listener]]
name = "terminals"
address = "127.0.0.1:0"
profile = "jt808"
frame_timeout = "24h"
`)
	stream := fromHex(t, "7e000200000139000000170014397e000200000139000000170015387e0002000001390000001700163b7e")
	for _, size := range []int{len(stream), 1} {
		c := p.dial("terminals")
		for at := 0; at < len(stream); at += size {
			c.send(stream[at : at+size])
		}
		for n := byte(0x14); n <= 0x16; n++ {
			if got := c.receive(20); got[0] != 0x7e || got[14] != n {
				t.Errorf("in pieces of %d: %x, expected the acknowledgement of %x", size, got, n)
			}
		}
	}
}
