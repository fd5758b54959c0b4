package protect

import "testing"

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
