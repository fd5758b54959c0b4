package codec_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

// someFields are fields of all kinds, as they can stand beside each other; @ makes their keys differ.
var someFields = []string{
	`{ key = "a@", type = "byte" }`,
	`{ key = "a@", type = "uint16", order = "little" }`,
	`{ key = "a@", type = "int24", order = "little" }`,
	`{ key = "a@", type = "int16", scale = 0.1, missing = ["7fff", "8000"] }`,
	`{ key = "a@", type = "uint32", order = "cdab" }`,
	`{ key = "a@", type = "uint32", minus = "bit" }`,
	`{ key = "a@", type = "float32" }, { key = "b@", type = "float64", order = "little" }`,
	`{ key = "a@", type = "byte", max = 99 }, { key = "b@", type = "computed", value = "a@ * 3 - 7" }`,
	`{ key = "a@", type = "byte", in = [1, 2, 9] }`,
	`{ key = "a@", type = "byte" }, { key = "b@", type = "computed", value = "a@ / 3 % 5", max = 4 }`,
	`{ key = "a@", type = "uint16" }, { key = "b@", type = "int8" }, { key = "c@", type = "computed", value = "a@ * b@" }`,
	`{ key = "a@", type = "byte" }, { key = "b@", type = "byte", when = "a@ > 127" }, { key = "c@", type = "computed", value = "b@ + a@ << 1" }`,
	`{ key = "a@", type = "hex", size = 2 }, { key = "b@", type = "computed", value = "a@ & 0xff" }`,
	`{ key = "a@", type = "bcd", size = 2, as = "digits" }, { key = "b@", type = "computed", value = "a@ % 7" }`,
	`{ key = "a@", type = "bcd", size = 3 }`,
	`{ key = "a@", type = "bcd", size = 2, as = "digits", filler = "f" }`,
	`{ key = "a@", type = "bcd", size = 2, minus = "f" }`,
	`{ key = "a@", type = "bits", size = 1, bits = [{ key = "b@", at = "3-0" }, { key = "c@", at = "7-4", signed = true }] }, { key = "d@", type = "byte", when = "b@ = 3" }`,
	`{ key = "a@", type = "bits", size = 2, order = "little", bits = [{ key = "b@", at = "10-3", missing = ["ff", "fe"] }, { key = "c@", at = "15", max = 0 }] }`,
	`{ key = "a@", type = "bits", size = 3, bits = [{ key = "b@", at = "23-12", signed = true, scale = 0.5 }, { key = "c@", at = "1-0", enum = { 1 = "one" } }] }, { key = "d@", type = "computed", value = "b@ * 2" }`,
	`{ key = "a@", type = "bits", size = 8, order = "little", bits = [{ key = "b@", at = "63-0" }] }`,
	`{ key = "a@", type = "bits", size = 2, bits = [{ key = "b@", at = "15-0", missing = ["ffff"] }] }, { key = "c@", type = "byte", when = "b@ = 0xffff" }`,
	`{ key = "a@", type = "bcd", size = 9, minus = "f", missing = ["bad"] }`,
	`{ key = "n@", type = "byte", min = 1, max = 8 }, { key = "a@", type = "uint", size = "n@" }, { key = "b@", type = "int", size = "n@", order = "little", missing = ["80"] }`,
	`{ key = "a@", type = "bits", size_bits = 4 }`,
	`{ key = "a@", type = "bits", size_bits = 12, signed = true, missing = ["800"] }, { key = "b@", type = "computed", value = "a@ + 1" }, { key = "c@", type = "bits", size_bits = 4, max = 9 }`,
	`{ key = "a@", type = "bits", size_bits = 3 }, { key = "b@", type = "byte", when = "a@ = 1" }, { key = "c@", type = "bits", size_bits = 61, order = "little" }`,
	`{ key = "n@", type = "bits", size_bits = 5 }, { key = "l@", type = "list", count = "n@", of = { type = "bits", size_bits = 3 } }, { key = "t@", type = "bits", size_bits = 1, when = "n@ > 3" }`,
	`{ key = "n@", type = "byte", max = 9 }, { key = "l@", type = "list", count = "n@", fields = [{ key = "k@", type = "bits", size_bits = 2 }, { type = "choice", on = "k@", cases = [{ is = 1, fields = [{ key = "x@", type = "bits", size_bits = 9, order = "big" }] }, { fields = [] }] }] }`,
	`{ key = "l@", type = "list", count = "remaining * 8 / 12", of = { type = "bits", size_bits = 12, as = "bcd" } }`,
	`{ key = "l@", type = "list", stop = "m@ = 0", fields = [{ key = "m@", type = "bits", size_bits = 1, order = "little" }, { key = "v@", type = "bits", size_bits = 6, order = "little" }] }`,
	`{ key = "a@", type = "time", layout = "YYMMDDhhmmss" }`,
	`{ key = "a@", type = "time", layout = "YYYYMMDD", as = "ascii" }`,
	`{ key = "a@", type = "time", layout = "YYMMDD" }, { key = "b@", type = "computed", value = "a@.month" }`,
	`{ key = "a@", type = "time", as = "unix", order = "little" }`,
	`{ key = "a@", type = "time", layout = "hhmm", as = "binary" }`,
	`{ key = "a@", type = "ascii", size = 3 }`,
	`{ key = "a@", type = "ascii", size = 4, chars = "any", charset = "gbk" }`,
	`{ key = "a@", type = "ascii", size = 10, pad = " " }`,
	`{ key = "a@", type = "ascii", size = 2, in = ["OK", "NO"] }`,
	`{ key = "a@", type = "ascii", until = ";" , chars = "digits" }`,
	`{ key = "a@", type = "decimal", size = 3 }, { key = "b@", type = "computed", value = "a@ + 1" }`,
	`{ key = "a@", type = "decimal", until = ",", places = 2 }`,
	`{ key = "a@", type = "bitset", size = 2 }`,
	`{ key = "n@", type = "byte", max = 5 }, { key = "a@", type = "hex", size = "n@" }`,
	`{ key = "n@", type = "byte", max = 5 }, { key = "a@", type = "list", count = "n@", of = { type = "uint16" } }`,
	`{ key = "n@", type = "byte", max = 4 }, { key = "l@", type = "list", count = "n@", fields = [{ key = "x@", type = "byte" }, { key = "y@", type = "uint16", when = "x@ = 1" }, { key = "z@", type = "computed", value = "y@ + index" }] }`,
	`{ key = "n@", type = "byte", max = 4 }, { key = "l@", type = "list", count = "n@", of = { type = "byte" } }, { key = "m@", type = "computed", value = "l@ * 2" }`,
	`{ key = "k@", type = "byte" }, { type = "choice", on = "k@", cases = [{ is = "0-9", fields = [{ key = "a@", type = "uint16" }] }, { is = 255, fields = [{ key = "b@", type = "byte" }] }, { fields = [{ key = "c@", type = "hex", size = 3 }] }] }`,
	`{ key = "k@", type = "byte" }, { key = "c@", type = "computed", on = "k@", cases = [{ is = 1, value = "k@ + 5" }, { value = "0" }] }`,
	`{ key = "s@", type = "byte", max = 9 }, { key = "g@", type = "group", size = "s@", fields = [{ key = "a@", type = "byte" }, { key = "b@", type = "hex", size = "rest" }] }`,
	`{ key = "s@", type = "varint", max = 300 }, { key = "b@", type = "hex", size = "s@" }`,
	`{ key = "s@", type = "varint", order = "little", max_size = 4 }`,
	`{ key = "s@", type = "varint", form = "ber" }, { key = "c@", type = "computed", value = "s@ * 2" }`,
	`{ key = "g@", type = "group", size = 3, add = 0x33, fields = [{ key = "a@", type = "uint16" }, { key = "b@", type = "bcd", size = 1 }] }`,
	`{ key = "a@", type = "uint16", value = "0x1234" }`,
	`{ key = "e@", type = "int8", min = -3, max = 3 }, { key = "a@", type = "uint16", exponent = "e@" }`,
	`{ key = "o@", type = "byte", when = "next = 0x55" }`,
	`{ key = "a@", type = "byte" }, { key = "b@", type = "byte", when = "ahead('AB')" }`,
	`{ key = "r@", type = "run", fill = 0xfe, max_size = 4 }`,
	`{ key = "t@", type = "ascii", size = 2, before = "#", optional = true }`,
	`{ key = "p@", type = "group", separator = ",", until = "!", fields = [{ key = "a@", type = "decimal" }, { key = "b@", type = "ascii", missing = [""] }] }`,
	`{ key = "a@", type = "byte", when = "mark = 0" }, { key = "b@", type = "computed", value = "mark + a@" }`,
	`{ key = "n@", type = "byte", max = 3 }, { key = "l@", type = "list", count = "n@", fields = [{ key = "x@", type = "byte" }] }, { key = "f@", type = "computed", value = "at(l@.x@, 0) + at(l@.x@, 1)" }`,
	`{ key = "g@", type = "group", fields = [{ key = "a@", type = "byte", counter = true }, { key = "b@", type = "uint16", enum = { 1 = "one", 2 = "two" }, default = 1 }] }`,
	`{ key = "a@", type = "hex", size = 2, const = "abcd" }, { key = "b@", type = "hex", size = "rest" }`,
	`{ key = "l@", type = "list", fields = [{ key = "t@", type = "byte" }, { key = "v@", type = "uint16" }] }`,
	`{ key = "l@", type = "list", fields = [{ key = "t@", type = "byte" }, { key = "s@", type = "varint" }, { key = "v@", type = "hex", size = "s@" }] }`,
	`{ key = "l@", type = "list", of = { type = "uint32" } }`,
	`{ key = "l@", type = "list", stop = "next = 0", of = { type = "byte" } }, { key = "z@", type = "byte", const = 0 }`,
	`{ key = "c@", type = "checksum", algorithm = "crc-16/modbus", order = "little" }`,
	`{ key = "c@", type = "checksum", algorithm = "crc-16/xmodem", over = "from cmd" }`,
}

