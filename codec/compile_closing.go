package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// Bytes of the mark at the end that a field may have: a number that TOML can write.
const mostMark = 7

// closing compiles what ends the frames of a kind.  The field of the mark comes first of all: it is known before
// anything is read.
func (c *compiler) closing(def *familyDef, f *family, s *scope) *closing {
	fields := -1
	for i := range def.trailer {
		if def.trailer[i].kind != "end" {
			continue
		}
		c.marks[def.trailer[i].path] = markField{}
		if fields >= 0 {
			c.src.problem(def.trailer[i].path+".type", `"end" a second time`, "one field for the mark that ends the frame")
			continue
		}
		fields = i
	}
	if def.ends == nil {
		if fields >= 0 {
			c.src.problem(def.trailer[fields].path+".type", `"end" without a mark`, "end beside the header: the mark that ends the frame")
		}
		return nil
	}
	end := &closing{}
	before := len(c.src.Problems)
	for i, text := range def.ends {
		path := def.path + ".end"
		if len(def.ends) > 1 {
			path = fmt.Sprintf("%s[%d]", path, i)
		}
		mark := c.marker(path, text)
		if len(mark) == 0 && text == "" {
			c.src.problem(path, `""`, "the bytes that end the frame")
		}
		end.marks = append(end.marks, mark)
	}
	for i, a := range end.marks {
		for k, b := range end.marks {
			if i != k && bytes.Contains(a, b) && len(c.src.Problems) == before {
				c.src.problem(def.path+".end", fmt.Sprintf("%x in %x", b, a), "marks of which none stands in another one")
			}
		}
	}
	switch {
	case len(c.src.Problems) > before:
		return end
	case fields >= 0:
		c.closingField(&def.trailer[fields], end, s)
	case len(end.marks) > 1:
		c.src.problem(def.path+".end", fmt.Sprintf("%d marks", len(end.marks)), `a field of type "end" in the trailer, which says by which of them the frame ended`)
	}
	return end
}

// closingField compiles the field of the mark as the number that it is.
func (c *compiler) closingField(def *fieldDef, end *closing, s *scope) {
	least, most := mostMark, 0
	for _, m := range end.marks {
		least, most = min(least, len(m)), max(most, len(m))
	}
	if end.kept = def.size; end.kept == 0 {
		if end.kept = least; most > least {
			c.src.problem(def.path+".size", "nothing", fmt.Sprintf("a size from 1 to %d, because the marks are not all of one size, or larger than that: how many of their last bytes are the field", least))
		}
	}
	if end.kept > least {
		c.src.problem(def.path+".size", strconv.Itoa(end.kept), fmt.Sprintf("1 to %d: so many of the last bytes of the mark are the field", least))
		end.kept = least
	}
	own := *def
	own.kind, own.size, own.order = "uint"+strconv.Itoa(8*end.kept), 0, "big"
	for i, m := range end.marks {
		kept := int64(loadBE(m[len(m)-end.kept:]))
		if slices.Contains(own.in, any(kept)) {
			c.src.problem(def.path+".size", fmt.Sprintf("marks whose last %d bytes are the same", end.kept), "so many that tell the marks apart")
		}
		if own.in = append(own.in, kept); i == 0 && len(end.marks) == 1 {
			own.in, own.constant = nil, kept
		}
	}
	end.stuffed, own.stuffed = def.stuffed, false
	before := c.fields
	c.fields = nil
	if nodes := c.node(&own, s); len(nodes) == 1 {
		end.node = nodes[0]
		c.p.ops[end.node.op].field.Type = def.kind
		c.marks[def.path] = markField{end.node, c.fields}
	}
	c.fields = before
}

// markField is the field of a mark, which is compiled before its place comes.
type markField struct {
	node   *node
	fields []*Field
}

// markField puts the field of the mark in its place.
func (c *compiler) markField(def *fieldDef) []*node {
	one, ok := c.marks[def.path]
	if !ok {
		c.src.problem(def.path+".type", `"end" here`, "it in the trailer of a frame, beside its other fields")
	}
	if one.node == nil {
		return nil
	}
	c.fields = append(c.fields, one.fields...)
	return []*node{one.node}
}

// settleClosing computes what depends on the fields behind the mark.
func (c *compiler) settleClosing(def *familyDef, f *family) {
	end := f.closing
	if end == nil || end.node == nil {
		return
	}
	if slices.ContainsFunc(def.header, func(h fieldDef) bool { return h.key == end.key(c.p) }) {
		c.src.problem(end.node.path+".key", quote(end.key(c.p))+" a second time", "keys that differ, also from those of the header")
	}
	at := slices.Index(f.trailer, end.node)
	behind := f.trailer[at+1:]
	end.behind, _ = c.p.span(behind)
	if end.stuffed && (f.escape == nil || len(behind) == 0) {
		c.src.problem(end.node.path+".stuffed", "it alone", "it where there is escape, and a field behind the mark")
		end.stuffed = false
	}
	c.back(behind, end.kept)
}

// back notes how far behind the content the checksums among nodes stand, the first of which does so many bytes behind it.
func (c *compiler) back(nodes []*node, at int) {
	for _, n := range nodes {
		switch {
		case n.check != nil:
			n.check.back = at
		case n.kind == nodeGroup:
			c.back(n.kids, at)
		default:
			each(n.kids, func(inner *node) {
				if inner.check != nil && inner.check.wired != nil {
					c.src.problem(inner.path+".wire", "it in a list", "it on a checksum whose place is fixed")
				}
			})
		}
		size, _ := c.p.spanOf(n)
		at += size
	}
}

func (c *closing) key(p *program) string { return p.ops[c.node.op].field.Key }

// wired checks that a checksum over the bytes on the wire is one over others than those that are decoded, and that it
// can be computed: what it covers has to begin and end where a byte on the wire does.
func (c *compiler) wired(f *family, def *fieldDef, n *node) {
	n.check.wired = f
	problem := func(found, expected string) { c.src.problem(def.path+".wire", found, expected) }
	switch hidden := f.closing != nil && slices.ContainsFunc(f.closing.marks, func(m []byte) bool { return f.closing.kept != len(m) }); {
	case f.escape == nil && f.armour == nil && (f.closing == nil || f.closing.kept == 0 || !hidden):
		problem("it in a frame without escape or armour", "none: the bytes on the wire are those that are decoded")
	case n.check.to < 0:
		problem(`it beside "to end"`, "it on a checksum behind what it covers")
	case f.armour != nil && n.check.from > 0 && !bytes.Equal(f.armour.Encode(nil, []byte{1, 2}), f.armour.Encode(f.armour.Encode(nil, []byte{1}), []byte{2})):
		problem("it over a part of what is written in that armour", `it over "all"`)
	}
}
