package codec

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// CheckExamples runs every [[example]] of the definition both ways: cut, decode, compare, encode, to JSON and
// back, answer.  Each error is an *ExampleError; one example may have several.
func CheckExamples(p *Profile) (out []error) {
	for i := range p.examples {
		e := &p.examples[i]
		for _, err := range checkExample(p, e) {
			out = append(out, &ExampleError{File: e.file, Line: e.line, Key: e.path, Err: err})
		}
	}
	return out
}

func checkExample(p *Profile, e *example) (out []error) {
	note := func(err error) {
		if err != nil {
			out = append(out, err)
		}
	}
	var f Frame
	if err := p.Decode(e.direction, e.frame, &f); err != nil {
		if reply, due, _ := p.ReplyDamaged(nil, e.direction, e.frame, Env{Now: e.now}); due && len(e.reply) > 0 && len(e.expect) == 0 {
			if !bytes.Equal(reply, e.reply) {
				note(fmt.Errorf("the reply to this damaged frame is %x, expected %x", reply, e.reply))
			}
			return out
		}
		return append(out, err) // which says more than that framing does not find it either
	}
	for _, stream := range [][]byte{e.frame, slices.Concat(e.frame, e.frame)} {
		advance, token, _ := p.Splitter(e.direction)(stream, true)
		if !bytes.Equal(token, e.frame) || advance != len(e.frame) {
			note(fmt.Errorf("framing finds %d of its %d bytes in a stream", len(token), len(e.frame)))
			break
		}
	}
	if len(e.request) > 0 {
		if err := relateExample(p, e, &f); err != nil {
			return append(out, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e.expect)) {
		if err := expect(p, &f, key, e.expect[key]); err != nil {
			note(fmt.Errorf("%s: %w", key, err))
		}
	}
	if again, err := p.Append(nil, &f); err != nil {
		note(fmt.Errorf("it cannot be encoded again: %w", err))
	} else if !bytes.Equal(again, e.frame) {
		note(fmt.Errorf("encoded again it is %x", again))
	}
	note(throughJSON(p, &f, e.frame))
	if len(e.reply) > 0 {
		switch reply, due, err := p.Reply(nil, &f, Env{Now: e.now}); {
		case err != nil:
			note(fmt.Errorf("the reply cannot be made: %w", err))
		case !due:
			note(fmt.Errorf("no [[reply]] is for it, expected %x", e.reply))
		case !bytes.Equal(reply, e.reply):
			note(fmt.Errorf("the reply is %x, expected %x", reply, e.reply))
		}
	}
	return out
}

// requestOf decodes the frame that the example answers.
func requestOf(p *Profile, e *example) (*Frame, error) {
	way := Downlink
	if e.direction == Downlink {
		way = Uplink
	}
	f := new(Frame)
	return f, p.Decode(way, e.request, f)
}

// relateExample tells f which request it answers.
func relateExample(p *Profile, e *example, f *Frame) error {
	request, err := requestOf(p, e)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if len(p.answers) > 0 && !p.Answers(request, f) {
		return errors.New("request: by [answer] this is no answer to it")
	}
	return p.Relate(request, f)
}

// throughJSON makes JSON of a frame, and the frame of that.
func throughJSON(p *Profile, f *Frame, frame []byte) error {
	text, err := f.AppendJSON(nil)
	if err != nil {
		return err
	}
	var back Frame
	if err := p.ParseJSON(text, &back); err != nil {
		return fmt.Errorf("from JSON: %w", err)
	}
	switch again, err := p.Append(nil, &back); {
	case err != nil:
		return fmt.Errorf("from JSON: %w", err)
	case !bytes.Equal(again, frame):
		return fmt.Errorf("from JSON it is %x", again)
	}
	return nil
}

// expect compares a field by its path, on the wire, so that a value may be written in any way that can be encoded.
// Tables and arrays are compared field by field, and need not name all.
func expect(p *Profile, f *Frame, path string, want any) error {
	switch want := want.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if err := expect(p, f, path+"."+key, want[key]); err != nil {
				return err
			}
		}
		return nil
	case []any, []map[string]any:
		for i, element := range elementsOf(want) {
			if err := expect(p, f, fmt.Sprintf("%s[%d]", path, i), element); err != nil {
				return err
			}
		}
		return nil
	}
	i := f.at(path)
	if i < 0 {
		return fmt.Errorf("%w in message %s: %s", ErrUnknownField, f.layout.message.Name, path)
	}
	o := &p.ops[f.cells[i].op]
	it := f.item(i, o)
	text, _ := textOf(want)
	if it.Text() == text || it.v.missing && (text == "" || text == "-") {
		return nil
	}
	if o.code == opDecimal && !it.v.missing { // the same number in other characters is the same
		if x, err := parseRat(text); err == nil && it.Label() == "" && (o.form == nil || !o.form.degrees) &&
			x.Cmp(o.decimalValue(it.v.data)) == 0 {
			return nil
		}
	}
	other := fmt.Errorf("%s: found %s, expected %v", path, it.Text(), want)
	plain := *o
	switch {
	case o.code == opGroup || o.code == opList:
		return other
	case o.code == opComputed || o.code == opChecksum:
		if plain.size = 8; o.code == opChecksum {
			plain.code = opUint
		}
	case plain.size == 0:
		plain.size = int(f.cells[i].size)
	}
	if plain.form == nil {
		plain.form = &form{filler: -1}
	}
	b, num, err := plain.parseForm(nil, want, int(it.v.exp), true)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case o.numeric() && num != f.nums[i] || !o.numeric() && !bytes.Equal(b, it.v.data):
		return other
	}
	return nil
}
