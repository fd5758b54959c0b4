//go:build tshark

// These tests need tshark: make dissector installs it and runs them.
package dissector

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"trama/codec"
)

// sample is one frame that is known to be good.
type sample struct {
	id        string
	direction codec.Direction
	raw       []byte
}

const codecDir = "../../../../codec"

// samples are the published frames of a protocol and the examples of its definition.
func samples(t *testing.T, name string) (out []sample) {
	t.Helper()
	add := func(id, direction, text string) {
		raw, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			t.Fatal(err)
		}
		for d, word := range map[codec.Direction]string{codec.Uplink: "uplink", codec.Downlink: "downlink"} {
			if direction == word || direction == "" && decodes(t, name, d, raw) {
				out = append(out, sample{id, d, raw})
			}
		}
	}
	var corpus struct {
		Frames []struct{ ID, Direction, Hex string }
	}
	if src, err := os.ReadFile(filepath.Join(codecDir, "testdata/corpus", name+".json")); err == nil {
		if err := json.Unmarshal(src, &corpus); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range corpus.Frames {
		if f.Direction != "downlink" {
			f.Direction = "uplink"
		}
		add(f.ID, f.Direction, f.Hex)
	}
	src, _ := codec.ShippedSource(name)
	var definition struct {
		Example []struct{ Title, Direction, Hex, Reply string }
	}
	if err := toml.Unmarshal(src, &definition); err != nil {
		t.Fatal(err)
	}
	for i, e := range definition.Example {
		if e.Direction == "any" {
			e.Direction = ""
		}
		add(fmt.Sprintf("example %d", i+1), e.Direction, e.Hex)
		add(fmt.Sprintf("reply %d", i+1), "", e.Reply)
	}
	if len(out) == 0 {
		t.Fatal("no frames")
	}
	return out
}

func decodes(t *testing.T, name string, d codec.Direction, raw []byte) bool {
	p, err := codec.Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	return len(raw) > 0 && p.Decode(d, raw, &f) == nil
}

func eachShipped(t *testing.T, test func(t *testing.T, p *codec.Profile)) {
	for _, name := range codec.ShippedNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := codec.Shipped(name)
			if err != nil {
				t.Fatal(err)
			}
			test(t, p)
		})
	}
}

func TestTsharkSeesTheFieldsThatWeSee(t *testing.T) {
	eachShipped(t, func(t *testing.T, p *codec.Profile) {
		all := samples(t, p.Name())
		c := newCapture()
		cuts := []int{1 << 16, 1, 7}
		port := func(i, cut int) uint16 { return uint16(20000 + i*len(cuts) + cut) }
		for i, s := range all {
			for k, n := range cuts {
				c.send(port(i, k), s.direction == codec.Uplink, pieces(s.raw, n)...)
			}
		}
		found := dissect(t, p, c)
		fields := 0
		for i, s := range all {
			var f codec.Frame
			if err := p.Decode(s.direction, s.raw, &f); err != nil {
				t.Fatalf("%s: %v", s.id, err)
			}
			for k, n := range cuts {
				got := found[flow{port(i, k), s.direction == codec.Uplink}]
				if got == nil || len(got.frames) != 1 || len(got.noise) > 0 {
					t.Errorf("%s in segments of %d: %+v", s.id, n, got)
					continue
				}
				compared, wrong := compare(p, &f, got.frames[0])
				fields += compared
				for _, text := range wrong {
					t.Errorf("%s in segments of %d: %s", s.id, n, text)
				}
			}
		}
		t.Logf("%d frames, each in %d ways, %d fields", len(all), len(cuts), fields)
		if fields == 0 {
			t.Error("nothing was compared")
		}
	})
}

// compare says in what a frame of Wireshark differs from ours.
func compare(p *codec.Profile, f *codec.Frame, got field) (fields int, wrong []string) {
	prefix := got.Name + "."
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if m, _ := got.find(prefix + "message"); m.Show != f.Message().Name {
		say("message %q, expected %q", m.Show, f.Message().Name)
	}
	if id := string(f.Identity()); !strings.Contains(got.Label, latin1(id)) {
		say("label %q without identity %q", got.Label, id)
	}
	flat := flatten(prefix, "", got.Fields, nil)
	items := f.Items()
	if len(flat) != len(items) {
		say("%d fields, expected %d: %s", len(flat), len(items), names(flat))
		return len(items), wrong
	}
	var around []string
	for i, it := range items {
		around = around[:it.Depth]
		path := it.Field.Key
		if it.Depth > 0 {
			path = around[it.Depth-1] + "." + path
		}
		if it.Field.Key == "" {
			path = around[it.Depth-1]
			around = append(around, path)
			path += ".element"
		} else {
			around = append(around, path)
		}
		if err := equal(prefix+path, it, flat[i]); err != nil {
			say("%v", err)
		}
	}
	return len(items), wrong
}

