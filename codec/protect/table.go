package protect

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"sync/atomic"
)

// purpose is what one expanded key is for.
type purpose struct {
	key       Key
	serial    [4]byte
	sc        byte
	suite     Suite
	challenge [16]byte
}

// ciphers are the expanded keys of one purpose; they do not change.
type ciphers struct {
	of   purpose
	used atomic.Bool  // since the last Rest
	aead *ccm         // suites 20 and 21
	auth *cmac        // suites 10 and 11
	encr cipher.Block // suite 11
}

// table keeps the ciphers of up to 32,768 purposes, two for a busy device, so that its frames expand no key.  A purpose stands
// in one of the ways slots of its set.
var table [32768]atomic.Pointer[ciphers]

const ways = 4

// Rest forgets the ciphers that no frame has used since the last call: those of idle devices take no memory.
func Rest() {
	for i := range table {
		if c := table[i].Load(); c != nil && !c.used.Swap(false) {
			table[i].CompareAndSwap(c, nil)
		}
	}
}

var errChallenge = errors.New("the key of a connection follows from 16 bytes of challenge, and suite 11 has none")

func ciphersOf(key *Key, h Head, challenge []byte) (*ciphers, error) {
	of := purpose{key: *key, serial: h.Serial, sc: h.SC(), suite: h.Suite}
	if h.OfConnection {
		if h.Suite == Enc24 || len(challenge) != len(of.challenge) {
			return nil, errChallenge
		}
		of.challenge = [16]byte(challenge)
	}
	set := table[(binary.BigEndian.Uint32(h.Serial[:])^uint32(of.sc)<<24^uint32(of.suite)<<16)*0x9e3779b1>>17&^(ways-1):][:ways]
	slot := &set[h.Serial[3]%ways] // the one that is given up when the set is full
	for i := range set {
		switch c := set[i].Load(); {
		case c == nil:
			slot = &set[i]
		case c.of == of:
			if !c.used.Load() {
				c.used.Store(true)
			}
			return c, nil
		}
	}
	c := &ciphers{of: of}
	c.used.Store(true)
	root := newCMAC(expand(key))
	switch h.Suite {
	case CCM8, CCM16:
		c.aead = &ccm{derive(root, "aead", &c.of), h.Suite.trailer()}
	case Enc24:
		c.encr = derive(root, "encr", &c.of)
		fallthrough
	default:
		c.auth = newCMAC(derive(root, "auth", &c.of))
	}
	slot.Store(c)
	return c, nil
}

// derive expands the key of a purpose (SP 800-108, counter mode with CMAC, one block).
func derive(root *cmac, label string, of *purpose) cipher.Block {
	which := []byte{of.sc & 0x3f}
	if of.sc&0x40 != 0 {
		label, which = "conn", of.challenge[:]
	}
	in := append([]byte{1}, label...)
	in = append(append(append(in, 0), of.serial[:]...), which...)
	in = append(in, of.sc>>7, byte(of.suite), 0, 0x80)
	return expand((*Key)(root.sum(new(scratch), in)))
}
