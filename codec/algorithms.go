package codec

import (
	"maps"
	"slices"

	"golang.org/x/text/encoding"
)

// algorithms are those of the program around, which definitions use beside those of the registries; see Compiler.
type algorithms struct {
	checksums map[string]Checksum
	charsets  map[string]encoding.Encoding
	armours   map[string]*Armour
}

// checksum finds an algorithm by its name.
func (s *source) checksum(name string) (checksum, bool) {
	if s.own != nil {
		if own, ok := s.own.checksums[name]; ok && own.Sum != nil && own.Width >= 1 && own.Width <= 64 {
			mask := ^uint64(0) >> (64 - own.Width)
			return checksum{width: own.Width, name: name, sum: func(b []byte) uint64 { return own.Sum(b) & mask }}, true
		}
	}
	return findChecksum(name)
}

func (s *source) checksumNames() []string {
	names := checksumNames()
	if s.own != nil {
		names = append(names, slices.Sorted(maps.Keys(s.own.checksums))...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// charset finds a text encoding by its name; nil is one byte a character.
func (s *source) charset(name string) encoding.Encoding {
	if s.own != nil && s.own.charsets[name] != nil {
		return s.own.charsets[name]
	}
	return charsets[name]
}

func (s *source) charsetNames() []string {
	if s.own == nil || len(s.own.charsets) == 0 {
		return charsetWords
	}
	return append(charsetWords[:len(charsetWords):len(charsetWords)], slices.Sorted(maps.Keys(s.own.charsets))...)
}

// armour finds a way to write bytes in characters by its name.
func (s *source) armour(name string) *Armour {
	if s.own != nil && s.own.armours[name] != nil {
		return s.own.armours[name]
	}
	return namedArmours[name]
}

func (s *source) armourNames() []string {
	names := slices.Sorted(maps.Keys(namedArmours))
	if s.own != nil {
		names = append(names, slices.Sorted(maps.Keys(s.own.armours))...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
