package codec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/internal/tomlread"
)

// pollOf reads one [[poll]].
func pollOf(t *testing.T, text string) *codec.Poll {
	t.Helper()
	s := tomlread.NewSource("poll.toml", tomlread.Words{String: "a text", Value: tomlread.Named, Unknown: func(string) string { return "unknown" }})
	polls := codec.ReadPolls(s.Parse([]byte("[[poll]]\nname = \"p\"\nevery = \"1m\"\n"+text)), nil)
	if len(s.Problems) > 0 || len(polls) != 1 {
		t.Fatal(tomlread.Text(s.Problems))
	}
	return polls[0]
}

func TestARegisterIsReadAsItsPointSays(t *testing.T) {
	p := shipped(t, "modbus-tcp")
	for _, c := range []struct{ points, request, answer, want string }{
		{`{ register = 40001, name = "a" }, { register = 40002, name = "b", type = "int16" }, { register = 40004, name = "c", unit = "m", scale = 0.01, type = "int16", offset = -1 }`,
			"start=0 count=4 read-holding", "0001 0000 000b 01 03 08 fffe fffe 1111 00d7", "a=65534 b=-2 c=1.15 m"},
		{`{ register = 400011, name = "abcd", type = "float32" }, { register = 400013, name = "cdab", type = "float32", order = "cdab" },
		  { register = 400015, name = "badc", type = "float32", order = "badc" }, { register = 400017, name = "dcba", type = "float32", order = "dcba" }`,
			"start=10 count=8 read-holding", "0001 0000 0013 01 03 10 41ac0000 000041ac ac410000 0000ac41", "abcd=21.5 cdab=21.5 badc=21.5 dcba=21.5"},
		{`{ register = 30101, name = "u", type = "uint32" }, { register = 30103, name = "i", type = "int32", order = "cdab" }, { register = 30105, name = "n", type = "float32" },
		  { register = 30107, name = "d", type = "float64" }, { register = 30111, name = "l", type = "uint64" }, { register = 30115, name = "s", type = "int64" }`,
			"start=100 count=18 read-input-registers",
			"0001 0000 0027 01 04 24 80000001 fffeffff 7fc00000 4035800000000000 ffffffffffffffff ffffffffffffffff",
			"u=2147483649 i=-2 n=NaN implausible d=21.5 l=18446744073709551615 s=-1"},
		{`{ register = 3, name = "three" }, { register = 12, name = "twelve" }, { register = 4, name = "four" }`,
			"start=2 count=10 read-coils", "0001 0000 0005 01 01 02 01 02", "three=1 twelve=1 four=0"},
		{`{ register = 10001, name = "door" }`, "start=0 count=1 read-inputs", "0001 0000 0004 01 02 01 01", "door=1"},
		{`{ field = "byte_count", name = "bytes", scale = 2 }, { register = 40001, name = "a" }`, "start=0 count=1 read-holding", "0001 0000 0005 01 03 02 0007", "bytes=4 a=7"},
		{`{ register = 40001, name = "a" }, { register = 40002, name = "b" }`, "start=0 count=2 read-holding", "0001 0000 0005 01 03 02 0007", ""}, // too few
	} {
		q, problems := p.Request(pollOf(t, "points = [\n"+c.points+"\n]"))
		if len(problems) > 0 {
			t.Errorf("%s: %+v", c.points, problems)
			continue
		}
		if got := fmt.Sprintf("start=%v count=%v %s", q.Fields["start"], q.Fields["count"], q.Message); got != c.request {
			t.Errorf("%s: asks for %s, want %s", c.points, got, c.request)
		}
		var f codec.Frame
		if err := p.Decode(codec.Uplink, unhex(t, c.answer), &f); err != nil {
			t.Fatal(err)
		}
		var s, kept codec.Samples
		p.Polled(&f, q, time.Now(), &s)
		if got := samplesInWords(&s); got != c.want {
			t.Errorf("%s: %s, want %s", c.points, got, c.want)
		}
		if err := kept.DecodeBinary(s.AppendBinary(nil), time.Time{}); err != nil || samplesInWords(&kept) != c.want {
			t.Errorf("%s: kept as %s, %v", c.points, samplesInWords(&kept), err)
		}
		whole := s.AppendBinary(nil)
		for n := 1; n < len(whole); n++ {
			if err := kept.DecodeBinary(whole[:n], time.Time{}); err == nil && len(kept.List) == len(s.List) {
				t.Errorf("%s: %d of %d bytes are all samples", c.points, n, len(whole))
			}
		}
	}
}

func samplesInWords(s *codec.Samples) string {
	var all []string
	for i := range s.List {
		one := &s.List[i]
		text := string(one.Point) + "=" + one.Value().String()
		if unit := one.Unit(); unit != "" {
			text += " " + unit
		}
		if one.Quality != codec.Good {
			text += " " + one.Quality.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// A poll stands in a definition too, and what is wrong with it is told with its line.
func TestADefinitionHasPollsOfItsOwn(t *testing.T) {
	const meter = "name = \"meter\"\ninclude = [\"modbus-pdu\"]\n" +
		"[[frame]]\nname = \"tcp\"\nlength = { field = \"length\", counts = \"after length\" }\nheader = [\n" +
		"{ key = \"transaction\", type = \"uint16\", role = \"transaction\", counter = true },\n{ key = \"protocol_id\", type = \"uint16\", const = 0 },\n" +
		"{ key = \"length\", type = \"uint16\" },\n{ key = \"unit\", type = \"byte\", role = \"identity\" },\n{ key = \"func\", type = \"byte\", role = \"command\" },\n]\n" +
		"[answer]\nby = [\"transaction\", \"func = function\"]\n[[poll]]\nname = \"energy\"\nevery = \"15m\"\n"
	p, err := codec.Compile("meter.toml", []byte(meter+`points = [{ register = 30001, name = "energy", unit = "kWh", type = "float32" }]`))
	if err != nil {
		t.Fatal(err)
	}
	if polls := p.Polls(); len(polls) != 1 || polls[0].Name != "energy" || polls[0].Every != 15*time.Minute || polls[0].Wait != 10*time.Second {
		t.Errorf("%+v", polls)
	}
	_, err = codec.Compile("meter.toml", []byte(meter+`points = [{ register = 50001, name = "energy" }]`))
	if want := "meter.toml:18: poll[0].points[0].register: found 50001, expected a register that is read by read-coils"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	for text, want := range map[string]string{
		`command = "read-hold"` + "\nvalues = \"registers\"":                         `registers[0].command: found "read-hold"`,
		`command = "read-holding"` + "\nvalues = \"registers\"\nnumbers = [\"9-1\"]": `registers[0].numbers[0]: found "9-1"`,
		`command = "read-holding"` + "\nvalues = \"registers\"\nstart = \"begin\"":   `command read-holding without field "begin"`,
		`command = "read-holding"` + "\nvalues = \"count\"":                          `registers[0].values: found "count"`,
	} {
		if _, err = codec.Compile("meter.toml", []byte(meter+"command = \"read-holding\"\n[[registers]]\n"+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
