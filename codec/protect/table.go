package protect

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"sync/atomic"

	"github.com/pion/dtls/v3/pkg/crypto/ccm"
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
	aead cipher.AEAD  // suites 20 and 21
	auth *cmac        // suites 10 and 11
	encr cipher.Block // suite 11
}

// table keeps the newest ciphers of 1,024 purposes, so that a frame of a busy device expands no key.
var table [1024]atomic.Pointer[ciphers]

var errChallenge = errors.New("the key of a connection follows from 16 bytes of challenge, and suite 11 has none")

func ciphersOf(key Key, h Head, challenge []byte) (*ciphers, error) {
	of := purpose{key: key, serial: h.Serial, sc: h.SC(), suite: h.Suite}
	if h.OfConnection && (h.Suite == Enc24 || copy(of.challenge[:], challenge) != len(challenge) || len(challenge) != 16) {
		return nil, errChallenge
	}
	slot := &table[(binary.BigEndian.Uint32(h.Serial[:])^uint32(of.sc)<<24^uint32(of.suite)<<16)*0x9e3779b1>>22]
	if c := slot.Load(); c != nil && c.of == of {
		return c, nil
	}
	c := &ciphers{of: of}
	root := newCMAC(expand(key))
	label := "auth"
	if h.Suite.trailer() > 0 {
		label = "aead"
	}
	if h.Suite == Enc24 {
		c.encr = expand(derive(root, "encr", of))
	}
	block := expand(derive(root, label, of))
	if n := h.Suite.trailer(); n > 0 {
		aead, err := ccm.NewCCM(block, n, 13)
		if err != nil {
			panic(err) // 13 and both sizes are allowed
		}
		c.aead = aead
	} else {
		c.auth = newCMAC(block)
	}
	slot.Store(c)
	return c, nil
}

// derive makes the key of a purpose (SP 800-108, counter mode with CMAC, one block).
func derive(root *cmac, label string, of purpose) [16]byte {
	ofConnection := of.sc&0x40 != 0
	if ofConnection {
		label = "conn"
	}
	in := append(make([]byte, 0, 30), 1)
	in = append(in, label...)
	in = append(in, 0)
	in = append(in, of.serial[:]...)
	if ofConnection {
		in = append(in, of.challenge[:]...)
	} else {
		in = append(in, of.sc&0x3f)
	}
	in = append(in, of.sc>>7, byte(of.suite), 0, 0x80)
	return root.sum(nil, in)
}
