package check

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"trama/codec"
	"trama/codec/internal/encode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// ExampleError is one thing that an [[example]] of a definition shows to be wrong.
type ExampleError struct {
	File string
	Line int    // of the example
	Key  string // example[0] for the first one of the file
	Err  error
}

func (e *ExampleError) Error() string {
	return fmt.Sprintf("%s:%d: %s: %v", e.File, e.Line, e.Key, e.Err)
}

func (e *ExampleError) Unwrap() error { return e.Err }

// Examples runs every [[example]] of the definition both ways: cut, decode, compare, encode, to JSON and
// back, answer.  Each error is an *ExampleError; one example may have several.
func Examples(p *codec.Profile) (out []error) {
	for i := range p.Examples() {
		e := &p.Examples()[i]
		for _, err := range checkExample(p, e) {
			out = append(out, &ExampleError{File: e.File, Line: e.Line, Key: e.Path, Err: err})
		}
	}
	return out
}

func checkExample(p *codec.Profile, e *program.Example) (out []error) {
	note := func(err error) {
		if err != nil {
			out = append(out, err)
		}
	}
	var f frame.Frame
	if err := p.Decode(e.Direction, e.Frame, &f); err != nil {
		if reply, due, _ := p.ReplyDamaged(nil, e.Direction, e.Frame, encode.Env{Now: e.Now}); due &&
			len(e.Reply) > 0 && len(e.Expect) == 0 {
			if !bytes.Equal(reply, e.Reply) {
				note(fmt.Errorf("the reply to this damaged frame is %x, expected %x", reply, e.Reply))
			}
			return out
		}
		return append(out, err) // which says more than that framing does not find it either
	}
	for n := range 2 {
		frames := [][]byte{e.Frame, e.Frame}[:n+1]
		if token, bad := misread(p, e.Direction, slices.Concat(frames...), frames...); bad &&
			!(n > 0 && f.Body.FrameKind.Paused && !p.HasChecksum()) {
			note(fmt.Errorf("framing finds %d of its %d bytes in a stream", len(token), len(e.Frame)))
			break
		}
	}
	if len(e.Request) > 0 {
		if err := relateExample(p, e, &f); err != nil {
			return append(out, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e.Expect)) {
		if err := expect(p, &f, key, e.Expect[key]); err != nil {
			note(fmt.Errorf("%s: %w", key, err))
		}
	}
	if e.Command != nil {
		note(commandOf(p, e))
	}
	note(expectSamples(&f, e.Samples))
	if again, err := p.Append(nil, &f); err != nil {
		note(fmt.Errorf("it cannot be encoded again: %w", err))
	} else if !bytes.Equal(again, e.Frame) {
		note(fmt.Errorf("encoded again it is %x", again))
	}
	note(throughJSON(p, &f, e.Frame))
	if len(e.Reply) > 0 {
		switch reply, due, err := p.Reply(nil, &f, encode.Env{Now: e.Now}); {
		case err != nil:
			note(fmt.Errorf("the reply cannot be made: %w", err))
		case !due:
			note(fmt.Errorf("no [[reply]] is for it, expected %x", e.Reply))
		case !bytes.Equal(reply, e.Reply):
			note(fmt.Errorf("the reply is %x, expected %x", reply, e.Reply))
		}
	}
	return out
}

// requestOf decodes the frame that the example answers.
func requestOf(p *codec.Profile, e *program.Example) (*frame.Frame, error) {
	way := field.Downlink
	if e.Direction == field.Downlink {
		way = field.Uplink
	}
	f := new(frame.Frame)
	return f, p.Decode(way, e.Request, f)
}

// relateExample tells f which request it answers.
func relateExample(p *codec.Profile, e *program.Example, f *frame.Frame) error {
	request, err := requestOf(p, e)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if len(p.Program().Answers) > 0 && !p.Answers(request, f) {
		return errors.New("request: by [answer] this is no answer to it")
	}
	return p.Relate(request, f)
}

// commandOf gives the frame what its command says, which must change nothing.
func commandOf(p *codec.Profile, e *program.Example) error {
	var f frame.Frame
	fields, err := e.Command.Fields(e.Arguments)
	if err != nil {
		return err
	}
	if err := p.Decode(e.Direction, e.Frame, &f); err != nil || f.Body.Message != e.Command.Message {
		return fmt.Errorf("command %s sends %s, not this message", e.Command.Name, e.Command.Message.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if err := p.Set(&f, key, fields[key]); err != nil {
			return err
		}
	}
	raw, err := p.Append(nil, &f)
	if err == nil && !bytes.Equal(raw, e.Frame) {
		err = fmt.Errorf("command %s with these arguments makes it %x", e.Command.Name, raw)
	}
	return err
}

// throughJSON makes JSON of a frame, and the frame of that.
func throughJSON(p *codec.Profile, f *frame.Frame, raw []byte) error {
	text, err := f.AppendJSON(nil)
	if err != nil {
		return err
	}
	var back frame.Frame
	if err := p.ParseJSON(text, &back); err != nil {
		return fmt.Errorf("from JSON: %w", err)
	}
	switch again, err := p.Append(nil, &back); {
	case err != nil:
		return fmt.Errorf("from JSON: %w", err)
	case !bytes.Equal(again, raw):
		return fmt.Errorf("from JSON it is %x", again)
	}
	return nil
}

// expectSamples compares the values of points, of which want need not name all; those of several records are an array.
func expectSamples(f *frame.Frame, want map[string]any) error {
	var all frame.Samples
	f.Samples(time.Time{}, &all)
	values := map[string][]frame.Value{}
	for _, s := range all.List {
		values[string(s.Point)] = append(values[string(s.Point)], s.Item.Value())
	}
	for _, point := range slices.Sorted(maps.Keys(want)) {
		texts := []any{want[point]}
		if list, several := want[point].([]any); several {
			texts = list
		}
		found, known := values[point]
		switch {
		case !known:
			return fmt.Errorf("samples: found %q, expected %q", slices.Sorted(maps.Keys(values)), point)
		case !slices.EqualFunc(found, texts, reads):
			return fmt.Errorf("samples: %s: found %v, expected %v", point, found, texts)
		}
	}
	return nil
}

// reads says that a definition may write the value so: its label, its number, its text.
func reads(v frame.Value, want any) bool {
	text, _ := scalar.TextOf(want)
	if text == v.String() || text != "" && text == v.Label() {
		return true
	}
	x, number := v.Number()
	y, err := strconv.ParseFloat(text, 64)
	return number && err == nil && x == y
}

// expect compares a field by its path, on the wire, so that a value may be written in any way that can be encoded.
// Tables and arrays are compared field by field, and need not name all.
func expect(p *codec.Profile, f *frame.Frame, path string, want any) error {
	switch want := want.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if err := expect(p, f, path+"."+key, want[key]); err != nil {
				return err
			}
		}
		return nil
	case []any, []map[string]any:
		for i, element := range program.ElementsOf(want) {
			if err := expect(p, f, fmt.Sprintf("%s[%d]", path, i), element); err != nil {
				return err
			}
		}
		return nil
	}
	i := f.At(path)
	if i < 0 {
		return fmt.Errorf("%w in message %s: %s", field.ErrUnknownField, f.Body.Message.Name, path)
	}
	o := &p.Program().Ops[f.Cells[i].Op]
	it := f.ItemAt(i, o)
	text, _ := scalar.TextOf(want)
	if it.Text() == text || it.V.Missing && (text == "" || text == "-") {
		return nil
	}
	if o.Code == scalar.OpDecimal && !it.V.Missing { // the same number in other characters is the same
		if x, err := scalar.ParseRat(text); err == nil && it.Label() == "" && (o.Form == nil || !o.Form.Degrees) &&
			x.Cmp(o.DecimalValue(it.V.Data)) == 0 {
			return nil
		}
	}
	other := fmt.Errorf("%s: found %s, expected %v", path, it.Text(), want)
	plain := *o
	switch {
	case o.Code == scalar.OpGroup || o.Code == scalar.OpList:
		return other
	case o.Code == scalar.OpComputed || o.Code == scalar.OpChecksum:
		if plain.Size = 8; o.Code == scalar.OpChecksum {
			plain.Code = scalar.OpUint
		}
	case plain.Size == 0:
		plain.Size = int(f.Cells[i].Size)
	}
	if plain.Form == nil {
		plain.Form = &scalar.Form{Filler: -1}
	}
	b, num, err := plain.Parse(nil, want, int(it.V.Exp), true)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case o.Numeric() && num != f.Nums[i] || !o.Numeric() && !bytes.Equal(b, it.V.Data):
		return other
	}
	return nil
}
