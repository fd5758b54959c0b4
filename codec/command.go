package codec

import (
	"trama/codec/internal/encode"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Command finds what may be commanded: by the name of a [[command]], or by the name or the command of its message.
func (p *Profile) Command(name string) (*program.Command, bool) { return p.program.Command(name) }

// DeclaredCommands lists what may be commanded, in the order of the definition: every [[command]], then the messages of
// the server that none is for, each of which is a command by itself.
func (p *Profile) DeclaredCommands() []*program.Command { return p.program.Orders }

// AnswersCommand says whether answer is the answer to request, a frame of c: as Answers does, and as c says.
func (p *Profile) AnswersCommand(c *program.Command, request, answer *frame.Frame) bool {
	return encode.AnswersCommand(p.program, c, request, answer)
}

// Verifies says whether f, a frame of the master, is about what request, a frame of c, was to change, and whether it
// shows that it did.  Without `verify` it is about nothing.
func (p *Profile) Verifies(c *program.Command, request, f *frame.Frame) (about, shown bool) {
	return encode.Verifies(p.program, c, request, f)
}
