package fleet

import (
	"errors"
	"sync"
	"time"

	"trama/codec"
)

// speech is how a fleet says things in the words of its profile.
type speech struct {
	profile *codec.Profile
	script  *codec.Script
	desk    chan task // to the clerks
	clerks  sync.WaitGroup
}

// task is one piece of work for a clerk.
type task struct {
	work func(*mouth)
	done chan<- struct{}
}

// mouth is the scratch memory of one clerk.
type mouth struct {
	got, sent codec.Frame
	plain     []byte
}

// hire starts the clerks: the few goroutines in which all encoding and decoding is done.  Codecs need a deeper stack
// than a master at rest has, and 15,000 goroutines that have grown once stay large.
func (s *speech) hire(n int) {
	s.desk = make(chan task)
	for range n {
		s.clerks.Go(func() {
			o := &mouth{}
			for t := range s.desk {
				t.work(o)
				t.done <- struct{}{}
			}
		})
	}
}

// dismiss ends the clerks; nobody may ask them for anything any more.
func (s *speech) dismiss() {
	close(s.desk)
	s.clerks.Wait()
}

// newSpeech learns the words of a profile and tries them with the first and the last serial.
func newSpeech(p *codec.Profile, serials ...string) (*speech, error) {
	script, err := p.Script()
	if err != nil {
		return nil, err
	}
	s := &speech{profile: p, script: script}
	for _, lines := range [][]*codec.Line{script.Register, script.Login, script.Measure} {
		for _, l := range lines {
			for _, serial := range serials {
				var f codec.Frame
				by := &codec.Speaker{Serial: serial, Number: 1, Random: func() float64 { return 0.5 }}
				if err := script.Speak(&f, l, by, codec.Env{Now: time.Now()}); err != nil && !errors.Is(err, codec.ErrMissing) { // what the server must say first
					return nil, err
				}
			}
		}
	}
	return s, nil
}

// say makes the frame of a line.
func (s *speech) say(o *mouth, l *codec.Line, by *codec.Speaker, now time.Time) (frame []byte, err error) {
	if err = s.script.Speak(&o.sent, l, by, codec.Env{Now: now}); err == nil {
		frame, err = s.profile.Append(nil, &o.sent)
	}
	return frame, err
}

// acknowledges tells whether the frame in o.got is the acknowledgement of the one sent.
func (s *speech) acknowledges(o *mouth, sent []byte) bool {
	return len(sent) > 0 && s.profile.Decode(codec.Uplink, sent, &o.sent) == nil && s.profile.Acknowledges(&o.sent, &o.got)
}

// transactions is the first transaction number that does not fit; 1 when the profile has none.
func (s *speech) transactions() uint64 { return max(s.profile.TransactionLimit(), 1) }
