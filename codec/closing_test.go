package codec_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
)

// streamCase is a stream and the frames that come out of it, however it is cut.
type streamCase struct {
	profile, title, stream string
	frames                 []string
	skipped                int // bytes that belong to no frame
	held                   int // bytes that may still become one
}

func (c *streamCase) run(t *testing.T) {
	split := profileFrom(t, c.profile).Splitter(codec.Uplink)
	stream := unhex(t, strings.ReplaceAll(c.stream, " ", ""))
	var want [][]byte
	for _, f := range c.frames {
		want = append(want, unhex(t, strings.ReplaceAll(f, " ", "")))
	}
	for size := 1; size <= len(stream); size++ {
		var parts [][]byte
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			parts = append(parts, rest[:min(size, len(rest))])
		}
		got, skipped, rest := cut(t, split, parts...)
		if fmt.Sprintf("%x", got) != fmt.Sprintf("%x", want) || skipped != c.skipped || len(rest) != c.held {
			t.Fatalf("%s: %s in pieces of %d: frames %x, %d skipped, %d held; expected %x, %d, %d", c.profile, c.title, size, got, skipped, len(rest), want, c.skipped, c.held)
		}
	}
}

func TestFramesWithALengthOfVaryingWidthAreCutWhereTheyEnd(t *testing.T) {
	long := "30 8003 0001 61"
	for _, c := range []streamCase{
		{profile: "field-mqtt.good.toml", title: "packets one after the other", stream: "c000 10 10 00044d515454 04 02 003c 000444494749 c000 c08000", frames: []string{"c000", "10 10 00044d515454 04 02 003c 000444494749", "c000", "c08000"}},
		{profile: "field-mqtt.good.toml", title: "half a length", stream: "c000 c080", frames: []string{"c000"}, held: 2},
		{profile: "field-mqtt.good.toml", title: "a length that does not end", stream: "c0 80808080 c000", frames: []string{"c000"}, skipped: 5},
		{profile: "field-mqtt.good.toml", title: "a frame that is too long", stream: "30 ff7f c000", frames: []string{"c000"}, skipped: 3},
		{profile: "field-mqtt.good.toml", title: "the rest has not come", stream: long, held: 6},
		{profile: "field-snmp.good.toml", title: "no size", stream: "30 80 30 26 020100 0406 7075626c6963 a0 19 020101 020100 020100 30 0e 30 0c 06 08 2b06010201010100 05 00",
			frames: []string{"30 26 020100 0406 7075626c6963 a0 19 020101 020100 020100 30 0e 30 0c 06 08 2b06010201010100 05 00"}, skipped: 2},
	} {
		c.run(t)
	}
}

