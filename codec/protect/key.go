package protect

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// Key is a device key.  However it is printed, it reads "(key)".  Functions take a pointer to it, or to what holds it: the trace of
// a crash shows the bytes of arguments that are passed by value.
type Key [16]byte

const hidden = "(key)"

// ParseKey reads 32 hex digits.  The error does not repeat them.
func ParseKey(digits string) (k Key, err error) {
	if len(digits) != 2*len(k) {
		return Key{}, fmt.Errorf("a key is %d hex digits, not %d", 2*len(k), len(digits))
	}
	if _, err := hex.Decode(k[:], []byte(digits)); err != nil {
		return Key{}, fmt.Errorf("a key is %d hex digits; some of these are none", 2*len(k))
	}
	return k, nil
}

// Bytes are the key itself, for a key file.
func (k *Key) Bytes() []byte { return k[:] }

// String hides the key.
func (Key) String() string { return hidden }

// Format hides the key, whatever the verb.
func (Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hidden)) }

// MarshalText hides the key, in JSON, TOML and log lines.
func (Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// wrapStart is the initial value of RFC 3394, section 2.2.3.1.
const wrapStart = 0xa6a6a6a6a6a6a6a6

// ErrUnwrap says that a wrapped key was wrapped by another key, or changed.
var ErrUnwrap = errors.New("wrapped key is damaged, or another key wrapped it")

// WrappingKey is the key that the next key of a device is wrapped by on its way to it: it follows from the present one.
func WrappingKey(of *Key, serial [4]byte) Key {
	in := append([]byte("\x01wrap\x00"), serial[:]...)
	return Key(newCMAC(expand(of)).sum(new(scratch), append(in, 0, 0x80, 0, 0, 0x80))) // as derive, with epoch and suite 0
}

// WrapKey wraps a key by another one (RFC 3394): 24 bytes.
func WrapKey(by, key *Key) []byte {
	block := expand(by)
	out := make([]byte, 8+len(key))
	copy(out[8:], key[:])
	var b [aes.BlockSize]byte
	a := uint64(wrapStart)
	for t := uint64(1); t <= 12; t++ {
		r := out[8+8*((t-1)%2):][:8]
		binary.BigEndian.PutUint64(b[:8], a)
		copy(b[8:], r)
		block.Encrypt(b[:], b[:])
		a = binary.BigEndian.Uint64(b[:8]) ^ t
		copy(r, b[8:])
	}
	binary.BigEndian.PutUint64(out, a)
	return out
}

// UnwrapKey undoes WrapKey.  The error is ErrUnwrap.
func UnwrapKey(by *Key, wrapped []byte) (key Key, err error) {
	if len(wrapped) != 8+len(key) {
		return Key{}, ErrUnwrap
	}
	block := expand(by)
	copy(key[:], wrapped[8:])
	var b [aes.BlockSize]byte
	a := binary.BigEndian.Uint64(wrapped)
	for t := uint64(12); t >= 1; t-- {
		r := key[8*((t-1)%2):][:8]
		binary.BigEndian.PutUint64(b[:8], a^t)
		copy(b[8:], r)
		block.Decrypt(b[:], b[:])
		a = binary.BigEndian.Uint64(b[:8])
		copy(r, b[8:])
	}
	var start, got [8]byte
	binary.BigEndian.PutUint64(start[:], wrapStart)
	binary.BigEndian.PutUint64(got[:], a)
	if subtle.ConstantTimeCompare(start[:], got[:]) != 1 {
		return Key{}, ErrUnwrap
	}
	return key, nil
}
