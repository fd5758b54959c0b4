package main

import (
	"bytes"
	"io"
	"net"
	"time"
)

// repeat sends the frames again that were acknowledged last, on a connection of their own: each is to be acknowledged
// again.  Then so many frames with the last number and other values: each is to be recorded and acknowledged.
func (s *sender) repeat(address string, reused int) error {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if len(s.last) == 0 {
		return nil
	}
	for n := range reused {
		other := bytes.Clone(s.last[len(s.last)-1].plain)
		other[len(other)-1] ^= byte(n + 1)
		f, err := s.dress(other)
		if err != nil {
			return err
		}
		s.reused = append(s.reused, f)
	}
	if _, err := conn.Write(append(wires(s.last), wires(s.reused)...)); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	answers, err := io.ReadAll(conn) // until the daemon has read everything
	if err != nil {
		return err
	}
	from := bytes.NewReader(answers)
	for _, frame := range append(s.last[:len(s.last):len(s.last)], s.reused...) {
		answer, err := s.answer(from, frame)
		if err != nil {
			return violated("master %d got %x for %d frames sent again and %d with a number used before: %w", s.serial,
				answers, len(s.last), reused, err)
		}
		if numberOf(answer) != numberOf(frame.plain) {
			return violated("master %d got the acknowledgement %x for its frame %d, sent again", s.serial, answer, numberOf(frame.plain))
		}
	}
	if from.Len() > 0 {
		return violated("master %d got %x for %d frames sent again and %d with a number used before", s.serial, answers,
			len(s.last), reused)
	}
	s.repeated = len(s.last)
	s.acked += uint64(reused)
	return nil
}

// stranger sends what is no frame of a master.
type stranger struct {
	skipped, cutOff int // bytes, on the last connection
}

// run is one connection: so many frames with a number that is none, the beginning of a further one, and the end.
func (s *stranger) run(address string, rubbish int) error {
	*s = stranger{}
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil // it has been killed already
	}
	defer conn.Close()
	bad := newSender(firstSerial-1, 1).frame(1)
	bad[numberAt] = 0xff
	half := bad[:numberAt]
	if _, err := conn.Write(append(bytes.Repeat(bad, rubbish), half...)); err != nil {
		return nil
	}
	s.skipped, s.cutOff = rubbish*len(bad), len(half)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return nil
	}
	if got, _ := io.ReadAll(conn); len(got) > 0 { // until the daemon has read everything, or is killed
		return violated("rubbish was answered with %x", got)
	}
	return nil
}
