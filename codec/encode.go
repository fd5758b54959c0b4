package codec

import (
	"fmt"
	"slices"
)

// Append appends the bytes of f to dst.  The length field is computed anew; everything else is written as it
// stands, so Append of a decoded frame gives the same bytes.  On an error dst is returned as it was.
func (p *Profile) Append(dst []byte, f *Frame) ([]byte, error) {
	if f.layout == nil || f.profile != p {
		return dst, &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	if p.grammar != nil { // such a frame is always one that was decoded, or woven and decoded
		return append(dst, f.raw...), nil
	}
	if plan := f.layout.plan; plan != nil {
		start := len(dst)
		dst = slices.Grow(dst, plan.total)[:start+plan.total]
		plan.write(p, f, dst[start:])
		return dst, nil
	}
	total := f.size()
	if err := p.checkTotal(f.layout, total); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = slices.Grow(dst, total)[:start+total]
	out := dst[start:]
	off := 0
	for i := range f.cells {
		c := &f.cells[i]
		o := &p.ops[c.op]
		end := off + int(c.size)
		switch {
		case o.code == opPart:
		case o.flags&flagLength != 0:
			o.store(out[off:end], p.lengthValue(total))
		case o.code < opPart:
			o.store(out[off:end], f.nums[i])
		default:
			copy(out[off:end], f.data[c.off:c.off+c.size])
		}
		off = end
	}
	return dst, nil
}

// size of the frame on the wire.
func (f *Frame) size() (n int) {
	for i := range f.cells {
		n += int(f.cells[i].size)
	}
	return n
}

// checkTotal refuses a frame that is too large for the profile or for its length field.
func (p *Profile) checkTotal(l *layout, total int) error {
	if total <= p.length.hi {
		return nil
	}
	return &FieldError{Profile: p.name, Frame: l.message.Name, Offset: -1,
		Err: fmt.Errorf("%w: frame of %d bytes, allowed %d", ErrLong, total, p.length.hi)}
}
