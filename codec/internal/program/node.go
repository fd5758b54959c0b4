package program

import (
	"trama/codec/internal/checksum"
	"trama/codec/internal/expr"
	"trama/codec/internal/scalar"
)

// nodeKind is the kind of a node.
type nodeKind uint8

// Kinds of nodes; the package comment explains them.
const (
	NodeLeaf nodeKind = iota
	NodeGroup
	NodeList
	NodeChoice
)

// Node is one step of the walk; the package comment draws it.
type Node struct {
	// The fields that the walk asks of every node stand first.
	Step    stepKind
	Kind    nodeKind
	Guarded bool       // it is not always there
	Varies  bool       // its size is not that of the op
	Noted   bool       // expressions ask for it
	Field   *scalar.Op // nil: no field of its own
	Op      int        // in program.ops; -1: no field of its own
	Mark    int        // place of its first byte; the place after its last is the next one
	When    *expr.Expr
	Size    *expr.Expr // nil: as the op says
	Value   *expr.Expr // the only value, or the computed one
	Parts   int        // ops of bits that follow it
	Bits    []bitField

	Path      string // of the definition
	Rest      bool   // takes what its region leaves
	Tail      int    // bytes after it in the region; -1 when that is not known
	Until     []byte
	Before    []byte
	Optional  bool
	Exponent  *expr.Expr
	Rows      []Row // of a computed value
	Check     *ChecksumPlan
	Kids      []*Node
	Count     *expr.Expr
	Stop      *expr.Expr
	Separator []byte
	Asks      bool // depends on the request that the frame answers
	Column    bool // one of the columns of the group around
	Packed    bool // a group of fields that stand bit by bit; the rest of its last byte is 0
	Element   int  // op of the group around each element; -1: an element is one field
	On        *expr.Expr
	Cases     []Branch
	ByValue   SwitchTable // of cases
	Transform *BlockTransform
	Clear     []int // registers that are zero when it is absent
	Folds     []int // registers that a list begins at zero
	Tables    []int // values that a list begins without
	ListReg   int
}

// Branch is one case of a choice.
type Branch struct {
	Path  string // of the definition
	Text  string // what it says of itself: is 1, when …
	Is    CommandSet
	Other bool // every value, if when holds
	When  *expr.Expr
	Kids  []*Node
}

// Row is one case of a computed value.
type Row struct {
	Is    CommandSet
	Other bool
	Value *expr.Expr
}

// ChecksumPlan is a checksum and the bytes that it covers, between two marks.
type ChecksumPlan struct {
	Sum      checksum.Algorithm
	From, To int // From 0: the beginning of the frame; To 0: the checksum itself, -1: the end of the frame
	Hex      bool
	Wired    *FrameKind // not nil: the bytes as they stand on the wire are covered, not the plain ones
	Back     int        // plain bytes from the mark at the end up to the checksum; 0: it stands before the mark
	Over     string     // what is covered, as written
}

// Each calls visit for every node of the tree.
func Each(nodes []*Node, visit func(n *Node)) {
	for _, n := range nodes {
		visit(n)
		Each(n.Kids, visit)
		for i := range n.Cases {
			Each(n.Cases[i].Kids, visit)
		}
	}
}
