// Package stack tells where a goroutine is without telling what it has in hand: the traces of the runtime print arguments,
// and with these the first bytes of a key.
package stack

import (
	"bytes"
	"fmt"
	"runtime"
)

// maxFrames is how many functions are told, from the innermost on.
const maxFrames = 64

// Trace is the functions that the caller was called by, with their lines; in a deferred function behind a panic, those that
// panicked too.
func Trace() []byte {
	var b bytes.Buffer
	pcs := make([]uintptr, maxFrames)
	for frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)]); ; {
		f, more := frames.Next()
		_, _ = fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line) // a buffer takes all
		if !more {
			return b.Bytes()
		}
	}
}
