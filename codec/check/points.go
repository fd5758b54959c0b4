package check

import (
	"fmt"
	"slices"
	"time"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// points looks for two values of one frame, and of one record in it, that have one name whatever the fields are that
// names are made of.
func (c *checker) points(s *sampleFrame, f *frame.Frame) {
	if s.way == field.Downlink {
		return
	}
	type place struct {
		name   string
		record int
	}
	seen := map[place]int{} // cell
	var all frame.Samples
	f.Samples(time.Time{}, &all)
	for i := range all.List {
		cell, record := all.List[i].Place()
		key := place{string(all.List[i].Point), record}
		first, twice := seen[key]
		path := c.places[f.Cells[cell].Op].node.Path
		told := func(o schema.Finding) bool { return o.Rule == "point" && o.Key == path }
		switch {
		case !twice:
			seen[key] = cell
		case c.alike(f, first, cell) && !slices.ContainsFunc(c.Findings, told):
			c.witnessed(schema.SeverityError, "point", path,
				fmt.Sprintf("point %q for two values of one frame, %s and %s", key.name, c.path(f, first), c.path(f, cell)),
				`a point that tells them apart, such as "{key}/{sensor}"`, s)
		}
	}
}

// alike says that two cells of one name have one name in every such frame: no field in the elements of lists that one of them
// stands in alone is in the name, nor says what it is.
func (c *checker) alike(f *frame.Frame, a, b int) bool {
	first, second := c.nameOf(f, a), c.nameOf(f, b)
	common := -1 // depth of the innermost element around both
	for i := range min(len(first.Elements), len(second.Elements)) {
		depth := first.Elements[i].Depth
		if depth != second.Elements[i].Depth || elementOf(f, a, depth) != elementOf(f, b, depth) {
			if tags := second.Elements[i].Tags; first == second && tags != nil && sameTags(f, a, b, depth, tags) {
				return false // the same quantity, said twice
			}
			break
		}
		common = depth
	}
	for _, name := range []*program.PointName{first, second} {
		for _, segment := range name.Segments {
			if slices.ContainsFunc(segment, func(p program.NamePart) bool { return p.Depth > common && p.Ops != nil }) {
				return false
			}
		}
	}
	return true
}

func (c *checker) nameOf(f *frame.Frame, cell int) *program.PointName {
	return &c.g.Points.Names[c.g.Points.Fields[f.Cells[cell].Op].Name-1]
}

// elementOf is the cell of the element at depth around a cell.
func elementOf(f *frame.Frame, cell, depth int) int {
	for int(f.Cells[cell].Depth) != depth {
		cell--
	}
	return cell
}

// sameTags says that fields have the same values in the elements at depth around two cells.
func sameTags(f *frame.Frame, a, b, depth int, tags []int) bool {
	values := func(cell int) (out []scalar.Value) {
		for k := elementOf(f, cell, depth) + 1; k < len(f.Cells) && int(f.Cells[k].Depth) > depth; k++ {
			if op := int(f.Cells[k].Op); op != int(f.Cells[cell].Op) && slices.Contains(tags, op) {
				out = append(out, f.ItemAt(k, &f.Program.Ops[op]).V)
			}
		}
		return out
	}
	return slices.EqualFunc(values(a), values(b), scalar.Value.Same)
}

// path is where a cell stands, such as "records[1].value".
func (c *checker) path(f *frame.Frame, cell int) string {
	key, depth := c.ops[f.Cells[cell].Op].Field.Key, int(f.Cells[cell].Depth)
	if depth == 0 {
		return key
	}
	around := elementOf(f, cell, depth-1)
	if c.ops[f.Cells[around].Op].Code != scalar.OpList {
		return c.path(f, around) + "." + key
	}
	n := 0
	for k := around + 1; k < cell; k++ {
		n += int(expr.Truth(int(f.Cells[k].Depth) == depth))
	}
	return fmt.Sprintf("%s[%d]", c.path(f, around), n)
}
