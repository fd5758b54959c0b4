package check

import (
	"bytes"
	"slices"

	"trama/codec"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
)

// mostPieces bounds the ways in which a stream is cut.
const mostPieces = 64

// misread cuts a stream of frames: whole, in two parts at many places, and in small pieces, each time with a silence
// behind it.  The result is what comes out first of all, and whether something else than the frames ever does.
func misread(p *codec.Profile, d field.Direction, stream []byte, frames ...[]byte) (first []byte, bad bool) {
	step := 1 + len(stream)/mostPieces
	ways := [][]int{{len(stream)}, nil}
	for at := step; at < len(stream); at += step {
		ways = append(ways, []int{at, len(stream)})
		ways[1] = append(ways[1], at)
	}
	ways[1] = append(ways[1], len(stream))
	for _, ends := range ways {
		if got := arriving(p, d, stream, ends); !slices.EqualFunc(got, frames, bytes.Equal) {
			return slices.Concat(got[:min(len(got), 1)]...), true
		}
	}
	return frames[0], false
}

// arriving lists the frames of a stream that comes in pieces, which end at ends.
func arriving(p *codec.Profile, d field.Direction, stream []byte, ends []int) (frames [][]byte) {
	used, around := 0, codec.Around(0)
	for _, end := range append(ends, -1) {
		if end < 0 {
			end, around = len(stream), around|codec.Quiet
		}
		for used < end {
			var f frame.Frame
			advance, found := p.Next(d, stream[used:end], around, &f)
			if advance == 0 {
				break
			}
			if used, around = used+advance, around&codec.Quiet; found {
				frames, around = append(frames, f.Raw()), around|codec.Behind
			}
		}
	}
	return frames
}
