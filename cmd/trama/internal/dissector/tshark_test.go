//go:build tshark

// These tests need tshark: make dissector installs it and runs them.
package dissector

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/describe"
	"trama/codec/protect"
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
	others := slices.DeleteFunc(otherProfiles(t), func(p profile) bool {
		return !strings.HasPrefix(p.Name(), "bits-packed") && !slices.Contains([]string{"number-size", "request-body", "stuffing-sequence"}, p.Name())
	})
	each(t, append(shippedProfiles(t), others...), func(t *testing.T, p profile) {
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

// The common algorithms, and CRCs by their parameters, over random bytes.
func TestTsharkComputesTheCommonChecksums(t *testing.T) {
	algorithms := []string{"{ width = 16, poly = 0x1021, refout = true }", "{ width = 12, poly = 0x80f }",
		`{ width = 16, poly = 0x1021, init = 0xffff, refin = true, refout = true, extra = "32" }`, `{ width = 24, poly = 0x864cfb, refin = true, xorout = 7, extra = "0102ff" }`,
		`{ width = 32, poly = 0x04c11db7, init = 5, refout = true, extra = "a5" }`,
		`{ sum = "sum8", init = 0x55, xorout = 0xff }`, `{ sum = "sum16", xorout = 0x8001 }`, `{ sum = "sum32", init = 0xfffffff0 }`, `{ sum = "xor8", init = 0xa5, xorout = 3 }`}
	for _, name := range []string{"crc-8/maxim", "crc-8/e5", "crc-16/modbus", "crc-16/x-25", "crc-16/dnp", "crc-24/openpgp", "crc-32/iso-hdlc", "crc-32/mpeg-2",
		"sum8", "sum16", "sum32", "lrc8", "not-sum8", "xor8"} {
		algorithms = append(algorithms, fmt.Sprintf("%q", name))
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
	if frames, _ := s.check(t); frames != 3*len(algorithms) {
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
	script := Script(describe.Profile(p), Options{Ports: []int{serverPort}})
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
	script := Script(describe.Profile(p), Options{})
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

// compare says in what a frame of Wireshark differs from ours.  What it shows must be as we decode it, in our order; the
// fields of the header that have bytes must be shown.
func compare(f *codec.Frame, header map[string]bool, got field) (fields int, wrong []string) {
	prefix := got.Name + "."
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if m, _ := got.find(prefix + "message"); m.Show != f.Message().Name && m.Show != "not dissected" {
		say("message %q, expected %q", m.Show, f.Message().Name)
	}
	items, paths := f.Items(), []string(nil)
	var around []string
	for _, it := range items {
		around = around[:it.Depth]
		path := it.Field.Key
		if it.Depth > 0 {
			path = strings.Trim(around[it.Depth-1]+"."+path, ".")
		}
		if around = append(around, path); it.Field.Key == "" {
			path = ""
		}
		paths = append(paths, prefix+path)
	}
	at := 0
	for _, one := range flatten(prefix, got.Fields, nil) {
		next := at
		for next < len(items) && (items[next].Missing() || items[next].Suspect() || paths[next] != one.Name && paths[next]+"."+suffixOf(one.Name) != one.Name) {
			next++
		}
		if next == len(items) {
			say("field %s is not among %s", one.Name, paths[at:])
			break
		}
		for _, it := range items[at:next] {
			if it.Depth == 0 && header[it.Field.Key] && !it.Computed() && !it.Suspect() && !it.Missing() {
				say("%s of the header is not shown", it.Field.Key)
			}
		}
		if err := equal(paths[next], items[next], one); err != nil {
			say("%v", err)
		}
		at = next + 1
		fields++
	}
	return fields, wrong
}

func suffixOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// flatten lists the fields in the order of the tree, without what says something about others.
func flatten(prefix string, fields, out []field) []field {
	for _, f := range fields {
		switch f.Name {
		case prefix + "message", prefix + "direction", prefix + "not-dissected":
		default:
			if strings.HasPrefix(f.Name, prefix) {
				out = append(out, f)
			}
		}
		out = flatten(prefix, f.Fields, out)
	}
	return out
}

func equal(path string, it codec.Item, got field) error {
	is := func(what, show, want string) error {
		if show != want {
			return fmt.Errorf("%s: %s %q, expected %q", path, what, show, want)
		}
		return nil
	}
	if label := it.Label(); label != "" && !strings.Contains(got.Label, label) {
		return fmt.Errorf("%s: %q without label %q", path, got.Label, label)
	}
	if it.Missing() {
		return fmt.Errorf("%s: %q, expected no value", path, got.Show)
	}
	if it.Field.Type == "checksum" && !strings.HasSuffix(got.Label, "[correct]") {
		return fmt.Errorf("%s: verdict %q", path, got.Label)
	}
	switch it.Kind {
	case codec.KindUint:
		return is("number", got.Show, strconv.FormatUint(it.Uint(), 10))
	case codec.KindInt:
		return is("number", got.Show, strconv.FormatInt(it.Int(), 10))
	case codec.KindFloat:
		v, err := strconv.ParseFloat(got.Show, 64)
		near := 1e-14
		if it.Field.Type == "float32" {
			near = 1e-7
		}
		if want := it.Float(); err != nil || math.Abs(v-want) > near*math.Abs(want) {
			return is("number", got.Show, it.Text())
		}
	case codec.KindDigits:
		return is("digits", got.Show, it.Text())
	case codec.KindText:
		text := it.Text()
		if it.Label() != "" {
			text = string(it.Bytes())
		}
		return is("text", got.Show, text)
	case codec.KindBytes:
		return is("bytes", strings.ReplaceAll(got.Show, ":", ""), it.Text())
	case codec.KindTime:
		at, _ := it.Time()
		shown, err := time.Parse("Jan _2, 2006 15:04:05.000000000 MST", got.Show)
		if err != nil || !shown.Equal(at) {
			return is("time", got.Show, at.UTC().String())
		}
	}
	return nil
}

func TestTsharkShowsTheHeadOfProtectedFrames(t *testing.T) {
	p, c := talk(t)
	key := protect.Key{1}
	plain := unhex(t, "00250100000000123456780102036d0020261123143000000000070041ac0000")
	for i, s := range []protect.Suite{protect.CCM8, protect.CCM16, protect.None, protect.Auth24, protect.Enc24} {
		frame, err := p.Protect(nil, plain, &protect.Protection{Suite: s, Key: key, Epoch: 3, Counter: 70_000})
		if err != nil {
			t.Fatal(err)
		}
		c.send(uint16(40113+i), true, frame[:20], frame[20:], plain)
	}
	damaged, err := p.Protect(nil, plain, &protect.Protection{Suite: protect.CCM8, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	damaged[30] ^= 1
	c.send(40120, true, damaged)
	script := Script(describe.Profile(p), Options{Ports: []int{serverPort}})
	for filter, packets := range map[string]int{
		`extended.message == "protected, suite 20, epoch 3, counter 70000"`: 1,
		`extended.message == "protected, suite 21, epoch 3, counter 70000"`: 1,
		`extended.message == "protected, suite 00"`:                         1,
		`extended.TE == 20 and extended.SD == "12345678"`:                   1,
		`extended.message == "measurement"`:                                 6,
		"extended.no-frame":                                                 7, // suites 10 and 11, in three segments each, and what is damaged
	} {
		if got := strings.Count(string(tshark(t, script, c, "-Y", filter)), "EXTENDED"); got != packets {
			t.Errorf("%s: %d packets, expected %d", filter, got, packets)
		}
	}
	for filter, packets := range map[string]int{
		`extended.message == "protected, suite 10"`: 1,
		`extended.message == "protected, suite 11"`: 1,
		"extended.no-frame":                         1,
	} {
		if got := strings.Count(string(tshark(t, script, c, "-o", "extended.weak:TRUE", "-Y", filter)), "EXTENDED"); got != packets {
			t.Errorf("%s, with weak suites: %d packets, expected %d", filter, got, packets)
		}
	}
}
