package field

import (
	"errors"
	"strconv"
	"strings"
)

// Errors of frames and of values for them; test with errors.Is.
var (
	ErrShort          = errors.New("too few bytes")
	ErrLong           = errors.New("too many bytes")
	ErrLength         = errors.New("length does not fit")
	ErrDigit          = errors.New("not a decimal digit")
	ErrConst          = errors.New("not the constant value")
	ErrRange          = errors.New("out of range")
	ErrValue          = errors.New("value cannot be used here")
	ErrTime           = errors.New("not a time")
	ErrUnknownCommand = errors.New("unknown command")
	ErrUnknownField   = errors.New("no such field")
	ErrMissing        = errors.New("missing")
	ErrNoMessage      = errors.New("frame holds no message")
)

// FieldError is what is wrong with one field of a frame.
type FieldError struct {
	Profile string // name of the profile
	Frame   string // name of the message; empty when it is not known yet
	Field   string // key of the field; empty when the frame as a whole is meant
	Offset  int    // bytes from the start of the frame; -1 when there are no bytes (a value to encode)
	Err     error  // the cause: wraps one of the sentinels
}

// Error names the profile, the message, the field and the place before the cause.
func (e *FieldError) Error() string {
	var b strings.Builder
	b.WriteString(e.Profile)
	if e.Frame != "" {
		b.WriteString(" ")
		b.WriteString(e.Frame)
	}
	if e.Field != "" {
		b.WriteString(": ")
		b.WriteString(e.Field)
	}
	if e.Offset >= 0 {
		b.WriteString(" at byte ")
		b.WriteString(strconv.Itoa(e.Offset))
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap is the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// Errors of parts, choices and checksums; test with errors.Is.
var (
	ErrRegion = errors.New("the part does not end where it should")
	ErrNoCase = errors.New("no branch for the value")
	ErrSum    = errors.New("checksum is wrong")
)
