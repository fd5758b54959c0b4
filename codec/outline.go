package codec

import "time"

// Outline is the plan of a profile as plain data: all that a program in another language needs to cut, verify and decode
// a stream exactly as this package does.  The plain plan of a flat profile and the grammar of the others come out alike.
//
// Numbers that name something begin with 1; 0 is nothing.  Zero values mean what they mean in Go: no condition, no size.
type Outline struct {
	Name, Title string
	Kinds       []OutlineKind  // tried in this order at each byte
	Fields      []OutlineField // named by number from the nodes
	Rewrites    bool           // some part is not on the wire as it is decoded
}

// OutlineKind is one kind of frame.
type OutlineKind struct {
	Name            string
	Direction       string   // "any", "uplink", "downlink"
	Start           []byte   // the mark before the content
	Ends            [][]byte // marks, the first of which ends the content; none: the fields say where it ends
	Kept            int      // bytes of the mark that are a field, the last ones
	Behind          int      // bytes of the fields behind the mark
	Stuffed         bool     // which are written like the content
	MarkRegister    int      // holds the mark, as its field says it, from the beginning; 0: nobody asks
	Escapes         []OutlineEscape
	Armour          string // how the content between the marks is written; a name of the registry
	Max             int    // bytes of the largest frame
	First           []byte // those that a frame can begin with; none: all
	Header, Trailer []*OutlineNode
	Tail            int // bytes of the trailer
	Length          *OutlineLength
	Command         bool // a register holds the command
	CommandRegister int
	BodyMark        int // place of the body
	Bodies          []OutlineBody
}

// OutlineEscape is a byte and the sequence that stands for it.
type OutlineEscape struct{ Plain, Coded []byte }

// OutlineLength is how the size of a frame follows from a field:
// size = value + place − Add + After; the place is that of Mark, of the body for -1, the beginning for 0.
type OutlineLength struct{ Register, Mark, Add, After int }

// OutlineBody is the body of one message.  The first whose direction, commands, size and condition fit is taken; a
// fallback only for a command that no message of this direction has.
type OutlineBody struct {
	Name, Title, Purpose string
	Direction            string
	Commands             [][2]uint64 // ranges; none: every command
	Fallback             bool
	Min, Max             int // bytes; Max -1 when there is no bound
	When                 *OutlineExpr
	Nodes                []*OutlineNode
}

// OutlineNode is one step of a walk over the bytes.
type OutlineNode struct {
	Kind      string // "leaf", "group", "list", "choice"
	Field     int
	Parts     int // fields of bits that follow the field
	When      *OutlineExpr
	Size      *OutlineExpr // nil: that of the field
	Rest      bool
	Tail      int // bytes after it in its part; -1: not known
	Until     []byte
	Before    []byte
	Optional  bool
	Exponent  *OutlineExpr
	Value     *OutlineExpr // the only value, or the computed one
	Rows      []OutlineRow
	Check     *OutlineCheck
	Kids      []*OutlineNode
	Count     *OutlineExpr
	Stop      *OutlineExpr
	Separator []byte // between elements of a list, or between the columns of a group
	Column    bool   // one of the columns of the group around
	Element   int    // field of the group around each element
	On        *OutlineExpr
	Cases     []OutlineCase
	Transform *OutlineTransform
	Mark      int   // place of its first byte; the next number is the place after its last
	Clear     []int // registers that are zero when it is absent
	Folds     []int // registers that a list begins at zero
	Tables    []int // tables that a list begins empty
	Asks      bool  // it follows from the request that the frame answers, and is not there without it
	Register  int   // of a list: how many elements it has
}

// OutlineCase is one branch of a choice.
type OutlineCase struct {
	Is    [][2]uint64
	Other bool // every value
	When  *OutlineExpr
	Kids  []*OutlineNode
}

// OutlineRow is one line of a table of computed values.
type OutlineRow struct {
	Is    [][2]uint64
	Other bool
	Value *OutlineExpr
}

// OutlineCheck is a checksum over the bytes from one place to another: From 0 is the beginning of the frame, To 0 the
// checksum itself, To -1 the end of the frame.
type OutlineCheck struct {
	Sum      OutlineSum
	From, To int
	Hex      bool
	Wire     bool // over the bytes as they stand on the wire,
	Back     int  // so many of which, in plain bytes, stand between content and checksum; 0: it stands in the content
}

