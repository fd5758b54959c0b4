package connection

import (
	"trama/actors/admission"
	"trama/codec"
	"trama/codec/protect"
	"trama/transport"
)

// decoded are the frames of a transport.Batch as the walk that cut them has found them.  Frames lie with the batch and
// are used again with it.
type decoded struct{ frames []codec.Frame }

// cutter cuts and decodes in one walk.
type cutter struct {
	profile *codec.Profile
	weak    codec.Around // codec.Weak, or nothing
}

// Cutter is how the streams of masters and integrators are cut by a profile.  A connection can only take batches that
// it has cut.  A listener that takes frames of suites 10 and 11 looks for them.
func Cutter(p *codec.Profile, policy *admission.Policy) transport.Cutter {
	return cutter{p, Weak(policy)}
}

// Weak is codec.Weak on a listener that takes frames of suites 10 and 11; 0 on others.
func Weak(policy *admission.Policy) codec.Around {
	if policy.Allows(protect.Auth24) || policy.Allows(protect.Enc24) {
		return codec.Weak
	}
	return 0
}

// The hints of transport and of the codec are the same, bit by bit.
var _ = [1]struct{}{}[uint8(transport.Behind)^uint8(codec.Behind)|uint8(transport.Quiet)^uint8(codec.Quiet)|
	uint8(transport.Ended)^uint8(codec.Ended)]

// Next implements transport.Cutter.
func (c cutter) Next(b *transport.Batch, data []byte, around transport.Around) (advance int, token []byte, err error) {
	found, ok := b.Found.(*decoded)
	if !ok {
		found = new(decoded)
		b.Found = found
	}
	n := len(b.Frames)
	if n >= len(found.frames) {
		found.frames = append(found.frames, codec.Frame{})
		found.frames = found.frames[:cap(found.frames)]
	}
	f := &found.frames[n]
	if advance, ok = c.profile.Next(codec.Uplink, data, codec.Around(around)|c.weak, f); ok {
		token = f.Raw()
	}
	return advance, token, nil
}