func TestFramesWithBytesBehindTheirMarkAreCutWhereTheyEnd(t *testing.T) {
	const plain, twice, tenth = "10 02 08 09 06 00 02 04 03 10 03 e0", "10 02 08 09 06 00 10 10 04 03 10 03 d2", "10 02 08 09 46 00 02 04 10 10 83 10 03 10"
	for _, c := range []streamCase{
		{profile: "field-df1.good.toml", title: "frames one after the other", stream: twice + "10 06" + "10 06" + twice, frames: []string{"10 06", "10 06"}, skipped: 26},
		{profile: "field-df1.good.toml", title: "the check is 10, and 10 06 follows", stream: tenth + "10 06" + tenth, frames: []string{tenth, "10 06", tenth}},
		{profile: "field-df1.good.toml", title: "the check has not come", stream: tenth[:len(tenth)-3], held: 13},
		{profile: "field-df1.good.toml", title: "a wrong check", stream: "10 02 08 09 46 00 02 04 01 10 03 11" + tenth, frames: []string{tenth}, skipped: 12},
		{profile: "field-df1.good.toml", title: "a frame that broke off, and one after it", stream: "10 02 08 09 46 00 02 04 10" + tenth, frames: []string{tenth}, skipped: 9},
		{profile: "field-df1.good.toml", title: "what is no sequence is not waited for", stream: "10 02 08 09 46 00 10 41 00", skipped: 9},
		{profile: "field-df1.good.toml", title: "what may become one is", stream: "10 02 08 09 46 00 10", held: 7},
		{profile: "field-3964r.good.toml", title: "telegrams between handshakes", stream: "02 10 0000 41 44 0a1010 0001 ffff 001010 1003 1d 10", frames: []string{"02", "10", "0000 41 44 0a1010 0001 ffff 001010 1003 1d", "10"}},
		{profile: "closing.good.toml", title: "behind the mark too a sequence is one byte", stream: "7e 01 04 7d5e 01 7d5d ba 7f 2a9a 7d5f" + "7e 01", frames: []string{"7e 01 04 7d5e 01 7d5d ba 7f 2a9a 7d5f"}, held: 2},
		{profile: "closing.good.toml", title: "half a sequence behind the mark", stream: "7e 01 04 7d5e 01 7d5d ba 7f 2a9a 7d", held: 13},
		{profile: "closing.good.toml", title: "no sequence behind the mark", stream: "7e 01 04 7d5e 01 7d5d ba 7f 2a9a 7d00", skipped: 14},
		{profile: "closing.good.toml", title: "a byte behind the mark that had to be a sequence", stream: "7e 01 04 7d5e 01 7d5d ba 7f 2a9a 7e", skipped: 12, held: 1},
		{profile: "field-bsc.good.toml", title: "blocks with one mark and another", stream: "1002 c1 c2 1010 03 1017 4152" + "1002 c3 1003 10f1", frames: []string{"1002 c1 c2 1010 03 1017 4152", "1002 c3 1003 10f1"}},
		{profile: "field-bsc.good.toml", title: "a mark that is none of them", stream: "1002 c3 1004" + "1002 c3 1003 10f1", frames: []string{"1002 c3 1003 10f1"}, skipped: 5},
		{profile: "closing-marks.good.toml", title: "marks of different sizes, in both kinds", stream: "7e 02 7d5d 7d00 59" + "4142 0d0a" + "7e 01 03 1234 7d01 c8" + "4142 3b 4142 0d",
			frames: []string{"7e 02 7d5d 7d00 59", "4142 0d0a", "7e 01 03 1234 7d01 c8", "4142 3b"}, held: 3},
	} {
		c.run(t)
	}
}

// What depends on the mark is not told before it has come, and then at once.
func TestAFrameIsExplainedUpToWhatItsMarkSays(t *testing.T) {
	p := profileFrom(t, "closing-marks.good.toml")
	whole := unhex(t, "7e010312347d01c8")
	for n := 2; n < len(whole); n++ {
		tr := explain.Frame(p, codec.Any, whole[:n])
		if lacks := len(whole) - n; tr.Outcome != explain.Incomplete || tr.Missing > lacks || tr.Missing < 1 || tr.Exact && tr.Missing != lacks {
			t.Errorf("%x: outcome %d, %d missing, exact %v, %v", whole[:n], tr.Outcome, tr.Missing, tr.Exact, tr.Fault)
		}
	}
	if tr := explain.Frame(p, codec.Any, whole); tr.Outcome != explain.Accepted {
		t.Errorf("outcome %d, %v", tr.Outcome, tr.Fault)
	}
}

// A frame that is refused while it is decoded, and one that is accepted, look the same to those who explain it.
func TestAFrameWithBytesBehindItsMarkIsExplainedAsFarAsItGoes(t *testing.T) {
	p := profileFrom(t, "field-df1.good.toml")
	whole := unhex(t, "100208090600101004031003d2")
	for n := 8; n < len(whole); n++ {
		tr := explain.Frame(p, codec.Any, whole[:n])
		if lacks := len(whole) - n; tr.Outcome != explain.Incomplete || tr.Missing > lacks || tr.Missing < 1 || tr.Exact && tr.Missing != lacks {
			t.Errorf("%x: outcome %d, %d missing, exact %v", whole[:n], tr.Outcome, tr.Missing, tr.Exact)
		}
	}
	tr := explain.Frame(p, codec.Any, whole)
	var text bytes.Buffer
	for _, s := range tr.Spans {
		if s.Kind == explain.SpanField && s.Len > 0 {
			fmt.Fprintf(&text, "%s %x ", s.Path, whole[s.Off:s.Off+s.Len])
		}
	}
	if want := "dst 08 src 09 cmd 06 sts 00 tns 101004 fnc 03 etx 1003 bcc d2 "; text.String() != want || tr.Outcome != explain.Accepted {
		t.Errorf("%s, expected %s", text.String(), want)
	}
}
