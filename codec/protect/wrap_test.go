package protect_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"trama/codec/protect"
)

// The values are those of docs/firmware/trama.py.
func TestTheNextKeyIsWrappedByTheKeyOfItsDevice(t *testing.T) {
	of, err := protect.ParseKey("11111111111111111111111111111111")
	if err != nil {
		t.Fatal(err)
	}
	next, err := protect.ParseKey("000102030405060708090a0b0c0d0e0f")
	if err != nil {
		t.Fatal(err)
	}
	by := protect.WrappingKey(&of, [4]byte{0x12, 0x34, 0x56, 0x78})
	if got := hex.EncodeToString(by.Bytes()); got != "08aec69ab35bfb094e381290bbd7cbea" {
		t.Errorf("wrapping key %s", got)
	}
	wrapped := protect.WrapKey(&by, &next)
	if got := hex.EncodeToString(wrapped); got != "6755a1488de4c30f8e5a17fc3350d20232070a82dd00f45e" {
		t.Errorf("wrapped key %s", got)
	}
	if back, err := protect.UnwrapKey(&by, wrapped); back != next || err != nil {
		t.Errorf("unwrapped: %v", err)
	}
	other := protect.WrappingKey(&of, [4]byte{0x12, 0x34, 0x56, 0x79})
	if _, err := protect.UnwrapKey(&other, wrapped); !errors.Is(err, protect.ErrUnwrap) {
		t.Errorf("unwrapped by the key of another device: %v", err)
	}
}
