package codec

import (
	"time"
)

// compiler turns a definition into a program.  It goes on after a problem, so that all are found at once.
type compiler struct {
	src    *source
	d      *definition
	p      *program
	zone   *time.Location
	spent  expense
	header map[string]int  // key → index in program.ops
	all    map[string]*op  // key → one op with that key
	paths  map[string]bool // of fields in groups: "group.key"

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

// compile makes the program of a definition.  What is wrong is reported to src, and the program is then of no use.
func compile(src *source, d *definition) *program {
	c := &compiler{src: src, d: d}
	c.p = &program{name: d.name, title: d.title, commandOp: -1, regs: 1, marks: 1}
	c.header, c.all, c.paths, c.usedLayouts, c.marks = map[string]int{}, map[string]*op{}, map[string]bool{}, map[string]bool{}, map[string]markField{}
	var err error
	if c.zone, err = parseZone(d.zone); err != nil {
		c.src.problem("zone", quote(d.zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		c.zone = time.UTC
	}
	c.p.zone = c.zone
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
