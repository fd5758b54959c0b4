package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// objects reads JSON objects one after the other, whatever white space stands in and between them, and knows where each begins.
type objects struct {
	decoder      *json.Decoder
	n            int     // objects begun
	lines        int64   // ended before the object
	start        int64   // of the object's line, in bytes from the beginning
	line, column int64   // where the object begins, from 1 on
	ends         []int64 // line ends that have been read and not passed
	read         int64
}

func newObjects(in io.Reader) *objects {
	o := &objects{}
	o.decoder = json.NewDecoder(io.TeeReader(in, o))
	return o
}

// Write takes note of the line ends that the decoder reads.
func (o *objects) Write(p []byte) (int, error) {
	for i, c := range p {
		if c == '\n' {
			o.ends = append(o.ends, o.read+int64(i))
		}
	}
	o.read += int64(len(p))
	return len(p), nil
}

// next returns the text of the next object, io.EOF after the last.
func (o *objects) next() ([]byte, error) {
	var object json.RawMessage
	err := o.decoder.Decode(&object)
	if err == io.EOF {
		return nil, err
	}
	o.n++
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		o.locate(syntax.Offset - 1) // it counts the byte that is wrong
		return nil, usageError{fmt.Errorf("%s: %w", o.place(), err)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		o.locate(o.read)
		return nil, usageError{fmt.Errorf("%s: the text ends inside the object", o.place())}
	case err != nil:
		return nil, err
	}
	o.locate(o.decoder.InputOffset() - int64(len(object)))
	if object[0] != '{' {
		return nil, usageError{fmt.Errorf("%s: found %.20s, expected an object", o.place(), object)}
	}
	return object, nil
}

// locate turns an offset, which never lies before the last one, into line and column.
func (o *objects) locate(offset int64) {
	for len(o.ends) > 0 && o.ends[0] < offset {
		o.lines++
		o.start, o.ends = o.ends[0]+1, o.ends[1:]
	}
	o.line, o.column = o.lines+1, offset-o.start+1
}

func (o *objects) place() string {
	return fmt.Sprintf("object %d, line %d column %d", o.n, o.line, o.column)
}
