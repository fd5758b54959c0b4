package supervise

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/internal/count"
	"trama/internal/fault"
	"trama/internal/stack"
)

// Lines of the log that peers cause at will: of each message so many a minute, and at once.
const (
	linesPerMinute = 300
	linesAtOnce    = 500
)

// lines bounds them, by level and message.
type lines struct {
	mu sync.Mutex // guards of
	of map[line]*count.Pace
}

type line struct {
	level   hclog.Level
	message string
}

// Tell writes a line of the log that a peer causes: a connection or a master has come, gone or done something odd.  Lines
// that are too many are left out; the next one of the same message, which is one of few, says how many.  What is empty
// is not said.
func (s *System) Tell(name string, level hclog.Level, message string, args ...any) {
	s.lines.mu.Lock()
	pace := s.lines.of[line{level, message}]
	if pace == nil {
		pace = count.NewPace(linesPerMinute, linesAtOnce)
		s.lines.of[line{level, message}] = pace
	}
	s.lines.mu.Unlock()
	if !pace.Allow() {
		return
	}
	if n := pace.LeftOut(); n > 0 {
		args = append(args, "left_out_before", n)
	}
	var said []any
	for i := 0; i+1 < len(args); i += 2 {
		if args[i+1] != "" {
			said = append(said, args[i], args[i+1])
		}
	}
	s.Log.Named(name).Log(level, message, said...)
}

// Guard runs what no handler does, such as the work of a timer, with a net below it: a panic costs this run, and what
// comes next goes on.
func (s *System) Guard(what string, f func()) {
	defer func() {
		if thrown := recover(); thrown != nil {
			s.Caught.Add(1)
			s.Tell("actor", hclog.Error, "internal fault, what was in hand is given up", "in", what, "fault", thrown, "stack", string(stack.Trace()))
		}
	}()
	fault.At(what)
	f()
}

// After runs f after a time, with the same net below it.
func (s *System) After(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { s.Guard("timer", f) })
}
