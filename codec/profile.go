package codec

import (
	"bufio"
	"time"
)

// Profile is one compiled definition.  It is immutable and safe for concurrent use.
type Profile struct {
	name, title string
	maxFrame    int
}

// Message is one layout of a frame: the general header and a body.  Read-only.
type Message struct {
	Name     string   // unique in the profile
	Command  string   // value of the command field; empty when the message stands for several
	Title    string   // what it means, for people
	From     Party    // who sends it
	Purpose  Purpose  // what it is for
	Forward  string   // integrator's request: the command it becomes for the master
	Class    string   // how a command may be repeated: "idempotent", "verify" or "never"
	Fields   []*Field // header, body and trailer in the order of the bytes
	Required []*Field // fields that Build cannot fill by itself
}

// Field is one field of a message.  Read-only.
type Field struct {
	Key   string
	Title string
	Unit  string
	Type  string // as written in the definition
	Role  Role
	Kind  Kind
	Size  int // bytes; 0 when it varies
	Min   float64
	Max   float64     // allowed range of a number, after scaling; both 0 when it is not a number
	Enum  []EnumLabel // in the order of the values
}

// EnumLabel names one value of a field.
type EnumLabel struct {
	Value int64
	Label string
}

// Env is what a pure codec must be told about the world.
type Env struct {
	Now       time.Time // for fields filled with the time; the zero value leaves them as they are
	Result    uint64    // value for the field of role result, used when HasResult is set
	HasResult bool
	Session   *Session // memory of the connection or of the master; may be nil
}

// Session is what a profile remembers between frames of one peer: last seen header values, own counters.
// The zero value is ready.  It is owned by the caller; not safe for concurrent use.
type Session struct {
	values []uint64
}

// Compile makes a profile of a definition.  file names it in errors.  The error lists all problems found.
func Compile(file string, src []byte) (*Profile, error) { panic("codec: Compile is being written") }

// Shipped returns a profile that is part of the program.
func Shipped(name string) (*Profile, error) { panic("codec: Shipped is being written") }

// ShippedNames lists the profiles that are part of the program, sorted.
func ShippedNames() []string { return []string{"compact", "extended"} }

// ShippedSource returns the definition of a shipped profile.
func ShippedSource(name string) ([]byte, bool) { return nil, false }

func (p *Profile) Name() string                         { return p.name }
func (p *Profile) Title() string                        { return p.title }
func (p *Profile) MaxFrameBytes() int                   { return p.maxFrame }
func (p *Profile) Splitter(d Direction) bufio.SplitFunc { panic("codec: being written") }
func (p *Profile) Messages() []*Message                 { return nil }

// Commands lists the messages that the server may send to a master.
func (p *Profile) Commands() []*Message { return nil }

// TransactionLimit is the first value that does not fit the transaction field; 0 when there is none.
func (p *Profile) TransactionLimit() uint64 { return 0 }

// CheckExamples runs every [[example]] of the definition both ways.
func (p *Profile) CheckExamples() []error { return nil }

func (p *Profile) Decode(d Direction, raw []byte, f *Frame) error { panic("codec: being written") }

func (p *Profile) Append(dst []byte, f *Frame) ([]byte, error) { panic("codec: being written") }

// Build is BuildIn with an empty Env: a field that is filled with the time must then be given.
func (p *Profile) Build(f *Frame, command string, fields map[string]any) error {
	return p.BuildIn(Env{}, f, command, fields)
}

// BuildIn makes f a new frame of the message that command names (its Command or its Name).
// Fields that are not given are filled from env.Session (fields marked `remember`), env.Now, or their default.
func (p *Profile) BuildIn(env Env, f *Frame, command string, fields map[string]any) error {
	panic("codec: being written")
}

// Remember keeps the values of f that later frames to the same peer default to.
func (p *Profile) Remember(s *Session, f *Frame) {}

// Reply appends the acknowledgement of f to dst.  due is false, and dst unchanged, when none is owed.
func (p *Profile) Reply(dst []byte, f *Frame, env Env) (out []byte, due bool, err error) {
	panic("codec: being written")
}

// Answers says whether answer is the answer to request.
func (p *Profile) Answers(request, answer *Frame) bool { return false }

// Forward names the command for the master that an integrator's request becomes.
func (p *Profile) Forward(f *Frame) (command string, ok bool) { return "", false }

// ParseJSON reads what AppendJSON wrote.
func (p *Profile) ParseJSON(src []byte, f *Frame) error { panic("codec: being written") }
