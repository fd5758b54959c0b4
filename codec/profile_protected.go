package codec

import (
	"errors"

	"trama/codec/internal/decode"
	"trama/codec/internal/frame"
	"trama/codec/protect"
)

// Security is where protection finds its fields; nil: frames of the profile are never protected.
func (p *Profile) Security() *protect.Layout { return p.program.Security }

// Head is what stands in clear in a closed frame.
func (p *Profile) Head(f *frame.Frame) protect.Head { return p.program.Security.Head(f.Raw()) }

// Open opens the closed frame f: it is then the plain frame, and f.Protection what it came under.  f.Raw is the bytes of the
// plain frame, in memory of f that its next use overwrites.
//
// After protect.ErrTag f stays closed.  Any other error means that the tag is right and the plain frame cannot be read: f has no
// message, unless the error is that of f.Unreadable; but f.Raw and f.Protection are known.
func (p *Profile) Open(f *frame.Frame, o *protect.Opening) error { return decode.Open(p.program, f, o) }

// ErrUnprotectable says that frames of a profile are never protected.
var ErrUnprotectable = errors.New("frames of the profile are never protected: it has no [security]")

// Protect protects a plain frame and appends it to dst; on an error dst is returned as it was.  See protect.Layout.
func (p *Profile) Protect(dst, plain []byte, how *protect.Protection) ([]byte, error) {
	if p.program.Security == nil {
		return dst, ErrUnprotectable
	}
	return p.program.Security.Protect(dst, plain, how)
}
