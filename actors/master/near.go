package master

import (
	"slices"
	"strings"
)

// Bounds of the serials that a mistyped one may stand for.
const (
	mostNear    = 3
	longestNear = 32 // characters
)

// Near are masters, and serials in quarantine, whose serial differs from one by a slip: two characters swapped, one left
// out, one too many, one changed; a few of them.
func (d *Directory) Near(serial string) (near []string) {
	if len(serial) > longestNear {
		return nil
	}
	try := func(s string) {
		if len(near) < mostNear && s != serial && !slices.Contains(near, s) && (d.Get(s) != nil || d.Waiting.Holds(s)) {
			near = append(near, s)
		}
	}
	letters := "0123456789"
	if strings.Trim(serial, letters) != "" {
		letters += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	}
	for i := range len(serial) - 1 {
		try(serial[:i] + serial[i+1:i+2] + serial[i:i+1] + serial[i+2:])
	}
	for i := range len(serial) + 1 {
		for _, l := range letters {
			if i == 0 || serial[i-1] != byte(l) { // the same as before the one in front
				try(serial[:i] + string(l) + serial[i:])
			}
		}
	}
	for i := range serial {
		try(serial[:i] + serial[i+1:])
	}
	for i := range serial {
		for _, l := range letters {
			try(serial[:i] + string(l) + serial[i+1:])
		}
	}
	return near
}
