package master

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/admission"
	"trama/actors/trust"
	"trama/codec"
	"trama/codec/protect"
	"trama/journal"
)

// Frames that came under a key are opened when they are here, and their tags are right.  What is left is whether they are
// fresh; the window moves with the frame that goes to the journal.

// ErrUnprotected says that a command would go out with less protection than it must have.
var ErrUnprotected = errors.New("commands to this master must be protected")

// errGuarded says why an unprotected frame is refused on any listener.
var errGuarded = errors.New("there is a connection on which this master sends protected frames")

// Reasons why a frame is refused because of its protection.
const (
	ReasonUnprotected  = "unprotected"
	reasonOtherCommand = "answers another command"
)

// admits says whether the frame in hand is one to be taken in, as far as its protection tells; o is nil when it came
// unprotected.
func (m handler) admits(b *Batch, o *protect.Opened, s seenFrame, known bool) bool {
	if o == nil {
		if m.guarded() {
			m.refuse(b, ReasonUnprotected, errGuarded)
			return false
		}
		return true
	}
	c := b.Claims[b.next]
	m.peer = c.Peer
	if b.Link.Policy().Challenge {
		m.challengeWith(b.Link, b.Installed.Profile, &b.Frames[b.next], o.Suite)
	}
	fresh, err := c.Peer.Check(o, c)
	// of a frame that is known nothing is lost when it is acknowledged again; one without a counter may be a replay
	if known && (fresh == trust.Replayed || o.Suite == protect.Auth24 && !o.OfConnection && fresh == trust.Fresh && !m.linked(b.Link)) {
		if what, _ := m.recent.find(s, b.Installed.Profile.Resend().Within); what == sightResend {
			fresh = trust.Duplicate
		}
	}
	switch fresh {
	case trust.Fresh:
		if cmd := m.inFlight; cmd != nil && cmd.reference != nil && o.Reference != nil &&
			!bytes.Equal(o.Reference, cmd.reference) && !m.refersTo(o.Reference) {
			m.refuse(b, reasonOtherCommand, nil)
			return false
		}
		return true
	case trust.Duplicate:
		b.repeated++
		m.duplicates++
		c.Peer.Owe()
		if m.linked(b.Link) { // anybody can send it again: it makes no link, and proves none
			m.arrive(b, false)
		}
		return false
	case trust.Reused:
		m.alarm(b, journal.EventCounterReused, err.Error())
		m.refuse(b, trust.ErrReused.Error(), err)
	case trust.OldEpoch:
		m.refuse(b, trust.ErrOldEpoch.Error(), err)
	default:
		m.refuse(b, trust.ErrReplayed.Error(), err)
	}
	return false
}

// refuse refuses the frame in hand.
func (m handler) refuse(b *Batch, reason string, err error) {
	b.Fates[b.next] = Rejected
	raw := b.Raw[b.next]
	if len(b.Claims) > 0 && b.Claims[b.next].Wire != nil {
		raw = b.Claims[b.next].Wire
	}
	b.Link.Reject(m.Serial, raw, reason, err)
}

// trusts notes that the frame in hand is taken in; alone: without a record.
func (m handler) trusts(b *Batch, o *protect.Opened, alone bool) {
	if o == nil {
		m.speaksBy(b.Link, protect.None)
		return
	}
	c := b.Claims[b.next]
	c.Peer.Owe()
	if began := c.Peer.Accept(o, c, alone); began != "" {
		m.dir.sys.Tell("registry", hclog.Info, "master has begun another epoch or key", "master", m.Serial, "begun", began, "listener", b.Link.Listener(), "conn", b.Link.ID())
		m.linkEvent(journal.EventEpoch, b.Link, "", began)
	}
	m.speaksBy(b.Link, o.Suite)
}

// speaksBy notes by which suite the newest frame of a link came.
func (m handler) speaksBy(l Link, s protect.Suite) {
	m.suite.Store(uint32(s))
	for _, each := range m.links {
		if each.link != l {
			continue
		}
		if s != protect.None && each.suite == protect.None {
			l.Prove(m.peer)
		}
		each.suite = s
	}
}

