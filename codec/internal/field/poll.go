package field

import (
	"encoding/binary"
	"math"
	"time"
)

// Poll is what is asked of masters again and again, as a [[poll]] says it.  Read-only.
type Poll struct {
	Path    string // of the text, for what is wrong with it
	Name    string // unique in its text
	Command string // name of the message that asks; empty: the registers of the points say which
	Fields  map[string]any
	Every   time.Duration
	Wait    time.Duration // for the answer
	Points  []PollPoint   // what of the answer are samples; none: what the profile says of such a frame
}

// PollPoint is one value of an answer that is a sample of a point.
type PollPoint struct {
	Path       string
	Name, Unit string
	Register   int    // as people number it; -1: it is named by Address
	Address    int    // as requests name it; -1: it is no register
	Field      string // key or path of a field of the answer that is no register
	Type       string // of PollTypes; empty: uint16, or bool where registers are bits
	Order      string // of PollOrders
	Scale      float64
	Offset     float64

	At int // of the first register among those that are asked for
}

// Registers is how a profile reads registers or bits: a [[registers]].  Read-only.
type Registers struct {
	Path    string
	Command string   // name of the message that asks for them
	Numbers [][2]int // what people call them, from the one at address 0 on
	Start   string   // keys of fields of the request
	Count   string
	Values  string // key of the list, or of the set of bits, in the answer
	Bits    bool
	Most    int // that one request reads
}

// PollTypes are the types of values in registers; PollOrders those in which the bytes of two registers can stand, a the
// highest.
var (
	PollTypes  = []string{"uint16", "int16", "uint32", "int32", "float32", "uint64", "int64", "float64", "bool"}
	PollOrders = []string{"abcd", "cdab", "badc", "dcba"}
)

// Words is how many registers a value fills.
func (p *PollPoint) Words() int {
	switch p.Type {
	case "uint32", "int32", "float32":
		return 2
	case "uint64", "int64", "float64":
		return 4
	}
	return 1
}

// Number reads the value in registers: whole says that it is exactly that whole number, negative ones as int64.
func (p *PollPoint) Number(words []uint64) (x float64, n uint64, whole bool) {
	var room [8]byte
	b := room[:0]
	for i := range words {
		w := words[i]
		if p.Order == "cdab" || p.Order == "dcba" {
			w = words[len(words)-1-i]
		}
		if p.Order == "badc" || p.Order == "dcba" {
			w = w>>8&0xff | w<<8&0xff00
		}
		b = binary.BigEndian.AppendUint16(b, uint16(w))
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	switch p.Type {
	case "float32":
		return float64(math.Float32frombits(uint32(n))), 0, false
	case "float64":
		return math.Float64frombits(n), 0, false
	case "int16":
		n = uint64(int64(int16(n)))
	case "int32":
		n = uint64(int64(int32(n)))
	}
	if p.Signed() {
		return float64(int64(n)), n, true
	}
	return float64(n), n, true
}

// Signed says whether a whole number may be negative.
func (p *PollPoint) Signed() bool { return p.Type == "int16" || p.Type == "int32" || p.Type == "int64" }

// Scaled says whether what is read is not the value yet.
func (p *PollPoint) Scaled() bool { return p.Scale != 1 || p.Offset != 0 }
