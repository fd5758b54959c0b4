package codec

// nodeKind says what a node stands for.
type nodeKind uint8

const (
	nodeLeaf nodeKind = iota
	nodeGroup
	nodeList
	nodeChoice
)

// node is one step of the walk; see program.
type node struct {
	path      string // of the definition
	kind      nodeKind
	op        int // in program.ops; -1: no field of its own
	parts     int // ops of bits that follow it
	when      *expr
	size      *expr // nil: as the op says
	rest      bool  // takes what its region leaves
	tail      int   // bytes after it in the region; -1 when that is not known
	until     []byte
	before    []byte
	optional  bool
	exponent  *expr
	value     *expr // the only value, or the computed one
	rows      []row // of a computed value
	check     *checkPlan
	kids      []*node
	count     *expr
	stop      *expr
	separator []byte
	asks      bool // depends on the request that the frame answers
	column    bool // one of the columns of the group around
	element   int  // op of the group around each element; -1: an element is one field
	on        *expr
	cases     []branch
	byValue   picker // of cases
	transform *transform
	mark      int   // place of its first byte; the place after its last is the next one
	clear     []int // registers that are zero when it is absent
	folds     []int // registers that a list begins at zero
	tables    []int // values that a list begins without
	listReg   int

	// What the walk needs of the above.
	step    stepKind
	guarded bool // it is not always there
	varies  bool // its size is not that of the op
	noted   bool // expressions ask for it
	numbers bool // of a list: its elements are plain numbers
	field   *op
	bits    []bitField
}

// branch of a choice.
type branch struct {
	path  string // of the definition
	text  string // what it says of itself: is 1, when …
	is    commandSet
	other bool // every value, if when holds
	when  *expr
	kids  []*node
}

// row of a computed value.
type row struct {
	is    commandSet
	other bool
	value *expr
}

// checkPlan of a checksum: the bytes between two places.
type checkPlan struct {
	sum      checksum
	from, to int // marks; from 0: the beginning of the frame; to 0: up to the checksum itself, -1: up to the end of the frame
	hex      bool
	wired    *family // the bytes as they stand on the wire are covered, not those that they stand for; nil: the latter
	back     int     // plain bytes from the mark at the end up to the checksum; 0: it stands before the mark
	over     string  // what is covered, as written
}

// each calls visit for every node of the tree.
func each(nodes []*node, visit func(n *node)) {
	for _, n := range nodes {
		visit(n)
		each(n.kids, visit)
		for i := range n.cases {
			each(n.cases[i].kids, visit)
		}
	}
}
