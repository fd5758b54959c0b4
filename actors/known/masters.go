package known

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"trama/internal/tomlread"
)

// Master is what is known of one master.  The zero value says nothing.
type Master struct {
	Name     string
	Site     string
	Tags     []string
	Interval time.Duration // how often it reports; 0 for not said
	Window   time.Duration // how long behind a frame commands reach it; 0 for not said, NoWindow for always
	Points   map[string]Point
}

// NoWindow is the window of a master that commands reach at any time.
const NoWindow = tomlread.Off

// Point is what is known of one point of a master.  The zero value says nothing.
type Point struct {
	Name     string
	Unit     string
	Scale    float64 // factor of what is shown; 0 stands for 1
	Min, Max *float64
}

// Masters is the text of a masters.toml.  A nil one knows nothing.
type Masters struct {
	serials  map[string]*Master
	prefixes map[string]*Master
	profiles map[string]*Master
	sorted   []string // the serials
	lengths  []int    // of prefixes, from the shortest
}

// Serials lists the masters that are told of by their serial, sorted.
func (m *Masters) Serials() []string {
	if m == nil {
		return nil
	}
	return m.sorted
}

// Names says whether a master is told of by its serial.
func (m *Masters) Names(serial string) bool { return m != nil && m.serials[serial] != nil }

// Len counts the entries.
func (m *Masters) Len() int {
	if m == nil {
		return 0
	}
	return len(m.serials) + len(m.prefixes) + len(m.profiles)
}

// Of is what is known of a master: what holds for its profile, then for the prefixes of its serial from the shortest,
// then for itself; a later word replaces an earlier one, tags add up.
func (m *Masters) Of(serial, profile string) Master {
	var room [4]*Master
	all := m.entries(room[:0], serial, profile)
	out := saying(all)
	shared := false // Points is that of an entry
	for _, each := range all {
		switch {
		case len(each.Points) == 0:
		case out.Points == nil:
			out.Points, shared = each.Points, true
		case shared:
			out.Points, shared = maps.Clone(out.Points), false
			fallthrough
		default:
			out.addPoints(each)
		}
	}
	return out
}

// Words is Of without the points, for those who go through all masters.
func (m *Masters) Words(serial, profile string) Master {
	var room [4]*Master
	return saying(m.entries(room[:0], serial, profile))
}

// entries appends what holds for a master, in the order of Of.
func (m *Masters) entries(all []*Master, serial, profile string) []*Master {
	if m == nil {
		return nil
	}
	add := func(found *Master) {
		if found != nil {
			all = append(all, found)
		}
	}
	add(m.profiles[profile])
	for _, n := range m.lengths {
		if n <= len(serial) {
			add(m.prefixes[serial[:n]])
		}
	}
	add(m.serials[serial])
	return all
}

// saying is what entries say beside points.
func saying(all []*Master) (k Master) {
	for _, each := range all {
		replace(&k.Name, each.Name)
		replace(&k.Site, each.Site)
		replace(&k.Interval, each.Interval)
		replace(&k.Window, each.Window)
		if k.Tags == nil {
			k.Tags = slices.Clip(each.Tags)
			continue
		}
		for _, tag := range each.Tags {
			if !slices.Contains(k.Tags, tag) {
				k.Tags = append(k.Tags, tag)
			}
		}
	}
	return k
}

// addPoints puts what another entry says of points over what is known.
func (k *Master) addPoints(other *Master) {
	for name, p := range other.Points {
		point := k.Points[name]
		replace(&point.Name, p.Name)
		replace(&point.Unit, p.Unit)
		replace(&point.Scale, p.Scale)
		replace(&point.Min, p.Min)
		replace(&point.Max, p.Max)
		k.Points[name] = point
	}
}

// replace keeps what is there when nothing is said.
func replace[T comparable](into *T, said T) {
	var nothing T
	if said != nothing {
		*into = said
	}
}

// PointNames lists the points that something is known of.
func (k *Master) PointNames() []string { return slices.Sorted(maps.Keys(k.Points)) }

// Shown is a number of the device as people see it: after the scale, without the noise of binary fractions.
func (p Point) Shown(v float64) float64 {
	if p.Scale == 0 || p.Scale == 1 {
		return v
	}
	v *= p.Scale
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 14, 64), 64); err == nil {
		return rounded
	}
	return v
}

// Plausible says whether a number that is shown lies within the limits.
func (p Point) Plausible(shown float64) bool {
	return !(p.Min != nil && shown < *p.Min) && !(p.Max != nil && shown > *p.Max) &&
		(p.Min == nil && p.Max == nil || !math.IsNaN(shown))
}

// Has says whether a tag is among those of the master; upper and lower case are the same.
func (k *Master) Has(tag string) bool {
	return slices.ContainsFunc(k.Tags, func(t string) bool { return strings.EqualFold(t, tag) })
}

// Current holds the Masters in force; its zero value knows nothing.  It may be used by several goroutines.
type Current struct{ p atomic.Pointer[Masters] }

// Get returns what is in force; nil when nothing is known.
func (c *Current) Get() *Masters {
	if c == nil {
		return nil
	}
	return c.p.Load()
}

// Set puts another one in force.
func (c *Current) Set(m *Masters) { c.p.Store(m) }
