package codec_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/check"
)

// The reply to a frame is the same whatever was answered before, and making it costs no memory where values go as they are.
func TestAReplyFollowsFromItsRequestAlone(t *testing.T) {
	free := map[string]bool{"extended": true, "compact": true, "jt808": true, "gt06": true, "sl651": true, "iec104": true, "dnp3-link": true, "teltonika": true, "hj212": true}
	env := codec.Env{Now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	for _, name := range codec.ShippedNames() {
		var frames [][]byte
		p := fresh(t, name)
		check.SampleFrames(p, codec.Uplink, func(_, _ string, frame []byte) bool {
			frames = append(frames, slices.Clone(frame))
			return true
		})
		answers := func(p *codec.Profile, frames [][]byte) (out [][]byte) {
			for _, raw := range frames {
				var f codec.Frame
				if err := p.Decode(codec.Uplink, raw, &f); err != nil {
					t.Fatalf("%s: %x: %v", name, raw, err)
				}
				reply, _, err := p.Reply(nil, &f, env)
				if err != nil {
					t.Errorf("%s: %x: %v", name, raw, err)
				}
				most := 0.0
				if strings.HasPrefix(f.Message().Name, "time-request") { // a time in binary is not written as it is
					most = 1
				}
				if again := testing.AllocsPerRun(3, func() { _, _, _ = p.Reply(reply[:0], &f, env) }); again > most && free[name] && !raceEnabled {
					t.Errorf("%s: %x: %v allocations", name, raw, again)
				}
				out = append(out, reply)
			}
			return out
		}
		there := answers(p, frames)
		slices.Reverse(frames)
		back := answers(fresh(t, name), frames)
		slices.Reverse(back)
		if !slices.EqualFunc(there, back, bytes.Equal) {
			t.Errorf("%s: replies depend on what was answered before", name)
		}
	}
}

// fresh is a shipped profile that has seen nothing.
func fresh(t *testing.T, name string) *codec.Profile {
	t.Helper()
	src, ok := codec.ShippedSource(name)
	if !ok {
		t.Fatal(name)
	}
	p, err := codec.Compile(name, src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
