package encode

import (
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// AnswersCommand reports whether answer is the answer to a command; see Profile.AnswersCommand.
func AnswersCommand(p *program.Program, c *program.Command, request, answer *frame.Frame) bool {
	return AnswersTo(p, request, answer) && (c.Answers == nil || slices.Contains(c.Answers, answer.Body.Message)) &&
		same(c.Same, request, answer)
}

// same says that fields are equal where both frames have them.
func same(pairs [][2]string, request, answer *frame.Frame) bool {
	for _, pair := range pairs {
		if request.At(pair[0]) >= 0 && answer.At(pair[1]) >= 0 && !agree(request, pair[0], answer, pair[1]) {
			return false
		}
	}
	return true
}

// Verifies reports whether a frame shows the effect of a command; see Profile.Verifies.
func Verifies(p *program.Program, c *program.Command, request, f *frame.Frame) (about, shown bool) {
	v := c.Verify
	if v == nil || request.Body == nil || f.Body == nil || request.Program != p || f.Program != p ||
		f.Way == field.Downlink || v.Messages != nil && !slices.Contains(v.Messages, f.Body.Message) {
		return false, false
	}
	for _, pair := range v.By {
		if !agree(request, pair[0], f, pair[1]) {
			return false, false
		}
	}
	for _, pair := range v.Same {
		if f.At(pair[1]) < 0 {
			return false, false
		}
		if !shows(request, pair[0], f, pair[1]) {
			return true, false
		}
	}
	return true, true
}

// shows says that a field has the value that was commanded; the first of several flags, that it is on or off.
func shows(request *frame.Frame, key string, f *frame.Frame, path string) bool {
	i, k := request.At(key), f.At(path)
	if i < 0 {
		return false
	}
	if is, want := valueOf(f, k), valueOf(request, i); is.Op.Code == scalar.OpBitset && want.Op.Numeric() {
		return len(is.Data) > 0 && is.Data[0]&1 == 1 == (want.Num != 0)
	}
	return equal(request, i, f, k)
}
