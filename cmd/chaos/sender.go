package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"trama/fleet"
)

// firstSerial is that of the first master.
const firstSerial = 30_000_000

// Sizes of the extended frames: an acknowledgement, and where the transaction number begins in every frame.
const (
	prefixBytes = 7 // that the length does not count
	ackBytes    = 27
	numberAt    = 23
	numberBytes = 4
)

// sender is one master.  What it knows survives its connections.  Its frames are numbered 1, 2, 3, … and must be
// acknowledged in that order, so everything before the first open one has been.
type sender struct {
	serial   int
	inFlight int
	next     int    // number of the next new frame
	open     []sent // not acknowledged, the oldest first; a new connection begins with them

	written     uint64 // frames, on the last connection
	last        []sent // acknowledged, the newest last
	repeated    int    // frames, by repeat
	reused      []sent // frames with a number used before, likewise; the journal has not been seen to have them
	acked       uint64
	resentAcked uint64
	finish      atomic.Bool // send nothing new, wait for what is open

	device *fleet.Device // nil: frames are plain
	came   uint64        // SC and counter of the last record

	stored int // number up to which the journal has been seen to have them
}

// sent is a frame, and its bytes on the wire.
type sent struct{ plain, wire []byte }

// wires are the bytes of frames on the wire, one behind the other.
func wires(frames []sent) (b []byte) {
	for _, f := range frames {
		b = append(b, f.wire...)
	}
	return b
}

// dress makes of a frame what is sent.
func (s *sender) dress(plain []byte) (sent, error) {
	if s.device == nil {
		return sent{plain, plain}, nil
	}
	wire, err := s.device.Protect(nil, plain, nil)
	return sent{plain, wire}, err
}

// answer reads the acknowledgement of a frame; the error of what is none is errViolated.
func (s *sender) answer(from io.Reader, of sent) ([]byte, error) {
	b := make([]byte, 2, ackBytes)
	if _, err := io.ReadFull(from, b); err != nil {
		return nil, err
	}
	n := 0
	for _, c := range b {
		n = n*100 + int(c>>4)*10 + int(c&15)
	}
	b = append(b, make([]byte, n+prefixBytes-len(b))...)
	if _, err := io.ReadFull(from, b[2:]); err != nil {
		return nil, err
	}
	if s.device != nil {
		o, err := s.device.Open(nil, b, of.wire)
		if err != nil {
			return nil, violated("master %d got %x: %w", s.serial, b, err)
		}
		b = o.Plain
	}
	if len(b) != ackBytes {
		return nil, violated("master %d got %x", s.serial, b)
	}
	return b, nil
}

func newSender(serial, inFlight int) *sender {
	return &sender{serial: serial, inFlight: inFlight, next: 1}
}

// lastAcked is the number up to which everything was acknowledged.
func (s *sender) lastAcked() int { return s.next - 1 - len(s.open) }

// frame is a measurement whose value follows from its number, so that an altered one is noticed.
func (s *sender) frame(number int) []byte {
	text := fmt.Sprintf("00250100000000%08d0102036d00%s%08d00%08x", s.serial, time.Now().Format("20060102150405"),
		number, valueOf(number))
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

func valueOf(number int) int { return 0x41000000 + number%0x100000 }

func numberOf(b []byte) int {
	n := 0
	for _, c := range b[numberAt : numberAt+numberBytes] {
		n = n*100 + int(c>>4)*10 + int(c&15)
	}
	return n
}

// run is one connection: what is open first, then new frames, until it breaks.  acknowledged is called once.  The error
// is that what came is not the acknowledgement that was due.
func (s *sender) run(address string, acknowledged func()) error {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil // it has been killed already
	}
	defer conn.Close()
	s.written = 0
	resent, sent, told := len(s.open), 0, false
	for {
		if len(s.open) <= s.inFlight/2 && !s.finish.Load() {
			for len(s.open) < s.inFlight {
				f, err := s.dress(s.frame(s.next))
				if err != nil {
					return err
				}
				s.open = append(s.open, f)
				s.next++
			}
		}
		if len(s.open) == 0 {
			return nil
		}
		if sent < len(s.open) {
			if _, err := conn.Write(wires(s.open[sent:])); err != nil {
				return nil
			}
			s.written += uint64(len(s.open) - sent)
			sent = len(s.open)
		}
		answer, err := s.answer(conn, s.open[0])
		switch {
		case errors.Is(err, errViolated):
			return err
		case err != nil:
			return nil
		}
		if got, want := numberOf(answer), numberOf(s.open[0].plain); got != want || !bytes.Equal(answer[2:16], s.open[0].plain[2:16]) {
			return violated("master %d got the acknowledgement %x (number %d), due was that of number %d", s.serial, answer, got, want)
		}
		s.last = append(s.last[max(0, len(s.last)+1-s.inFlight):], s.open[0])
		s.open = s.open[1:]
		sent--
		s.acked++
		if resent > 0 {
			resent--
			s.resentAcked++
		}
		if !told {
			told = true
			acknowledged()
		}
	}
}
