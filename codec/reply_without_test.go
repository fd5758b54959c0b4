package codec_test

import (
	"slices"
	"testing"
)

func TestTheManualSaysWhatAReplyLeavesOut(t *testing.T) {
	if got := profileFrom(t, "reply-without.good.toml").Manual().Replies[0].Without; !slices.Equal(got, []string{"cmd", "note"}) {
		t.Errorf("%q", got)
	}
}
