package codec_test

import (
	"slices"
	"testing"

	"trama/codec"
)

func TestTheManualSaysWhatAReplyLeavesOut(t *testing.T) {
	if got := codec.Describe(profileFrom(t, "reply-without.good.toml")).Replies[0].Without; !slices.Equal(got, []string{"cmd", "note"}) {
		t.Errorf("%q", got)
	}
}
