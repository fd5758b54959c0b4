package codec_test

import (
	"testing"

	"trama/codec"
)

// Values that follow from others are not changed alone: what was edited is refused with what the others say.
func TestEditedJSONThatDisagreesIsRefused(t *testing.T) {
	const src = `
name = "edited"
zone = "UTC"
[frame]
header = [
  { key = "len",  type = "byte" },
  { key = "kind", type = "byte", default = 1 },
]
length = { field = "len", counts = "body" }
[[message]]
name   = "one"
fields = [
  { key = "lat", type = "decimal", until = ",", places = 4 },
  { key = "latitude", type = "computed", value = "lat", scale = 0.0001, form = "degree-minute" },
  { key = "date",  type = "time", layout = "YYMMDD" },
  { key = "clock", type = "time", layout = "hhmmss" },
  { key = "at",    type = "time", parts = ["date", "clock"] },
  { key = "gear",  type = "bits", size = 1, bits = [{ key = "hi", at = "7-4" }, { key = "lo", at = "3-0" }] },
  { key = "points", type = "list", fields = [
    { key = "x", type = "byte" },
    { key = "twice", type = "computed", value = "x * 2", enum = { 2 = "two", "3-9" = "more" } },
  ] },
]
[[example]]
hex = "13 01 343830372e303338 2c 261123 143000 12 01 02 07"
expect = { latitude = 48.1173, at = "2026-11-23T14:30:00Z", points = [{ twice = "two" }, { twice = "more" }, { twice = 14 }] }
`
	plain := compiled(t, src)
	flat := compiled(t, `
name = "edited"
[frame]
header = [
  { key = "gear",  type = "bits", size = 1, bits = [{ key = "hi", at = "7-4" }, { key = "lo", at = "3-0" }] },
]
[[message]]
name   = "one"
`)
	for _, test := range []struct {
		p          *codec.Profile
		json, want string
	}{
		{plain, `"lat":"4807.038","latitude":48.1173,"date":"261123","clock":"143000","at":"2026-11-23T14:30:00Z","gear":18,"hi":1,"lo":2,"points":[{"x":1,"twice":"two"}]`, ""},
		{plain, `"lat":"4807.038","date":"261123","clock":"143000","gear":18,"points":[{"x":1},{"x":9}]`, ""},
		{plain, `"lat":"4807.038","date":"261123","clock":"143000","hi":1,"points":[]`, ""},
		{plain, `"lat":"4807.038","latitude":48.5,"date":"261123","clock":"143000","gear":18,"points":[]`, "edited one: latitude: value cannot be used here: 48.5, but the fields that it follows from say 48.117300000"},
		{plain, `"lat":"4807.038","date":"261123","clock":"143000","at":"2026-11-23T14:31:00Z","gear":18,"points":[]`, "edited one: at: value cannot be used here: 2026-11-23T14:31:00Z, but the fields that it follows from say 2026-11-23T14:30:00Z"},
		{plain, `"lat":"4807.038","date":"261123","clock":"143000","gear":0,"hi":1,"lo":2,"points":[]`, "edited one: hi: value cannot be used here: 1, but gear says 0; leave one of them out"},
		{plain, `"lat":"4807.038","date":"261123","clock":"143000","gear":18,"points":[{"x":1,"twice":2},{"x":2,"twice":5}]`, "edited one: points[1].twice: value cannot be used here: 5, but the fields that it follows from say more"},
		{flat, `"gear":18,"hi":1,"lo":2`, ""},
		{flat, `"gear":18`, ""},
		{flat, `"gear":0,"hi":0,"lo":2`, "edited one: lo: value cannot be used here: 2, but gear says 0; leave one of them out"},
	} {
		var f codec.Frame
		err := test.p.ParseJSON([]byte(`{"message":"one",`+test.json+`}`), &f)
		if test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
			t.Errorf("%s:\n%v, want\n%s", test.json, err, test.want)
		}
	}
	var f codec.Frame
	if err := plain.Decode(codec.Any, shownFrames(t, src)[0].frame, &f); err != nil {
		t.Fatal(err)
	}
	for _, set := range []struct {
		key   string
		value any
		want  string
	}{{"hi", 5, "82"}, {"gear", 0x31, "49"}, {"lo", 7, "55"}} {
		if err := plain.Set(&f, set.key, set.value); err != nil {
			t.Errorf("%s: %v", set.key, err)
		}
		if it, _ := f.Item("gear"); it.Text() != set.want {
			t.Errorf("%s set to %v: gear is %s, want %s", set.key, set.value, it.Text(), set.want)
		}
	}
	if err := plain.Set(&f, "latitude", 5); err == nil {
		t.Error("a value that follows from others was set")
	}
}
