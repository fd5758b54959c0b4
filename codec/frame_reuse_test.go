package codec

import (
	"encoding/hex"
	"testing"
)

// A frame that a profile with a grammar has decoded is used again for one without: what it was given then must not show through.
func TestAFrameIsReusedAcrossProfiles(t *testing.T) {
	grammar, err := Shipped("gt06")
	if err != nil {
		t.Fatal(err)
	}
	flat, err := Shipped("compact")
	if err != nil {
		t.Fatal(err)
	}
	login, level := unhex(t, "78780d010352887071911998000479d00d0a"), unhex(t, "0013010000000012345678010273000041ac0000")
	var f Frame
	for range 2 {
		if err := grammar.Decode(Uplink, login, &f); err != nil || hex.EncodeToString(f.Raw()) != hex.EncodeToString(login) {
			t.Errorf("%v %x", err, f.Raw())
		}
		if err := flat.Decode(Uplink, level, &f); err != nil || hex.EncodeToString(f.Raw()) != hex.EncodeToString(level) {
			t.Errorf("%v %x", err, f.Raw())
		}
	}
}
