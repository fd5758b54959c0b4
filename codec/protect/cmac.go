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
	double(&c.k1, &c.k1)
	double(&c.k2, &c.k1)
	return c
}

// double makes out b times x in GF(2^128); they may be the same.
func double(out, b *[aes.BlockSize]byte) {
	carry := 0x87 * (b[0] >> 7)
	for i := range 15 {
		out[i] = b[i]<<1 | b[i+1]>>7
	}
	out[15] = b[15]<<1 ^ carry
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
func expand(k *Key) cipher.Block {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	return block
}
