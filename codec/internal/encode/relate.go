package encode

import (
	"fmt"

	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Relate tells answer what request asked; see Profile.Relate.
func Relate(p *program.Program, request, answer *frame.Frame) error {
	if request.Body == nil || answer.Body == nil || request.Program != p || answer.Program != p {
		return &field.FieldError{Profile: p.Name, Offset: -1, Err: field.ErrNoMessage}
	}
	if len(p.Asks) == 0 {
		return nil
	}
	if answer.Wire == nil {
		return &field.FieldError{Profile: p.Name, Frame: answer.Body.Message.Name, Offset: -1,
			Err: fmt.Errorf("%w: it was built, not received", field.ErrValue)}
	}
	way, raw := answer.Way, answer.Wire
	err := decode.DecodeAnswer(p, way, raw, answer, request)
	if err != nil { // what was asked does not fit what came
		_ = decode.DecodeAnswer(p, way, raw, answer, nil)
	}
	return err
}
