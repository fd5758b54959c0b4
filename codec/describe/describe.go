package describe

import (
	"encoding/hex"
	"time"

	"trama/codec/internal/field"
	"trama/codec/protect"
)

// Description is a profile as plain data: how its frames are cut, which messages there are, and what stands in them.
// The manual page, the dissector and the form of a command are made of it and of nothing else.
//
// Its JSON is for programs without a codec: expressions are text, bytes are hexadecimal; registers, places and raw
// numbers, which a walk over bytes needs, are left out.
type Description struct {
	Name     string               `json:"name"`
	Title    string               `json:"title,omitempty"`
	Zone     string               `json:"zone"`
	Order    string               `json:"order"` // of the bytes of a number that does not say its own: "big" or "little"
	Frames   []FrameKind          `json:"frames"`
	Messages []MessageDescription `json:"messages"` // in the order of the definition
	Commands []CommandForm        `json:"commands,omitempty"`
	Replies  []ReplyDescription   `json:"replies,omitempty"`
	Answer   []string             `json:"answer_by,omitempty"` // fields that an answer shares with its command
	Notes    []field.Note         `json:"notes,omitempty"`     // other tables of the definition
	Examples []ExampleFrame       `json:"examples,omitempty"`

	Security *protect.Layout `json:"-"` // nil: frames are never protected
}

// FrameKind is one kind of frame on a stream.
type FrameKind struct {
	Name      string   `json:"name,omitempty"` // empty where there is one kind only
	From      string   `json:"from"`
	Direction string   `json:"direction"`
	Start     HexBytes `json:"start,omitempty"` // the mark at the beginning
	// the marks of which one ends the frame; none: its fields say where it ends
	Ends    []HexBytes  `json:"ends,omitempty"`
	Escapes []Escape    `json:"escapes,omitempty"`
	Armour  string      `json:"armour,omitempty"` // how the content between the marks is written in characters
	Max     int         `json:"max_bytes"`
	Length  *LengthRule `json:"length,omitempty"`
	Sizes   []int       `json:"sizes,omitempty"` // of its frames, the largest first; none: they say it
	Quiet   string      `json:"quiet,omitempty"` // a silence that ends a frame
	Header  []*Node     `json:"header,omitempty"`
	Trailer []*Node     `json:"trailer,omitempty"`

	Kept    int  `json:"-"` // bytes of the mark at the end that are a field, the last ones
	Behind  int  `json:"-"` // bytes behind that mark,
	Stuffed bool `json:"-"` // which are written in sequences like the content
	Tail    int  `json:"-"` // bytes of the trailer
	Command int  `json:"-"` // register of the command; 0: there is none
	Body    int  `json:"-"` // place of the body
}

// Escape is a byte and the sequence that stands for it.
type Escape struct {
	Plain HexBytes `json:"plain"`
	Coded HexBytes `json:"coded"`
}

// LengthRule is how the size of a frame follows from a field, in words and in numbers:
// size = value + place − Add + After; the place is that of Mark, of the body for -1, the beginning for 0.
type LengthRule struct {
	Field  string `json:"field"`
	Counts string `json:"counts"` // "all", "body", "after KEY to KEY"
	Add    int    `json:"add,omitempty"`

	Register, Mark, After int `json:"-"`
}

// MessageDescription is the body of one message.  A frame is of the first message whose kind, direction, commands, size
// and condition fit; of a default message only when no other one has its command.
type MessageDescription struct {
	Name      string       `json:"name"`
	Title     string       `json:"title,omitempty"`
	From      string       `json:"from"`
	Direction string       `json:"direction"`
	Purpose   string       `json:"purpose"`
	Frame     string       `json:"frame,omitempty"`
	Commands  []string     `json:"commands,omitempty"`
	Default   bool         `json:"default,omitempty"`
	When      *Formula     `json:"when,omitempty"`
	Repeat    string       `json:"repeat,omitempty"`
	Forward   string       `json:"forward,omitempty"`
	Subscribe bool         `json:"subscribe,omitempty"`
	Set       []field.Note `json:"set,omitempty"` // what stands in fields of the header
	Min       int          `json:"min_bytes"`
	Max       int          `json:"max_bytes"` // -1: not bounded
	Fields    []*Node      `json:"fields,omitempty"`

	Ranges [][2]uint64 `json:"-"` // of the command; none: every command
}

