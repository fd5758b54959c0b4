package master_test

import (
	"fmt"
	"testing"

	"trama/actors/master"
	"trama/codec"
)

// A small value has no exponent, and a date no time of day.
func TestValuesAreShownAsPeopleWriteThem(t *testing.T) {
	p, err := codec.Compile("x.toml", []byte(`name = "x"
zone = "UTC"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }]
[[message]]
name = "m"
fields = [
  { key = "lon",  type = "int32", scale = 0.00001, role = "value" },
  { key = "flow", type = "float32", role = "value" },
  { key = "due",  type = "time", layout = "YYMMDD", role = "value" },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	if err := p.Decode(codec.Any, []byte{1, 0, 0, 0, 1, 0x37, 0x27, 0xc5, 0xac, 0x26, 0x11, 0x30}, &f); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, v := range master.ValuesOf(p, &f) {
		got += fmt.Sprintf("%s=%v ", v.Name, v.Value)
	}
	if want := "lon=0.00001 flow=0.00001 due=2026-11-30 "; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}
