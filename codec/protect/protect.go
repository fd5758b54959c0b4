package protect

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Protection is how a plain frame is protected.
type Protection struct {
	Suite     Suite
	Key       Key
	Epoch     uint8
	Counter   uint32
	Server    bool   // the frame is the server's
	Challenge []byte // Rs and Rd, 16 bytes: the key of the connection; nil: that of the epoch
	Reference []byte // for an answer: Opened.ReferenceTo of what it answers; nil in other frames
}

var emptyTag [16]byte

var (
	errPlain   = errors.New("these bytes are no plain frame")
	errVersion = errors.New("frames of version 00 are never protected: nobody would find them")
)

// Protect protects a plain frame and appends it to dst.  The caller never uses a counter twice under one key, epoch, direction
// and suite.  On an error dst is returned as it was.
func (l *Layout) Protect(dst, plain []byte, p *Protection) ([]byte, error) {
	if len(plain) < l.Header || len(plain) > l.Max || length(plain) != len(plain) || Suite(plain[suiteAt]) != None ||
		integrity(plain) != 0 {
		return dst, errPlain
	}
	if plain[versionAt] == 0 {
		return dst, errVersion
	}
	if !p.Suite.Known() {
		return dst, fmt.Errorf("suite %v: there is none", p.Suite)
	}
	want := 0
	if l.carries(plain, p.Server) {
		want = p.Suite.ReferenceBytes()
	}
	if len(p.Reference) != want {
		return dst, fmt.Errorf("suite %v: command %q carries a reference of %d bytes, not %d", p.Suite, plain[l.Command], want,
			len(p.Reference))
	}
	h := Head{Suite: p.Suite, Serial: [4]byte(plain[serialAt:]), Server: p.Server, OfConnection: p.Challenge != nil,
		Epoch: p.Epoch & 0x3f, Counter: p.Counter}
	start := len(dst)
	var c *ciphers
	if p.Suite != None {
		var err error
		if c, err = ciphersOf(&p.Key, h, p.Challenge); err != nil {
			return dst, err
		}
	}
	out := dst
	switch p.Suite {
	case None, Auth24:
		out = append(append(out, plain...), p.Reference...)
	case Enc24:
		out = append(out, plain[:l.Result+1]...)
		out = append(out, byte(h.Counter>>8), byte(h.Counter))
		out = append(append(out, plain[l.Result+1:]...), p.Reference...)
	case CCM8, CCM16:
		out = append(append(out, plain[:inClear]...), h.SC())
		out = binary.BigEndian.AppendUint32(out, h.Counter)
		out = append(append(out, plain[inClear:]...), p.Reference...)
		out = append(out, emptyTag[:p.Suite.trailer()]...)
	}
	frame := out[start:]
	frame[suiteAt] = byte(p.Suite)
	putLength(frame)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	switch p.Suite {
	case CCM8, CCM16:
		nonce, data := ccmInput(frame, h)
		secret := len(frame) - p.Suite.trailer()
		copy(frame[secret:], c.aead.run(s, nonce[:], data[:], frame[inClear+headBytes:secret], false))
		putIntegrity(frame, frameCRC(frame))
	case Enc24:
		s.crypt(c.encr, frame, h, frame[l.Result+3:])
		fallthrough
	case Auth24:
		copy(frame[integrityAt:serialAt], l.mac(s, c, frame, h))
	case None:
		putIntegrity(frame, frameCRC(frame))
	}
	return out, nil
}

func putIntegrity(frame []byte, crc uint32) {
	frame[integrityAt], frame[integrityAt+1], frame[integrityAt+2] = byte(crc>>16), byte(crc>>8), byte(crc)
}