// OutlineSum is an algorithm: a CRC by its parameters, anything else by its name in the registry.
type OutlineSum struct {
	Width           int
	Name            string // of a sum, which begins with Init; the bits of Xor are turned round at the end
	Poly, Init, Xor uint64
	Refin, Refout   bool
	Late            bool
	Extra           []byte // of a CRC: they enter behind those that are covered
}

// OutlineTransform is how the bytes of a part differ on the wire.
type OutlineTransform struct {
	Add, Xor uint8
	Block    int // bytes between checksums
	Armour   string
	Sum      OutlineSum
	Little   bool
}

// OutlineField is one field.
type OutlineField struct {
	Key, Title, Unit string
	Code             string // how its bytes are read
	Kind             string // what the value is: see Kind
	Role             string
	Size, Most       int // bytes; Size 0 when it varies, then Most at the most
	Little           bool
	Shift            uint8
	Mask             uint64
	Ranges           [][2]uint64 // values that are allowed, the sign bit turned round for signed numbers
	Want             []byte
	Chars            []byte // bytes that are allowed
	Padded           bool
	Pad              uint8
	Labels           []OutlineLabel
	Scale            *OutlineScale
	Time             *OutlineTime
	Clock            *OutlineClock
	Register         int
	Fold             int // first of two registers that collect bits over a list
	FoldBits         int
	Table            int // keeps the values of all elements of a list
	Signed           bool
	Form             *OutlineForm
}

// OutlineLabel names the values from Lo to Hi.
type OutlineLabel struct {
	Lo, Hi int64
	Label  string
}

// OutlineScale makes the value: (number × A + B) ÷ C.
type OutlineScale struct {
	A, B, C int64
	Exact   bool
	Places  int
}

// OutlineTime is a date and time in digits.
type OutlineTime struct {
	As    string // "bcd", "binary", "ascii"
	Text  string
	Parts []OutlineTimePart
	Zone  *time.Location
	Whole bool // it has a date: otherwise it is a part of a time
	Last  bool // its bytes stand the other way round, those of each part too
}

// OutlineTimePart is one part of it; Unit is as in the layout, "" for a character that always stands there.
type OutlineTimePart struct {
	Unit         string
	Offset, Size int
}

// OutlineClock is a time in one number: a count of Milliseconds since Epoch (Unix seconds), or one of the bit fields.
type OutlineClock struct {
	Kind         string // "count", "cp16", "cp32", "cp56", "packed" (YYYYMMDDhhmmssSSS in decimal)
	Milliseconds int64
	Epoch        int64
	Zone         *time.Location
}

// OutlineForm is what a field has beyond its plain type.
type OutlineForm struct {
	Swap     []int // places of the bytes, most significant first
	Swapped  bool  // the low digit of each byte first
	Minus    []int
	MinusBit bool
	Missing  []OutlinePattern
	Fills    bool // there is a Filler
	Filler   int
	Right    bool
	Digits   int
	HexDigit bool
	Charset  string
	Reversed bool
	Degrees  bool
	Letters  bool
	Fill     uint8
	Column   bool     // bytes up to the next separator can mean "no value"
	Base     int      // of a number in characters: 16 for hexadecimal digits
	Places   int      // of a number in characters: digits after the point that expressions see
	Texts    [][]byte // the only texts there are
	Signed   bool     // of a part of bits: two's complement
	Varint   string   // how a number of varying width is written: "big", "little" (seven bits a byte), "ber"
	None     []uint64 // of a part of bits: those that mean "no value"
}

// OutlinePattern of bytes that mean "no value"; one byte stands for as many as there are.
type OutlinePattern struct {
	Bytes []byte
	Bad   bool // digits that are none
}

// OutlineExpr is an expression; Op is the operator as it is written, or "number", "register", "remaining", "next",
// "ahead", "uplink", "index", "at" (register is the table, a the number of the element).
type OutlineExpr struct {
	Op       string
	A, B     *OutlineExpr
	Value    int64
	Register int
	Text     []byte
	Looks    bool // it asks for bytes that are not decoded yet
}
