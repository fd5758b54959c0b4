package transport

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestEveryFrameIsDeliveredOnceInOrderHoweverTheStreamIsCut(t *testing.T) {
	t.Parallel() // it waits most of the time
	const good = "<a1><b22><c333><d><e5>"
	long := "<" + strings.Repeat("x", DefaultMaxFrameBytes) + ">" // two bytes too long
	streams := map[string]struct {
		stream, want string
		skipped      int
	}{
		"frames only":                {good, good, 0},
		"noise before":               {"\x00\xff?!" + good, good, 4},
		"noise between":              {"<a1>----<b22>--<c333><d>-<e5>", good, 7},
		"noise after":                {good + "\r\n", good, 2},
		"a beginning that is noise":  {"<a1><b2<b22><c333><zz?<d><e5>", good, 7},
		"a frame longer than any":    {"<a1>" + long + "<b22><c333><d><e5>", good, len(long)},
		"noise longer than a buffer": {"<a1>" + strings.Repeat("-", 5000) + "<b22><c333><d><e5>", good, 5000},
	}
	for name, s := range streams {
		for _, cut := range []string{"whole", "bytes", "random"} {
			t.Run(name+"/"+cut, func(t *testing.T) {
				r := start(t, Options{}, echo)
				p, c := r.connect()
				go func() {
					rest := s.stream
					for len(rest) > 0 {
						n := map[string]int{"whole": len(rest), "bytes": 1, "random": 1 + rand.IntN(7)}[cut]
						n = min(n, len(rest))
						p.send(rest[:n])
						rest = rest[n:]
					}
					_ = p.CloseWrite()
				}()
				p.expect(s.want)
				if rest := p.expectEnd(); rest != "" {
					t.Errorf("surplus answer %q", rest)
				}
				r.expectReason(ClosePeer)
				n := c.Stats()
				if int(n.Received) != len(s.stream) || int(n.InFrames) != len(s.want) || int(n.Skipped) != s.skipped ||
					n.CutOff != 0 || n.Frames != 5 || int(n.Sent) != len(s.want) {
					t.Errorf("counts %+v", n.ByteCounts)
				}
			})
		}
	}
}

func TestWhatOneReadBringsIsOneBatch(t *testing.T) {
	sizes := make(chan int, 100)
	r := start(t, Options{}, func(_ *Conn, b *Batch) { sizes <- len(b.Frames); b.Release() })
	p, c := r.connect()
	p.send("<a>")
	if n := receive(t, sizes); n != 1 {
		t.Errorf("batch of %d", n)
	}
	p.send("<a><b><c><d")
	if n := receive(t, sizes); n != 3 {
		t.Errorf("batch of %d", n)
	}
	eventually(t, "the beginning is pending", func() bool { return c.Stats().Pending == 2 })
	p.send("><e>")
	if n := receive(t, sizes); n != 2 {
		t.Errorf("batch of %d", n)
	}
	if s := c.Stats(); s.Pending != 0 || s.Batches != 3 || s.Frames != 6 {
		t.Errorf("counts %+v", s)
	}
}

func TestFramesOfTheLargestSizePass(t *testing.T) {
	for _, size := range []int{DefaultMaxFrameBytes, 3000, MaxFrameBytesLimit} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			r := start(t, Options{MaxFrameBytes: size}, echo)
			p, _ := r.connect()
			frame := "<" + strings.Repeat("x", size-2) + ">"
			for range 3 {
				p.send(frame[:size/3])
				p.send(frame[size/3:])
				p.expect(frame)
			}
			p.send(frame + frame)
			p.expect(frame + frame)
		})
	}
}

func TestAFrameCutOffByTheEndIsCounted(t *testing.T) {
	r := start(t, Options{}, echo)
	p, c := r.connect()
	p.send("<a><bcd")
	_ = p.CloseWrite()
	p.expect("<a>")
	p.expectEnd()
	r.expectReason(ClosePeer)
	if s := c.Stats(); s.InFrames != 3 || s.CutOff != 4 || s.Skipped != 0 || s.Pending != 0 {
		t.Errorf("counts %+v", s.ByteCounts)
	}
}

// splitLength cuts frames that begin with their length in one byte.  A byte of noise can look like the beginning of a
// frame that never ends.
func splitLength(data []byte, atEOF bool) (int, []byte, error) {
	n := int(data[0])
	switch {
	case n == 0:
		return 1, nil, nil
	case n <= len(data):
		return n, data[:n], nil
	case atEOF:
		return 1, nil, nil
	}
	return 0, nil, nil
}

func TestFramesBehindAFalseBeginningComeOutAtTheEnd(t *testing.T) {
	r := start(t, Options{Cutter: SplitFunc(splitLength)}, echo)
	p, c := r.connect()
	p.send("\x40\x02a\x02b\x05cd") // false beginning, two frames, a frame cut off
	_ = p.CloseWrite()
	p.expect("\x02a\x02b")
	p.expectEnd()
	r.expectReason(ClosePeer)
	if s := c.Stats(); s.InFrames != 4 || s.Skipped != 1 || s.CutOff != 3 {
		t.Errorf("counts %+v", s.ByteCounts)
	}
}

func TestAWrongFramingFunctionEndsTheConnectionOnly(t *testing.T) {
	for name, split := range map[string]func([]byte, bool) (int, []byte, error){
		"too far":   func(d []byte, _ bool) (int, []byte, error) { return len(d) + 1, nil, nil },
		"backwards": func([]byte, bool) (int, []byte, error) { return -1, nil, nil },
		"error":     func([]byte, bool) (int, []byte, error) { return 0, nil, fmt.Errorf("no") },
		"no way":    func(d []byte, _ bool) (int, []byte, error) { return 0, d[:0], nil },
		"panic":     func([]byte, bool) (int, []byte, error) { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, Options{Cutter: SplitFunc(split)}, echo)
			p, _ := r.connect()
			p.send("x")
			r.expectReason(CloseFault)
			if e := receive(t, r.events); e.Kind != EventFault || e.Err == nil || len(e.Stack) == 0 {
				t.Errorf("event %+v", e)
			}
			q, _ := r.connect()
			q.send("")
		})
	}
}