// Node is one field, or a group, list or choice with others inside.  Nodes stand on the wire in their order.
type Node struct {
	Node   string `json:"node"`             // "field", "group", "list" or "choice"
	Layout string `json:"layout,omitempty"` // the [layout] in which the definition has it
	FieldDescription
	When      *Formula            `json:"when,omitempty"`
	Size      *Formula            `json:"size,omitempty"` // where Bytes does not say it
	Rest      bool                `json:"rest,omitempty"` // it takes what is left
	Before    HexBytes            `json:"before,omitempty"`
	Until     HexBytes            `json:"until,omitempty"`
	Optional  bool                `json:"optional,omitempty"`
	Value     *Formula            `json:"value,omitempty"` // the only value, or the computed one
	Exponent  *Formula            `json:"exponent,omitempty"`
	Count     *Formula            `json:"count,omitempty"`
	Stop      *Formula            `json:"stop,omitempty"`
	Separator HexBytes            `json:"separator,omitempty"`
	On        *Formula            `json:"on,omitempty"`
	Cases     []Case              `json:"cases,omitempty"` // of a choice, or of a computed value
	Check     *SumCheck           `json:"check,omitempty"`
	Wire      *WireForm           `json:"wire,omitempty"` // how its bytes stand on the wire
	Bits      []*FieldDescription `json:"bits,omitempty"`
	Fields    []*Node             `json:"fields,omitempty"` // of a group, or of each element of a list

	Tail    int   `json:"-"` // bytes behind it in its part of the frame; -1: not known
	Mark    int   `json:"-"` // place of its first byte; the next number is the place behind its last
	Clear   []int `json:"-"` // registers that are zero when it is absent
	Column  bool  `json:"-"` // it stands between separators
	Asks    bool  `json:"-"` // it follows from the request that the frame answers
	Counted int   `json:"-"` // register of how many elements a list has
	Single  bool  `json:"-"` // each element of the list is one field
	Packed  bool  `json:"-"` // the group ends with a whole byte, and its fields need not
}

// Case is one branch of a choice, or one row of a computed value.
type Case struct {
	Is     []string `json:"is,omitempty"` // none: every value
	When   *Formula `json:"when,omitempty"`
	Value  *Formula `json:"value,omitempty"`
	Fields []*Node  `json:"fields,omitempty"`

	Ranges [][2]uint64 `json:"-"`
	Asks   bool        `json:"-"` // its condition depends on the request
}

// FieldDescription is what one field, or one part of a field of bits, holds.
type FieldDescription struct {
	Key   string       `json:"key,omitempty"`
	Title string       `json:"title,omitempty"`
	Unit  string       `json:"unit,omitempty"`
	Type  string       `json:"type,omitempty"` // as written in the definition
	Kind  string       `json:"kind,omitempty"` // what the value is, see [Kind]
	Role  string       `json:"role,omitempty"`
	Bytes int          `json:"bytes,omitempty"` // 0: they vary
	At    string       `json:"at,omitempty"`    // of a part: its bits
	Min   *float64     `json:"min,omitempty"`   // of a whole number, after scaling
	Max   *float64     `json:"max,omitempty"`
	Enum  []Label      `json:"enum,omitempty"`
	Field string       `json:"field,omitempty"` // of an argument that has another name: the path of its field
	Given string       `json:"given,omitempty"` // in the form of a command: "required" or "optional"
	Notes []field.Note `json:"notes,omitempty"` // what else the definition says of it, such as const, scale or order

	SizeBits int `json:"size_bits,omitempty"` // of a field that need not begin with a byte

	Form     FieldForm `json:"-"`
	Register int       `json:"-"` // where expressions find the value; 0: nobody asks
}

// Label names the values from Lo to Hi; Value is how a protocol writes them.
type Label struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Lo    int64  `json:"-"`
	Hi    int64  `json:"-"`
}