// guarded says whether a link stands that has brought a frame under a key.
func (m *Master) guarded() bool {
	for _, l := range m.links {
		if l.suite != protect.None {
			return true
		}
	}
	return false
}

// linkOn is the link on a listener; nil when there is none.
func (m *Master) linkOn(listener string) *masterLink {
	for _, l := range m.links {
		if l.link.Listener() == listener {
			return l
		}
	}
	return nil
}

// reserve adds to a batch the row of what the master's peer needs on disk with it.
func (m handler) reserve(b *Batch) {
	if m.peer == nil {
		return
	}
	if row, r := m.peer.Row(false); row != nil {
		b.entry.Rows, b.reserved = append(b.entry.Rows, row), r
	}
}

// KeepTrust has the row of a peer written that has no frame to go with: wrong tags have come.  The master is made when
// there is none; how many there can be is bounded by the keys.
func (d *Directory) KeepTrust(serial string) {
	if m := d.Get(serial); m != nil {
		m.send(&keepTrust{})
		return
	}
	d.sys.Send(d.Node, &keepTrust{serial: serial})
}

// keepTrust writes the row of the master's peer.
func (m handler) keepTrust() {
	if m.peer == nil {
		m.peer = m.dir.keys.Known(m.Serial)
	}
	m.writeTrust(nil)
}

// writeTrust writes the row of the master's peer, if it is due; the command waits for it, if there is one.
func (m handler) writeTrust(command *Command) {
	if m.peer == nil || m.forgotten {
		return
	}
	e := &journal.Entry{Subject: &m.subject}
	row, r := m.peer.Row(false)
	if row != nil {
		e.Rows = []journal.Row{row}
	} else if command == nil {
		return
	}
	e.Owner = trustKept{m.Master, r, command}
	m.dir.journal.Append(e)
}

// trustKept owns a row of trust on its way to the journal.
type trustKept struct {
	m       *Master
	r       trust.Reservation
	command *Command // that waits for it; nil: none
}

// Committed implements journal.Committer.
func (k trustKept) Committed(_ uint64, err error) {
	if err == nil {
		k.r.Stored()
	}
	if k.command != nil {
		k.m.send(&reserved{k.command})
	}
}

// mayControl says whether a command may go out on a link, as far as its newest frame tells.
func (m handler) mayControl(l *masterLink, req CommandRequest) error {
	switch policy := l.link.Policy(); {
	case req.Protected && l.suite.TagBits() < 64:
		return fmt.Errorf("%w: %s has sent no frame under suite 20 or 21 on listener %q, or a weaker one since", ErrUnprotected,
			m.Serial, l.link.Listener())
	case l.suite == protect.None && policy.Security != admission.Open && !policy.AllowUnprotectedControl:
		return fmt.Errorf("%w: it speaks unprotected on listener %q; see allow_unprotected_control", ErrUnprotected, l.link.Listener())
	case l.suite == protect.Enc24:
		return fmt.Errorf("%w: suite %v is for telemetry", ErrUnprotected, l.suite)
	}
	return nil
}

// protect protects the command in flight, when its link is protected; wait says that no counter is on disk for it, and
// that it goes on with a message.
func (m handler) protect(c *Command) (wait bool, err error) {
	l := m.linkOn(c.link.Listener())
	if l == nil {
		return false, fmt.Errorf("%w: %s", ErrOffline, m.Serial)
	}
	// again: weaker frames may have come while it waited
	if err = m.mayControl(l, c.Request); err != nil || l.suite == protect.None {
		return false, err
	}
	c.Result.Suite = l.suite.String()
	switch s := c.link.Session(m.peer); {
	case s.Active():
		c.bytes, c.reference, err = s.Protect(c.Profile, nil, c.plain, l.suite, nil)
		return false, err
	case s == nil && l.suite == protect.Auth24:
		return true, m.challenge(c.link, c.Profile, m.header(c.Profile))
	case s != nil && l.suite != protect.Enc24:
		return true, nil
	}
	if !m.peer.Reserved() {
		m.writeTrust(c)
		return true, nil
	}
	c.bytes, c.reference, err = m.peer.Protect(c.Profile, nil, c.plain, l.suite, nil)
	return false, err
}

