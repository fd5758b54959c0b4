package main

import (
	"testing"
	"time"

	"trama/actors"
	"trama/codec"
	"trama/codec/check"
)

// A definition makes every name that its frames have: else a reload would drop points that are there.
func TestADefinitionMakesTheNamesOfItsFrames(t *testing.T) {
	var samples codec.Samples
	for _, name := range codec.ShippedNames() {
		p, err := codec.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		e := &actors.KeptDefinition{Profile: p}
		seen := 0
		check.SampleFrames(p, codec.Uplink, func(_, _ string, raw []byte) bool {
			var f codec.Frame
			if p.Decode(codec.Uplink, raw, &f) != nil {
				return true
			}
			p.Samples(&f, time.Now(), &samples)
			for _, s := range samples.List {
				if seen++; !e.Makes(string(s.Point)) {
					t.Errorf("%s: %s is none of its points", name, s.Point)
				}
			}
			return true
		})
		if seen == 0 && name != "dnp3-link" {
			t.Errorf("%s: no sample was looked at", name)
		}
		if e.Makes("no such/point\x00") && name != "hj212" && name != "mbus" && name != "sl651" {
			t.Errorf("%s makes any name", name)
		}
	}
}
