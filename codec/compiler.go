package codec

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"golang.org/x/text/encoding"

	"trama/codec/internal/checksum"
	"trama/codec/internal/compile"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
	"trama/codec/internal/simulate"
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

	Checksums map[string]checksum.Checksum // values of `algorithm`
	Charsets  map[string]encoding.Encoding // values of `charset`
	Armours   map[string]*scalar.Armour    // values of `armour`
}

// Compile makes a profile of a definition in TOML.  file names it in errors.  The error is a *DefinitionError
// with every problem found.
func Compile(file string, src []byte) (*Profile, error) { return Compiler{}.Compile(file, src) }

// CompileWith is Compile for a definition that includes parts of its own: open returns the text of one by its name.
// Names that open does not know (or all, when it is nil) are those of the parts that are shipped.
func CompileWith(file string, src []byte, open func(name string) ([]byte, error)) (*Profile, error) {
	return Compiler{Open: open}.Compile(file, src)
}

// Compile is what the function of that name does, with the parts and algorithms of own.
func (own Compiler) Compile(file string, src []byte) (*Profile, error) {
	s := schema.NewSource(file, &schema.Algorithms{Checksums: own.Checksums, Charsets: own.Charsets, Armours: own.Armours})
	p := &Profile{sources: []schema.Source{{Name: file, Text: src}}}
	if root := s.ParseTOML(src); root != nil {
		d := schema.ReadDefinition(root)
		p.sources = append(p.sources, d.Include(s, own.open)...)
		p.program = compile.Compile(s, d)
		if len(s.Problems) == 0 {
			p.examples = compile.CompileExamples(s, d, p.program)
			compile.RefuseStructure(s, p.program)
		}
		if len(s.Problems) == 0 { // of a frame that cannot be, nothing can be made
			p.resend = compile.CompileResend(s, d.Resend, p.program)
			p.settings = compile.CompileSettings(s, d.Settings, p.program)
			p.clock = compile.CompileClock(s, d.Clock, p.program)
			p.script = simulate.CompileScript(s, d.Simulate, p.program, p.program.Zone)
			compile.CompilePolls(s, d, p.program)
		}
	}
	if len(s.Problems) > 0 {
		schema.SortProblems(file, s.Problems)
		return nil, &schema.DefinitionError{Problems: s.Problems}
	}
	p.hash = hashOf(p.sources)
	return p, nil
}

// open finds a part that is included: of the program around, or shipped.
func (own *Compiler) open(name string) ([]byte, error) {
	if own.Open != nil {
		if src, err := own.Open(name); err == nil {
			return src, nil
		}
	}
	return shippedPart(name)
}

// Sources are the texts that the profile was compiled from: the definition first, then the parts that it includes.
// [CompileSources] makes the same profile of them, also when the files have changed since.  Read-only.
func (p *Profile) Sources() []schema.Source { return p.sources }

// Hash identifies the definition: the SHA-256 of all its texts.
func (p *Profile) Hash() [sha256.Size]byte { return p.hash }

// CompileSources is Compile for what Sources has returned once.
func CompileSources(sources []schema.Source) (*Profile, error) {
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
func hashOf(sources []schema.Source) (hash [sha256.Size]byte) {
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
