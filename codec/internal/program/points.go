package program

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

// What a timestamp dates.
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
	Key    string // of a field that names the values beside it: stands before a number without a label
	After  string // stands behind another value of such a field
}

// Point is one quantity that the messages of a profile can have a value of.
type Point struct {
	Name    string `json:"point"` // with fields in braces: "MS/{SC}/{CC}"
	Unit    string `json:"unit,omitempty"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message"` // of the messages that have it, the first
}
