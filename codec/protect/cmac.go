package protect

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// cmac is AES-CMAC (RFC 4493) under one key.
type cmac struct {
	block  cipher.Block
	k1, k2 [aes.BlockSize]byte
}

func newCMAC(block cipher.Block) *cmac {
	c := &cmac{block: block}
	block.Encrypt(c.k1[:], c.k1[:])
	c.k1 = double(c.k1)
	c.k2 = double(c.k1)
	return c
}

// double multiplies by x in GF(2^128).
func double(b [aes.BlockSize]byte) (out [aes.BlockSize]byte) {
	for i := range 15 {
		out[i] = b[i]<<1 | b[i+1]>>7
	}
	out[15] = b[15]<<1 ^ 0x87*(b[0]>>7)
	return out
}

// sum is the CMAC of data, which is in s.
func (c *cmac) sum(s *scratch, data []byte) []byte {
	s.mac = [aes.BlockSize]byte{}
	for ; len(data) > aes.BlockSize; data = data[aes.BlockSize:] {
		subtle.XORBytes(s.mac[:], s.mac[:], data)
		c.block.Encrypt(s.mac[:], s.mac[:])
	}
	subtle.XORBytes(s.mac[:], s.mac[:], data)
	last := &c.k1
	if len(data) < aes.BlockSize {
		s.mac[len(data)] ^= 0x80
		last = &c.k2
	}
	subtle.XORBytes(s.mac[:], s.mac[:], last[:])
	c.block.Encrypt(s.mac[:], s.mac[:])
	return s.mac[:]
}

// expand makes the cipher of a key.
func expand(k [16]byte) cipher.Block {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	return block
}
