package codec

import (
	"bytes"
	"errors"
	"fmt"
)

// CheckExamples runs every [[example]] of the definition both ways: cut, decode, compare, encode, to JSON and
// back, answer.  Each error is an *ExampleError; one example may have several.
func CheckExamples(p *Profile) []error {
	var out []error
	for i := range p.examples {
		e := &p.examples[i]
		for _, err := range p.checkExample(e) {
			out = append(out, &ExampleError{File: e.file, Line: e.line, Key: e.path, Err: err})
		}
	}
	return out
}

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

func (p *Profile) checkExample(e *example) (out []error) {
	var f Frame
	if err := p.Decode(e.direction, e.frame, &f); err != nil {
		return append(out, err) // which says more than that framing does not find it either
	}
	advance, token, _ := p.Splitter(e.direction)(e.frame, true)
	if !bytes.Equal(token, e.frame) || advance != len(e.frame) {
		out = append(out, fmt.Errorf("framing finds %d of its %d bytes in a stream", len(token), len(e.frame)))
	}
	if len(e.request) > 0 {
		if err := p.relateExample(e, &f); err != nil {
			return append(out, err)
		}
	}
	for _, key := range keysOf(e.expect) {
		if err := p.expect(&f, key, e.expect[key]); err != nil {
			out = append(out, fmt.Errorf("%s: %w", key, err))
		}
	}
	if again, err := p.Append(nil, &f); err != nil {
		out = append(out, fmt.Errorf("it cannot be encoded again: %w", err))
	} else if !bytes.Equal(again, e.frame) {
		out = append(out, fmt.Errorf("encoded again it is %x", again))
	}
	if err := throughJSON(p, &f, e.frame); err != nil {
		out = append(out, err)
	}
	if len(e.reply) > 0 {
		switch reply, due, err := p.Reply(nil, &f, Env{Now: e.now}); {
		case err != nil:
			out = append(out, fmt.Errorf("the reply cannot be made: %w", err))
		case !due:
			out = append(out, fmt.Errorf("no [[reply]] is for it, expected %x", e.reply))
		case !bytes.Equal(reply, e.reply):
			out = append(out, fmt.Errorf("the reply is %x, expected %x", reply, e.reply))
		}
	}
	return out
}

// asks is the way of the frame that the example answers.
func (e *example) asks() Direction {
	if e.direction == Downlink {
		return Uplink
	}
	return Downlink
}

// relateExample tells f which request it answers.
func (p *Profile) relateExample(e *example, f *Frame) error {
	var request Frame
	if err := p.Decode(e.asks(), e.request, &request); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if len(p.grammar.answers) > 0 {
		if !p.Answers(&request, f) {
			return errors.New("request: by [answer] this is no answer to it")
		}
	}
	return p.Relate(&request, f)
}

// expect compares one field on the wire, so that a value may be written in any way that can be encoded.
func (p *Profile) expect(f *Frame, key string, want any) error {
	return p.expectAt(f, key, want)
}

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
