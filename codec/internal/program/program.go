package program

import (
	"slices"
	"time"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
	"trama/codec/protect"
)

// Program is the compiled form of a definition; the package comment draws it.  Once compiled, it is read-only.
type Program struct {
	Name, Title string
	Max         int // bytes of the largest frame
	Zone        *time.Location
	Messages    []*field.Message
	Commands    []*field.Message
	Orders      []*Command // what may be commanded
	Bodies      []*Body    // in the order of the definition

	Ops       []scalar.Op // every field, in the order of the definition; a cell names its op by index here
	CommandOp int         // the first field of role command; -1: none
	Slots     int         // fields that are remembered or counted

	Fast [3][256]*FastTable // by direction and first byte: fast paths of the kind that is tried first; nil: none

	Kinds      []*FrameKind
	attempts   [3][]Attempt      // by direction
	Begins     [3]scalar.ByteSet // likewise: bytes that a frame can begin with
	Lines      [3]bool           // likewise: nothing but the mark at the end of one frame tells where the next begins
	Regs       int               // registers of a walk; the first is never used
	Marks      int               // places of a walk; the first is never used
	Tables     int               // lists whose elements are kept for at(); the first is never used
	Derived    []bool            // by register: the value follows from the rest of a frame
	Rewrites   bool              // some part differs on the wire from what is decoded
	Shares     bool              // frames of some kind may share a mark
	Quiet      time.Duration     // a silence behind the beginning of a frame that tells something; 0: none does
	Unused     []string          // paths of layouts that nothing uses
	Points     Points
	Replies    []ReplyRule
	Answers    [][2]string     // fields that an answer shares with its request
	Same       [][2]string     // likewise, where both have them
	Unanswered [][2]string     // fields and values, as text, of commands that nobody answers: all must be there
	Asks       []Asked         // what computed fields want to know of the request
	Security   *protect.Layout // nil: frames are never protected
	Registers  []field.Registers
	Polls      []*field.Poll
}

// Sizes holds the sizes in a frame of a plain definition that are known before its header is complete.
type Sizes struct {
	Header int // bytes of it
	Known  int // the first bytes of the header, which tell command and size; 0: the header does not tell
	Length *LengthRule
}

// LengthRule is a length field of a fixed place: size of the frame = value + Start − Add.
type LengthRule struct {
	Op    int
	Off   int // its first byte
	Start int // bytes before those that are counted
	Add   int // what the field holds beyond the count
}

// Value is the value of the length field in a frame of total bytes.
func (l *LengthRule) Value(total int) uint64 { return uint64(total - l.Start + l.Add) }

// Asked is a field of the request that a frame answers.
type Asked struct {
	Key, Path string
	Reg       int
}

// FrameKind is one kind of frame on a stream: its marks, stuffing, header, trailer and message bodies.
type FrameKind struct {
	Path       string // of the definition
	Name       string
	From       field.Party
	Direction  field.Direction
	Start      []byte    // the mark at the beginning; nil: none
	EndMarks   *EndMarks // nil: nothing but the fields says where a frame ends
	Escape     *EscapeTable
	Armour     *scalar.Armour // how the content between the marks is written in characters
	Max        int
	Header     []*Node
	Trailer    []*Node
	Tail       int // bytes of the trailer
	Least      int // bytes of header, smallest body and trailer
	Length     *LengthPlan
	Totals     []int // sizes of its frames, the largest first; nil: as their bytes say
	Silent     bool  // a silence ends its frames
	Paused     bool  // likewise, as the definition says, frames of several sizes
	Shares     bool  // its marks are alike: the end of a frame may be the beginning of the next
	CommandOp  int   // -1: none
	CommandReg int
	Bodies     []*Body
	ByCommand  [2]SwitchTable // of bodies, by way: to the server, from it
	Body       *Node          // stands for the body where a range of bytes is named
	Sizes      *Sizes         // nil: not known beforehand
	First      scalar.ByteSet
	Alike      int           // bits that all frames have in common: marks and constants
	Fast       [2]*FastTable // by way; nil: no message has fixed places
	Seal       *Seal         // nil: only a frame that reads is one
}

// LengthPlan is the length field of a frame kind:
// size of the frame = value + place of the first byte counted − Add + After.
type LengthPlan struct {
	Reg           int
	Mark          int // place of the first byte counted; 0: the beginning of the frame, -1: the beginning of the body
	Add           int
	After         int    // bytes of the trailer that are not counted
	Uncounted     int    // fields of the trailer that are not counted
	Field, Counts string // as written
}

// Body is the message body of one message: when a frame has it, and the nodes between header and trailer.
type Body struct {
	Path      string // of the definition
	Message   *field.Message
	Direction field.Direction
	FrameKind *FrameKind
	Commands  CommandSet // empty: every command
	Fallback  bool       // for commands that no other message has
	When      *expr.Expr
	Min, Max  int // bytes; Max -1 when it is not bounded
	Nodes     []*Node
	Sets      []Said         // what stands in fields of the header
	Command   *scalar.Preset // likewise, in the field of the command; nil: it stands for several
	Said      string         // when, as it is written
}

// Travels reports whether frames with the body travel in this direction.
func (s *Body) Travels(way field.Direction) bool {
	return s.Direction == field.Any || s.Direction == way
}

// Said is a value that a message has in a field of the header: a frame is of the message only with this value, and an
// encoder fills it in.
type Said struct {
	Ops   []int  // of the field; several when fields of one name stand in branches
	Key   string // path
	Num   uint64 // as expressions see it
	Bytes []byte // as it is written; nil: as a number
	Value any    // as the definition says it
}

// Set is the value that the message has in a field of the header; nil when it has none.
func (s *Body) Set(op int) *Said {
	for i := range s.Sets {
		if slices.Contains(s.Sets[i].Ops, op) {
			return &s.Sets[i]
		}
	}
	return nil
}
