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
	Reads   []fastRead // numbers that differ from frame to frame

	// Common to all frames; never written.
	Cells []Cell
	Nums  []uint64
	Roles [field.RoleCount]uint16
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

// fastRead is one number to read, and the cell that it goes to.
type fastRead struct {
	Code readCode
	Size uint8
	Off  uint16
	Cell uint16
	Word uint16 // ReadPart: the cell whose bits these are
	Op   *scalar.Op
	Part *scalar.Op // ReadPart: the field of bits
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
	Off  int
	Bcd  uint64 // 0x88 in each byte that holds two decimal digits
	Mask uint64 // bits that must be as in Want
	Want uint64
}

const (
	ReadByte  readCode = iota
	ReadPair           // two digits
	ReadBE2            // two bytes, the highest first
	ReadBE4            // four bytes, the highest first
	ReadMany           // four to eight digits
	ReadPart           // bits of a number before it
	readOther          // Op.Read
)

// readCode is the way a fastRead reads its number.
type readCode uint8

// WordBytes is the number of bytes that a wordCheck tests; shorter frames have no fast path.
const WordBytes = 8
