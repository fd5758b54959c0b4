package actors

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"sync"

	"trama/codec"
)

// poisonKept is how many poison frames the book remembers.
const poisonKept = 100

// poisonBook remembers the newest frames that made an actor fail.
type poisonBook struct {
	mu  sync.Mutex // guards all
	all []Poison
}

func (b *poisonBook) add(p Poison) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.all) == poisonKept {
		b.all = slices.Delete(b.all, 0, 1)
	}
	b.all = append(b.all, p)
}

func (b *poisonBook) list() []Poison {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Poison{}, b.all...)
}

// reasonOf puts a decoding error into the few words it is counted under.
func reasonOf(err error) string {
	for _, known := range []error{
		codec.ErrShort, codec.ErrLong, codec.ErrLength, codec.ErrDigit, codec.ErrConst, codec.ErrRange, codec.ErrValue, codec.ErrTime,
		codec.ErrUnknownCommand, codec.ErrUnknownField, codec.ErrMissing,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "other"
}

func hexString(b []byte) string { return hex.EncodeToString(b) }

// formatFloat gives the shortest decimal that is the same float32, or float64 when it is none.
func formatFloat(v float64) string {
	if float64(float32(v)) == v {
		return strconv.FormatFloat(v, 'g', -1, 32)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
