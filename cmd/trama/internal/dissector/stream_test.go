//go:build tshark

package dissector

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/describe"
)

// streams are bytes on their way in connections of one capture, with what our own framing makes of them.
type streams struct {
	p    profile
	c    *capture
	list []stream
}

type stream struct {
	flow
	id      string
	frames  [][]byte
	skipped int
	reason  string // what must be said of the bytes that are no frame
}

func newStreams(p profile) *streams { return &streams{p: p, c: newCapture()} }

// send puts bytes into a connection of their own, in segments of n bytes.
func (s *streams) send(id string, d codec.Direction, raw []byte, n int) {
	one := stream{flow: flow{uint16(20000 + len(s.list)), d == codec.Uplink}, id: fmt.Sprintf("%s in segments of %d", id, n)}
	s.c.send(one.device, one.up, pieces(raw, n)...)
	split := s.p.Splitter(d)
	for data := raw; len(data) > 0; {
		advance, frame, _ := split(data, false)
		if advance == 0 {
			break
		}
		one.skipped += advance - len(frame)
		if frame != nil {
			one.frames = append(one.frames, frame)
		}
		data = data[advance:]
	}
	s.list = append(s.list, one)
}

// check compares all that was sent with what Wireshark sees.  It returns how many frames and fields were compared.
func (s *streams) check(t *testing.T, options ...string) (frames, fields int) {
	t.Helper()
	found := dissect(t, s.p.Profile, s.c, options...)
	header := map[string]bool{}
	for _, kind := range describe.Profile(s.p.Profile).Frames {
		for _, n := range kind.Header {
			header[n.Key] = true
		}
	}
	for _, one := range s.list {
		got := found[one.flow]
		if got == nil {
			got = &seen{}
		}
		skipped := 0
		for _, n := range got.noise {
			skipped += n.Size
		}
		if len(got.frames) > len(one.frames) && slices.ContainsFunc(got.frames, field.opaque) {
			continue // what is wrong in it is not dissected
		}
		if len(got.frames) != len(one.frames) || skipped > one.skipped {
			t.Errorf("%s: %d frames and %d bytes that are none, expected %d and %d", one.id, len(got.frames), skipped, len(one.frames), one.skipped)
			continue
		}
		if one.reason != "" {
			if text := got.reason(); text != one.reason {
				t.Errorf("%s: %q, expected %q", one.id, text, one.reason)
			}
		}
		d := codec.Uplink
		if !one.up {
			d = codec.Downlink
		}
		for i, raw := range one.frames {
			var f codec.Frame
			if err := s.p.Decode(d, raw, &f); err != nil {
				t.Fatalf("%s: %v", one.id, err)
			}
			compared, wrong := compare(&f, header, got.frames[i])
			frames, fields = frames+1, fields+compared
			for _, text := range wrong {
				t.Errorf("%s, frame %x: %s", one.id, raw, text)
			}
		}
	}
	if frames == 0 {
		t.Error("no frame was compared")
	}
	return frames, fields
}

// reason is what Wireshark says of the first bytes that are no frame.
func (s *seen) reason() string {
	for _, n := range s.noise {
		if text, ok := n.find(n.Name + ".no-frame-reason"); ok {
			return text.Show
		}
	}
	return ""
}

// join puts frames of one direction one after the other, with noise after every third.
func join(all []sample, d codec.Direction, noise []byte) []byte {
	var out bytes.Buffer
	for i, s := range all {
		if s.direction == d {
			out.Write(s.raw)
			if i%3 == 2 {
				out.Write(noise)
			}
		}
	}
	return out.Bytes()
}

// opaque says that something in f is not dissected.
func (f field) opaque() bool {
	return strings.HasSuffix(f.Name, ".not-dissected") || slices.ContainsFunc(f.Fields, field.opaque)
}
