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
func (g *grammarCompiler) closing(def *familyDef, f *family, s *scope) *closing {
	fields := -1
	for i := range def.trailer {
		if def.trailer[i].kind != "end" {
			continue
		}
		g.marks[def.trailer[i].path] = markField{}
		if fields >= 0 {
			g.c.src.problem(def.trailer[i].path+".type", `"end" a second time`, "one field for the mark that ends the frame")
			continue
		}
		fields = i
	}
	if def.ends == nil {
		if fields >= 0 {
			g.c.src.problem(def.trailer[fields].path+".type", `"end" without a mark`, "end beside the header: the mark that ends the frame")
		}
		return nil
	}
	c := &closing{}
	before := len(g.c.src.problems)
	for i, text := range def.ends {
		path := def.path + ".end"
		if len(def.ends) > 1 {
			path = fmt.Sprintf("%s[%d]", path, i)
		}
		mark := g.marker(path, text)
		if len(mark) == 0 && text == "" {
			g.c.src.problem(path, `""`, "the bytes that end the frame")
		}
		c.marks = append(c.marks, mark)
	}
	for i, a := range c.marks {
		for k, b := range c.marks {
			if i != k && bytes.Contains(a, b) && len(g.c.src.problems) == before {
				g.c.src.problem(def.path+".end", fmt.Sprintf("%x in %x", b, a), "marks of which none stands in another one")
			}
		}
	}
	switch {
	case len(g.c.src.problems) > before:
		return c
	case fields >= 0:
		g.closingField(&def.trailer[fields], c, s)
	case len(c.marks) > 1:
		g.c.src.problem(def.path+".end", fmt.Sprintf("%d marks", len(c.marks)), `a field of type "end" in the trailer, which says by which of them the frame ended`)
	}
	return c
}

// closingField compiles the field of the mark as the number that it is.
func (g *grammarCompiler) closingField(def *fieldDef, c *closing, s *scope) {
	least, most := mostMark, 0
	for _, m := range c.marks {
		least, most = min(least, len(m)), max(most, len(m))
	}
	if c.kept = def.size; c.kept == 0 {
		if c.kept = least; most > least {
			g.c.src.problem(def.path+".size", "nothing", fmt.Sprintf("a size from 1 to %d, because the marks are not all of one size, or larger than that: how many of their last bytes are the field", least))
		}
	}
	if c.kept > least {
		g.c.src.problem(def.path+".size", strconv.Itoa(c.kept), fmt.Sprintf("1 to %d: so many of the last bytes of the mark are the field", least))
		c.kept = least
	}
	own := *def
	own.kind, own.size, own.order = "uint"+strconv.Itoa(8*c.kept), 0, "big"
	for i, m := range c.marks {
		kept := int64(loadBE(m[len(m)-c.kept:]))
		if slices.Contains(own.in, any(kept)) {
			g.c.src.problem(def.path+".size", fmt.Sprintf("marks whose last %d bytes are the same", c.kept), "so many that tell the marks apart")
		}
		if own.in = append(own.in, kept); i == 0 && len(c.marks) == 1 {
			own.in, own.constant = nil, kept
		}
	}
	c.stuffed, own.stuffed = def.stuffed, false
	before := g.fields
	g.fields = nil
	if nodes := g.node(&own, s); len(nodes) == 1 {
		c.node = nodes[0]
		g.p.ops[c.node.op].field.Type = def.kind
		g.marks[def.path] = markField{c.node, g.fields}
	}
	g.fields = before
}

// markField is the field of a mark, which is compiled before its place comes.
type markField struct {
	node   *node
	fields []*Field
}

// markField puts the field of the mark in its place.
func (g *grammarCompiler) markField(def *fieldDef) []*node {
	one, ok := g.marks[def.path]
	if !ok {
		g.c.src.problem(def.path+".type", `"end" here`, "it in the trailer of a frame, beside its other fields")
	}
	if one.node == nil {
		return nil
	}
	g.fields = append(g.fields, one.fields...)
	return []*node{one.node}
}

// settleClosing computes what depends on the fields behind the mark.
func (g *grammarCompiler) settleClosing(def *familyDef, f *family) {
	c := f.closing
	if c == nil || c.node == nil {
		return
	}
	if slices.ContainsFunc(def.header, func(h fieldDef) bool { return h.key == c.key(g.p) }) {
		g.c.src.problem(c.node.path+".key", quote(c.key(g.p))+" a second time", "keys that differ, also from those of the header")
	}
	at := slices.Index(f.trailer, c.node)
	behind := f.trailer[at+1:]
	c.behind, _ = g.g.span(g.p, behind)
	if c.stuffed && (f.escape == nil || len(behind) == 0) {
		g.c.src.problem(c.node.path+".stuffed", "it alone", "it where there is escape, and a field behind the mark")
		c.stuffed = false
	}
	g.back(behind, c.kept)
}

// back notes how far behind the content the checksums among nodes stand, the first of which does so many bytes behind it.
func (g *grammarCompiler) back(nodes []*node, at int) {
	for _, n := range nodes {
		switch {
		case n.check != nil:
			n.check.back = at
		case n.kind == nodeGroup:
			g.back(n.kids, at)
		default:
			each(n.kids, func(inner *node) {
				if inner.check != nil && inner.check.wired != nil {
					g.c.src.problem(inner.path+".wire", "it in a list", "it on a checksum whose place is fixed")
				}
			})
		}
		size, _ := g.g.spanOf(g.p, n)
		at += size
	}
}

func (c *closing) key(p *Profile) string { return p.ops[c.node.op].field.Key }

// wired checks that a checksum over the bytes on the wire is one over others than those that are decoded, and that it
// can be computed: what it covers has to begin and end where a byte on the wire does.
func (g *grammarCompiler) wired(f *family, def *fieldDef, n *node) {
	n.check.wired = f
	problem := func(found, expected string) { g.c.src.problem(def.path+".wire", found, expected) }
	switch hidden := f.closing != nil && slices.ContainsFunc(f.closing.marks, func(m []byte) bool { return f.closing.kept != len(m) }); {
	case f.escape == nil && f.armour == nil && (f.closing == nil || f.closing.kept == 0 || !hidden):
		problem("it in a frame without escape or armour", "none: the bytes on the wire are those that are decoded")
	case n.check.to < 0:
		problem(`it beside "to end"`, "it on a checksum behind what it covers")
	case f.armour != nil && n.check.from > 0 && !bytes.Equal(f.armour.Encode(nil, []byte{1, 2}), f.armour.Encode(f.armour.Encode(nil, []byte{1}), []byte{2})):
		problem("it over a part of what is written in that armour", `it over "all"`)
	}
}
