package encode

import (
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Build makes f a new frame of the message that command names; see Profile.BuildIn.
func Build(p *program.Program, env Env, f *frame.Frame, command string, fields map[string]any) error {
	l := messageFor(p, command)
	if l == nil {
		f.Reset(p, field.Any)
		return &field.FieldError{Profile: p.Name, Offset: -1, Err: p.UnknownMessage(command)}
	}
	if err := computes(p, l, fields); err != nil {
		f.Reset(p, field.Any)
		return err
	}
	fields, err := nested(p, l, fields)
	if err != nil {
		f.Reset(p, field.Any)
		return err
	}
	return encode(p, f, l, field.Any, builder{env: env, fields: fields, command: command})
}

// computes refuses a value for the length of a plain frame.
func computes(p *program.Program, l *program.Body, fields map[string]any) error {
	sizes := l.FrameKind.Sizes
	if sizes == nil || sizes.Length == nil {
		return nil
	}
	o := &p.Ops[sizes.Length.Op]
	if _, given := fields[o.Field.Key]; given {
		return valueError(p, l, o, fmt.Errorf("%w: it is computed", field.ErrValue))
	}
	return nil
}

// builder is where the values of a new frame come from.
type builder struct {
	env      Env
	fields   map[string]any
	command  string
	verbatim bool // the values of an existing frame: computed fields may be given, and are computed anew
	edited   bool // and may have been changed since: what follows from others must agree with them
}

// messageFor finds a layout: by name, then by the command alone, then by a range of commands; the server's own
// come first.
func messageFor(p *program.Program, command string) *program.Body {
	if command == "" {
		return nil
	}
	for _, l := range p.Bodies {
		if l.Message.Name == command {
			return l
		}
	}
	var num uint64
	var err error
	if p.CommandOp >= 0 {
		_, num, err = p.Ops[p.CommandOp].Parse(nil, command, 0, false)
	}
	if p.CommandOp < 0 || err != nil {
		return nil
	}
	var best *program.Body
	bestRank := 0
	for _, l := range p.Bodies {
		if !l.Commands.Has(num) {
			continue
		}
		rank := 1
		if l.Message.From == field.Server {
			rank++
		}
		if l.Message.Command != "" {
			rank += 2
		}
		if rank > bestRank {
			best, bestRank = l, rank
		}
	}
	return best
}

// Set changes one field of f; see Profile.Set.
func Set(p *program.Program, f *frame.Frame, key string, value any) error {
	if f.Body == nil || f.Program != p {
		return &field.FieldError{Field: key, Offset: -1, Err: field.ErrNoMessage}
	}
	if err := computes(p, f.Body, map[string]any{key: nil}); err != nil {
		return err
	}
	return setTree(f, key, value)
}

func valueError(p *program.Program, l *program.Body, o *scalar.Op, err error) error {
	return &field.FieldError{Profile: p.Name, Frame: l.Message.Name, Field: o.Field.Key, Offset: -1, Err: err}
}