// FieldForm is how the bytes of a field are read.
type FieldForm struct {
	Coding          string      // see codingNames
	Odd             bool        // there is more to it than this says
	Little, Signed  bool        // least significant byte first; two's complement
	Shift, Width    int         // of bits: the lowest one, and how many there are
	Ranges          [][2]uint64 // the raw numbers that are allowed, the sign bit turned round for signed ones
	Want, Chars     HexBytes    // the only bytes; the bytes that a text can have, none: all
	Pad, Fill       HexBytes    // the byte that fills a text up; the byte of a run, of
	Most            int         // so many at the most
	Missing         []HexBytes  // bytes without a value; a single byte stands for as many as there are
	Bad             bool        // digits that are none: there is no value
	Reversed, Right bool        // last byte first; filled up on the left
	Filler          string      // the digit that fills up
	Digits          int
	Letters         bool // half bytes above 9 are digits too
	Charset         string
	Scale           [3]int64      // A, B, C: the value is (raw × A + B) ÷ C; C 0: it is the raw number
	Layout, As      string        // of a time in digits; how a time is written
	Step            time.Duration // of a time that counts,
	Epoch           int64         // from these Unix seconds on
	Zone            *time.Location
}

// SumCheck is a checksum and the bytes that it covers, From one place To another: From 0 is the beginning of the
// frame, To
// 0 the checksum itself, To -1 the end of the frame.
type SumCheck struct {
	Algorithm string `json:"algorithm"`
	Over      string `json:"over,omitempty"`    // "from KEY to KEY"; empty: all before it
	OnWire    bool   `json:"on_wire,omitempty"` // over the bytes as they stand on the wire

	Sum      Sum  `json:"-"`
	From, To int  `json:"-"`
	Hex      bool `json:"-"`
}

// Sum is an algorithm: a CRC by its parameters, anything else by its name.
type Sum struct {
	Width               int
	Name                string
	Poly, Init, Xor     uint64
	Refin, Refout, Late bool
	Extra               HexBytes
}

// WireForm is how the bytes of a part differ on the wire.
type WireForm struct {
	Add       int    `json:"add,omitempty"`
	Xor       int    `json:"xor,omitempty"`
	Block     int    `json:"block,omitempty"` // bytes between checksums
	Algorithm string `json:"algorithm,omitempty"`
	Armour    string `json:"armour,omitempty"`
	Sum       Sum    `json:"-"`
	Little    bool   `json:"-"`
}

// CommandForm is what somebody fills in to send a command: the arguments of a [[command]], or the fields of a message
// that has none, without those that fill themselves.
type CommandForm struct {
	Name      string       `json:"name"`
	Message   string       `json:"message"`
	Title     string       `json:"title,omitempty"`
	Repeat    string       `json:"repeat"` // its class
	Expires   string       `json:"expires,omitempty"`
	Arguments []*Node      `json:"arguments"`
	Set       []field.Note `json:"set,omitempty"`    // what stands in other fields
	Report    string       `json:"report,omitempty"` // the message that the master sends because of it
	Verify    string       `json:"verify,omitempty"` // the command that reads its effect back
	Then      []string     `json:"then,omitempty"`
}

// ReplyDescription says what is answered with what.
type ReplyDescription struct {
	From    string       `json:"from"`
	To      []string     `json:"to"` // messages, or commands
	Send    string       `json:"send"`
	Set     []field.Note `json:"set,omitempty"`
	Without []string     `json:"without,omitempty"` // keys that are not echoed
}

// ExampleFrame is a frame of the definition.
type ExampleFrame struct {
	Title     string   `json:"title,omitempty"`
	Direction string   `json:"direction"`
	Frame     HexBytes `json:"frame"`
	Reply     HexBytes `json:"reply,omitempty"`
}

// Formula is an expression: its text, and as a tree for programs.  Op is the operator as it is written, or "number",
// "register", "join", "remaining", "next", "ahead", "uplink", "index", "at", "not", "negative".
// Of "ahead", A is how many bytes on, if it is not the next ones.
type Formula struct {
	Text     string
	Op       string
	A, B     *Formula
	Value    int64
	Register int
	Bytes    []byte
}

// MarshalText is the text.
func (f *Formula) MarshalText() ([]byte, error) { return []byte(f.Text), nil }

// HexBytes are written in hexadecimal.
type HexBytes []byte

// MarshalText writes two digits a byte.
func (b HexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }
