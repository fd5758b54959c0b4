package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// strace is how the daemon is started to have its system calls recorded.  -D makes it the daemon's companion instead of
// its parent, so that the daemon is the process that is waited for.
func strace(file string, more ...string) ([]string, error) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("%w: apt-get install strace", err)
	}
	return append([]string{path, "-D", "-f", "-qq", "-y", "-xx", "-ttt", "-s", "20000", "-e", "signal=none", "-e",
		"trace=pwrite64,fdatasync,fsync,write", "-o", file}, more...), nil
}

// proof holds the system calls of a daemon against the rule: an acknowledgement is written to a socket after a sync of
// the log has ended which began after the frame had been written to the log.
type proof struct {
	events  int
	begun   map[int]call   // calls that have not returned, by thread
	written map[string]int // frames in the log: when the write that brought it had ended
	covered int            // begin of the latest sync of the log that has ended well
	before  map[string]int // number up to which the frames of a master were safe at the start, by what its frames begin with
	failed  map[string]int // files that failed to sync or to be written, and when

	acks, syncs, writes int
	early               []string // what was wrong
	injectedAt          float64  // Unix seconds
}

// call is one system call.
type call struct {
	event int // of its begin
	name  string
	file  string
	data  []byte
}

func newProof(before map[string]int) *proof {
	return &proof{before: before, begun: map[int]call{}, written: map[string]int{}, failed: map[string]int{}, covered: -1}
}

// read takes in a file that strace has written.
func (p *proof) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := p.line(lines.Text()); err != nil {
			return fmt.Errorf("%w in %.300q", err, lines.Text())
		}
	}
	return lines.Err()
}

var errLine = errors.New("not a line of strace")

// line takes in one line.  A call that stands in one line had no other one beside it; others begin with one and return
// with another.
func (p *proof) line(text string) error {
	number, rest, ok := strings.Cut(text, " ")
	thread, err := strconv.Atoi(number)
	stamp, rest, ok2 := strings.Cut(strings.TrimLeft(rest, " "), " ")
	at, err2 := strconv.ParseFloat(stamp, 64)
	if !ok || !ok2 || err != nil || err2 != nil {
		return errLine
	}
	p.events++
	injected := strings.Contains(rest, "(INJECTED)")
	if injected && p.injectedAt == 0 {
		p.injectedAt = at
	}
	if tail, resumed := strings.CutPrefix(rest, "<... "); resumed {
		c, known := p.begun[thread]
		delete(p.begun, thread)
		if known {
			p.end(c, result(tail), noRoom(tail))
		}
		return nil
	}
	name, arguments, ok := strings.Cut(rest, "(")
	if !ok {
		return nil // that a thread has ended
	}
	c := call{event: p.events, name: name}
	if _, file, ok := strings.Cut(arguments, "<"); ok {
		c.file, _, _ = strings.Cut(file, ">")
		c.file = unescape(c.file)
	}
	if _, text, ok := strings.Cut(arguments, `"`); ok {
		text, _, _ = strings.Cut(text, `"`)
		if c.data, err = hex.DecodeString(strings.ReplaceAll(text, `\x`, "")); err != nil {
			return err
		}
	}
	p.begin(c)
	if strings.HasSuffix(rest, "<unfinished ...>") {
		p.begun[thread] = c
		return nil
	}
	p.events++
	p.end(c, result(arguments), noRoom(arguments))
	return nil
}

// unescape is a name as -xx writes it, or as it is.
func unescape(name string) string {
	if b, err := hex.DecodeString(strings.ReplaceAll(name, `\x`, "")); err == nil && strings.HasPrefix(name, `\x`) {
		return string(b)
	}
	return name
}

// result is whether a call succeeded.
func result(text string) bool {
	at := strings.LastIndex(text, " = ")
	return at >= 0 && !strings.HasPrefix(text[at+3:], "-") && !strings.HasPrefix(text[at+3:], "?")
}

// noRoom is whether it failed because the disk was full: what could not be written was never taken for written.
func noRoom(text string) bool { return strings.Contains(text, " = -1 ENOSPC ") }

// Behind its size an acknowledgement begins like its frame; the master's serial is in there.
const (
	headAt  = 2
	headEnd = 16
)

func key(frame []byte) string {
	return string(frame[headAt:headEnd]) + string(frame[numberAt:numberAt+numberBytes])
}

// begin is where an acknowledgement is on its way to the peer, and where a second sync would begin.
func (p *proof) begin(c call) {
	switch c.name {
	case "fdatasync", "fsync":
		if at, failed := p.failed[c.file]; failed {
			p.early = append(p.early, fmt.Sprintf("%s of %s at event %d, which failed at event %d", c.name, c.file, c.event, at))
		}
	case "write":
		if !strings.HasPrefix(c.file, "socket:") && !strings.HasPrefix(c.file, "TCP") || len(c.data) == 0 ||
			len(c.data)%ackBytes != 0 || !bytes.Equal(c.data[:2], ackSize) {
			return
		}
		for b := c.data; len(b) > 0; b = b[ackBytes:] {
			p.acks++
			switch at, written := p.written[key(b)]; {
			case numberOf(b) <= p.before[string(b[headAt:headEnd])]: // a resend
			case !written:
				p.early = append(p.early, fmt.Sprintf("acknowledgement %x at event %d: its frame has not been written",
					b[:ackBytes], c.event))
			case p.covered < at:
				p.early = append(p.early, fmt.Sprintf("acknowledgement %x at event %d: its frame was written at event %d, and no sync that began behind it has ended", b[:ackBytes], c.event, at))
			}
		}
	}
}

// ackSize is what an acknowledgement's first two bytes say: what follows the seventh.
var ackSize = []byte{0x00, 0x20}

// end is where a frame is in the log, or safe.
func (p *proof) end(c call, ok, full bool) {
	switch c.name {
	case "pwrite64":
		if !ok && !full {
			p.failed[c.file] = p.events
		}
		if !ok || !strings.HasSuffix(c.file, "-wal") {
			return
		}
		p.writes++
		for rest := c.data; ; rest = rest[1:] {
			i := bytes.Index(rest, frameHead)
			if i < 0 || len(rest[i:]) < numberAt+numberBytes {
				return
			}
			rest = rest[i:]
			if k := key(rest); p.written[k] == 0 {
				p.written[k] = p.events
			}
		}
	case "fdatasync", "fsync":
		switch {
		case !ok:
			p.failed[c.file] = p.events
		case strings.HasSuffix(c.file, "-wal"):
			p.syncs++
			p.covered = max(p.covered, c.event)
		}
	}
}

// frameHead is what all frames begin with: size, version, and no encryption.
var frameHead = []byte{0x00, 0x25, 0x01, 0x00, 0x00, 0x00, 0x00}
