package codec_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/check"
)

// partOf is a profile of one message with these fields behind a byte "unit".
func partOf(t *testing.T, message, fields string) *codec.Profile {
	t.Helper()
	p, err := codec.Compile("x.toml", []byte(`name = "x"
zone = "UTC"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "size", type = "byte" }]
length = { field = "size", counts = "body" }
[[message]]
name = "m"
`+message+"\nfields = ["+fields+"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// framed is a frame of partOf around a body in hexadecimal.
func framed(body string) string {
	body = strings.ReplaceAll(body, " ", "")
	return fmt.Sprintf("07%02x%s", len(body)/2, body)
}

func TestPointsAreNamedByThePattern(t *testing.T) {
	for _, test := range []struct{ name, message, fields, body, want string }{
		{"fields of the part and of the header", "", `
			{ key = "sensor", type = "byte" },
			{ key = "phase", type = "byte", enum = { 1 = "L1" } },
			{ key = "level", type = "byte", role = "value", point = "{key}/{unit}/{sensor}-{phase}" }`, "03 01 2a", "level/7/3-L1=42"},
		{"a usual value leaves its segment out", "", `
			{ key = "records", type = "list", point = "volume/storage={storage?0}/tariff={tariff?none}", fields = [
				{ key = "storage", type = "byte" },
				{ key = "tariff", type = "byte", enum = { 0 = "none", 1 = "night" } },
				{ key = "value", type = "byte", role = "value" }] }`,
			"000009 010008 010107 000106", "volume=9, volume/storage=1=8, volume/storage=1/tariff=night=7, volume/tariff=night=6"},
		{"an absent or missing field does too", "", `
			{ key = "flags", type = "byte" },
			{ key = "tank", type = "byte", when = "flags = 1" },
			{ key = "pump", type = "byte", missing = ["ff"] },
			{ key = "level", type = "byte", role = "value", point = "level/{tank}/{pump}" }`, "00 ff 05", "level=5"},
		{"what stands behind the value", "", `
			{ key = "records", type = "list", fields = [
				{ key = "value", type = "byte", role = "value", point = "t/{sensor}" },
				{ key = "sensor", type = "byte" }] }`, "0a01 0b02", "t/1=10, t/2=11"},
		{"elements of lists in lists", "", `
			{ key = "n", type = "byte" },
			{ key = "cabinets", type = "list", count = "n", fields = [
				{ key = "cabinet", type = "byte" },
				{ key = "temps", type = "list", count = 2, of = { type = "byte", role = "value", point = "temp/{cabinet}/{index}" } }] }`,
			"02 05 0a0b 06 0c0d", "temp/5/0=10, temp/5/1=11, temp/6/0=12, temp/6/1=13"},
		{"groups", "", `
			{ key = "a", type = "group", point = "{key}/a", fields = [{ key = "volt", type = "byte", role = "value" }] },
			{ key = "b", type = "group", fields = [{ key = "kind", type = "byte" }, { key = "volt", type = "byte", role = "value", point = "{key}/{b.kind}" }] }`,
			"01 0902", "volt/a=1, volt/9=2"},
		{"parts of bits", "", `
			{ key = "flags", type = "bits", size = 1, point = "relay/{key}", bits = [
				{ key = "one", at = "0", role = "value", enum = { 0 = "off", 1 = "on" } },
				{ key = "two", at = "1", role = "value", point = "second" }] }`, "01", "relay/one=on (1), second=0"},
		{"all values of a message", `point = "{key}/{channel}"`, `
			{ key = "channel", type = "byte" },
			{ key = "level", type = "byte", role = "value" },
			{ key = "alarm", type = "byte", role = "alarm" }`, "02 05 00", "level/2=5, alarm/2=0"},
		{"texts of the device", "", `
			{ key = "name", type = "ascii", size = 3, chars = "any" },
			{ key = "level", type = "byte", role = "value", point = "{name}" }`, "41 e9 0a 05", "Aé_=5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := samplesOf(t, partOf(t, test.message, test.fields), framed(test.body)); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestPointsHaveNamesWithoutAPattern(t *testing.T) {
	for _, test := range []struct{ name, fields, body, want string }{
		{"a list of values", `{ key = "levels", type = "list", of = { type = "byte", role = "value" } }`, "05 06", "levels/0=5, levels/1=6"},
		{"a list of records without a time", `{ key = "tanks", type = "list", fields = [{ key = "level", type = "byte", role = "value" }, { key = "temp", type = "byte", role = "value" }] }`,
			"0102 0304", "level/0=1, temp/0=2, level/1=3, temp/1=4"},
		{"tags tell the elements apart", `{ key = "items", type = "list", fields = [{ key = "tag", type = "byte" }, { type = "choice", on = "tag", cases = [
			{ is = 1, fields = [{ key = "level", type = "byte", role = "value" }] }, { is = 2, fields = [{ key = "temp", type = "byte", role = "value" }] }] }] }`,
			"0105 0206", "level=5, temp=6"},
		{"a case for all elements does not", `{ key = "kind", type = "byte" }, { key = "items", type = "list", fields = [{ type = "choice", on = "kind", cases = [
			{ is = 1, fields = [{ key = "level", type = "byte", role = "value" }] }, { is = 2, fields = [{ key = "temp", type = "byte", role = "value" }] }] }] }`,
			"01 05 06", "level/0=5, level/1=6"},
		{"one key in two groups", `{ key = "now", type = "group", fields = [{ key = "volume", type = "byte", role = "value" }] },
			{ key = "settled", type = "group", fields = [{ key = "volume", type = "byte", role = "value" }] }`, "05 06", "now.volume=5, settled.volume=6"},
		{"the name is not there", `{ key = "n", type = "byte" }, { key = "r", type = "list", fields = [{ key = "id", type = "byte", when = "n = 1", role = "name" }, { key = "value", type = "byte", role = "value" }] }`,
			"00 05 06", "value/0=5, value/1=6"},
		{"a name beside one value, and beside two", `{ key = "points", type = "list", fields = [{ key = "what", type = "byte", enum = { 1 = "position" }, role = "name" },
			{ key = "x", type = "byte", role = "value" }, { key = "y", type = "byte", role = "value", when = "what = 1" }] }`, "01 05 06 02 07", "position.x=5, position.y=6, x-2=7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := samplesOf(t, partOf(t, "", test.fields), framed(test.body)); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// A name that cannot be is refused where it is written.
func TestPatternsOfPointsAreChecked(t *testing.T) {
	for fields, want := range map[string]string{
		`{ key = "level", type = "byte", role = "value", point = "level/{tnk}" }, { key = "tank", type = "byte" }`:                    `message[0].fields[0].point: found "tnk", expected a field of the frame, or of the element of the list in which the value stands; key, index; did you mean "tank"?`,
		`{ key = "level", type = "byte", role = "value", point = "level/{unit" }`:                                                     `message[0].fields[0].point: found "level/{unit", expected fields in braces`,
		`{ key = "level", type = "byte", role = "value", point = "level//{unit}" }`:                                                   `message[0].fields[0].point: found "level//{unit}", expected names with one slash between them, such as "level/{tank}"`,
		`{ key = "level", type = "byte", point = "level" }`:                                                                           `message[0].fields[0].point: found "level" without a value, expected it on a field of role "value" or "alarm", or on a part or a message that has one`,
		`{ key = "l", type = "list", of = { type = "byte" } }, { key = "level", type = "byte", role = "value", point = "{l.value}" }`: `message[0].fields[1].point: found "l.value", expected a field`,
	} {
		_, err := codec.Compile("x.toml", []byte("name = \"x\"\n[frame]\nheader = [{ key = \"unit\", type = \"byte\", role = \"identity\" }]\n[[message]]\nname = \"m\"\nfields = ["+fields+"]\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// timesOf lists the samples of a frame with their seconds since 1,800,000,000.
func timesOf(t *testing.T, p *codec.Profile, frame string) string {
	t.Helper()
	f := decoded(t, p, frame)
	var samples codec.Samples
	p.Samples(f, time.Unix(1_800_000_000, 0), &samples)
	var words []string
	for _, s := range samples.List {
		at := "-"
		if !s.Device.IsZero() {
			at = fmt.Sprint(s.Device.Unix() - 1_800_000_000)
		}
		if s.Quality != codec.Good {
			at += " " + s.Quality.String()
		}
		words = append(words, fmt.Sprintf("%s@%s", s.Item.Value(), at))
	}
	return strings.Join(words, ", ")
}

// Seconds since 1,800,000,000 are 6b49d2XX.
func TestASampleHasTheTimeOfItsRecord(t *testing.T) {
	at := `{ key = "at", type = "time", as = "unix", role = "timestamp", missing = ["ffffffff"] }`
	level := `{ key = "level", type = "byte", role = "value" }`
	for _, test := range []struct{ name, fields, body, want string }{
		{"in front, and behind", `{ key = "r", type = "list", fields = [` + at + `, ` + level + `] }`, "6b49d201 0a 6b49d202 0b", "10@1, 11@2"},
		{"behind", `{ key = "r", type = "list", fields = [` + level + `, ` + at + `] }`, "0a 6b49d201 0b 6b49d202", "10@1, 11@2"},
		{"of a list inside", `{ key = "r", type = "list", fields = [` + at + `, { key = "v", type = "list", count = 2, of = { type = "byte", role = "value" } }] }`,
			"6b49d201 0a0b 6b49d202 0c0d", "10@1, 11@1, 12@2, 13@2"},
		{"in records of items", `{ key = "r", type = "list", fields = [{ key = "items", type = "list", stop = "next <= tag", fields = [{ key = "tag", type = "byte" },
			{ type = "choice", on = "tag", cases = [{ is = 1, fields = [` + at + `] }, { is = 2, fields = [` + level + `] }] }] }] }`,
			"01 6b49d201 02 0a 01 6b49d202 02 0b", "10@1, 11@2"},
		{"items alone", `{ key = "items", type = "list", fields = [{ key = "tag", type = "byte" },
			{ type = "choice", on = "tag", cases = [{ is = 1, fields = [` + at + `] }, { is = 2, fields = [` + level + `] }] }] }`,
			"02 09 01 6b49d201 02 0a 01 6b49d202 02 0b", "9@-, 10@1, 11@2"},
		{"else of the frame", `{ key = "sent", type = "time", as = "unix", role = "timestamp" }, { key = "n", type = "byte" },
			{ key = "r", type = "list", count = "n", fields = [{ key = "full", type = "byte" }, { key = "at", type = "time", as = "unix", role = "timestamp", when = "full = 1" }, ` + level + `] },
			{ key = "battery", type = "byte", role = "value" }`, "6b49d205 02 00 0a 01 6b49d202 0b 63", "10@5, 11@2, 99@5"},
		{"of the frame, behind records", `{ key = "n", type = "byte" }, { key = "level", type = "byte", role = "value" }, { key = "r", type = "list", count = "n", fields = [` + at + `] },
			{ key = "sent", type = "time", as = "unix", role = "timestamp" }`, "01 63 6b49d201 6b49d205", "99@5"},
		{"values outside the records have none", `{ key = "n", type = "byte" }, { key = "r", type = "list", count = "n", fields = [` + at + `, ` + level + `] },
			{ key = "battery", type = "byte", role = "value" }`, "01 6b49d201 0a 63", "10@1, 99@-"},
		{"doubtful times, and none", `{ key = "r", type = "list", fields = [` + at + `, ` + level + `] }`,
			"6b4b2380 0a 6b4b2381 0b 386d437f 0c ffffffff 0d", "10@86400, 11@86401 suspect time, 12@-853315201 suspect time, 13@-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := timesOf(t, partOf(t, "", test.fields), framed(test.body)); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// Samples of a frame cost no memory once the first ones were made.
func TestSamplesCostNoMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for profile, frame := range map[string]string{
		"extended":  "00250100000000123456780102036d0020261123143000000000070041ac0000",
		"jt808":     "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e",
		"teltonika": "000000000000004308020000016b40d57b480100000000000000000000000000000001010101000000000000016b40d5c198010000000000000000000000000000000101010101000000020000252c",
		"mbus":      "681b1b68080172785634122440010755000000041331d40000441300000000c316",
	} {
		p := fresh(t, profile)
		f := decoded(t, p, frame)
		var samples codec.Samples
		if n := testing.AllocsPerRun(10, func() { p.Samples(f, received, &samples) }); n > 0 {
			t.Errorf("%s: %v allocations for %d samples", profile, n, len(samples.List))
		}
	}
}

// Names are kept from one frame to the next; each frame has its own all the same.
func TestASampleIsNeverNamedLikeThatOfTheFrameBefore(t *testing.T) {
	p, other := fresh(t, "extended"), fresh(t, "compact")
	const header = "0100000000123456780102036d0020261123143000"
	var samples codec.Samples
	var f codec.Frame
	var got []string
	for _, step := range []struct {
		p     *codec.Profile
		frame string
	}{
		{p, "0025" + header + "000000070041ac0000"},
		{p, "0025" + header + "000000080041ac0000"},
		{p, "0025" + strings.Replace(header, "010203", "010204", 1) + "000000090041ac0000"},
		{p, "0025" + strings.Replace(header, "010203", "010304", 1) + "000000100041ac0000"},
		{other, "0013" + "010000000012345678030473000041ac0000"},
		{p, "0022" + strings.Replace(header, "0102036d", "0103046f", 1) + "000000110201"},
		{p, "0025" + strings.Replace(header, "010203", "010304", 1) + "000000120041ac0000"},
	} {
		raw, err := hex.DecodeString(step.frame)
		if err == nil {
			err = step.p.Decode(codec.Uplink, raw, &f)
		}
		if err != nil {
			t.Error(step.frame, err)
			continue
		}
		step.p.Samples(&f, received, &samples)
		for _, s := range samples.List {
			got = append(got, string(s.Point))
		}
	}
	if text := strings.Join(got, " "); text != "AL/2/3 MS/2/3 AL/2/3 MS/2/3 AL/2/4 MS/2/4 AL/3/4 MS/3/4 AL/4 MS/4 relay/2 AL/3/4 MS/3/4" {
		t.Error(text)
	}
}

func BenchmarkSamples(b *testing.B) {
	src, _ := codec.ShippedSource("extended")
	p, err := codec.Compile("extended", src)
	if err != nil {
		b.Fatal(err)
	}
	raw, _ := hex.DecodeString("00250100000000123456780102036d0020261123143000000000070041ac0000")
	var f codec.Frame
	var samples codec.Samples
	for b.Loop() {
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			b.Fatal(err)
		}
		p.Samples(&f, received, &samples)
	}
}

func TestARoleCanHaveACondition(t *testing.T) {
	p := partOf(t, `from = "master"`, `
		{ key = "kind", type = "byte" },
		{ key = "volume", type = "uint16", scale = 0.1, role = "value", role_when = "kind < 2", when = "kind != 1" },
		{ key = "code", type = "byte", role = "alarm", role_when = "kind = 3", enum = { 1 = "low" } },
		{ key = "twice", type = "computed", value = "volume * 2" }`)
	for body, want := range map[string]string{"00 0102 01": "volume=25.8", "01 01": "", "02 0102 01": "", "03 0102 01": "code=low (1)"} {
		if got := samplesOf(t, p, framed(body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	report := check.Profile(p)
	for i := range report.Findings {
		if f := &report.Findings[i]; f.Severity > codec.SeverityNote {
			t.Error(f)
		}
	}
	if report.Frames < 4 {
		t.Errorf("%d frames went there and back", report.Frames)
	}
}

func TestExamplesProveTheirSamples(t *testing.T) {
	for samples, want := range map[string]string{
		`{ relay = "on", level = [1, 2.5] }`: "",
		`{ relay = "off" }`:                  "samples: relay: found [on (1)], expected [off]",
		`{ relay = "" }`:                     "samples: relay: found [on (1)], expected []",
		`{ level = [1] }`:                    "samples: level: found [1 2.5], expected [1]",
		`{ "relay/3" = 1 }`:                  `samples: found ["level" "relay"], expected "relay/3"`,
	} {
		p := partOf(t, "", `
			{ key = "relay", type = "byte", enum = { 1 = "on" }, role = "value" },
			{ key = "r", type = "list", fields = [{ key = "at", type = "time", as = "unix", role = "timestamp" }, { key = "level", type = "byte", scale = 0.1, role = "value" }] }]
[[example]]
hex = "070b 01 6b49d201 0a 6b49d202 19"
samples = `+samples+"\n#")
		got := ""
		for _, err := range check.Examples(p) {
			got += err.Error()
		}
		if want == "" && got != "" || !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s, want %s", samples, got, want)
		}
	}
}
