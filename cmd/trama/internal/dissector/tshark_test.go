//go:build tshark

// These tests need tshark: make dissector installs it and runs them.
package dissector

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"trama/codec"
)

// TestMain puts this program into the zone that tshark is given, for profiles with times of the machine's zone.
func TestMain(m *testing.M) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	time.Local = zone
	os.Exit(m.Run())
}

func each(t *testing.T, all []profile, test func(t *testing.T, p profile)) {
	for _, p := range all {
		t.Run(p.Name(), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// Everything about one profile goes through one run of tshark, since starting it takes longer than all the rest.
func TestTsharkSeesWhatWeSee(t *testing.T) {
	each(t, append(shippedProfiles(t), otherProfiles(t)...), func(t *testing.T, p profile) {
		s := newStreams(p)
		published := p.published(t)
		for _, one := range published {
			for _, n := range []int{1 << 16, 1, 7} {
				s.send(one.id, one.direction, one.raw, n)
			}
			s.sendWrongSum(one)
		}
		for _, one := range p.made() {
			s.send(one.id, one.direction, one.raw, 1<<16)
		}
		s.sendJoined(published)
		s.sendCorpus(t)
		frames, fields := s.check(t)
		t.Logf("%d streams, %d frames, %d fields", len(s.list), frames, fields)
	})
}

// sendJoined puts frames one after the other: as they are, with noise between them, with wrong bits.
func (s *streams) sendJoined(all []sample) {
	random := rand.New(rand.NewSource(1))
	for _, d := range []codec.Direction{codec.Uplink, codec.Downlink} {
		for i, noise := range [][]byte{nil, {0x00, 0xff}, []byte("+++NO CARRIER\r\n")} {
			raw := join(all, d, noise)
			s.send(fmt.Sprintf("%s with noise %q", d, noise), d, raw, []int{5, 61, 1460}[i])
		}
		broken := join(all, d, nil)
		for i := 0; i < len(broken); i += 1 + random.Intn(60) {
			broken[i] ^= 1 << random.Intn(8)
		}
		s.send(fmt.Sprintf("%s with wrong bits", d), d, broken, 100)
		s.send(fmt.Sprintf("%s with wrong bits", d), d, broken, 13)
	}
}

// sendCorpus puts in the streams and the frames to refuse that the corpus has.
func (s *streams) sendCorpus(t *testing.T) {
	c := s.p.corpus(t)
	for _, d := range []codec.Direction{codec.Uplink, codec.Downlink} {
		for _, one := range c.Streams {
			s.send(one.ID, d, unhex(t, strings.Join(one.Chunks, "")), 9)
		}
		for _, one := range c.Refused {
			s.send(one.ID, d, unhex(t, one.Hex), 1460)
		}
	}
}

// sendWrongSum spoils the last byte of each checksum of a frame; Wireshark must say the same of it as we do.
func (s *streams) sendWrongSum(one sample) {
	var f codec.Frame
	if s.p.Decode(one.direction, one.raw, &f) != nil {
		return
	}
	for _, it := range f.Items() {
		if it.Field.Type != "checksum" {
			continue
		}
		raw := append([]byte(nil), one.raw...)
		raw[it.Off+it.Len-1] ^= 1
		var wrong codec.Frame
		err := s.p.Decode(one.direction, raw, &wrong)
		if err == nil {
			continue
		}
		if _, text, ok := strings.Cut(err.Error(), "checksum is wrong: "); ok {
			s.send(one.id+" with a wrong checksum", one.direction, raw, 1<<16)
			s.list[len(s.list)-1].reason = "checksum is wrong: " + text
		}
	}
}

// Values that hardly ever occur: random bytes through every kind of field.
func TestTsharkSeesRandomValuesAsWeDo(t *testing.T) {
	random := rand.New(rand.NewSource(2))
	text := func(file string) string {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(src)
	}
	t.Run("bytes", func(t *testing.T) {
		p := compiled(t, "anything.toml", text("testdata/anything.toml"))
		s := newStreams(p)
		for page := range 4 {
			size := []int{138, 60, 60, 43}[page]
			for i := range 60 {
				raw := make([]byte, size)
				for k := range raw {
					switch i % 4 {
					case 0:
						raw[k] = byte(random.Intn(256))
					case 1:
						raw[k] = []byte{0, 0xff, 0x80, 0x7f, 1}[random.Intn(5)]
					case 2:
						raw[k] = byte(random.Intn(40))
					default:
						raw[k] = byte(0x40 + random.Intn(0x80))
					}
				}
				raw[0] = raw[0]&^3 | byte(page)
				s.send(fmt.Sprintf("page %d, %d", page, i), codec.Uplink, stuffed(raw), 1<<16)
			}
		}
		frames, fields := s.check(t)
		if t.Logf("%d frames, %d fields", frames, fields); frames < 200 {
			t.Errorf("%d frames, the others are none", frames)
		}
	})
	t.Run("digits", func(t *testing.T) {
		p := compiled(t, "digits.toml", text("testdata/digits.toml"))
		s := newStreams(p)
		size := 0
		for _, f := range p.Messages()[0].Fields {
			size += f.Size
		}
		for range 100 {
			raw := []byte{0xee}
			for len(raw) < size {
				raw = append(raw, byte(random.Intn(10)<<4|random.Intn(10)))
			}
			copy(raw[len(raw)-10:], []byte{byte(random.Intn(4)), byte(random.Intn(2)), 0x28, 0x23, 0x59, 0x59, 0x31, 0x12, 0x20, 0x24})
			s.send("digits", codec.Uplink, raw[:size], 1<<16)
		}
		frames, fields := s.check(t)
		t.Logf("%d frames, %d fields", frames, fields)
	})
}

// Every algorithm of the registry, and CRCs of widths that none of them has, over random bytes.
func TestTsharkComputesEveryChecksumAsWeDo(t *testing.T) {
	algorithms := []string{"{ width = 64, poly = 0x42f0e1eba9ea3693, init = -1, xorout = -1 }", "{ width = 40, poly = 0x4820009, xorout = 0xffffffffff, refin = true }",
		"{ width = 16, poly = 0x1021, refout = true }", "{ width = 56, poly = 0x1b, refin = true, refout = true, init = 5 }", "{ width = 12, poly = 0x80f }",
		`{ width = 16, poly = 0x1021, init = 0xffff, refin = true, refout = true, extra = "32" }`, `{ width = 24, poly = 0x864cfb, refin = true, xorout = 7, extra = "0102ff" }`,
		`{ width = 32, poly = 0x04c11db7, init = 5, refout = true, extra = "a5" }`,
		`{ sum = "sum8", init = 0x55, xorout = 0xff }`, `{ sum = "sum16", xorout = 0x8001 }`, `{ sum = "sum32", init = 0xfffffff0 }`, `{ sum = "xor8", init = 0xa5, xorout = 3 }`}
	for _, name := range registered(t, `{ key = "x", type = "checksum", algorithm = "none" }`) {
		algorithms = append(algorithms, fmt.Sprintf("%q", strings.TrimSpace(name)))
	}
	var text strings.Builder
	text.WriteString("name = \"sums\"\n[frame]\nheader = [{ key = \"n\", type = \"byte\", role = \"command\" }]\n")
	for i, algorithm := range algorithms {
		fmt.Fprintf(&text, "[[message]]\ncommand = %d\nname = \"sum%d\"\nfrom = \"server\"\nfields = [{ key = \"data\", type = \"hex\", size = 11 }, "+
			"{ key = \"sum\", type = \"checksum\", algorithm = %s, order = %q }]\n", i, i, algorithm, []string{"big", "little"}[i%2])
	}
	p := compiled(t, "sums.toml", text.String())
	s, random := newStreams(p), rand.New(rand.NewSource(3))
	for i := range algorithms {
		for _, mask := range []byte{0xff, 0xff, 0x00} {
			data := make([]byte, 11)
			for k := range data {
				data[k] = byte(random.Intn(256)) & mask
			}
			var f codec.Frame
			if err := p.Build(&f, strconv.Itoa(i), map[string]any{"data": data}); err != nil {
				t.Fatal(err)
			}
			raw, err := p.Append(nil, &f)
			if err != nil {
				t.Fatal(err)
			}
			s.send(algorithms[i], codec.Downlink, raw, 1<<16)
		}
	}
	if frames, _ := s.check(t); frames != 3*len(algorithms) || len(algorithms) < 30 {
		t.Errorf("%d frames of %d algorithms", frames, len(algorithms))
	}
}

// Wireshark looks at packets again, in any order.  The frames must be the same; of noise, it then leaves out what it takes
// for a part of a frame that ends in a later packet.
func TestTsharkSeesTheSameInASecondPass(t *testing.T) {
	for _, p := range shippedProfiles(t) {
		if p.Name() == "jt808" || p.Name() == "modbus-rtu" {
			s := newStreams(p)
			s.sendJoined(p.published(t))
			s.lessNoise = true
			s.check(t, "-2")
		}
	}
}

// talk is a capture of one measurement and its receipt.
func talk(t *testing.T) (p *codec.Profile, c *capture) {
	t.Helper()
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	c = newCapture()
	c.send(40112, true, unhex(t, "00250100000000123456780102036d0020261123143000000000070041ac0000"))
	c.send(40112, false, unhex(t, "00200100000000123456780102036d002026112314300000000007"))
	return p, c
}

func TestTsharkShowsFramesInItsListAndFiltersByFields(t *testing.T) {
	p, c := talk(t)
	script := Script(p, Options{Ports: []int{serverPort}})
	list := string(tshark(t, script, c))
	for _, want := range []string{"EXTENDED", "measurement 12345678", "acknowledgement 12345678"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in\n%s", want, list)
		}
	}
	for filter, packets := range map[string]int{
		"extended": 2, "extended.MS > 21.4": 1, "extended.MS > 21.6": 0, `extended.SD == "12345678"`: 2, `extended.message == "measurement"`: 1,
		`extended.direction == "downlink"`: 1, `extended.TS == "2026-11-23 14:30:00"`: 2, "extended.no-frame": 0,
	} {
		if got := strings.Count(string(tshark(t, script, c, "-Y", filter)), "EXTENDED"); got != packets {
			t.Errorf("%s: %d packets, expected %d", filter, got, packets)
		}
	}
}

func TestTsharkUsesItByDecodeAsAndByPreference(t *testing.T) {
	p, c := talk(t)
	script := Script(p, Options{})
	if list := string(tshark(t, script, c)); strings.Contains(list, "EXTENDED") {
		t.Errorf("it is used without being asked for:\n%s", list)
	}
	for _, option := range [][]string{{"-d", "tcp.port==12986,extended"}, {"-o", "extended.ports:4000,12986"}} {
		list := string(tshark(t, script, c, option...))
		if !strings.Contains(list, "measurement 12345678") || !strings.Contains(list, "acknowledgement 12345678") {
			t.Errorf("%v:\n%s", option, list)
		}
	}
}

// Wireshark has protocols of its own; a profile of such a name gets another one.
func TestTsharkTakesAProfileWhoseNameItHas(t *testing.T) {
	src, _ := codec.ShippedSource("compact")
	p := compiled(t, "modbus.toml", strings.Replace(string(src), `"compact"`, `"modbus"`, 1))
	s := newStreams(p)
	for _, one := range p.published(t) {
		s.send(one.id, one.direction, one.raw, 1<<16)
	}
	s.check(t)
	for _, one := range dissect(t, p.Profile, s.c) {
		for _, f := range one.frames {
			if f.Name != "trama-modbus" {
				t.Errorf("it is called %s", f.Name)
			}
		}
	}
}

// stuffed writes a frame of anything.toml.
func stuffed(raw []byte) []byte {
	out := []byte{0xc0}
	for _, b := range raw {
		switch b {
		case 0xc0:
			out = append(out, 0xdb, 0xdc)
		case 0xdb:
			out = append(out, 0xdb, 0xdd)
		default:
			out = append(out, b)
		}
	}
	return append(out, 0xc0)
}

// compare says in what a frame of Wireshark differs from ours.
func compare(f *codec.Frame, got field) (fields int, wrong []string) {
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
		case prefix + "message", prefix + "direction", prefix + "frame-kind":
			if around == "" {
				continue
			}
		case around + "-status":
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
	return b.String()
}

func equal(path string, it codec.Item, got field) error {
	name, suffix := got.Name, ""
	if rest, ok := strings.CutPrefix(name, path); ok && (rest == "-raw" || strings.HasPrefix(rest, ".")) {
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
		if suffix != "-raw" {
			return fmt.Errorf("%s: shown as %s, expected raw", path, got.Name)
		}
		return is("missing", got.Show, it.MissingText())
	}
	if label := it.Label(); label != "" && !strings.Contains(got.Label, label) {
		return fmt.Errorf("%s: %q without label %q", path, got.Label, label)
	}
	if it.Field.Type == "checksum" {
		status, ok := got.find(path + "-status")
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
		if text, err := strconv.ParseFloat(it.Text(), 64); err == nil && it.Field.Type == "float32" {
			want = text // Wireshark is given the shortest number, too
		}
		v, err := strconv.ParseFloat(strings.TrimPrefix(got.Show, "-nan"), 64)
		if math.IsNaN(want) && strings.HasSuffix(got.Show, "nan") || v == want {
			return nil
		}
		if err != nil || math.Abs(v-want) > 1e-14*math.Abs(want) { // 15 digits are shown
			return is("number", got.Show, it.Text())
		}
	case codec.KindDigits:
		return is("digits", got.Show, it.Text())
	case codec.KindText:
		text := it.Text()
		if it.Label() != "" {
			text = string(it.Bytes())
		}
		if text == "\x00"+hex.EncodeToString(it.Bytes()) {
			text = text[1:] // bytes that are no text of the charset
		}
		if !utf8.ValidString(text) {
			text = latin1(text)
		}
		return is("text", got.Show, inXML(text))
	case codec.KindBytes:
		return is("bytes", strings.ReplaceAll(got.Show, ":", ""), it.Text())
	case codec.KindTime:
		at, ok := it.Time()
		if !ok {
			if suffix != "-raw" {
				return fmt.Errorf("%s: a time that does not exist is shown as %s", path, got.Label)
			}
			return is("raw time", got.Show, it.Text())
		}
		if at.Year() < 1000 { // which tshark writes with fewer digits
			return is("time", got.Label[strings.LastIndex(got.Label, ": ")+2:], it.Text())
		}
		shown, err := time.Parse("Jan _2, 2006 15:04:05.000000000 MST", got.Show)
		if err != nil || !shown.Equal(at) || at.Year() < lastYear && !strings.HasSuffix(got.Label, ": "+it.Text()) {
			return is("time", got.Show+" "+got.Label, at.UTC().String()+" "+it.Text())
		}
	}
	return nil
}
