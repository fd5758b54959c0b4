package faultfs

import (
	"bytes"
	"maps"
	"slices"
)

// Image is the content of a disk: the bytes of each file by its name.  A test may change them.
type Image map[string][]byte

// Clone returns a deep copy.
func (i Image) Clone() Image {
	clone := Image{}
	for name, content := range i {
		clone[name] = bytes.Clone(content)
	}
	return clone
}

// Names of the files in order.
func (i Image) Names() []string { return sortedKeys(i) }

// Flip inverts one bit of a file, counted from its first byte's lowest.
func (i Image) Flip(name string, bit int) { i[name][bit/8] ^= 1 << (bit % 8) }

// Truncate cuts a file to its first n bytes.
func (i Image) Truncate(name string, n int) { i[name] = i[name][:n:n] }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
