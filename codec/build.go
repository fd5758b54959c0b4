package codec

import "fmt"

// build makes f a new frame of the message that command names, by its Name or by its Command (the first one
// in the definition that has it).  Values may be Go numbers, text as typed on a command line ("3", "0x1f",
// "21.5", a label, digits, RFC 3339 or the digits of the field's layout for times, JSON for lists and groups),
// time.Time, []byte, []any for lists, or map[string]any for groups.  A key may be a path into a group: "at.x".
//
// A field that is not given takes, in this order: its constant, the value last seen (env.Session, for fields
// marked `remember`), env.Now (default = "now"), its default.  Nothing of these: the error wraps ErrMissing.
// The error is a *FieldError; f then holds no message.
func (p *program) build(env Env, f *Frame, command string, fields map[string]any) error {
	l := p.messageFor(command)
	if l == nil {
		f.reset(p, Any)
		return &FieldError{Profile: p.name, Offset: -1, Err: p.unknownMessage(command)}
	}
	if err := p.computes(l, fields); err != nil {
		f.reset(p, Any)
		return err
	}
	fields, err := p.nested(l, fields)
	if err != nil {
		f.reset(p, Any)
		return err
	}
	return p.encode(f, l, Any, builder{env: env, fields: fields, command: command})
}

// computes refuses a value for the length of a plain frame.
func (p *program) computes(l *layout, fields map[string]any) error {
	sizes := l.shape.family.sizes
	if sizes == nil || sizes.length == nil {
		return nil
	}
	o := &p.ops[sizes.length.op]
	if _, given := fields[o.field.Key]; given {
		return p.valueError(l, o, fmt.Errorf("%w: it is computed", ErrValue))
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
func (p *program) messageFor(command string) *layout {
	if command == "" {
		return nil
	}
	for _, l := range p.layouts {
		if l.message.Name == command {
			return l
		}
	}
	var num uint64
	var err error
	if p.commandOp >= 0 {
		_, num, err = p.ops[p.commandOp].parse(nil, command, false)
	}
	if p.commandOp < 0 || err != nil {
		return nil
	}
	var best *layout
	bestRank := 0
	for _, l := range p.layouts {
		if !l.commands.has(num) {
			continue
		}
		rank := 1
		if l.message.From == Server {
			rank++
		}
		if l.message.Command != "" {
			rank += 2
		}
		if rank > bestRank {
			best, bestRank = l, rank
		}
	}
	return best
}

func (p *program) unknownMessage(command string) error {
	var names []string
	for _, m := range p.messages {
		names = append(names, m.Name)
		if m.Command != "" {
			names = append(names, m.Command)
		}
	}
	if near := nearest(command, names); near != "" {
		return fmt.Errorf("%w: %q; did you mean %q?", ErrUnknownCommand, command, near)
	}
	return fmt.Errorf("%w: %q", ErrUnknownCommand, command)
}

// set changes one field of f; see Profile.Set.
func (p *program) set(f *Frame, key string, value any) error {
	if f.layout == nil || f.program != p {
		return &FieldError{Field: key, Offset: -1, Err: ErrNoMessage}
	}
	if err := p.computes(f.layout, map[string]any{key: nil}); err != nil {
		return err
	}
	return f.setTree(key, value)
}

func (p *program) valueError(l *layout, o *op, err error) error {
	return &FieldError{Profile: p.name, Frame: l.message.Name, Field: o.field.Key, Offset: -1, Err: err}
}
