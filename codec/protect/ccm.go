package protect

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"sync"
)

// scratch holds the blocks of one frame's ciphers: what a cipher gets by interface would be allocated for each call.
type scratch struct {
	mac, count, stream [aes.BlockSize]byte
	text               []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// next makes the next block of a key stream.
func (s *scratch) next(block cipher.Block) {
	for i := len(s.count) - 1; ; i-- {
		if s.count[i]++; s.count[i] != 0 {
			break
		}
	}
	block.Encrypt(s.stream[:], s.count[:])
}

// ccm is AES-CCM (RFC 3610).  A library would allocate for each frame as much as the rest of its way does.
type ccm struct {
	block cipher.Block
	tag   int // bytes: 4 to 16, even
}

// run encrypts text in place, or decrypts it, and returns its tag, which is in s.  A nonce has 7 to 13 bytes; data, which is
// authenticated with text, fewer than 65,280.
func (c *ccm) run(s *scratch, nonce, data, text []byte, decrypt bool) []byte {
	n := len(nonce)
	s.mac = [aes.BlockSize]byte{byte(c.tag-2)/2<<3 | byte(14-n)}
	if len(data) > 0 {
		s.mac[0] |= 0x40
	}
	copy(s.mac[1:], nonce)
	for i, size := 15, len(text); i > n; i-- {
		s.mac[i] = byte(size)
		size >>= 8
	}
	c.block.Encrypt(s.mac[:], s.mac[:])
	if len(data) > 0 {
		s.mac[0] ^= byte(len(data) >> 8)
		s.mac[1] ^= byte(len(data))
		data = data[subtle.XORBytes(s.mac[2:], s.mac[2:], data):]
		c.block.Encrypt(s.mac[:], s.mac[:])
		for len(data) > 0 {
			data = data[subtle.XORBytes(s.mac[:], s.mac[:], data):]
			c.block.Encrypt(s.mac[:], s.mac[:])
		}
	}
	s.count = [aes.BlockSize]byte{byte(14 - n)}
	copy(s.count[1:], nonce)
	for len(text) > 0 {
		chunk := text[:min(len(text), aes.BlockSize)]
		s.next(c.block)
		if decrypt {
			subtle.XORBytes(chunk, chunk, s.stream[:])
		}
		subtle.XORBytes(s.mac[:], s.mac[:], chunk)
		if !decrypt {
			subtle.XORBytes(chunk, chunk, s.stream[:])
		}
		c.block.Encrypt(s.mac[:], s.mac[:])
		text = text[len(chunk):]
	}
	clear(s.count[n+1:])
	c.block.Encrypt(s.stream[:], s.count[:])
	subtle.XORBytes(s.mac[:], s.mac[:], s.stream[:])
	return s.mac[:c.tag]
}
