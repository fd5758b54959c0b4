package compile

import (
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// compiler turns a definition into a program.  It goes on after a problem, so that all are found at once.
type compiler struct {
	src    *schema.Reader
	d      *schema.Definition
	p      *program.Program
	zone   *time.Location
	spent  expense
	header map[string]int        // key → index in program.ops
	all    map[string]*scalar.Op // key → one op with that key
	paths  map[string]bool       // of fields in groups: "group.key"

	plain       bool               // the definition is a header and bodies of plain fields: see compile_plain.go
	family      *program.FrameKind // being compiled
	fields      []*field.Field     // of the message being compiled
	list        *program.Node      // the innermost list around
	using       []string           // layouts being compiled, against recursion
	later       []func()           // what can be told when all fields are there
	asked       bool               // an expression named something that follows from the request
	computing   bool               // expressions may name fields of the request
	body        bool               // the fields of a message are compiled: conditions may, too
	answering   bool               // those of a part that is there with its request alone: sizes may, too
	columns     bool               // what is compiled stands between separators
	derived     []int              // registers whose value follows from the rest of a frame
	usedLayouts map[string]bool
	marks       map[string]markField
	long        map[uint64]string // words of more than 8 bytes, by the number by which they are compared
	byPath      map[*field.Message]*namedFields
	patterns    map[any]pattern // names of points: by node, by op of a field or part of bits, by body
}

// Compile makes the program of a definition.  What is wrong is reported to src, and the program is then of no use.
func Compile(src *schema.Reader, d *schema.Definition) *program.Program {
	c := &compiler{src: src, d: d}
	c.p = &program.Program{Name: d.Name, Title: d.Title, CommandOp: -1, Regs: 1, Marks: 1}
	c.header, c.all, c.paths, c.usedLayouts, c.marks = map[string]int{}, map[string]*scalar.Op{}, map[string]bool{},
		map[string]bool{}, map[string]markField{}
	c.patterns, c.long, c.byPath = map[any]pattern{}, map[uint64]string{}, map[*field.Message]*namedFields{}
	var err error
	if c.zone, err = scalar.ParseZone(d.Zone); err != nil {
		c.src.Problem("zone", field.Quote(d.Zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		c.zone = time.UTC
	}
	c.p.Zone = c.zone
	c.frames()
	return c.p
}

var (
	directionFrom = [...]field.Direction{field.Anyone: field.Any, field.Master: field.Uplink,
		field.Server: field.Downlink, field.Integrator: field.Uplink}
	defaultPurpose = [...]field.Purpose{field.Anyone: field.PurposeOther, field.Master: field.PurposeReport,
		field.Server: field.PurposeCommand, field.Integrator: field.PurposeRequest}
)

// required says that Build must be given the field.
func (c *compiler) required(o *scalar.Op) bool {
	return o.Flags == 0 && o.Preset == nil && !(o.Code == scalar.OpBits && o.Parts)
}
