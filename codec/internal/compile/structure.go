package compile

import (
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// Structure is what a compiled tree shows to be wrong without any frame: by what each expression can become, from the
// bits of a field, its const, in, min and max.  Errors are refused by Compile; all findings are reported by check.

// inspection holds what is known of a tree while it is looked at.
type inspection struct {
	g       *program.Program
	ops     []scalar.Op
	extents []extent // by register
	schema.Findings
}

// Inspect returns the findings of a tree, with paths and without lines.
func Inspect(g *program.Program, ops []scalar.Op) []schema.Finding {
	v := &inspection{g: g, ops: ops}
	v.registers()
	for _, path := range g.Unused {
		v.Add(schema.SeverityWarning, "unused", path, "a layout that nothing uses", "")
	}
	for _, f := range g.Kinds {
		v.family(f)
		v.nodes(f.Header)
		for _, s := range f.Bodies {
			v.nodes(s.Nodes)
		}
		v.nodes(f.Trailer)
	}
	v.unreachable()
	v.names()
	return v.Findings
}

// RefuseStructure makes problems of the errors.
func RefuseStructure(src *schema.Reader, p *program.Program) {
	for _, f := range Inspect(p, p.Ops) {
		if f.Severity == schema.SeverityError {
			src.Problem(f.Key, f.Found, f.Expected)
		}
	}
}
