package transport

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"
)

// hush cuts like splitLength.  In a silence it looks for a whole frame behind the beginning of one; asked counts that.
type hush struct{ asked atomic.Int32 }

func (h *hush) Next(_ *Batch, data []byte, around Around) (advance int, token []byte, err error) {
	advance, token, err = splitLength(data, around&Ended != 0)
	if around&Quiet == 0 || advance > 0 {
		return advance, token, err
	}
	h.asked.Add(1)
	for at := 1; at < len(data); at++ {
		if n, token, _ := splitLength(data[at:], false); token != nil {
			return at + n, token, nil
		}
	}
	return 0, nil, nil
}

func TestAFrameBehindADoubtfulBeginningIsFoundInASilence(t *testing.T) {
	r := start(t, Options{Cutter: new(hush), Quiet: 20 * time.Millisecond}, echo)
	p, c := r.connect()
	p.send("\x40\x03ab\x40\x03cd\x05e") // two beginnings, each with a whole frame behind, and a third one
	p.expect("\x03ab\x03cd")
	p.send("fgh")
	p.expect("\x05efgh")
	if s := c.Stats(); s.Skipped != 2 || s.InFrames != 11 || s.Pending != 0 {
		t.Errorf("counts %+v", s.ByteCounts)
	}
}

func TestASilenceInsideAFrameIsLookedAtOnceAndLeavesItWhole(t *testing.T) {
	h := new(hush)
	r := start(t, Options{Cutter: h, Quiet: 20 * time.Millisecond, FrameTimeout: 500 * time.Millisecond}, echo)
	p, c := r.connect()
	p.send("\x05ab")
	eventually(t, "the silence", func() bool { return h.asked.Load() == 1 })
	p.send("cd")
	p.expect("\x05abcd")
	begin := time.Now()
	p.send("\x05ab")
	expectClosedAfter(t, r, p, begin, 500*time.Millisecond, CloseFrame)
	if n := h.asked.Load(); n != 2 || c.Stats().CutOff != 3 {
		t.Errorf("asked %d times in two silences, counts %+v", n, c.Stats().ByteCounts)
	}
}

func TestWithoutQuietASilenceTellsNothing(t *testing.T) {
	h := new(hush)
	r := start(t, Options{Cutter: h, FrameTimeout: 100 * time.Millisecond}, echo)
	p, _ := r.connect()
	p.send("\x05ab")
	r.expectReason(CloseFrame)
	if n := h.asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

// sharing cuts frames like |abc|, of which the mark at the end may begin the next.
type sharing struct{}

func (sharing) Next(_ *Batch, data []byte, around Around) (advance int, token []byte, err error) {
	end := bytes.IndexByte(data[1:], '|') + 2
	switch {
	case data[0] != '|' && around&Behind == 0:
		return 1, nil, nil
	case end > 1 && data[0] == '|' && end > 2:
		return end, data[:end], nil
	case end > 1 && data[0] != '|' && data[0] != '-':
		return end, append([]byte{'|'}, data[:end]...), nil
	case end > 1 || around != 0 && around != Behind:
		return 1, nil, nil
	}
	return 0, nil, nil
}

func TestFramesThatShareAMarkAreCountedOnce(t *testing.T) {
	for _, pieces := range [][]string{{"|a|b|c||d|"}, {"|a|", "b|", "c|", "|d|"}, {"|", "a", "|", "b", "|", "c", "|", "|", "d", "|"}} {
		r := start(t, Options{Cutter: sharing{}, Quiet: time.Hour}, echo)
		p, c := r.connect()
		for _, s := range pieces {
			p.send(s)
		}
		p.expect("|a||b||c||d|")
		if s := c.Stats(); s.InFrames != 10 || s.Skipped != 0 || s.Pending != 0 || s.Frames != 4 {
			t.Errorf("%q: counts %+v", pieces, s.ByteCounts)
		}
	}
}

// Bytes that only a silence shows to be noise are no frame that its sender owes the rest of.
func TestNoiseWithoutPausesBehindAFrameDoesNotEndTheConnection(t *testing.T) {
	r := start(t, Options{Cutter: sharing{}, Quiet: time.Hour, FrameTimeout: 50 * time.Millisecond}, echo)
	p, c := r.connect()
	p.send("|a|-")
	p.expect("|a|")
	eventually(t, "noise", func() bool { return c.Stats().Skipped == 1 })
	p.send("|b|")
	p.expect("|b|")
}
