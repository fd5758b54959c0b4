package protect

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// Opening is what it takes to open a frame.
type Opening struct {
	Key       Key
	Epoch     uint8  // for suites 10 and 11
	Counter   uint32 // for suite 11, and for suite 10 under the key of a connection: the whole counter
	Server    bool   // for suites 10 and 11: the frame is the server's
	Challenge []byte // Rs and Rd, 16 bytes: the key of the connection; nil: there is none
}

// Opened is what a protected frame was.
type Opened struct {
	Head             // complete: with the epoch and the whole counter
	Plain     []byte // the plain frame
	Reference []byte // in an answer: to what
	Tag       [4]byte
}

// ErrTag says that a frame is forged, or under another key.
var ErrTag = errors.New("wrong tag")

// ReferenceTo is the reference that an answer to the frame carries: IC and four bytes of the tag, or I.
func (o Opened) ReferenceTo() []byte { return o.AppendReferenceTo(nil) }

// AppendReferenceTo appends it to dst.
func (o Opened) AppendReferenceTo(dst []byte) []byte {
	switch o.Suite {
	case Auth24, Enc24:
		return append(dst, o.Tag[:3]...)
	case CCM8, CCM16:
		return append(binary.BigEndian.AppendUint32(dst, o.Counter), o.Tag[:]...)
	}
	return dst
}

// Open opens a protected frame and appends the plain one to dst.  The error is ErrTag; the frame is then not
// opened.  The frame and the memory of dst do not overlap.
func (l *Layout) Open(dst, frame []byte, o *Opening) (Opened, error) {
	if !l.Is(frame) {
		return Opened{}, ErrTag
	}
	h := l.Head(frame)
	if !h.Suite.SaysWay() {
		h.Server, h.OfConnection, h.Epoch, h.Counter = o.Server, o.Challenge != nil, o.Epoch&0x3f, o.Counter
	}
	if h.Suite == Auth24 && !h.OfConnection {
		h.Counter = 0
	}
	out := Opened{Head: h, Tag: [4]byte{frame[integrityAt], frame[integrityAt+1], frame[integrityAt+2]}}
	start := len(dst)
	if h.Suite == None {
		out.Head = Head{Serial: h.Serial, Server: o.Server}
		out.finish(l, append(dst, frame...)[start:])
		return out, nil
	}
	c, err := ciphersOf(&o.Key, h, o.Challenge)
	if err != nil {
		return Opened{}, ErrTag
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	switch h.Suite {
	case CCM8, CCM16:
		nonce, data := ccmInput(frame, h)
		tag := frame[len(frame)-h.Suite.trailer():]
		dst = append(append(dst, frame[:inClear]...), frame[inClear+headBytes:len(frame)-len(tag)]...)
		if subtle.ConstantTimeCompare(tag, c.aead.run(s, nonce[:], data[:], dst[start+inClear:], true)) != 1 {
			clear(dst[start:]) // what a wrong key made of it is nobody's
			return Opened{}, ErrTag
		}
		out.Tag = [4]byte(tag)
	default:
		if subtle.ConstantTimeCompare(l.mac(s, c, frame, h), frame[integrityAt:serialAt]) != 1 {
			return Opened{}, ErrTag
		}
		if h.Suite == Auth24 {
			dst = append(dst, frame...)
			break
		}
		dst = append(append(dst, frame[:l.Result+1]...), frame[l.Result+3:]...)
		s.crypt(c.encr, frame, h, dst[start+l.Result+1:])
	}
	out.finish(l, dst[start:])
	return out, nil
}

// finish makes bytes that were opened the plain frame, and cuts the reference off.
func (o *Opened) finish(l *Layout, plain []byte) {
	if n := o.Suite.ReferenceBytes(); n > 0 && l.carries(plain, o.Server) && len(plain) >= l.Header+n {
		plain, o.Reference = plain[:len(plain)-n:len(plain)-n], plain[len(plain)-n:]
	}
	plain[suiteAt], plain[integrityAt], plain[integrityAt+1], plain[integrityAt+2] = 0, 0, 0, 0
	putLength(plain)
	o.Plain = plain
}

// carries says whether a frame is of those that carry a reference.
func (l *Layout) carries(plain []byte, server bool) bool {
	way := 0
	if server {
		way = 1
	}
	return l.Answers[way][plain[l.Command]]
}

// putLength writes ML.
func putLength(frame []byte) {
	n := len(frame) - prefix
	frame[0] = byte(n/1000<<4 | n/100%10)
	frame[1] = byte(n/10%10<<4 | n%10)
}

// ccmInput is the nonce and the associated data of suites 20 and 21.
func ccmInput(frame []byte, h Head) (nonce [13]byte, data [16]byte) {
	nonce[0] = h.SC()
	copy(nonce[1:], h.Serial[:])
	nonce[5], nonce[6] = frame[versionAt], byte(h.Suite)
	binary.BigEndian.PutUint32(nonce[9:], h.Counter)
	copy(data[:], frame[:inClear+headBytes])
	data[integrityAt], data[integrityAt+1], data[integrityAt+2] = 0, 0, 0
	return nonce, data
}

// mac is I of suites 10 and 11; what I holds in frame counts as 0.
func (l *Layout) mac(s *scratch, c *ciphers, frame []byte, h Head) []byte {
	in := append(s.text[:0], byte(h.Suite), h.SC())
	in = append(in, h.Serial[:]...)
	switch {
	case h.Suite == Enc24 || h.OfConnection:
		in = binary.BigEndian.AppendUint32(in, h.Counter)
	case l.Number > 0:
		in = append(in, frame[l.Number:l.Number+4]...)
	default:
		in = append(in, 0, 0, 0, 0)
	}
	in = append(append(in, frame[:2]...), 0, 0, 0, 0)
	in = append(append(append(in, frame[:integrityAt]...), 0, 0, 0), frame[serialAt:]...)
	s.text = in
	return c.auth.sum(s, in)[:3]
}

// crypt encrypts and decrypts what is behind RC in suite 11.
func (s *scratch) crypt(block cipher.Block, frame []byte, h Head, text []byte) {
	s.count = [aes.BlockSize]byte{h.SC(), h.Serial[0], h.Serial[1], h.Serial[2], h.Serial[3], frame[versionAt], byte(h.Suite)}
	binary.BigEndian.PutUint32(s.count[9:], h.Counter)
	for len(text) > 0 {
		s.next(block)
		text = text[subtle.XORBytes(text, text, s.stream[:]):]
	}
}