// someFrames are what frames can begin and end with.
var someFrames = []struct{ frame, trailer string }{
	{`length = { field = "len", counts = "all" }`, ``},
	{`length = { field = "len", counts = "body", add = 1 }`, `{ key = "tail", type = "hex", size = 1, const = "16" }`},
	{`length = { field = "len", counts = "from cmd to body" }`, ``},
	{`start = "0x7e"
end = "0x7e"
escape = { "7e" = "7d02", "7d" = "7d01" }`, ``},
	{`start = "0x7e"
end = ["0x7f", "0x7d00"]
escape = { "7e" = "7d5e", "7f" = "7d5f", "7d" = "7d5d" }`, `{ key = "mark", type = "end", size = 1, stuffed = true }, { key = "tail", type = "uint16" }`},
	{`end = ["\\r\\n", "0x0003"]`, `{ key = "mark", type = "end", size = 2 }, { key = "tail", type = "byte", max = 99 }`},
	{`length = { field = "len", counts = "body" }`, `{ key = "sum", type = "checksum", algorithm = "sum8" }`},
	{`length = { field = "len", counts = "all" }`, `{ key = "sum", type = "checksum", algorithm = "crc-32/iso-hdlc" }`},
	{`length = { field = "len", counts = "after len" }`, `{ key = "sum", type = "checksum", algorithm = "crc-16/ccitt-false", as = "hex" }`},
	{`start = "0x7e"
end = "0x7e"
escape = { "7e" = "7d02", "7d" = "7d01" }`, `{ key = "sum", type = "checksum", algorithm = "xor8" }`},
	{`start = "0x1002"
end = ["0x1003", "0x1017"]
escape = { "10" = "1010" }`, `{ key = "mark", type = "end" }, { key = "sum", type = "checksum", algorithm = "crc-16/modbus", order = "little", over = "all" }`},
	{`start = "0x7e"
end = ["0x7f", "0x7d00"]
escape = { "7e" = "7d5e", "7f" = "7d5f", "7d" = "7d5d" }`, `{ key = "mark", type = "end", size = 1 }, { key = "sum", type = "checksum", algorithm = "sum8", wire = true }`},
	{`start = "0x7e"
end = ["0x7f", "0x7d00"]
escape = { "7e" = "7d5e", "7f" = "7d5f", "7d" = "7d5d" }`, `{ key = "mark", type = "end", size = 1, stuffed = true }, { key = "sum", type = "checksum", algorithm = "crc-16/arc" }`},
	{`start = ":"
end = "\r\n"
armour = "HEX"`, `{ key = "sum", type = "checksum", algorithm = "lrc8" }`},
	{`start = "0x02"
end = "0x03"
armour = "HEX"`, `{ key = "etx", type = "end" }, { key = "sum", type = "checksum", algorithm = "sum8", as = "hex", wire = true }`},
}

