package codec_test

import (
	"slices"
	"testing"

	"trama/codec/describe"
)

func TestTheManualSaysWhatAReplyLeavesOut(t *testing.T) {
	if got := describe.Profile(profileFrom(t, "reply-without.good.toml")).Replies[0].Without; !slices.Equal(got, []string{"cmd", "note"}) {
		t.Errorf("%q", got)
	}
}
