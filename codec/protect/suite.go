package protect

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// Suite is how a frame is protected: the byte TE of its header, whose digits are the suite's number.
type Suite uint8

// Suites.
const (
	None   Suite = 0x00 // a plain frame, or one whose I holds a CRC-24
	Auth24 Suite = 0x10
	Enc24  Suite = 0x11
	CCM8   Suite = 0x20
	CCM16  Suite = 0x21
)

// ParseSuite reads the two digits of a suite: "20".
func ParseSuite(s string) (Suite, error) {
	if n, err := strconv.ParseUint(s, 16, 8); err == nil && len(s) == 2 && Suite(n).Known() {
		return Suite(n), nil
	}
	return None, fmt.Errorf("%q is no suite; there are 00, 10, 11, 20 and 21", s)
}

// Known says whether there is such a suite.
func (s Suite) Known() bool {
	switch s {
	case None, Auth24, Enc24, CCM8, CCM16:
		return true
	}
	return false
}

// String is the suite's number: "20".
func (s Suite) String() string { return fmt.Sprintf("%02x", uint8(s)) }

// Name of the suite: "CCM-8".
func (s Suite) Name() string {
	switch s {
	case None:
		return "none"
	case Auth24:
		return "AUTH-24"
	case Enc24:
		return "ENC-24"
	case CCM8:
		return "CCM-8"
	case CCM16:
		return "CCM-16"
	}
	return "unknown"
}

// TagBits is the size of the tag: 24, 64 or 128; 0 for None.
func (s Suite) TagBits() int {
	switch s {
	case Auth24, Enc24:
		return 24
	}
	return 8 * s.trailer()
}

// MarshalText writes the suite's number.
func (s Suite) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the suite's number.
func (s *Suite) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSuite(string(text))
	return err
}

// ReferenceBytes is the size of the reference in an answer: 8, 3, or 0 for None.
func (s Suite) ReferenceBytes() int {
	switch s {
	case Auth24, Enc24:
		return 3
	case CCM8, CCM16:
		return 8
	}
	return 0
}

// SaysWay says whether frames say who has sent them.
func (s Suite) SaysWay() bool { return s == CCM8 || s == CCM16 }

// trailer is the size of the tag behind the encrypted bytes.
func (s Suite) trailer() int {
	switch s {
	case CCM8:
		return 8
	case CCM16:
		return 16
	}
	return 0
}

// added is how many bytes a protected frame without a reference has beyond the plain one.
func (s Suite) added() int {
	switch s {
	case Enc24:
		return 2
	case CCM8, CCM16:
		return headBytes + s.trailer()
	}
	return 0
}

// Head is what stands in clear in a protected frame, and what an opened one came under.
type Head struct {
	Suite        Suite
	Serial       [4]byte
	Server       bool   // sent by the server; suites 10 and 11 do not say so
	OfConnection bool   // under the key of one connection
	Epoch        uint8  // of the key; suites 10 and 11 do not say it
	Counter      uint32 // IC; suite 11 says its low half, suite 10 nothing
}

// Digits is the serial as people write it: eight digits.
func (h Head) Digits() string { return hex.EncodeToString(h.Serial[:]) }

// SC is the byte of direction, kind of key and epoch.
func (h Head) SC() byte {
	sc := h.Epoch & 0x3f
	if h.OfConnection {
		sc |= 0x40
	}
	if h.Server {
		sc |= 0x80
	}
	return sc
}

// CounterNear is the whole counter of a frame of suite 11, given the highest one that its peer has used: at most 16,384 above
// it, else below, if there is one below.
func (h Head) CounterNear(highest uint32) uint32 {
	ahead := uint16(h.Counter) - uint16(highest)
	if behind := uint32(-ahead); ahead > 1<<14 && behind <= highest {
		return highest - behind
	}
	return highest + uint32(ahead)
}
