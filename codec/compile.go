package codec

import (
	"bufio"
	"slices"
	"time"
)

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
	s := newSource(file, &own)
	p := &Profile{sources: []Source{{Name: file, Text: src}}}
	if root := s.parseTOML(src); root != nil {
		d := readDefinition(root)
		p.sources = append(p.sources, d.include(s, own.open)...)
		c := &compiler{src: s, d: d, profile: p}
		p.program = c.program()
		p.grammar = p.program
		if len(s.Problems) == 0 {
			c.examples(d)
			c.refuseStructure()
		}
		if len(s.Problems) == 0 { // of a frame that cannot be, nothing can be made
			c.resend(d)
			p.script = compileScript(s, d.simulate, p, c.zone)
		}
	}
	if len(s.Problems) > 0 {
		sortProblems(file, s.Problems)
		return nil, &DefinitionError{Problems: s.Problems}
	}
	for _, way := range []Direction{Any, Uplink, Downlink} {
		p.split[way] = bufio.SplitFunc(p.grammarSplitter(way))
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

// compiler turns a definition into a program.  It goes on after a problem, so that all are found at once.
type compiler struct {
	src     *source
	d       *definition
	p       *program
	profile *Profile
	zone    *time.Location
	spent   expense
	header  map[string]int  // key → index in program.ops
	all     map[string]*op  // key → one op with that key
	paths   map[string]bool // of fields in groups: "group.key"

	plain       bool     // the definition is a header and bodies of plain fields: see compile_plain.go
	family      *family  // being compiled
	fields      []*Field // of the message being compiled
	list        *node    // the innermost list around
	using       []string // layouts being compiled, against recursion
	later       []func() // what can be told when all fields are there
	asked       bool     // an expression named something that follows from the request
	computing   bool     // expressions may name fields of the request
	columns     bool     // what is compiled stands between separators
	derived     []int    // registers whose value follows from the rest of a frame
	usedLayouts map[string]bool
	marks       map[string]markField
}

// program compiles the definition.
func (c *compiler) program() *program {
	d := c.d
	c.p = &program{name: d.name, title: d.title, commandOp: -1, regs: 1, marks: 1}
	c.header, c.all, c.paths, c.usedLayouts, c.marks = map[string]int{}, map[string]*op{}, map[string]bool{}, map[string]bool{}, map[string]markField{}
	var err error
	if c.zone, err = parseZone(d.zone); err != nil {
		c.src.problem("zone", quote(d.zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		c.zone = time.UTC
	}
	c.frames()
	return c.p
}

var (
	directionFrom  = [...]Direction{Anyone: Any, Master: Uplink, Server: Downlink, Integrator: Uplink}
	defaultPurpose = [...]Purpose{Anyone: PurposeOther, Master: PurposeReport, Server: PurposeCommand, Integrator: PurposeRequest}
)

// required says that Build must be given the field.
func (c *compiler) required(o *op) bool {
	return o.flags == 0 && o.preset == nil && !(o.code == opBits && o.parts)
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
