package codec

import (
	"slices"
	"strings"
)

// checksums looks at what the checksums of a kind of frame cover.  Its fields are numbered: the header, the body as
// one, the trailer.
func (v *inspection) checksums(f *family) {
	fields := slices.Concat(f.header, []*node{f.body}, f.trailer)
	covered := make([]bool, len(fields))
	path := "" // of the first one
	for at, n := range fields {
		if n.check == nil {
			continue
		}
		from, to, key := 0, at, v.ops[n.op].field.Key
		if n.check.from > 0 {
			from = v.position(fields, n.check.from)
		}
		if n.check.to > 0 {
			to = v.position(fields, n.check.to)
		} else if n.check.to < 0 {
			to = len(fields)
		}
		if path == "" {
			path = n.path + ".over"
		}
		switch {
		case from >= to:
			v.add(SeverityError, "checksum", n.path+".over", "nothing: "+key+" over no field",
				"a range that ends behind its beginning")
		case from <= at && at < to:
			v.add(SeverityError, "checksum", n.path+".over", key+" over itself",
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
		case covered[i] || n.check != nil:
		case n == f.body && !v.sumInside(f):
			v.add(SeverityWarning, "checksum", path, "a checksum that does not cover the body", "it to, if the protocol says so")
		case n != f.body && !v.fixed(n):
			name := "a part without a name"
			if n.op >= 0 && v.ops[n.op].field.Key != "" {
				name = v.ops[n.op].field.Key
			}
			names = append(names, name)
			for k := n.op; f.length != nil && k >= 0 && k <= n.op+n.parts; k++ {
				if v.ops[k].reg == f.length.reg {
					length = "; " + name + " says how long the frame is"
				}
			}
		}
	}
	if len(names) > 0 {
		v.add(SeverityNote, "checksum", path, "fields that no checksum covers: "+strings.Join(names, ", ")+length, "")
	}
}

// sumInside says that the bodies have checksums of their own, or nothing in them.
func (v *inspection) sumInside(f *family) bool {
	own, empty := false, true
	for _, s := range f.shapes {
		each(s.nodes, func(n *node) {
			own, empty = own || n.check != nil || n.transform != nil && n.transform.block > 0, false
		})
	}
	return own || empty
}

// fixed says that the bytes of a field are known beforehand.
func (v *inspection) fixed(n *node) bool {
	if n.kind != nodeLeaf {
		return false
	}
	o := &v.ops[n.op]
	return o.check == checkBytes || o.check == checkRange && o.lo == o.hi || o.code == opComputed || o.code == opRun ||
		o.check == checkRanges && len(o.ranges) == 1 && o.ranges[0][0] == o.ranges[0][1]
}
