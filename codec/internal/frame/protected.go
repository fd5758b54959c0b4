package frame

import (
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/protect"
)

// Opened is what a protected frame came under, and the memory of its plain bytes.
type Opened struct {
	protect.Opened
	memory []byte
}

// Closed says that the frame is protected and has not been opened: Raw is its bytes on the wire, and it has no message.
func (f *Frame) Closed() bool { return f.Shut }

// Protection is what the frame, opened since, came under; nil: it came plain, or is closed.  It is valid as long as the frame.
func (f *Frame) Protection() *protect.Opened {
	if f.Opened == nil {
		return nil
	}
	return &f.Opened.Opened
}

// Close makes f the protected frame raw.
func (f *Frame) Close(p *program.Program, d field.Direction, raw []byte) {
	f.Reset(p, d)
	f.Data, f.Wire, f.Decoded, f.Shut = raw, raw, true, true
}

// Open opens a closed frame and returns what it came under, which is f's once the plain frame is decoded.  On an error f stays
// closed.
func (f *Frame) Open(o *protect.Opening) (*Opened, error) {
	l := f.Program.Security
	if n := len(f.Wire); f.opened == nil || cap(f.opened.memory) < n { // the plain frame is not longer
		f.opened = &Opened{memory: make([]byte, 0, n)}
	}
	opened, err := l.Open(f.opened.memory, f.Wire, o)
	if err != nil {
		return nil, err
	}
	f.opened.Opened = opened
	return f.opened, nil
}
