package codec

import (
	"fmt"
	"strings"
)

// checksums looks at what the checksums of a kind of frame cover.  Its fields are numbered: the header, the body as
// one, the trailer.
func (v *inspection) checksums(f *family) {
	fields := append(append(append([]*node{}, f.header...), f.body), f.trailer...)
	covered := make([]bool, len(fields))
	sums := 0
	for at, n := range fields {
		if n.check == nil {
			continue
		}
		sums++
		from, to := 0, at
		if n.check.from > 0 {
			from = v.place(fields, n.check.from)
		}
		switch {
		case n.check.to > 0:
			to = v.place(fields, n.check.to)
		case n.check.to < 0:
			to = len(fields)
		}
		switch {
		case from >= to:
			v.add(SeverityError, "checksum", n.path+".over", fmt.Sprintf("nothing: %s over no field", v.ops[n.op].field.Key), "a range that ends behind its beginning")
		case from <= at && at < to:
			v.add(SeverityError, "checksum", n.path+".over", v.ops[n.op].field.Key+" over itself", "a range that ends before it, or begins after it")
		}
		for i := from; i < to; i++ {
			covered[i] = true
		}
	}
	body := f.header[:0:0]
	for _, s := range f.shapes {
		body = append(body, s.nodes...)
	}
	own := false
	each(body, func(n *node) {
		own = own || n.check != nil || n.transform != nil && n.transform.block > 0
	})
	if sums == 0 {
		return
	}
	length, bodyLost := "", false
	var names []string
	for i, n := range fields {
		if covered[i] || n.check != nil {
			continue
		}
		if n == f.body {
			bodyLost = !own && len(body) > 0
			continue
		}
		if !v.fixed(n) {
			names = append(names, v.nameOf(n))
			if f.length != nil && v.holdsRegister(n, f.length.reg) {
				length = v.nameOf(n)
			}
		}
	}
	path := ""
	for _, n := range fields {
		if n.check != nil && path == "" {
			path = n.path
		}
	}
	if bodyLost {
		v.add(SeverityWarning, "checksum", path+".over", "a checksum that does not cover the body", "it to, if the protocol says so")
	}
	if len(names) > 0 {
		text := "fields that no checksum covers: " + strings.Join(names, ", ")
		if length != "" {
			text += "; " + length + " says how long the frame is"
		}
		v.add(SeverityNote, "checksum", path+".over", text, "")
	}
}

// place is the number of the field at whose beginning a mark stands.
func (v *inspection) place(fields []*node, mark int) int { return v.position(fields, mark) }

// fixed says that the bytes of a field are known beforehand.
func (v *inspection) fixed(n *node) bool {
	if n.kind != nodeLeaf {
		return false
	}
	o := &v.ops[n.op]
	return o.check == checkBytes || o.check == checkRange && o.lo == o.hi || o.code == opComputed || o.code == opRun ||
		o.check == checkRanges && len(o.ranges) == 1 && o.ranges[0][0] == o.ranges[0][1]
}

func (v *inspection) nameOf(n *node) string {
	if n.op >= 0 && v.ops[n.op].field.Key != "" {
		return v.ops[n.op].field.Key
	}
	return "a part without a name"
}

func (v *inspection) holdsRegister(n *node, reg int) bool {
	for i := n.op; i >= 0 && i <= n.op+n.parts; i++ {
		if v.ops[i].reg == reg {
			return true
		}
	}
	return false
}
