package codec_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

// frozenNow is the clock of replies; an example of a definition may have its own.
var frozenNow = time.Date(2026, 11, 30, 17, 4, 5, 0, time.UTC)

// The fields, the JSON, the roles and the reply of every example of a definition are those of the golden file, and the
// frame comes back from its fields and from its JSON.
func TestExamplesOfShippedProfilesAreFrozen(t *testing.T) {
	frozen(t, "shipped", framesOf(t, definitions(t, "profiles/*.toml")))
}

func TestExamplesOfGoodDefinitionsAreFrozen(t *testing.T) {
	frozen(t, "definitions", framesOf(t, definitions(t, "testdata/*.good.toml")))
}

func framesOf(t *testing.T, all []definition) string {
	var out strings.Builder
	for _, d := range all {
		fmt.Fprintf(&out, "== %s\n", d.name)
		var session codec.Session
		for _, e := range d.examples {
			fmt.Fprintf(&out, "%x\n", e.frame)
			var f codec.Frame
			if err := d.p.Decode(e.direction, e.frame, &f); err != nil {
				t.Errorf("%s %x: %v", d.name, e.frame, err)
				continue
			}
			relate(t, d, e, &f)
			describeFrame(t, &out, d.p, &f)
			comesBackFrom(t, d.p, &f, e.frame)
			d.p.Remember(&session, &f)
			now := e.now
			if now.IsZero() {
				now = frozenNow
			}
			reply, due, err := d.p.Reply(nil, &f, codec.Env{Now: now, Session: &session})
			switch {
			case err != nil:
				fmt.Fprintf(&out, "  reply: %v\n", err)
			case due:
				fmt.Fprintf(&out, "  reply %x\n", reply)
			}
		}
	}
	return out.String()
}

// relate tells f which request it answers, where the example has one.
func relate(t *testing.T, d definition, e shownFrame, f *codec.Frame) {
	t.Helper()
	if len(e.request) == 0 {
		return
	}
	way := codec.Downlink
	if e.direction == codec.Downlink {
		way = codec.Uplink
	}
	var request codec.Frame
	if err := d.p.Decode(way, e.request, &request); err != nil {
		t.Fatalf("%s %x: %v", d.name, e.request, err)
	}
	if err := d.p.Relate(&request, f); err != nil {
		t.Fatalf("%s %x: %v", d.name, e.frame, err)
	}
}

// describeFrame writes what a frame says of itself.
func describeFrame(t *testing.T, out *strings.Builder, p *codec.Profile, f *codec.Frame) {
	t.Helper()
	text, err := f.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "  %s\n ", text)
	if f.Kind() != "" {
		fmt.Fprintf(out, " kind=%s", f.Kind())
	}
	fmt.Fprintf(out, " from=%s command=%q identity=%q", f.From(), f.Command(), f.Identity())
	if n, ok := f.Transaction(); ok {
		fmt.Fprintf(out, " transaction=%d", n)
	}
	if n, ok := f.Result(); ok {
		fmt.Fprintf(out, " result=%d", n)
	}
	if n, ok := f.Alarm(); ok {
		fmt.Fprintf(out, " alarm=%d", n)
	}
	if at, ok := f.Timestamp(); ok {
		fmt.Fprintf(out, " time=%s", at.Format(time.RFC3339Nano))
	}
	if command, ok := p.Forward(f); ok {
		fmt.Fprintf(out, " forward=%s", command)
	}
	out.WriteString("\n ")
	for _, it := range f.Items() {
		fmt.Fprintf(out, " %s@%d+%d:%s", it.Field.Key, it.Off, it.Len, it.Kind)
		if it.Depth > 0 {
			fmt.Fprintf(out, "/%d", it.Depth)
		}
		if it.Missing() {
			out.WriteString(" missing")
		}
		if it.Suspect() {
			out.WriteString(" suspect")
		}
	}
	out.WriteString("\n")
}

// comesBackFrom checks that a frame is the same bytes again, from its fields and from its JSON.
func comesBackFrom(t testing.TB, p *codec.Profile, f *codec.Frame, frame []byte) {
	t.Helper()
	if again, err := p.Append(nil, f); err != nil || !bytes.Equal(again, frame) {
		t.Errorf("%s %x: encoded again %x (%v)", p.Name(), frame, again, err)
	}
	text, err := f.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back codec.Frame
	if err := p.ParseJSON(text, &back); err != nil {
		t.Errorf("%s %s: %v", p.Name(), text, err)
		return
	}
	if again, err := p.Append(nil, &back); err != nil || !bytes.Equal(again, frame) {
		t.Errorf("%s %s: from JSON %x (%v), expected %x", p.Name(), text, again, err, frame)
	}
}
