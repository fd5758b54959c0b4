package actors

import (
	"fmt"
	"time"

	"trama/codec"
)

// Greeting builds the message that a listener sends to whoever dials in: one of the server's, of which every field has a value of its
// own.  Some protocols say nothing until they are told to start.
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

// greet sends it.  That it cannot be built after a swap was seen to by fits.
func (c connection) greet() {
	l := c.link
	b, err := Greeting(l.slot.profile.Load(), l.slot.greeting, &l.session)
	if err == nil {
		err = l.conn.Write(b)
	}
	if err != nil {
		l.gw.log.Named("connection").Warn("no greeting", "conn", l.id, "listener", l.slot.name, "greeting", l.slot.greeting, "error", err)
	}
}
