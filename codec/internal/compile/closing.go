package compile

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// Bytes of the mark at the end that a field may have: a number that TOML can write.
const mostMark = 7

// closing compiles what ends the frames of a kind.  The field of the mark comes first of all: it is known before
// anything is read.
func (c *compiler) closing(def *schema.FamilyDef, f *program.FrameKind, s *scope) *program.EndMarks {
	fields := -1
	for i := range def.Trailer {
		if def.Trailer[i].Kind != "end" {
			continue
		}
		c.marks[def.Trailer[i].Path] = markField{}
		if fields >= 0 {
			c.src.Problem(def.Trailer[i].Path+".type", `"end" a second time`, "one field for the mark that ends the frame")
			continue
		}
		fields = i
	}
	if def.Ends == nil {
		if fields >= 0 {
			c.src.Problem(def.Trailer[fields].Path+".type", `"end" without a mark`, "end beside the header: the mark that ends the frame")
		}
		return nil
	}
	end := &program.EndMarks{}
	before := len(c.src.Problems)
	for i, text := range def.Ends {
		path := def.Path + ".end"
		if len(def.Ends) > 1 {
			path = fmt.Sprintf("%s[%d]", path, i)
		}
		mark := c.marker(path, text)
		if len(mark) == 0 && text == "" {
			c.src.Problem(path, `""`, "the bytes that end the frame")
		}
		end.Marks = append(end.Marks, mark)
	}
	for i, a := range end.Marks {
		for k, b := range end.Marks {
			if i != k && bytes.Contains(a, b) && len(c.src.Problems) == before {
				c.src.Problem(def.Path+".end", fmt.Sprintf("%x in %x", b, a), "marks of which none stands in another one")
			}
		}
	}
	switch {
	case len(c.src.Problems) > before:
		return end
	case fields >= 0:
		c.closingField(&def.Trailer[fields], end, s)
	case len(end.Marks) > 1:
		c.src.Problem(def.Path+".end", fmt.Sprintf("%d marks", len(end.Marks)),
			`a field of type "end" in the trailer, which says by which of them the frame ended`)
	}
	return end
}

// closingField compiles the field of the mark as the number that it is.
func (c *compiler) closingField(def *schema.FieldDef, end *program.EndMarks, s *scope) {
	least, most := mostMark, 0
	for _, m := range end.Marks {
		least, most = min(least, len(m)), max(most, len(m))
	}
	if end.Kept = def.Size; end.Kept == 0 {
		if end.Kept = least; most > least {
			c.src.Problem(def.Path+".size", "nothing",
				fmt.Sprintf("a size from 1 to %d, because the marks are not all of one size, or larger than that: how many of their last bytes are the field", least))
		}
	}
	if end.Kept > least {
		c.src.Problem(def.Path+".size", strconv.Itoa(end.Kept),
			fmt.Sprintf("1 to %d: so many of the last bytes of the mark are the field", least))
		end.Kept = least
	}
	own := *def
	own.Kind, own.Size, own.Order = "uint"+strconv.Itoa(8*end.Kept), 0, "big"
	for i, m := range end.Marks {
		kept := int64(scalar.LoadBE(m[len(m)-end.Kept:]))
		if slices.Contains(own.In, any(kept)) {
			c.src.Problem(def.Path+".size", fmt.Sprintf("marks whose last %d bytes are the same", end.Kept),
				"so many that tell the marks apart")
		}
		if own.In = append(own.In, kept); i == 0 && len(end.Marks) == 1 {
			own.In, own.Constant = nil, kept
		}
	}
	end.Stuffed, own.Stuffed = def.Stuffed, false
	before := c.fields
	c.fields = nil
	if nodes := c.node(&own, s); len(nodes) == 1 {
		end.Node = nodes[0]
		c.p.Ops[end.Node.Op].Field.Type = def.Kind
		c.marks[def.Path] = markField{end.Node, c.fields}
	}
	c.fields = before
}

// markField is the field of a mark, which is compiled before its place comes.
type markField struct {
	node   *program.Node
	fields []*field.Field
}

// markField puts the field of the mark in its place.
func (c *compiler) markField(def *schema.FieldDef) []*program.Node {
	one, ok := c.marks[def.Path]
	if !ok {
		c.src.Problem(def.Path+".type", `"end" here`, "it in the trailer of a frame, beside its other fields")
	}
	if one.node == nil {
		return nil
	}
	c.fields = append(c.fields, one.fields...)
	return []*program.Node{one.node}
}

// settleClosing computes what depends on the fields behind the mark.
func (c *compiler) settleClosing(def *schema.FamilyDef, f *program.FrameKind) {
	end := f.EndMarks
	if end == nil || end.Node == nil {
		return
	}
	if slices.ContainsFunc(def.Header, func(h schema.FieldDef) bool { return h.Key == key(end, c.p) }) {
		c.src.Problem(end.Node.Path+".key", field.Quote(key(end, c.p))+" a second time",
			"keys that differ, also from those of the header")
	}
	at := slices.Index(f.Trailer, end.Node)
	behind := f.Trailer[at+1:]
	end.Behind, _ = c.p.Span(behind)
	if end.Stuffed && (f.Escape == nil || len(behind) == 0) {
		c.src.Problem(end.Node.Path+".stuffed", "it alone", "it where there is escape, and a field behind the mark")
		end.Stuffed = false
	}
	c.back(behind, end.Kept)
}

// back notes how far behind the content the checksums among nodes stand, the first of which does so many bytes behind it.
func (c *compiler) back(nodes []*program.Node, at int) {
	for _, n := range nodes {
		switch {
		case n.Check != nil:
			n.Check.Back = at
		case n.Kind == program.NodeGroup:
			c.back(n.Kids, at)
		default:
			program.Each(n.Kids, func(inner *program.Node) {
				if inner.Check != nil && inner.Check.Wired != nil {
					c.src.Problem(inner.Path+".wire", "it in a list", "it on a checksum whose place is fixed")
				}
			})
		}
		size, _ := c.p.SpanOf(n)
		at += size
	}
}

func key(c *program.EndMarks, p *program.Program) string { return p.Ops[c.Node.Op].Field.Key }

// wired checks that a checksum over the bytes on the wire is one over others than those that are decoded, and that it
// can be computed: what it covers has to begin and end where a byte on the wire does.
func (c *compiler) wired(f *program.FrameKind, def *schema.FieldDef, n *program.Node) {
	n.Check.Wired = f
	problem := func(found, expected string) { c.src.Problem(def.Path+".wire", found, expected) }
	switch hidden := f.EndMarks != nil && slices.ContainsFunc(f.EndMarks.Marks,
		func(m []byte) bool { return f.EndMarks.Kept != len(m) }); {
	case f.Escape == nil && f.Armour == nil && (f.EndMarks == nil || f.EndMarks.Kept == 0 || !hidden):
		problem("it in a frame without escape or armour", "none: the bytes on the wire are those that are decoded")
	case n.Check.To < 0:
		problem(`it beside "to end"`, "it on a checksum behind what it covers")
	case f.Armour != nil && n.Check.From > 0 && !bytes.Equal(f.Armour.Encode(nil, []byte{1, 2}),
		f.Armour.Encode(f.Armour.Encode(nil, []byte{1}), []byte{2})):
		problem("it over a part of what is written in that armour", `it over "all"`)
	}
}
