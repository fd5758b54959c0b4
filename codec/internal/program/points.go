package program

import (
	"slices"

	"trama/codec/internal/scalar"
)

// Points says which fields of a frame are samples, and of which points they are.
type Points struct {
	Fields []PointField // by op
	Names  []PointName
	Slots  int     // fields that names are made of, from 1
	Lists  bool    // some samples stand in lists
	All    []Point // what frames to the server can have samples of
}

// PointField is the part of a field in the samples of a frame.
type PointField struct {
	Name  int32    // its name in Points.Names, from 1; 0: it is no sample
	Slot  uint16   // names are made of it; 0: none is
	Dates DateMark // it is a timestamp
}

// DateMark says what a timestamp dates.
type DateMark uint8

// Reach of a timestamp.
const (
	DatesNothing DateMark = iota
	DatesFrame
	DatesElement // the element of a list, and what follows it in the list
)

// PointName is how the samples of one field are called: the segments that are there, with a slash between.
type PointName struct {
	Text     string // the name, with fields in braces
	Whole    []byte // the name where it is always the same
	Segments []NameSegment
	Else     []NameSegment  // instead, where none of these is there
	Elements []PointElement // of the lists around, the outermost first
}

// PointElement is an element of a list around a field.
type PointElement struct {
	Depth int   // of its cell
	Dated bool  // a timestamp stands inside
	Tags  []int // fields inside that chose the case that the field stands in
}

// NameSegment is left out when a field of it is absent, missing, or has its usual value.
type NameSegment []NamePart

// NamePart is a fixed text and a field, or the number of an element, behind it.
type NamePart struct {
	Fixed  string
	Ops    []int  // the field; several when one of them is there
	Depth  int    // of the elements of the list that it stands in; -1: in none
	Behind bool   // it may stand behind the value
	Usual  string // the value with which the segment is left out
	Sparse bool   // there is such a value
	Index  bool   // the number of the element at Depth, from 0
	Cell   int    // of the field, in frames of a fast path; -1: it is not there
	Key    string // of a field that names the values beside it: stands before a number without a label
	After  string // stands behind another value of such a field
}

// FastSample is a sample that frames of a fast path have.
type FastSample struct {
	Cell   int       // of the value
	Record int       // of the timestamp that dates it; -1: none does
	Name   PointName // with the cells of its fields
}

// Place finds the samples that the frames of fast paths have.
func (p *Points) Place(kinds []*FrameKind, ops []scalar.Op) {
	for _, kind := range kinds {
		for _, table := range kind.Fast {
			for i := 0; table != nil && i < len(table.Plans); i++ {
				for _, plan := range table.Plans[i] {
					plan.Samples = p.fastSamples(plan.Cells)
					plan.Named, plan.Numbered = nil, true
					for k, c := range plan.Cells {
						if p.Fields[c.Op].Slot > 0 {
							plan.Named, plan.Numbered = append(plan.Named, k), plan.Numbered && ops[c.Op].Numeric()
						}
					}
				}
			}
		}
	}
}

// fastSamples lists the samples of frames that have these cells, in no list.
func (p *Points) fastSamples(cells []Cell) (out []FastSample) {
	record := slices.IndexFunc(cells, func(c Cell) bool { return p.Fields[c.Op].Dates == DatesFrame })
	for i, c := range cells {
		at := p.Fields[c.Op].Name
		if at == 0 {
			continue
		}
		one := FastSample{Cell: i, Record: record, Name: p.Names[at-1]}
		for _, segments := range []*[]NameSegment{&one.Name.Segments, &one.Name.Else} {
			*segments = slices.Clone(*segments)
			for k, parts := range *segments {
				(*segments)[k] = slices.Clone(parts)
				for j := range parts {
					(*segments)[k][j].Cell = parts[j].nearest(cells, i)
				}
			}
		}
		out = append(out, one)
	}
	return out
}

// nearest is the cell of the field in the name of the sample in cell i: the last one up to there, else the first one behind.
func (p *NamePart) nearest(cells []Cell, i int) int {
	is := func(c Cell) bool { return slices.Contains(p.Ops, int(c.Op)) }
	for k := i; k >= 0; k-- {
		if is(cells[k]) {
			return k
		}
	}
	if k := slices.IndexFunc(cells, is); p.Behind {
		return k
	}
	return -1
}

// Point is one quantity that the messages of a profile can have a value of.
type Point struct {
	Name    string `json:"point"` // with fields in braces: "MS/{SC}/{CC}"
	Unit    string `json:"unit,omitempty"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message"` // of the messages that have it, the first
}
