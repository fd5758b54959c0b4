package master

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"trama/actors/trust"
	"trama/codec"
	"trama/internal/words"
)

// linkFor chooses the link that a command goes out on: the newest whose profile has it.
func (m handler) linkFor(req CommandRequest) (*masterLink, error) {
	var best *masterLink
	var known error
	for _, l := range m.links {
		if req.Listener != "" && l.link.Listener() != req.Listener {
			continue
		}
		profile := l.link.Profile()
		if _, err := orderOf(profile, req); err != nil {
			known = err
			continue
		}
		if best == nil || l.link.ID() > best.link.ID() {
			best = l
		}
	}
	switch {
	case best != nil:
		return best, m.mayControl(best, req)
	case known != nil:
		return nil, known
	case req.Listener != "" && len(m.links) > 0:
		return nil, fmt.Errorf("%w on listener %q: %s", ErrOffline, req.Listener, m.Serial)
	}
	if m.peer != nil && m.peer.Stale() {
		return nil, fmt.Errorf("%w: %s: its frames are refused as %w: "+
			"the journal was restored from a copy, and the device must begin a newer epoch", ErrOffline, m.Serial, trust.ErrOldEpoch)
	}
	if m.seen.Load() == 0 {
		return nil, fmt.Errorf("%w: %s (never seen)", ErrOffline, m.Serial)
	}
	return nil, fmt.Errorf("%w: %s (last seen %s)", ErrOffline, m.Serial, m.last().Format(time.RFC3339))
}

// SetKey is the message that hands a device its next key, as a profile names it.
const SetKey = "set-key"

// orderOf finds what a request asks for in a profile: a [[command]] by its name, or a message of the server by its name or
// letter.
func orderOf(p *codec.Profile, req CommandRequest) (*codec.Command, error) {
	own := func(msg *codec.Message) bool {
		return p.Security() != nil && msg.From == codec.Server && (msg.Name == SetKey || msg.Name == Challenge)
	}
	for _, msg := range p.Messages() {
		switch {
		case msg.Command != req.Command && msg.Name != req.Command:
		case msg.From == codec.Anyone:
			return nil, fmt.Errorf("%w: message %s of profile %q has no from: it does not say that the server sends it", ErrBadCommand, msg.Name, p.Name())
		case own(msg) && !req.Protected:
			return nil, fmt.Errorf("%w: the gateway alone sends %s and %s; trama keys rotate --send hands a device its next key",
				ErrBadCommand, SetKey, Challenge)
		}
	}
	if order, ok := p.Command(req.Command); ok {
		return order, nil
	}
	var all, known []string
	for _, order := range p.DeclaredCommands() {
		if own(order.Message) {
			continue
		}
		known = append(known, order.Name)
		if order.Name == order.Message.Name {
			all = append(all, fmt.Sprintf("%s (%s)", order.Message.Command, order.Name))
		} else {
			all = append(all, order.Name)
		}
	}
	return nil, fmt.Errorf("%w: profile %q has no command %q for a master; it has %s%s", ErrBadCommand, p.Name(),
		req.Command, strings.Join(all, ", "), words.DidYouMean(req.Command, known))
}

// build makes the frame of a command for a link.
func (m handler) build(c *Command, l Link) error {
	c.link, c.Profile = l, l.Profile()
	c.Result.Listener, c.Result.Connection = l.Listener(), l.ID()
	return m.buildFrame(c, l.SelfNamed(m.Serial))
}

// try says whether c can be built: for the link that it would go out on now, or by what the master spoke last.
func (m handler) try(c *Command, l *masterLink) error {
	if l != nil {
		return m.build(c, l.link)
	}
	c.Result.Listener, c.Result.Command = c.Request.Listener, c.Request.Command
	if c.Profile = m.speaks.Load(); c.Profile == nil {
		return nil
	}
	identity := func(f *codec.Field) bool {
		_, given := c.Request.Fields[f.Key]
		return given && f.Role == codec.RoleIdentity
	}
	order, err := orderOf(c.Profile, c.Request)
	if err == nil { // who gives the identity knows that a modem stands before the master
		err = m.buildFrame(c, slices.ContainsFunc(order.Message.Fields, identity))
	}
	if bad := (*codec.FieldError)(nil); errors.As(err, &bad) && c.identity == bad.Field {
		return nil // by its next link it may have another name
	}
	return err
}

// buildFrame makes the frame of a command: named fields, the master's serial, a transaction number, the server's time, and
// for the rest of the header what the master's own frames carry.  A master that is selfNamed goes by the name that was
// registered: who stands in the frame is one of those behind the modem, and for the caller to say.
func (m handler) buildFrame(c *Command, selfNamed bool) error {
	order, err := orderOf(c.Profile, c.Request)
	if err != nil {
		return err
	}
	msg := order.Message
	for _, field := range msg.Fields {
		_, given := c.Request.Fields[field.Key]
		if given && (field.Role == codec.RoleTransaction || field.Role == codec.RoleIdentity && !selfNamed) {
			return fmt.Errorf("%w: %s is set by the gateway", ErrBadCommand, field.Key)
		}
	}
	fields, err := order.Fields(c.Request.Fields)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	c.order, c.Result.Command, c.Result.Transaction = order, nameOfCommand(order), nil
	c.numbered = c.Profile.NumbersAnswers()
	for _, field := range msg.Fields {
		switch {
		case field.Role == codec.RoleIdentity && !selfNamed:
			fields[field.Key], c.identity = m.named(c.Profile, field), field.Key
		case field.Role == codec.RoleTransaction:
			c.number = m.nextNumber(c.Profile)
			number := c.number % c.Profile.TransactionLimit()
			fields[field.Key], c.Result.Transaction = number, &number
		}
	}
	session := c.Header
	if session == nil || c.From != c.Profile {
		session = m.header(c.Profile)
	}
	if err := c.Profile.BuildIn(codec.Env{Now: time.Now(), Session: session}, &c.frame, msg.Name, fields); err != nil {
		return fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	return nil
}

// nextNumber is the next transaction number of the server, before it goes round; never 0, nor one whose command may still
// be answered.
func (m *Master) nextNumber(p *codec.Profile) uint64 {
	limit := p.TransactionLimit()
	next := m.lastNumber + 1
	for range mostLate + 1 { // a few numbers may all be in use
		if next%limit != 0 && !m.spent(next%limit) {
			break
		}
		next++
	}
	return next
}

// nameOfCommand is how a command is called: by its letter, or, where that is a number or there are several, by its
// name.
func nameOfCommand(order *codec.Command) string {
	letter := order.Message.Command
	if letter == "" || order.Name != order.Message.Name || strings.ContainsFunc(letter, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return order.Name
	}
	return letter
}
