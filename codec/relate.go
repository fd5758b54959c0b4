package codec

import "fmt"

// relate tells answer what request asked: the fields that the definition computes from `request.KEY` are there
// afterwards.  Without it, or when the definition has none, they are not.  The frames must go together (see
// Answers); whether they do is not looked at.  The error is a *FieldError; answer is then without a message.
func (p *program) relate(request, answer *Frame) error {
	if request.layout == nil || answer.layout == nil || request.program != p || answer.program != p {
		return &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	if len(p.asks) == 0 {
		return nil
	}
	if answer.raw == nil {
		return &FieldError{Profile: p.name, Frame: answer.layout.message.Name, Offset: -1, Err: fmt.Errorf("%w: it was built, not received", ErrValue)}
	}
	return p.decodeAnswer(answer.direction, answer.raw, answer, request)
}

// valueAt is the number of a field as expressions see it; 0 when it is not there.
func (f *Frame) valueAt(key string) int64 {
	i := f.at(key)
	if i < 0 || f.cells[i].exp == noValue {
		return 0
	}
	o := &f.program.ops[f.cells[i].op]
	if o.code == opList {
		n := int64(0)
		for k := i + 1; k < len(f.cells) && f.cells[k].depth > f.cells[i].depth; k++ {
			n += truth(f.cells[k].depth == f.cells[i].depth+1)
		}
		return n
	}
	return int64(o.counted(f.nums[i], f.bytes(i)))
}
