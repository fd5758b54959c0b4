package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// AppendJSON appends the frame as one JSON object: profile, message and direction, then each field under its
// key.  Whole and real numbers are numbers, labelled values their label, digits and text strings, bytes
// hexadecimal strings, times RFC 3339 in the zone of the profile (a time that does not exist: its digits).
// ParseJSON reads it back to the same bytes.
func (f *Frame) AppendJSON(dst []byte) ([]byte, error) {
	if f.layout == nil {
		return dst, &FieldError{Offset: -1, Err: ErrNoMessage}
	}
	dst = append(dst, `{"profile":`...)
	dst = appendQuoted(dst, f.program.name)
	dst = append(dst, `,"message":`...)
	dst = appendQuoted(dst, f.layout.message.Name)
	dst = append(dst, `,"direction":"`...)
	dst = append(dst, f.direction.String()...)
	dst = append(dst, '"')
	return append(f.appendTree(dst), '}'), nil
}

// parseJSON makes f the frame that AppendJSON described.  Computed fields may stand in it and are computed anew;
// fields that have a default may be left out.
func (p *program) parseJSON(src []byte, f *Frame) error {
	f.reset(p, Any)
	fields := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return p.jsonError("", fmt.Errorf("%w: %w", ErrValue, err))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return p.jsonError("", fmt.Errorf("%w: more than one JSON value", ErrValue))
	}
	if name, ok := fields["profile"]; ok && name != p.name {
		return p.jsonError("profile", fmt.Errorf("%w: %v, expected %s", ErrValue, name, p.name))
	}
	name, _ := fields["message"].(string)
	var l *layout
	for _, candidate := range p.layouts {
		if candidate.message.Name == name {
			l = candidate
		}
	}
	if l == nil {
		return p.jsonError("message", p.unknownMessage(name))
	}
	direction := l.direction
	switch d := fields["direction"]; d {
	case nil, Any.String():
	case Uplink.String():
		direction = Uplink
	case Downlink.String():
		direction = Downlink
	default:
		return p.jsonError("direction", fmt.Errorf("%w: %v", ErrValue, d))
	}
	for _, key := range reservedKeys {
		delete(fields, key)
	}
	return p.parseTree(f, l, direction, fields)
}

func (p *program) jsonError(key string, err error) error {
	return &FieldError{Profile: p.name, Field: key, Offset: -1, Err: err}
}
