package field

// Message is one layout of a frame: the general header and a body.  Read-only.
type Message struct {
	Name    string  // unique in the profile
	Command string  // value of the command field; empty when the message stands for several
	Title   string  // what it means, for people
	From    Party   // who sends it
	Purpose Purpose // what it is for
	Forward string  // integrator's request: the command it becomes for the master
	// Subscribe: an integrator's request for the measurements of the master that it names.
	Subscribe bool
	Repeat    string   // whether a command may be sent again after silence: "idempotent", "verify" or "never"
	Fields    []*Field // header and body in the order of the bytes
	Required  []*Field // fields that Build cannot fill by itself
}

// Field is one field of a message.  Read-only.
type Field struct {
	Key   string
	Title string
	Unit  string
	Type  string // as written in the definition
	Role  Role
	Kind  Kind
	Size  int         // bytes; 0 when it varies, and for a part of a bit field
	Min   float64     // allowed range of a whole number, after scaling;
	Max   float64     // both 0 for other kinds
	Enum  []EnumLabel // in the order of the values

	Notes     []Note // other keys of the definition, as written
	Algorithm string // of a checksum: its name, or its parameters; else empty
}

// EnumLabel names one value of a field.
type EnumLabel struct {
	Value int64
	Label string
	Text  string // what stands in the frame, where the field is text; Value is then its bytes as a number
}

// Note is a key of a definition and its value, as text.
type Note struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}
