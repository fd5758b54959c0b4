package codec

// Structure is what a compiled tree shows to be wrong without any frame: by what each expression can become, from the
// bits of a field, its const, in, min and max.  Errors are refused by Compile; all findings are reported by check.

// inspection holds what is known of a tree while it is looked at.
type inspection struct {
	g       *program
	ops     []op
	extents []extent // by register
	findings
}

// inspect returns the findings of a tree, with paths and without lines.
func inspect(g *program, ops []op) []Finding {
	v := &inspection{g: g, ops: ops}
	v.registers()
	for _, path := range g.unused {
		v.add(SeverityWarning, "unused", path, "a layout that nothing uses", "")
	}
	for _, f := range g.families {
		v.family(f)
		v.nodes(f.header)
		for _, s := range f.shapes {
			v.nodes(s.nodes)
		}
		v.nodes(f.trailer)
	}
	v.unreachable()
	v.names()
	return v.findings
}

// refuseStructure makes problems of the errors.
func refuseStructure(src *source, p *program) {
	for _, f := range inspect(p, p.ops) {
		if f.Severity == SeverityError {
			src.problem(f.Key, f.Found, f.Expected)
		}
	}
}
