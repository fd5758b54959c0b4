package connection

import (
	"fmt"
	"time"

	"trama/codec"
)

// Greeting builds the message that a listener sends to whoever dials in: one of the server's, of which every field
// has a value of its own.  Some protocols say nothing until they are told to start.
func Greeting(p *codec.Profile, name string, session *codec.Session) ([]byte, error) {
	for _, msg := range p.Messages() {
		if msg.Name == name && msg.From == codec.Master {
			return nil, fmt.Errorf("%w: %s is said by masters", codec.ErrUnknownCommand, name)
		}
	}
	var f codec.Frame
	if err := p.BuildIn(codec.Env{Now: time.Now(), Session: session}, &f, name, nil); err != nil {
		return nil, err
	}
	return p.Append(nil, &f)
}

// greeting builds the greeting of a connection, with the counters that its acknowledgements go on with.
func (q *ackQueue) greeting(p *codec.Profile, name string) ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Greeting(p, name, &q.session)
}
