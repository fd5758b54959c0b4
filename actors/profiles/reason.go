package profiles

import (
	"errors"

	"trama/codec"
)

// Reason puts a decoding error into the few words it is counted under.
func Reason(err error) string {
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
