package shadow

import (
	"encoding/hex"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/profiles"
	"trama/codec"
)

// trial is a shadow of two profiles that differ in the offset of a level; a frame is 12 bytes.
func trial(t *testing.T) (Options, []byte) {
	t.Helper()
	compile := func(scale string) profiles.Version {
		p, err := codec.Compile("tank.toml", []byte(`
name = "tank"
[frame]
header = [{ key = "STX", type = "byte", const = 0xa5 }, { key = "ID", type = "byte", role = "identity" }]
[[message]]
name   = "level"
fields = [{ key = "level", type = "uint16", scale = `+scale+`, role = "value" }]
`))
		if err != nil {
			t.Fatal(err)
		}
		return profiles.Version{Profile: p}
	}
	frame, err := hex.DecodeString("a5070343")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Listener: "port", Log: hclog.NewNullLogger(), Active: profiles.Install(compile("0.1"), 1, nil), Candidate: compile("0.2"),
	}, frame
}

// A candidate that fails or hangs does so in its own goroutine: whoever taps is not kept.
func TestACandidateThatFailsOrHangsKeepsNobody(t *testing.T) {
	for name, c := range map[string]struct {
		decode func(stuck chan struct{}) error
		state  string
	}{
		"it fails": {func(chan struct{}) error { panic("a mistake in the candidate") }, "ended"},
		"it hangs": {func(stuck chan struct{}) error { <-stuck; return nil }, "stuck"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, frame := trial(t)
				stuck := make(chan struct{})
				sh := newShadow(o)
				sh.candidate.decode = func([]byte, *codec.Frame) error { return c.decode(stuck) }
				go sh.run()
				for n := range uint64(2 * shadowQueue) {
					sh.Tap(1, n*uint64(len(frame)), frame, false)
				}
				time.Sleep(2 * shadowStuck)
				i := sh.Info()
				if i.State != c.state || c.state == "stuck" && i.Dropped == 0 || c.state == "ended" && i.Detail != "it failed: a mistake in the candidate" {
					t.Errorf("%+v", i)
				}
				sh.End("it was stopped")
				if i := sh.Info(); i.State != "ended" {
					t.Errorf("%+v", i)
				}
				close(stuck)
				<-sh.Done()
			})
		})
	}
}

func TestAShadowThatMissedAReadGoesOnBehindIt(t *testing.T) {
	o, frame := trial(t)
	sh := newShadow(o)
	now := time.Now()
	sh.take(&chunk{conn: 1, at: 0, data: frame, time: now})
	sh.take(&chunk{conn: 1, at: 4, data: frame[:2], time: now})
	// The rest of that frame was dropped: 2 bytes.
	sh.take(&chunk{conn: 1, at: 8, data: frame, time: now})
	if i := sh.Info(); i.Frames != 2 || i.Different != 2 || len(i.RefusedByCandidate)+len(i.RefusedByActive) != 0 || i.Framing != 0 {
		t.Errorf("%+v", i)
	}
	for conn := range uint64(shadowStreams + 10) {
		sh.take(&chunk{conn: conn + 2, at: 5, data: frame, time: now})
	}
	if len(sh.streams.by) != shadowStreams || sh.streams.aged.Len() != shadowStreams || sh.streams.by[1] != nil {
		t.Errorf("%d streams are kept", len(sh.streams.by))
	}
}

// A shadow sees the frames that the listener takes: those that a silence ends, and those that share a mark.
func TestAShadowCutsAsTheListenerDoes(t *testing.T) {
	compile := func(frame string) profiles.Version {
		p, err := codec.Compile("tank.toml", []byte(`
name = "tank"
[frame]
`+frame+`
header = [{ key = "ID", type = "byte", role = "identity" }]
[[message]]
name   = "level"
fields = [{ key = "level", type = "hex", size = "rest" }]
`))
		if err != nil {
			t.Fatal(err)
		}
		return profiles.Version{Profile: p}
	}
	for frame, stream := range map[string]string{
		"sizes = [4, 2]":                      "\x07\x01\x02\x03\x07\x01",
		"start = \"0x7e\"\n end = \"0x7e\"\n": "\x7e\x07\x01\x7e\x07\x02\x7e",
	} {
		v := compile(frame)
		sh := newShadow(Options{Listener: "port", Log: hclog.NewNullLogger(), Active: profiles.Install(v, 1, nil), Candidate: v})
		for at := range stream {
			sh.take(&chunk{conn: 1, at: uint64(at), data: []byte(stream[at : at+1]), silent: at == len(stream)-1})
		}
		if i := sh.Info(); i.Frames != 2 || i.Same != 2 {
			t.Errorf("%s: %+v", frame, i)
		}
	}
}
