package codec_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
)

// outline is the pieces of a stream in a line.
func outline(pieces []explain.Piece) string {
	var words []string
	for _, p := range pieces {
		word := "noise"
		if p.Trace != nil {
			word = p.Trace.Outcome.String()
		}
		words = append(words, fmt.Sprintf("%s %d", word, p.Len))
	}
	return strings.Join(words, ", ")
}

// wholly fails unless the pieces account for each byte of data.
func wholly(t *testing.T, data []byte, pieces []explain.Piece) {
	t.Helper()
	at := 0
	for _, p := range pieces {
		if p.Off < at && p.Trace != nil && p.Trace.Outcome == explain.Accepted { // it shares a mark
			at = p.Off
		}
		if p.Off != at || p.Len < 1 || p.Trace != nil && !bytes.Equal(p.Trace.Raw, data[at:at+p.Len]) {
			t.Fatalf("at %d: %s", at, outline(pieces))
		}
		if p.Trace != nil {
			accounted(t, p.Trace)
		}
		at += p.Len
	}
	if at != len(data) {
		t.Fatalf("%d of %d: %s", at, len(data), outline(pieces))
	}
}

func TestStreamIsExplainedPieceByPiece(t *testing.T) {
	good := "7e0002000012345678901200 7d02 f67e"
	bad := "7e0002000012345678901200 7d02 f57e"
	for _, c := range []struct{ profile, hex, want string }{
		{"jt808", good, "accepted 16"},
		{"jt808", bad, "refused 16"},
		{"jt808", good + good, "accepted 16, accepted 16"},
		{"jt808", "0102" + good + bad + good + "ff" + good[:20], "noise 2, accepted 16, refused 16, accepted 16, noise 1, incomplete 10"},
		{"jt808", "010203", "refused 3"},
		{"jt808", good + good[2:] + good + "0d0a" + good[2:], "accepted 16, accepted 16, accepted 16, noise 16, incomplete 1"},
		{"modbus-rtu", "0103027fff d834", "accepted 7"},
		{"modbus-rtu", "0103027ffe d834", "refused 7"},
		{"modbus-rtu", "0103027fff d834 0103027f", "accepted 7, incomplete 4"},
		{"compact", "0008010000000012345678 01026b00 00080100", "accepted 15, incomplete 4"},
	} {
		data := unhex(t, strings.ReplaceAll(c.hex, " ", ""))
		pieces := explain.Stream(shipped(t, c.profile), codec.Uplink, data)
		wholly(t, data, pieces)
		if got := outline(pieces); got != c.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.profile, c.hex, got, c.want)
			for _, p := range pieces {
				if p.Trace != nil {
					t.Log(dump(p.Trace))
				}
			}
		}
	}
}

func TestStreamTraceFindsTheFramesThatTheSplitterFinds(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, s := range c.Streams {
			data := unhex(t, strings.Join(s.Chunks, ""))
			pieces := explain.Stream(p, codec.Any, data)
			wholly(t, data, pieces)
			var got []string
			for _, p := range pieces {
				if p.Trace != nil && p.Trace.Outcome == explain.Accepted {
					got = append(got, fmt.Sprintf("%x", p.Trace.Raw))
				}
			}
			if !slices.Equal(got, s.Frames) {
				t.Errorf("%s: %s\ngot  %s\nwant %s", s.ID, outline(pieces), got, s.Frames)
			}
		}
	}
}

func FuzzStreamTraceAccountsForEveryByte(f *testing.F) {
	for _, c := range corpora(f) {
		for _, s := range c.Streams {
			f.Add(c.Profile, unhex(f, strings.Join(s.Chunks, "")), uint8(0))
		}
	}
	f.Fuzz(func(t *testing.T, profile string, data []byte, way uint8) {
		p, err := codec.Shipped(profile)
		if err != nil || len(data) > 256 {
			return
		}
		wholly(t, data, explain.Stream(p, codec.Direction(way%3), data))
	})
}
