package codec_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"trama/codec"
)

func TestPublishedFramesDecodeToWhatTheySayAndEncodeBack(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		fields := 0
		for _, g := range c.Frames {
			t.Run(g.ID, func(t *testing.T) {
				raw := unhex(t, g.Hex)
				var f codec.Frame
				if err := p.Decode(directionOf(g.Direction), raw, &f); err != nil {
					t.Fatal(err)
				}
				for path, want := range g.Expect {
					fields++
					if err := holds(&f, path, want); err != nil {
						text, _ := f.AppendJSON(nil)
						t.Errorf("%s: %v\n%s", path, err, text)
					}
				}
				for _, d := range []codec.Direction{directionOf(g.Direction), codec.Any} {
					if err := p.Decode(d, raw, &f); err != nil {
						t.Fatal(err)
					}
					comesBackFrom(t, p, &f, raw)
				}
				got, skipped, rest := cut(t, p.Splitter(directionOf(g.Direction)), raw)
				if len(got) != 1 || !bytes.Equal(got[0], raw) || skipped+len(rest) > 0 {
					t.Errorf("framing finds %x, skips %d, holds %x", got, skipped, rest)
				}
			})
		}
		t.Logf("%s: %d frames, %d fields, %d refused, %d streams", c.Profile, len(c.Frames), fields, len(c.Refused), len(c.Streams))
	}
}

// holds compares one field, by its path, with a value of JSON.
func holds(f *codec.Frame, path string, want any) error {
	path, raw := strings.CutSuffix(path, "#raw")
	it, ok := f.Item(path)
	if !ok {
		if want == false || want == "" {
			return nil
		}
		return fmt.Errorf("no such field, expected %v", want)
	}
	if raw {
		if got := hex.EncodeToString(it.Bytes()); got != want {
			return fmt.Errorf("is %s, expected %s", got, want)
		}
		return nil
	}
	switch want := want.(type) {
	case nil:
		ok = it.Missing()
	case bool:
		ok = (it.Uint() != 0) == want
	case float64:
		got := it.Float()
		ok = math.Abs(got-want) <= 1e-6*math.Abs(want)+1e-9
	case string:
		ok = strings.EqualFold(it.Text(), want)
	case []any:
		for i := range want {
			if err := holds(f, fmt.Sprintf("%s[%d]", path, i), want[i]); err != nil {
				return err
			}
		}
		if _, more := f.Item(fmt.Sprintf("%s[%d]", path, len(want))); more {
			return fmt.Errorf("more than %d elements", len(want))
		}
	}
	if !ok {
		return fmt.Errorf("is %s, expected %v", it.Text(), want)
	}
	return nil
}

func TestFramesThatAreNoneAreRefusedOrWaitedOn(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, g := range c.Refused {
			raw := unhex(t, g.Hex)
			for _, d := range []codec.Direction{codec.Uplink, codec.Downlink, codec.Any} {
				var f codec.Frame
				err := p.Decode(d, raw, &f)
				if err == nil {
					text, _ := f.AppendJSON(nil)
					t.Errorf("%s %s (%s) was decoded: %s", c.Profile, g.ID, g.Reason, text)
					continue
				}
				advance, token, _ := p.Splitter(d)(raw, false)
				if len(token) == len(raw) || g.Waits && d == codec.Any && advance != 0 {
					t.Errorf("%s %s (%s): advance %d, token %x", c.Profile, g.ID, g.Reason, advance, token)
				}
				if d == codec.Uplink {
					t.Logf("%s: %s: %v", g.ID, g.Reason, err)
				}
			}
		}
	}
}

func TestStreamsComeOutTheSameHoweverTheyAreCut(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, s := range c.Streams {
			var chunks, singles [][]byte
			for _, text := range s.Chunks {
				chunks = append(chunks, unhex(t, text))
			}
			whole := bytes.Join(chunks, nil)
			for i := range whole {
				singles = append(singles, whole[i:i+1])
			}
			for name, pieces := range map[string][][]byte{"as told": chunks, "whole": {whole}, "by the byte": singles} {
				got, _, _ := cut(t, p.Splitter(codec.Any), pieces...)
				var texts []string
				for _, b := range got {
					texts = append(texts, hex.EncodeToString(b))
				}
				if strings.Join(texts, " ") != strings.Join(s.Frames, " ") {
					t.Errorf("%s %s %s: %v, expected %v", c.Profile, s.ID, name, texts, s.Frames)
				}
			}
		}
	}
}
