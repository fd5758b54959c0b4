package encode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// AppendFrame appends the bytes of f to dst; see Profile.Append.
func AppendFrame(p *program.Program, dst []byte, f *frame.Frame) ([]byte, error) {
	if f.Body == nil || f.Program != p {
		return dst, &field.FieldError{Profile: p.Name, Offset: -1, Err: field.ErrNoMessage}
	}
	return append(dst, f.Wire...), nil // a frame that was built has been decoded since
}
