package encode

import (
	"fmt"
	"strconv"
	"strings"

	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// parseTree makes f the frame that nested values describe.  When the direction does not say which way, both are
// tried.
func parseTree(p *program.Program, f *frame.Frame, l *program.Body, d field.Direction, fields map[string]any) error {
	err := encode(p, f, l, d, builder{fields: fields, verbatim: true, edited: true})
	if err != nil && d == field.Any {
		if encode(p, f, l, field.Downlink, builder{fields: fields, verbatim: true, edited: true}) == nil {
			err = nil
		}
	}
	if err == nil {
		err = follows(p, f, fields)
	}
	if err != nil {
		f.Reset(p, field.Any)
		return err
	}
	f.Way = d
	return nil
}

// tree is the frame as nested values.
func tree(f *frame.Frame) map[string]any {
	text := append(f.AppendTree([]byte{'{'}), '}')
	if len(f.Cells) > 0 {
		text = append([]byte{'{'}, text[2:]...) // the comma before the first field
	}
	fields := map[string]any{}
	_ = readJSON(text, &fields)
	return fields
}

// setTree changes one field of a frame and encodes it again.
func setTree(f *frame.Frame, key string, value any) error {
	fields := tree(f)
	if i := f.At(key); i >= 0 {
		switch o := &f.Program.Ops[f.Cells[i].Op]; {
		case o.Code == scalar.OpTime:
			if _, _, err := o.Parse(nil, value, 0, false); err != nil {
				return valueError(f.Program, f.Body, o, err)
			}
		case o.Code == scalar.OpComputed:
			return valueError(f.Program, f.Body, o, fmt.Errorf("%w: it follows from other fields", field.ErrValue))
		case o.Parts:
			level, _ := around(fields, key)
			beside, _ := level.(map[string]any)
			for _, part := range partsOf(f.Program, int(f.Cells[i].Op)) {
				delete(beside, part.Field.Key)
			}
		}
	}
	if err := setPath(fields, key, value); err != nil {
		return &field.FieldError{Profile: f.Program.Name, Frame: f.Body.Message.Name, Field: key, Offset: -1, Err: err}
	}
	var changed frame.Frame
	if err := encode(f.Program, &changed, f.Body, f.Way, builder{fields: fields, verbatim: true}); err != nil {
		return err
	}
	return decode.Decode(f.Program, changed.Way, append([]byte(nil), changed.Wire...), f)
}

// partsOf are the parts of the field of bits with this index.
func partsOf(p *program.Program, i int) []scalar.Op {
	k := i + 1
	for k < len(p.Ops) && p.Ops[k].Code == scalar.OpPart {
		k++
	}
	return p.Ops[i+1 : k]
}

// around is the object or the list around the last step of a path, and this step.
func around(fields map[string]any, path string) (level any, step string) {
	end := strings.LastIndexAny(path, ".[")
	if end < 0 {
		return fields, path
	}
	return valueAtPath(fields, path[:end]), path[end:]
}

// setPath puts a value into nested ones.
func setPath(fields map[string]any, path string, value any) error {
	level, step := around(fields, path)
	switch level := level.(type) {
	case map[string]any:
		level[strings.TrimPrefix(step, ".")] = value
		return nil
	case []any:
		if i, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && i >= 0 && i < len(level) {
			level[i] = value
			return nil
		}
	}
	return field.ErrUnknownField
}

// valueAtPath is a value inside nested ones; nil when it is not there.
func valueAtPath(at any, path string) any {
	for path != "" {
		step := path
		if end := strings.IndexAny(path[1:], ".[") + 1; end > 0 {
			step = path[:end]
		}
		switch level := at.(type) {
		case map[string]any:
			at = level[strings.TrimPrefix(step, ".")]
		case []any:
			i, err := strconv.Atoi(strings.Trim(step, "[]"))
			if err != nil || i < 0 || i >= len(level) {
				return nil
			}
			at = level[i]
		default:
			return nil
		}
		path = path[len(step):]
	}
	return at
}
