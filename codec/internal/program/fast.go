package program

import (
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// FastPath is the fast path of a message whose fields all have fixed places: its frames are verified a machine word at
// a time, and their numbers are read without further checks.  It accepts what the walk accepts, and nothing else; a frame
// that it does not accept is walked.
type FastPath struct {
	Body    *Body
	Total   int         // bytes
	Words   []wordCheck // constants, and digits
	Checked []fastRead  // fields with restrictions that words do not cover
	Sums    []fastSum
	Reads   []fastRead // numbers that differ from frame to frame

	// Common to all frames; never written.
	Cells []Cell
	Nums  []uint64
	Roles [field.RoleCount]uint16
}

// fastRead says how the number of a cell is read.
type fastRead struct {
	Code readCode
	Size uint8
	Off  uint16
	Cell uint16
	Word uint16 // readPart: the cell whose bits it is
	Op   *scalar.Op
	Part *scalar.Op // readPart
}

// fastSum is a checksum at off over the bytes from, up to but without to.
type fastSum struct {
	Plan          *ChecksumPlan
	Op            *scalar.Op
	Cell          int
	Off, From, To int
}

// wordCheck verifies eight bytes at once.
type wordCheck struct {
	Off  int
	Bcd  uint64 // 0x88 in each byte that holds two decimal digits
	Mask uint64 // bits that must be as in want
	Want uint64
}

const (
	ReadByte  readCode = iota
	ReadPair           // two digits
	ReadBE2            //
	ReadBE4            //
	ReadMany           // four to eight digits
	ReadPart           // bits of a number before it
	readOther          // op.read
)

type readCode uint8

// WordBytes is the size of what is verified at once; shorter frames have no plan.
const WordBytes = 8
