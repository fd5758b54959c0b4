package compile

import (
	"slices"
	"strings"

	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// checksums looks at what the checksums of a kind of frame cover.  Its fields are numbered: the header, the body as
// one, the trailer.
func (v *inspection) checksums(f *program.FrameKind) {
	fields := slices.Concat(f.Header, []*program.Node{f.Body}, f.Trailer)
	covered := make([]bool, len(fields))
	path := "" // of the first one
	for at, n := range fields {
		if n.Check == nil {
			continue
		}
		from, to, key := 0, at, v.ops[n.Op].Field.Key
		if n.Check.From > 0 {
			from = v.position(fields, n.Check.From)
		}
		if n.Check.To > 0 {
			to = v.position(fields, n.Check.To)
		} else if n.Check.To < 0 {
			to = len(fields)
		}
		if path == "" {
			path = n.Path + ".over"
		}
		switch {
		case from >= to:
			v.Add(schema.SeverityError, "checksum", n.Path+".over", "nothing: "+key+" over no field",
				"a range that ends behind its beginning")
		case from <= at && at < to:
			v.Add(schema.SeverityError, "checksum", n.Path+".over", key+" over itself",
				"a range that ends before it, or begins after it")
		}
		for i := from; i < to; i++ {
			covered[i] = true
		}
	}
	if path == "" {
		return
	}
	var names []string
	length := ""
	for i, n := range fields {
		switch {
		case covered[i] || n.Check != nil:
		case n == f.Body && !v.sumInside(f):
			v.Add(schema.SeverityWarning, "checksum", path, "a checksum that does not cover the body", "it to, if the protocol says so")
		case n != f.Body && !v.fixed(n):
			name := "a part without a name"
			if n.Op >= 0 && v.ops[n.Op].Field.Key != "" {
				name = v.ops[n.Op].Field.Key
			}
			names = append(names, name)
			for k := n.Op; f.Length != nil && k >= 0 && k <= n.Op+n.Parts; k++ {
				if v.ops[k].Reg == f.Length.Reg {
					length = "; " + name + " says how long the frame is"
				}
			}
		}
	}
	if len(names) > 0 {
		v.Add(schema.SeverityNote, "checksum", path, "fields that no checksum covers: "+strings.Join(names, ", ")+length, "")
	}
}

// sumInside says that the bodies have checksums of their own, or nothing in them.
func (v *inspection) sumInside(f *program.FrameKind) bool {
	own, empty := false, true
	for _, s := range f.Bodies {
		program.Each(s.Nodes, func(n *program.Node) {
			own, empty = own || n.Check != nil || n.Transform != nil && n.Transform.Block > 0, false
		})
	}
	return own || empty
}

// fixed says that the bytes of a field are known beforehand.
func (v *inspection) fixed(n *program.Node) bool {
	if n.Kind != program.NodeLeaf {
		return false
	}
	o := &v.ops[n.Op]
	return o.Check == scalar.CheckBytes || o.Check == scalar.CheckRange && o.Lo == o.Hi ||
		o.Code == scalar.OpComputed || o.Code == scalar.OpRun ||
		o.Check == scalar.CheckRanges && len(o.Ranges) == 1 && o.Ranges[0][0] == o.Ranges[0][1]
}
