package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// firstSerial is that of the first master.
const firstSerial = 30_000_000

// Sizes of the extended frames: an acknowledgement, and where the transaction number begins in every frame.
const (
	ackBytes    = 27
	numberAt    = 23
	numberBytes = 4
)

// sender is one master.  What it knows survives its connections.  Its frames are numbered 1, 2, 3, … and must be acknowledged in that
// order, so everything before the first open one has been.
type sender struct {
	serial   int
	inFlight int
	next     int      // number of the next new frame
	open     [][]byte // not acknowledged, the oldest first; a new connection begins with them

	written     uint64   // frames, on the last connection
	last        [][]byte // acknowledged, the newest last
	repeated    int      // frames, by repeat
	reused      [][]byte // frames with a number used before, likewise; the journal has not been seen to have them
	acked       uint64
	resentAcked uint64
	finish      atomic.Bool // send nothing new, wait for what is open

	stored int // number up to which the journal has been seen to have them
}

func newSender(serial, inFlight int) *sender {
	return &sender{serial: serial, inFlight: inFlight, next: 1}
}

// lastAcked is the number up to which everything was acknowledged.
func (s *sender) lastAcked() int { return s.next - 1 - len(s.open) }

// frame is a measurement whose value follows from its number, so that an altered one is noticed.
func (s *sender) frame(number int) []byte {
	text := fmt.Sprintf("00250100000000%08d0102036d00%s%08d00%08x", s.serial, time.Now().Format("20060102150405"), number, valueOf(number))
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

// run is one connection: what is open first, then new frames, until it breaks.  acknowledged is called once.  The error is that what came
// is not the acknowledgement that was due.
func (s *sender) run(address string, acknowledged func()) error {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil // it has been killed already
	}
	defer conn.Close()
	s.written = 0
	resent, sent, told := len(s.open), 0, false
	answer := make([]byte, ackBytes)
	for {
		if len(s.open) <= s.inFlight/2 && !s.finish.Load() {
			for len(s.open) < s.inFlight {
				s.open = append(s.open, s.frame(s.next))
				s.next++
			}
		}
		if len(s.open) == 0 {
			return nil
		}
		if sent < len(s.open) {
			if _, err := conn.Write(bytes.Join(s.open[sent:], nil)); err != nil {
				return nil
			}
			s.written += uint64(len(s.open) - sent)
			sent = len(s.open)
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			return nil
		}
		if got, want := numberOf(answer), numberOf(s.open[0]); got != want || !bytes.Equal(answer[2:16], s.open[0][2:16]) {
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
