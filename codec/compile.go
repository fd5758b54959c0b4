package codec

import (
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
	c := &compiler{src: &source{file: file, own: &own}, open: own.Open, sources: []Source{{Name: file, Text: src}}, p: &Profile{commandOp: -1, resultOp: -1}}
	if root := c.src.parseTOML(src); root != nil {
		d := readDefinition(root)
		c.profile(d)
		if len(c.src.problems) == 0 {
			c.refuseStructure()
		}
		if len(c.src.problems) == 0 { // of a frame that cannot be, nothing can be made
			c.resend(d)
			c.simulate(d)
		}
	}
	if len(c.src.problems) == 0 {
		c.p.keepSources(c.sources)
	}
	if len(c.src.problems) > 0 {
		sortProblems(file, c.src.problems)
		return nil, &DefinitionError{Problems: c.src.problems}
	}
	return c.p, nil
}

// compiler turns a definition into a plan.  It goes on after a problem, so that all are found at once.
type compiler struct {
	src    *source
	p      *Profile
	open   func(name string) ([]byte, error)
	zone   *time.Location
	header map[string]int // key → index in Profile.ops
	all    map[string]*op // key → one op with that key

	sources []Source
}

func (c *compiler) profile(d *definition) {
	p := c.p
	p.name, p.title, p.maxFrame = d.name, d.title, d.max
	var err error
	if c.zone, err = parseZone(d.zone); err != nil {
		c.src.problem("zone", quote(d.zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		c.zone = time.UTC
	}
	c.all = map[string]*op{}
	if len(d.includes) > 0 {
		c.include(d, func(name string) ([]byte, error) {
			if c.open != nil {
				if src, err := c.open(name); err == nil {
					return src, nil
				}
			}
			return shippedPart(name)
		})
	}
	c.grammar(d)
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