// reserved goes on with the command that has waited for a counter, or for the answer to a challenge.
func (m handler) reserved(r *reserved) {
	c := m.inFlight
	if c == nil || !c.waiting || r.command != nil && c != r.command {
		return
	}
	if r.command != nil && !m.peer.Reserved() {
		m.finish(c, fmt.Errorf("protect the command: %w", trust.ErrUnreserved))
		return
	}
	m.transmit(c)
}

// Messages and fields of the challenge, as a profile names them.
const (
	Challenge       = "challenge"
	ServerHalf      = "RS"
	ChallengeAnswer = "challenge-answer"
	DeviceHalf      = "RD"
)

// challengeWith challenges the sender of a frame, once on a connection.
func (m handler) challengeWith(l Link, p *codec.Profile, f *codec.Frame, s protect.Suite) {
	if s == protect.Enc24 || l.Session(m.peer) != nil {
		return
	}
	header := new(codec.Session)
	p.Remember(header, f)
	if err := m.challenge(l, p, header); err != nil {
		m.dir.log.Named("registry").Warn("challenge not sent", "master", m.Serial, "listener", l.Listener(), "conn", l.ID(), "error", err)
	}
}

// challenge sends the server's half of a key for the connection.  It goes plain, with a checksum.
func (m handler) challenge(l Link, p *codec.Profile, header *codec.Session) error {
	at := slices.IndexFunc(p.Messages(), func(msg *codec.Message) bool { return msg.Name == Challenge && msg.From == codec.Server })
	if at < 0 {
		return fmt.Errorf("%w: profile %q has no message %q", ErrUnprotected, p.Name(), Challenge)
	}
	msg := p.Messages()[at]
	s := m.peer.Challenge()
	fields := map[string]any{ServerHalf: hex.EncodeToString(s.Half())}
	for _, field := range msg.Fields {
		switch field.Role {
		case codec.RoleIdentity:
			fields[field.Key] = m.Serial
		case codec.RoleTransaction:
			m.lastNumber = m.nextNumber(p)
			fields[field.Key] = m.lastNumber % p.TransactionLimit()
		}
	}
	var f codec.Frame
	if err := p.BuildIn(codec.Env{Now: time.Now(), Session: header}, &f, msg.Name, fields); err != nil {
		return fmt.Errorf("build the challenge: %w", err)
	}
	plain, err := p.Append(nil, &f)
	if err != nil {
		return fmt.Errorf("build the challenge: %w", err)
	}
	frame, err := p.Protect(nil, plain, &protect.Protection{Server: true})
	if err != nil {
		return fmt.Errorf("build the challenge: %w", err)
	}
	l.Begin(m.peer, s)
	return l.Write(frame)
}

// Proceed has a command go on that waits for the answer to a challenge.  Any goroutine may call it.
func (m *Master) Proceed() { m.send(&reserved{}) }

// SecurityInfo is how a master protects its frames.
type SecurityInfo struct {
	trust.Info
	Suite string `json:"suite"` // of its newest frame; 00 is unprotected
}

// unprotected says whether its newest frame came under no key, where masters have keys.  Any goroutine may call it.
func (m *Master) unprotected() bool {
	return m.suite.Load() == uint32(protect.None) && m.seen.Load() != 0 && !m.dir.keys.Empty()
}

// security describes it; nil when no master has a key.
func (m handler) security() *SecurityInfo {
	if m.dir.keys.Empty() {
		return nil
	}
	info := &SecurityInfo{Suite: protect.Suite(m.suite.Load()).String()}
	if m.peer != nil {
		info.Info = m.peer.Info()
	}
	if m.unprotected() {
		info.Verdict = ReasonUnprotected
	}
	return info
}
