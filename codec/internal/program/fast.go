package program

import (
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// FastPath is the fast path of a message whose fields all have fixed places: its frames are verified a machine word
// at a time, and their numbers are read without further checks.  The fast path accepts no frame that the walk
// refuses, and reads the same fields; a frame that it does not accept is walked.
type FastPath struct {
	Body    *Body
	Total   int         // bytes
	Words   []wordCheck // constants, and digits
	Checked []fastRead  // fields with restrictions that words do not cover
	Sums    []fastSum
	Numbers []fastNumber // numbers that differ from frame to frame,
	Others  []fastRead   // and those that Op reads

	// Common to all frames; never written.
	Cells []Cell
	Nums  []uint64
	Roles [field.RoleCount]uint16

	Samples  []FastSample
	Named    []int // cells that are in their names,
	Numbered bool  // which are all numbers
}

// FastReply is the fast path of a reply that is the header of its request: the bytes of the request, but for constants,
// times and checksums.
type FastReply struct {
	*FastPath // of header and trailer alone
	Header    int
	Times     []FastTime
}

// FastTime is a field that gets the time.
type FastTime struct {
	Layout *scalar.TimeLayout
	Off    int
}

// fastNumber is a number in some bits of the eight bytes at Off, and the cell that it goes to.
type fastNumber struct {
	Code  numberCode
	Shift uint8
	Off   uint16
	Cell  uint16
	Mask  uint64
}

// fastRead is a field that its Op reads, and the cell that its number goes to.
type fastRead struct {
	Size uint8
	Off  uint16
	Cell uint16
	Word uint16 // of a part of bits: the cell of the bits
	Op   *scalar.Op
	Part *scalar.Op // nil: all of the field
}

// fastSum is a checksum at Off over the bytes From:To.
type fastSum struct {
	Plan          *ChecksumPlan
	Op            *scalar.Op
	Cell          int
	Off, From, To int
}

// wordCheck is the test of eight bytes at once.
type wordCheck struct {
	Off  uint16
	Bcd  uint64 // 0x88 in each byte that holds two decimal digits
	Mask uint64 // bits that must be as in Want
	Want uint64
}

// numberCode is the form of a fastNumber.
type numberCode uint8

const (
	NumberPlain numberCode = iota
	NumberPair             // two decimal digits
	NumberMany             // more of them
)

// WordBytes is the number of bytes that a wordCheck tests; shorter frames have no fast path.
const WordBytes = 8
