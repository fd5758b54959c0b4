package main

import (
	"bytes"
	"io"
	"net"
	"time"
)

// repeat sends the frames again that were acknowledged last, on a connection of their own: each is to be acknowledged again.  Then so many frames with
// the last number and another value: none is to be answered.
func (s *sender) repeat(address string, misused int) error {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if len(s.last) == 0 {
		return nil
	}
	other := bytes.Clone(s.last[len(s.last)-1])
	other[len(other)-1] ^= 1
	if _, err := conn.Write(append(bytes.Join(s.last, nil), bytes.Repeat(other, misused)...)); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	answers, err := io.ReadAll(conn) // until the daemon has read everything
	if err != nil {
		return err
	}
	if len(answers) != ackBytes*len(s.last) {
		return violated("master %d got %d bytes for %d frames sent again and %d with a number used before", s.serial, len(answers), len(s.last), misused)
	}
	for i, frame := range s.last {
		if answer := answers[ackBytes*i:]; numberOf(answer) != numberOf(frame) {
			return violated("master %d got the acknowledgement %x for its frame %d, sent again", s.serial, answer[:ackBytes], numberOf(frame))
		}
	}
	s.repeated, s.misused = len(s.last), misused
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
