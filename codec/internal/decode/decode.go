package decode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

func Decode(p *program.Program, d field.Direction, raw []byte, f *frame.Frame) error {
	plan, way := findFast(p, d, raw)
	if plan == nil || plan.Total != len(raw) || d == field.Any && !Named(plan.Layout, plan.Layout.Body.FrameKind) {
		return DecodeAnswer(p, d, raw, f, nil)
	}
	if fill(plan, p, f, way, raw); d == field.Any {
		f.Way = plan.Layout.Direction
	}
	return nil
}

func Fault(p *program.Program, l *program.Layout, bad program.Failure) error {
	e := &field.FieldError{Profile: p.Name, Offset: bad.Off, Err: bad.Err}
	if l != nil {
		e.Frame = l.Message.Name
	}
	if bad.Op != nil {
		e.Field = bad.Op.Field.Key
	}
	return e
}