func randomDefinition(random *rand.Rand) string {
	var b strings.Builder
	end := someFrames[random.IntN(len(someFrames))]
	fmt.Fprintf(&b, "name = \"random\"\nzone = %q\n[frame]\nmax = 900\n%s\nheader = [\n", []string{"UTC", "+08:00", "Europe/Berlin"}[random.IntN(3)], end.frame)
	if strings.Contains(end.frame, "len") {
		fmt.Fprintf(&b, "{ key = \"len\", type = %q },\n", []string{"byte", "uint16", "varint", "uint24"}[random.IntN(4)])
	}
	fmt.Fprintf(&b, "{ key = \"cmd\", type = \"byte\", role = \"command\" },\n{ key = \"unit\", type = \"uint16\", role = \"identity\" },\n")
	n := 0
	some := func(count int) {
		for range count {
			text := someFields[random.IntN(len(someFields))]
			if strings.Contains(text, "mark") && !strings.Contains(end.trailer, "mark") {
				continue
			}
			n++
			fmt.Fprintf(&b, "%s,\n", strings.ReplaceAll(text, "@", strconv.Itoa(n)))
		}
	}
	some(random.IntN(3))
	fmt.Fprintf(&b, "]\ntrailer = [%s]\n", end.trailer)
	for m := range 1 + random.IntN(3) {
		fmt.Fprintf(&b, "[[message]]\nname = \"m%d\"\ncommand = %q\nfields = [\n", m, fmt.Sprintf("%d-%d", 3*m, 3*m+1))
		some(1 + random.IntN(5))
		fmt.Fprintf(&b, "]\n")
	}
	return b.String()
}