// flatten lists the fields in the order of the tree, without what says something about others.
func flatten(prefix, around string, fields, out []field) []field {
	for _, f := range fields {
		switch f.Name {
		case prefix + "message", prefix + "direction", prefix + "kind":
			if around == "" {
				continue
			}
		case around + ".status":
			continue
		}
		if strings.HasPrefix(f.Name, prefix) {
			out = flatten(prefix, f.Name, f.Fields, append(out, f))
		}
	}
	return out
}

func names(fields []field) string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Name)
	}
	return strings.Join(out, " ")
}

// latin1 is text in UTF-8, as Wireshark shows it.
func latin1(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return strings.ReplaceAll(b.String(), "\x00", "␀")
}

func equal(path string, it codec.Item, got field) error {
	name, suffix := got.Name, ""
	if rest, ok := strings.CutPrefix(name, path+"."); ok {
		name, suffix = path, rest
	}
	if name != path {
		return fmt.Errorf("field %s, expected %s", got.Name, path)
	}
	is := func(what, show, want string) error {
		if show != want {
			return fmt.Errorf("%s: %s %q, expected %q", path, what, show, want)
		}
		return nil
	}
	if it.Missing() {
		if suffix != "raw" {
			return fmt.Errorf("%s: shown as %s, expected raw", path, got.Name)
		}
		return is("missing", got.Show, hex.EncodeToString(it.Bytes()))
	}
	if label := it.Label(); label != "" && !strings.Contains(got.Label, label) {
		return fmt.Errorf("%s: %q without label %q", path, got.Label, label)
	}
	if it.Field.Type == "checksum" {
		status, ok := got.find(path + ".status")
		if !ok || status.Show != "good" {
			return fmt.Errorf("%s: verdict %q", path, status.Show)
		}
	}
	switch it.Kind {
	case codec.KindUint:
		if v, err := strconv.ParseUint(got.Show, 0, 64); err != nil || v != it.Uint() {
			return is("number", got.Show, strconv.FormatUint(it.Uint(), 10))
		}
	case codec.KindInt:
		if v, err := strconv.ParseInt(got.Show, 0, 64); err != nil || v != it.Int() {
			return is("number", got.Show, strconv.FormatInt(it.Int(), 10))
		}
	case codec.KindFloat:
		want := it.Float()
		if text, err := strconv.ParseFloat(it.Text(), 64); err == nil {
			want = text
		}
		v, err := strconv.ParseFloat(got.Show, 64)
		if err != nil || strconv.FormatFloat(v, 'g', 14, 64) != strconv.FormatFloat(want, 'g', 14, 64) {
			return is("number", got.Show, it.Text())
		}
	case codec.KindDigits:
		return is("digits", got.Show, it.Text())
	case codec.KindText:
		text := it.Text()
		if len(text) > 1 && strings.TrimPrefix(text, "\x00") == hex.EncodeToString(it.Bytes()) {
			text = text[1:] // bytes that are no text of the charset
		}
		if !utf8.ValidString(text) {
			text = latin1(text)
		}
		text = strings.ReplaceAll(text, "\r\n", "\n") // as every reader of XML does
		text = strings.ReplaceAll(text, "\x00", "␀")
		return is("text", got.Show, text)
	case codec.KindBytes:
		return is("bytes", strings.ReplaceAll(got.Show, ":", ""), it.Text())
	case codec.KindTime:
		at, ok := it.Time()
		if !ok {
			if suffix != "raw" {
				return fmt.Errorf("%s: a time that does not exist is shown as %s", path, got.Label)
			}
			return is("raw time", got.Show, it.Text())
		}
		shown, err := time.Parse("Jan _2, 2006 15:04:05.000000000 MST", got.Show)
		if err != nil || !shown.Equal(at) || !strings.HasSuffix(got.Label, ": "+it.Text()) {
			return is("time", got.Show+" "+got.Label, at.UTC().String()+" "+it.Text())
		}
	}
	return nil
}
