package actors

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"trama/codec"
)

// linkFor chooses the link that a command goes out on: the newest whose profile has it.
func (m masterActor) linkFor(req CommandRequest) (*masterLink, error) {
	var best *masterLink
	var known error
	for _, l := range m.links {
		if req.Listener != "" && l.link.slot.name != req.Listener {
			continue
		}
		profile := l.link.slot.profile.Load()
		if _, err := serverMessage(profile, req.Command); err != nil {
			known = err
			continue
		}
		if best == nil || l.link.id > best.link.id {
			best = l
		}
	}
	switch {
	case best != nil:
		return best, nil
	case known != nil:
		return nil, known
	case req.Listener != "" && len(m.links) > 0:
		return nil, fmt.Errorf("%w on listener %q: %s", ErrMasterOffline, req.Listener, m.serial)
	}
	return nil, fmt.Errorf("%w: %s (last seen %s)", ErrMasterOffline, m.serial, m.last.Format(time.RFC3339))
}

// serverMessage finds a command of the server by its letter or name.
func serverMessage(p *codec.Profile, name string) (*codec.Message, error) {
	var all []string
	for _, msg := range p.Commands() {
		if msg.Command == name || msg.Name == name {
			return msg, nil
		}
		all = append(all, fmt.Sprintf("%s (%s)", msg.Command, msg.Name))
	}
	return nil, fmt.Errorf("%w: profile %q has no command %q for a master; it has %s", ErrBadCommand, p.Name(), name, strings.Join(all, ", "))
}

// build makes the frame of a command: named fields, the master's serial, the next transaction number, the server's time, and
// for the rest of the header what the master's own frames carry.
func (m masterActor) build(c *command) error {
	l, err := m.linkFor(c.req)
	if err != nil {
		return err
	}
	c.link, c.profile = l.link, l.link.slot.profile.Load()
	msg, err := serverMessage(c.profile, c.req.Command)
	if err != nil {
		return err
	}
	fields := make(map[string]any, len(c.req.Fields)+2)
	for key, value := range c.req.Fields {
		fields[key] = value
	}
	c.result = CommandResult{Serial: m.serial, Command: nameOfCommand(msg), Listener: c.link.slot.name, Connection: c.link.id}
	for _, field := range msg.Fields {
		switch field.Role {
		case codec.RoleIdentity, codec.RoleTransaction:
			if field.Role == codec.RoleIdentity && c.link.selfNamed(m.serial) {
				continue // who stands in the frame is one of those behind the modem: for the caller to say
			}
			if _, given := fields[field.Key]; given {
				return fmt.Errorf("%w: %s is set by the gateway", ErrBadCommand, field.Key)
			}
			if field.Role == codec.RoleIdentity {
				fields[field.Key] = m.serial
				continue
			}
			limit := c.profile.TransactionLimit()
			if m.lastNumber++; m.lastNumber%limit == 0 {
				m.lastNumber++
			}
			number := m.lastNumber % limit
			fields[field.Key], c.result.Transaction = number, &number
		}
	}
	session := c.header
	if session == nil || c.from != c.profile {
		session = m.header(c.profile)
	}
	if err := c.profile.BuildIn(codec.Env{Now: time.Now(), Session: session}, &c.frame, msg.Name, fields); err != nil {
		return fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	return nil
}

// nameOfCommand is how a command is called: by its letter, or, where that is a number or there are several, by its name.
func nameOfCommand(msg *codec.Message) string {
	if msg.Command == "" || strings.ContainsFunc(msg.Command, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return msg.Name
	}
	return msg.Command
}

// header is what the newest frame of the master in this profile says of it: commands default to that.
func (m masterActor) header(p *codec.Profile) *codec.Session {
	var newest *latest
	m.renew()
	for i := range m.latest {
		if k := &m.latest[i]; k.edition.profile == p && (newest == nil || k.at.After(newest.at)) {
			newest = k
		}
	}
	session := new(codec.Session)
	var f codec.Frame
	if newest != nil && p.Decode(codec.Uplink, newest.raw, &f) == nil {
		p.Remember(session, &f)
	}
	return session
}
