package schema

import (
	"maps"
	"slices"

	"golang.org/x/text/encoding"

	"trama/codec/internal/checksum"
	"trama/codec/internal/scalar"
)

// Algorithms are those of the program around, which definitions use beside those of the registries; see Compiler.
type Algorithms struct {
	Checksums map[string]checksum.Checksum
	Charsets  map[string]encoding.Encoding
	Armours   map[string]*scalar.Armour
}

// Checksum finds an algorithm by its name.
func (s *Reader) Checksum(name string) (checksum.Algorithm, bool) {
	if s.own != nil {
		if own, ok := s.own.Checksums[name]; ok && own.Sum != nil && own.Width >= 1 && own.Width <= 64 {
			mask := ^uint64(0) >> (64 - own.Width)
			return checksum.Algorithm{Width: own.Width, Name: name, Sum: func(b []byte) uint64 { return own.Sum(b) & mask }}, true
		}
	}
	return checksum.Find(name)
}

func (s *Reader) ChecksumNames() []string {
	names := checksum.Names()
	if s.own != nil {
		names = append(names, slices.Sorted(maps.Keys(s.own.Checksums))...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Charset finds a text encoding by its name; nil is one byte a character.
func (s *Reader) Charset(name string) encoding.Encoding {
	if s.own != nil && s.own.Charsets[name] != nil {
		return s.own.Charsets[name]
	}
	return scalar.Charsets[name]
}

func (s *Reader) charsetNames() []string {
	if s.own == nil || len(s.own.Charsets) == 0 {
		return scalar.CharsetWords
	}
	return append(scalar.CharsetWords[:len(scalar.CharsetWords):len(scalar.CharsetWords)],
		slices.Sorted(maps.Keys(s.own.Charsets))...)
}

// Armour finds a way to write bytes in characters by its name.
func (s *Reader) Armour(name string) *scalar.Armour {
	if s.own != nil && s.own.Armours[name] != nil {
		return s.own.Armours[name]
	}
	return scalar.NamedArmours[name]
}

func (s *Reader) ArmourNames() []string {
	names := slices.Sorted(maps.Keys(scalar.NamedArmours))
	if s.own != nil {
		names = append(names, slices.Sorted(maps.Keys(s.own.Armours))...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
