package protect

import (
	"encoding/binary"
	"testing"
)

// Expanded keys stay as long as they are used, and no longer.
func TestExpandedKeysOfQuietDevicesArePutAside(t *testing.T) {
	h := Head{Suite: CCM8, Serial: [4]byte{0x12, 0x34, 0x56, 0x78}}
	kept := func() *ciphers {
		t.Helper()
		c, err := ciphersOf(&Key{1}, h, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := kept()
	Rest()
	if kept() != first {
		t.Error("put aside though it was used")
	}
	Rest()
	Rest()
	if kept() == first {
		t.Error("kept though nobody used it")
	}
}

// The keys of 5,000 devices that are busy by turns are expanded once, both ways; a handful may share a full set.
func TestKeysOfManyBusyDevicesAreExpandedOnce(t *testing.T) {
	const devices = 5000
	kept := map[*ciphers]bool{}
	for range 3 {
		for i := range devices {
			for _, server := range []bool{false, true} {
				h := Head{Suite: CCM16, Server: server}
				binary.BigEndian.PutUint32(h.Serial[:], uint32(i*16))
				c, err := ciphersOf(&Key{2}, h, nil)
				if err != nil {
					t.Fatal(err)
				}
				kept[c] = true
			}
		}
	}
	if n := len(kept); n > 2*devices*11/10 {
		t.Errorf("%d keys were expanded for %d purposes", n, 2*devices)
	}
}
