package codec

import (
	"slices"

	"golang.org/x/text/encoding"
)

// Compiler compiles definitions that use algorithms of the program around: where a protocol has a checksum, a charset
// or a way to write bytes in characters that no entry of the registries is, the program gives it a name, and the
// definition uses the name like any other.  The zero value is what [Compile] uses.  It is not changed and may be used
// by several goroutines; so must be its functions, which must neither keep nor change what they are given.
//
// A name that a registry has too means the entry of the program.
type Compiler struct {
	// Open returns the text of a part that a definition includes; names that it does not know are those of the
	// parts that are shipped.  May be nil.
	Open func(name string) ([]byte, error)

	Checksums map[string]Checksum          // values of `algorithm`
	Charsets  map[string]encoding.Encoding // values of `charset`
	Armours   map[string]*Armour           // values of `armour`
}

// Checksum computes a number over the bytes that it covers.
type Checksum struct {
	Width int // bits, 1 to 64
	Sum   func(b []byte) uint64
}

// checksum finds an algorithm by its name.
func (s *source) checksum(name string) (checksum, bool) {
	if s.own != nil {
		if own, ok := s.own.Checksums[name]; ok && own.Sum != nil && own.Width >= 1 && own.Width <= 64 {
			mask := ^uint64(0) >> (64 - own.Width)
			return checksum{width: own.Width, name: name, sum: func(b []byte) uint64 { return own.Sum(b) & mask }}, true
		}
	}
	return findChecksum(name)
}

func (s *source) checksumNames() []string {
	names := checksumNames()
	if s.own != nil {
		names = append(names, keysOf(s.own.Checksums)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// charset finds a text encoding by its name; nil is one byte a character.
func (s *source) charset(name string) encoding.Encoding {
	if s.own != nil && s.own.Charsets[name] != nil {
		return s.own.Charsets[name]
	}
	return charsets[name]
}

func (s *source) charsetNames() []string {
	if s.own == nil || len(s.own.Charsets) == 0 {
		return charsetWords
	}
	return append(charsetWords[:len(charsetWords):len(charsetWords)], keysOf(s.own.Charsets)...)
}

// armour finds a way to write bytes in characters by its name.
func (s *source) armour(name string) *Armour {
	if s.own != nil && s.own.Armours[name] != nil {
		return s.own.Armours[name]
	}
	return namedArmours[name]
}

func (s *source) armourNames() []string {
	names := keysOf(namedArmours)
	if s.own != nil {
		names = append(names, keysOf(s.own.Armours)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
