package codec

import (
	"path/filepath"
	"testing"
)

// FuzzFastPath: what the fast path accepts, the walk accepts, and reads the same of it; what the fast path was made for, it accepts.
func FuzzFastPath(f *testing.F) {
	var all []*Profile
	files, _ := filepath.Glob("testdata/*.good.toml")
	for _, file := range files {
		all = append(all, profileFrom(f, filepath.Base(file)))
	}
	for _, name := range ShippedNames() {
		all = append(all, shipped(f, name))
	}
	for i, p := range all {
		for _, e := range p.examples {
			f.Add(e.frame, uint16(i), uint8(e.direction))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, of uint16, way uint8) {
		fastPathAgrees(t, all[int(of)%len(all)], Direction(way%3), data)
	})
}

// fastPathAgrees compares the fast path with the walk; it says whether the fast path accepts data.
func fastPathAgrees(t *testing.T, p *Profile, d Direction, data []byte) bool {
	t.Helper()
	plan, way := p.fixed(d, data)
	if plan == nil {
		return false
	}
	var m machine
	if n, v := p.try(&m, d, nil, data, false); v != whole || n != plan.total {
		t.Fatalf("%s %s %x: %d bytes of %s, the walk says %v and %d", p.Name(), d, data, plan.total, plan.layout.message.Name, v, n)
	}
	var fast, walked Frame
	plan.fill(p.program, &fast, way, data[:plan.total])
	if _, v := p.try(&m, d, &walked, data[:plan.total], true); v != whole {
		t.Fatalf("%s %s %x: the walk says %v", p.Name(), d, data[:plan.total], v)
	}
	sameFrame(t, data, &fast, &walked)
	return true
}

// The frames of the two native protocols, and of others with a constant shape, take the fast path.
func TestFramesOfConstantShapeTakeTheFastPath(t *testing.T) {
	taken := map[string]int{}
	for _, name := range ShippedNames() {
		p := shipped(t, name)
		for _, e := range p.examples {
			mutants(e.frame, func(b []byte) {
				if fastPathAgrees(t, p, e.direction, b) {
					taken[name]++
				}
			})
		}
	}
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, g := range c.Frames {
			mutants(unhex(t, g.Hex), func(b []byte) {
				if fastPathAgrees(t, p, directionOf(g.Direction), b) {
					taken[c.Profile]++
				}
			})
		}
	}
	t.Log(taken)
	for _, name := range []string{"extended", "compact", "modbus-tcp", "modbus-rtu"} {
		if taken[name] == 0 {
			t.Errorf("no frame of %s", name)
		}
	}
}
