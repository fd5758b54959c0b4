package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// appendTree writes the fields of a frame of a grammar: groups as objects, lists as arrays.
func (f *Frame) appendTree(dst []byte) []byte {
	var closers []byte
	first := false // nothing written yet at this depth
	list := false  // the level around is a list
	for i := range f.cells {
		o := &f.program.ops[f.cells[i].op]
		for len(closers) > int(f.cells[i].depth) {
			dst = append(dst, closers[len(closers)-1])
			closers = closers[:len(closers)-1]
			first = false
		}
		list = len(closers) > 0 && closers[len(closers)-1] == ']'
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if !list {
			dst = append(dst, '"')
			dst = append(dst, o.field.Key...)
			dst = append(dst, '"', ':')
		}
		switch o.code {
		case opGroup:
			dst, closers, first = append(dst, '{'), append(closers, '}'), true
		case opList:
			dst, closers, first = append(dst, '['), append(closers, ']'), true
		default:
			it := f.item(i, o)
			dst = it.v.appendJSON(dst)
		}
	}
	for len(closers) > 0 {
		dst = append(dst, closers[len(closers)-1])
		closers = closers[:len(closers)-1]
	}
	return dst
}

// at finds a field by its path: "records[2].value", "count", "crc".  A name alone is first looked for among the
// fields of the frame itself, then inside its parts.
func (f *Frame) at(path string) int {
	lo, hi, depth := 0, len(f.cells), 0
	for n := 0; path != ""; n++ {
		end := strings.IndexAny(path, ".[")
		if end == 0 {
			end = strings.IndexAny(path[1:], ".[") + 1
			if end == 0 {
				end = len(path)
			}
		} else if end < 0 {
			end = len(path)
		}
		step := path[:end]
		path = path[end:]
		found := -1
		if step[0] == '[' {
			element, err := strconv.Atoi(strings.Trim(step, "[]"))
			for i := lo; i < hi && err == nil; i++ {
				if int(f.cells[i].depth) == depth {
					if element == 0 {
						found = i
						break
					}
					element--
				}
			}
		} else {
			found = f.named(strings.TrimPrefix(step, "."), lo, hi, depth)
			if found < 0 && n == 0 {
				found = f.named(step, lo, hi, -1)
			}
		}
		if found < 0 {
			return -1
		}
		if path == "" {
			return found
		}
		lo, depth = found+1, int(f.cells[found].depth)+1
		for hi = lo; hi < len(f.cells) && int(f.cells[hi].depth) >= depth; hi++ {
		}
	}
	return -1
}

// named finds a key at one depth, or at any (-1).
func (f *Frame) named(key string, lo, hi, depth int) int {
	for i := lo; i < hi; i++ {
		if (depth < 0 || int(f.cells[i].depth) == depth) && f.program.ops[f.cells[i].op].field.Key == key {
			return i
		}
	}
	return -1
}

// wireOffsets turns places in the decoded bytes into places in the frame.
func (f *Frame) wireOffsets(items []Item) {
	var family *family
	if f.layout != nil && f.layout.shape != nil {
		family = f.layout.shape.family
	}
	if family == nil || family.closing == nil {
		return
	}
	if c := family.closing; c.kept > 0 {
		places := family.places(f.data, len(f.data)-c.kept-c.behind, f.raw)
		for i := range items {
			it := &items[i]
			from := min(it.Off, len(f.data))
			it.Off, it.Len = places[from], places[min(from+it.Len, len(f.data))]-places[from]
		}
		return
	}
	at, plain := len(family.start), 0
	for i := range items {
		it := &items[i]
		if family.armour != nil {
			end := family.armour.Size(it.Off + it.Len)
			it.Off = family.armour.Size(it.Off)
			it.Off, it.Len = it.Off+at, end-it.Off
			continue
		}
		if family.escape == nil {
			it.Off += at
			continue
		}
		if it.Off < plain {
			at, plain = len(family.start), 0
		}
		at += family.escape.wireSize(f.data[plain:min(it.Off, len(f.data))])
		plain = it.Off
		it.Off, it.Len = at, family.escape.wireSize(f.data[plain:min(plain+it.Len, len(f.data))])
	}
}

// parseTree makes f the frame that nested values describe.  When the direction does not say which way, both are
// tried.
func (p *program) parseTree(f *Frame, l *layout, d Direction, fields map[string]any) error {
	err := p.encode(f, l, d, builder{fields: fields, verbatim: true, edited: true})
	if err != nil && d == Any {
		if p.encode(f, l, Downlink, builder{fields: fields, verbatim: true, edited: true}) == nil {
			err = nil
		}
	}
	if err == nil {
		err = p.follows(f, fields)
	}
	if err != nil {
		f.reset(p, Any)
		return err
	}
	f.direction = d
	return nil
}

// tree is the frame as nested values.
func (f *Frame) tree() map[string]any {
	text := append(f.appendTree([]byte{'{'}), '}')
	if len(f.cells) > 0 {
		text = append([]byte{'{'}, text[2:]...) // the comma before the first field
	}
	fields, _ := readJSON(text)
	return fields
}

// setTree changes one field of a frame and weaves it again.
func (f *Frame) setTree(key string, value any) error {
	fields := f.tree()
	if i := f.at(key); i >= 0 {
		switch o := &f.program.ops[f.cells[i].op]; {
		case o.code == opTime:
			if _, _, err := o.parseForm(nil, value, 0, false); err != nil {
				return f.program.valueError(f.layout, o, err)
			}
		case o.code == opComputed:
			return f.program.valueError(f.layout, o, fmt.Errorf("%w: it follows from other fields", ErrValue))
		case o.parts:
			for _, part := range f.program.partsOf(int(f.cells[i].op)) {
				delete(levelOf(fields, key), part.field.Key)
			}
		}
	}
	if err := setPath(fields, key, value); err != nil {
		return &FieldError{Profile: f.program.name, Frame: f.layout.message.Name, Field: key, Offset: -1, Err: err}
	}
	var woven Frame
	if err := f.program.encode(&woven, f.layout, f.direction, builder{fields: fields, verbatim: true}); err != nil {
		return err
	}
	return f.program.decode(woven.direction, append([]byte(nil), woven.raw...), f)
}

// partsOf are the parts of the field of bits with this index.
func (p *program) partsOf(i int) []op {
	k := i + 1
	for k < len(p.ops) && p.ops[k].code == opPart {
		k++
	}
	return p.ops[i+1 : k]
}

// setPath puts a value into nested ones.
func setPath(fields map[string]any, path string, value any) error {
	var at any = fields
	for {
		end := strings.IndexAny(path[1:], ".[") + 1
		step := path
		if end > 0 {
			step = path[:end]
		}
		last := end <= 0
		switch level := at.(type) {
		case map[string]any:
			key := strings.TrimPrefix(step, ".")
			if last {
				level[key] = value
				return nil
			}
			at = level[key]
		case []any:
			i, err := strconv.Atoi(strings.Trim(step, "[]"))
			if err != nil || i < 0 || i >= len(level) {
				return ErrUnknownField
			}
			if last {
				level[i] = value
				return nil
			}
			at = level[i]
		default:
			return ErrUnknownField
		}
		path = path[end:]
	}
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

func readJSON(src []byte) (map[string]any, error) {
	fields := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	err := decoder.Decode(&fields)
	return fields, err
}
