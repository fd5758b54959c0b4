package codec

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"slices"
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

// sameFrame checks that a frame used again shows what one shows that was decoded alone.
func sameFrame(t testing.TB, data []byte, quick, slow *Frame) {
	t.Helper()
	p := quick.program
	if quick.layout != slow.layout || quick.roles != slow.roles || !bytes.Equal(quick.data, slow.data) || len(quick.cells) != len(slow.cells) || len(quick.nums) != len(slow.nums) {
		t.Fatalf("%s %x: %d fields of %s, alone %d of %s", p.name, data, len(quick.cells), quick.layout.message.Name, len(slow.cells), slow.layout.message.Name)
	}
	for i, c := range quick.cells {
		if c != slow.cells[i] || quick.nums[i] != slow.nums[i] {
			t.Fatalf("%s %x: field %d, %s: %+v = %d, alone %+v = %d", p.name, data, i, p.ops[c.op].field.Key, c, quick.nums[i], slow.cells[i], slow.nums[i])
		}
	}
}

// mutants are b, its beginnings, and b with bytes changed, left out, repeated and filled, always the same ones.
func mutants(b []byte, visit func(b []byte)) {
	visit(b)
	for n := range b {
		visit(b[:n])
	}
	random := rand.New(rand.NewPCG(3, uint64(len(b))))
	for range 100 {
		m := slices.Clone(b)
		for range 1 + random.IntN(3) {
			if len(m) == 0 {
				break
			}
			at := random.IntN(len(m))
			switch random.IntN(5) {
			case 0:
				m[at] ^= 1 << random.IntN(8)
			case 1:
				m[at] = byte(random.Uint32())
			case 2:
				m = slices.Delete(m, at, at+1)
			case 3:
				m = slices.Insert(m, at, m[random.IntN(len(m)):]...)
			default:
				m[at] = []byte{0, 0xff, 0x7f, 0x80}[random.IntN(4)]
			}
		}
		visit(m)
	}
}
