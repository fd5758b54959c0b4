package protect

import (
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
func (o Opened) ReferenceTo() []byte {
	switch o.Suite {
	case Auth24, Enc24:
		return append([]byte(nil), o.Tag[:3]...)
	case CCM8, CCM16:
		return append(binary.BigEndian.AppendUint32(nil, o.Counter), o.Tag[:]...)
	}
	return nil
}

// Open opens a protected frame and appends the plain one to dst.  The error is ErrTag; the frame is then not opened.  The
// frame and the memory of dst do not overlap.
func (l *Layout) Open(dst, frame []byte, o Opening) (Opened, error) {
	if !l.Is(frame) {
		return Opened{}, ErrTag
	}
	h := l.Head(frame)
	if h.Suite == Auth24 || h.Suite == Enc24 {
		h.Server, h.OfConnection, h.Epoch = o.Server, o.Challenge != nil, o.Epoch&0x3f
		h.Counter = o.Counter
	}
	if h.Suite == Auth24 && !h.OfConnection {
		h.Counter = 0
	}
	out := Opened{Head: h, Tag: [4]byte{frame[integrityAt], frame[integrityAt+1], frame[integrityAt+2]}}
	start := len(dst)
	if h.Suite == None {
		out.Server = o.Server
		dst = append(dst, frame...)
		out.finish(l, dst[start:])
		return out, nil
	}
	c, err := ciphersOf(o.Key, h, o.Challenge)
	if err != nil {
		return Opened{}, ErrTag
	}
	switch h.Suite {
	case CCM8, CCM16:
		nonce, data := ccmInput(frame, h)
		dst = append(dst, frame[:clear]...)
		if dst, err = c.aead.Open(dst, nonce[:], frame[clear+headBytes:], data[:]); err != nil {
			return Opened{}, ErrTag
		}
		out.Tag = [4]byte(frame[len(frame)-h.Suite.trailer():])
	default:
		mac := l.mac(c, frame, h)
		if subtle.ConstantTimeCompare(mac[:], frame[integrityAt:serialAt]) != 1 {
			return Opened{}, ErrTag
		}
		if h.Suite == Auth24 {
			dst = append(dst, frame...)
			break
		}
		dst = append(append(dst, frame[:l.Result+1]...), frame[l.Result+3:]...)
		secret := dst[start+l.Result+1:]
		stream(c.encr, frame, h).XORKeyStream(secret, secret)
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
	copy(data[:], frame[:clear+headBytes])
	data[integrityAt], data[integrityAt+1], data[integrityAt+2] = 0, 0, 0
	return nonce, data
}

// mac is I of suites 10 and 11; what I holds in frame counts as 0.
func (l *Layout) mac(c *ciphers, frame []byte, h Head) (mac [3]byte) {
	var head [16]byte
	head[0], head[1] = byte(h.Suite), h.SC()
	copy(head[2:], h.Serial[:])
	switch {
	case h.Suite == Enc24 || h.OfConnection:
		binary.BigEndian.PutUint32(head[6:], h.Counter)
	case l.Number > 0:
		copy(head[6:10], frame[l.Number:])
	}
	copy(head[10:], frame[:2])
	first := make([]byte, 16, 32)
	copy(first, head[:])
	in := append(first, frame...)
	in[16+integrityAt], in[16+integrityAt+1], in[16+integrityAt+2] = 0, 0, 0
	sum := c.auth.sum(nil, in)
	return [3]byte(sum[:])
}

// stream encrypts and decrypts what is behind RC in suite 11.
func stream(block cipher.Block, frame []byte, h Head) cipher.Stream {
	var first [16]byte
	first[0] = h.SC()
	copy(first[1:], h.Serial[:])
	first[5], first[6] = frame[versionAt], byte(h.Suite)
	binary.BigEndian.PutUint32(first[9:], h.Counter)
	first[15] = 1
	return cipher.NewCTR(block, first[:])
}
