package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// ParseJSON makes f the frame that AppendJSON described; see Profile.ParseJSON.
func ParseJSON(p *program.Program, src []byte, f *frame.Frame) error {
	f.Reset(p, field.Any)
	fields := map[string]any{}
	if err := readJSON(src, &fields); err != nil {
		return jsonError(p, "", fmt.Errorf("%w: %w", field.ErrValue, err))
	}
	if name, ok := fields["profile"]; ok && name != p.Name {
		return jsonError(p, "profile", fmt.Errorf("%w: %v, expected %s", field.ErrValue, name, p.Name))
	}
	name, _ := fields["message"].(string)
	var l *program.Body
	for _, candidate := range p.Bodies {
		if candidate.Message.Name == name {
			l = candidate
		}
	}
	if l == nil {
		return jsonError(p, "message", p.UnknownMessage(name))
	}
	direction := l.Direction
	switch d := fields["direction"]; d {
	case nil, field.Any.String():
	case field.Uplink.String():
		direction = field.Uplink
	case field.Downlink.String():
		direction = field.Downlink
	default:
		return jsonError(p, "direction", fmt.Errorf("%w: %v", field.ErrValue, d))
	}
	for _, key := range field.ReservedKeys {
		delete(fields, key)
	}
	inner, nested := fields["fields"].(map[string]any)
	_, sampled := fields["samples"]
	_, protected := fields["protection"]
	if nested && len(fields) == 1+int(expr.Truth(sampled))+int(expr.Truth(protected)) { // as `trama decode` prints it
		fields = inner
	}
	return parseTree(p, f, l, direction, fields)
}

// readJSON reads one JSON value, with the numbers as they are written.
func readJSON(src []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func jsonError(p *program.Program, key string, err error) error {
	return &field.FieldError{Profile: p.Name, Field: key, Offset: -1, Err: err}
}