// FuzzDefinitions: whatever a definition puts beside each other, its frames come back out of JSON as they were, a frame
// object that is used again shows what a new one shows, and the frames in a stream do not depend on how it arrives.
func FuzzDefinitions(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		src := randomDefinition(rand.New(rand.NewPCG(2, seed)))
		p, err := codec.Compile("random.toml", []byte(src))
		if err != nil {
			return // pieces that cannot stand beside each other
		}
		defer func() {
			if t.Failed() {
				t.Log(src)
			}
		}()
		var known [][]byte
		check.SampleFrames(p, codec.Uplink, func(message, branch string, raw []byte) bool {
			var f codec.Frame
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				t.Fatalf("%s %s %x: %v", message, branch, raw, err)
			}
			comesBackFrom(t, p, &f, raw)
			known = append(known, bytes.Clone(raw))
			return true
		})
		random := rand.New(rand.NewPCG(3, seed))
		var used codec.Frame
		for range 20 * len(known) {
			usedAgain(t, p, &used, broken(random, known[random.IntN(len(known))]))
		}
		var stream []byte
		for _, raw := range known {
			if stream = append(append(stream, broken(random, raw)...), raw...); len(stream) > 600 {
				break
			}
		}
		chunked(t, p, stream, random)
	})
}

// usedAgain checks that a frame object that held other frames shows what a new one shows, and that framing and
// decoding agree.
func usedAgain(t testing.TB, p *codec.Profile, used *codec.Frame, raw []byte) {
	t.Helper()
	for _, d := range []codec.Direction{codec.Uplink, codec.Any} {
		var alone codec.Frame
		err := p.Decode(d, raw, &alone)
		if again := p.Decode(d, raw, used); (again == nil) != (err == nil) {
			t.Fatalf("%s %x: %v, alone %v", p.Name(), raw, again, err)
		}
		if err == nil {
			samplesHold(t, p, used)
			got, _ := used.AppendJSON(nil)
			want, _ := alone.AppendJSON(nil)
			if !bytes.Equal(got, want) || !bytes.Equal(used.Identity(), alone.Identity()) {
				t.Fatalf("%s %x: %s, alone %s", p.Name(), raw, got, want)
			}
		}
		agree(t, p, d, raw)
	}
}

// chunked checks that the frames in a stream do not depend on how it arrives.
func chunked(t testing.TB, p *codec.Profile, stream []byte, random *rand.Rand) {
	t.Helper()
	split := p.Splitter(codec.Uplink)
	want, skipped, rest := cut(t, split, stream)
	for range 3 {
		var parts [][]byte
		for tail := stream; len(tail) > 0; {
			n := min(1+random.IntN(1+random.IntN(40)), len(tail))
			parts, tail = append(parts, tail[:n]), tail[n:]
		}
		got, gotSkipped, gotRest := cut(t, split, parts...)
		if !slices.EqualFunc(got, want, bytes.Equal) || gotSkipped != skipped || !bytes.Equal(gotRest, rest) {
			t.Fatalf("%x in pieces %x: %d frames, %d skipped, %d left; whole: %d, %d, %d", stream, parts, len(got), gotSkipped, len(gotRest), len(want), skipped, len(rest))
		}
	}
}

func TestRandomDefinitionsAreDefinitions(t *testing.T) {
	var compiled int
	for seed := range uint64(100) {
		if _, err := codec.Compile("random.toml", []byte(randomDefinition(rand.New(rand.NewPCG(2, seed))))); err == nil {
			compiled++
		}
	}
	if compiled < 60 {
		t.Errorf("%d of 100 compile", compiled)
	}
}

// broken is b with a few bytes changed, left out or repeated.
func broken(random *rand.Rand, b []byte) []byte {
	m := slices.Clone(b)
	for range random.IntN(4) {
		if len(m) == 0 {
			break
		}
		at := random.IntN(len(m))
		switch random.IntN(8) {
		case 0, 1:
			m[at] ^= 1 << random.IntN(8)
		case 2:
			m[at] = byte(random.Uint32())
		case 3:
			m = slices.Delete(m, at, at+1)
		case 4:
			m = slices.Insert(m, at, m[at])
		case 5:
			m[at]++
		default:
			m[at] = []byte{0, 0xff, 0x7f, 0x80, '0', 'A', ' ', 1}[random.IntN(8)]
		}
	}
	return m
}
