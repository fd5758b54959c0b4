package codec_test

import (
	"encoding/hex"
	"testing"

	"trama/codec"
)

// A frame that a profile with a grammar has decoded is used again for one without: what it was given then must not show through.
func TestAFrameIsReusedAcrossProfiles(t *testing.T) {
	grammar, err := codec.Shipped("gt06")
	if err != nil {
		t.Fatal(err)
	}
	flat, err := codec.Shipped("compact")
	if err != nil {
		t.Fatal(err)
	}
	login, level := unhex(t, "78780d010352887071911998000479d00d0a"), unhex(t, "0013010000000012345678010273000041ac0000")
	var f codec.Frame
	for range 2 {
		if err := grammar.Decode(codec.Uplink, login, &f); err != nil || hex.EncodeToString(f.Raw()) != hex.EncodeToString(login) {
			t.Errorf("%v %x", err, f.Raw())
		}
		if err := flat.Decode(codec.Uplink, level, &f); err != nil || hex.EncodeToString(f.Raw()) != hex.EncodeToString(level) {
			t.Errorf("%v %x", err, f.Raw())
		}
	}
}
