package codec

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Source is one file of a definition.
type Source struct {
	Name string // of the file, or of the part as include names it
	Text []byte
}

// Sources are the texts that the profile was compiled from: the definition first, then the parts that it includes.  [CompileSources] makes
// the same profile of them, also when the files have changed since.  Read-only.
func (p *Profile) Sources() []Source { return p.sources }

// Hash identifies the definition: the SHA-256 of all its texts.
func (p *Profile) Hash() [sha256.Size]byte { return p.hash }

// CompileSources is Compile for what Sources has returned once.
func CompileSources(sources []Source) (*Profile, error) {
	if len(sources) == 0 {
		return nil, errors.New("a definition without text")
	}
	return CompileWith(sources[0].Name, sources[0].Text, func(name string) ([]byte, error) {
		for _, s := range sources[1:] {
			if s.Name == name {
				return s.Text, nil
			}
		}
		return nil, errors.New("no such part")
	})
}

// hashOf identifies a definition by its texts.
func hashOf(sources []Source) (hash [sha256.Size]byte) {
	h := sha256.New()
	var size [8]byte
	for i, s := range sources {
		if i > 0 { // the name of the file itself does not matter
			binary.BigEndian.PutUint64(size[:], uint64(len(s.Name)))
			h.Write(size[:])
			h.Write([]byte(s.Name))
		}
		binary.BigEndian.PutUint64(size[:], uint64(len(s.Text)))
		h.Write(size[:])
		h.Write(s.Text)
	}
	h.Sum(hash[:0])
	return hash
}
