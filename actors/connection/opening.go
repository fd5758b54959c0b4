package connection

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"trama/actors/admission"
	"trama/actors/master"
	"trama/actors/trust"
	"trama/codec"
	"trama/codec/protect"
	"trama/journal"
	"trama/transport"
)

// Protected frames are opened in the reader goroutine, before the connection's actor has them; what is refused stays
// closed.  Nothing is ever sent because of a frame that is refused, but a challenge when its tag is right.

var errUnprotected = errors.New(master.ReasonUnprotected)

// errWrongTag says what a wrong tag can mean.
var errWrongTag = fmt.Errorf("%w: the device has another key than the key file, or the frame is forged", protect.ErrTag)

// errSerial refuses whoever is not on the list of the listener, protected or not.
var errSerial = errors.New("serial not allowed")

// Wrong tags that close a connection: before any of its frames was accepted under a key, and after.
const (
	wrongAtFirst = 1
	wrongAfter   = 3
)

// proofs are the peers that have proven themselves on a connection.
type proofs struct {
	ever  atomic.Bool // one has
	ended bool        // too many tags were wrong; the reader's own
	wrong uint8       // tags, also those that were not looked at any more; likewise

	challenged atomic.Bool // a session was begun

	mu       sync.Mutex // guards all that follows
	of       []*trust.Peer
	sessions map[*trust.Peer]*trust.Session
}

// Proven implements trust.From.
func (l *Link) Proven(p *trust.Peer) bool {
	l.proofs.mu.Lock()
	defer l.proofs.mu.Unlock()
	return slices.Contains(l.proofs.of, p)
}

// Session implements trust.From and master.Link.
func (l *Link) Session(p *trust.Peer) *trust.Session {
	if !l.proofs.challenged.Load() {
		return nil
	}
	l.proofs.mu.Lock()
	defer l.proofs.mu.Unlock()
	return l.proofs.sessions[p]
}

// Begin implements master.Link.
func (l *Link) Begin(p *trust.Peer, s *trust.Session) {
	l.proofs.mu.Lock()
	defer l.proofs.mu.Unlock()
	if l.proofs.sessions == nil {
		l.proofs.sessions = map[*trust.Peer]*trust.Session{}
	}
	l.proofs.sessions[p] = s
	l.proofs.challenged.Store(true)
}

// Write implements master.Link.
func (l *Link) Write(p []byte) error { return l.conn.Write(p) }

// errAnswered marks a frame that was the answer to a challenge: it belongs to the connection, and to no record.
var errAnswered = errors.New("the answer to a challenge")

// answers takes in the answer of a device to its challenge.
func (l *Link) answers(f *codec.Frame) bool {
	if msg := f.Message(); msg == nil || msg.Name != master.ChallengeAnswer || trust.Of(f) != nil {
		return false
	}
	serial := string(f.Identity())
	p := l.on.Keys.Known(serial)
	if p == nil {
		return false
	}
	it, ok := f.Item(master.DeviceHalf)
	if !ok {
		return false
	}
	half, err := hex.DecodeString(it.Text())
	if s := l.Session(p); err != nil || s == nil || !s.Answer(half) {
		return false
	}
	if m := l.on.Masters.Get(serial); m != nil {
		m.Proceed()
	}
	return true
}

// Addr implements trust.From.
func (l *Link) Addr() netip.Addr { return l.conn.Remote().Addr() }

// Prove implements master.Link.
func (l *Link) Prove(p *trust.Peer) {
	l.proofs.ever.Store(true)
	l.proofs.mu.Lock()
	defer l.proofs.mu.Unlock()
	if !slices.Contains(l.proofs.of, p) {
		l.proofs.of = append(l.proofs.of, p)
	}
}

// open opens the closed frames of a read.
func (l *Link) open(r *readBatch) {
	profile := r.installed.Profile
	if profile.Security() == nil {
		return
	}
	for i := range r.frames {
		f := &r.frames[i]
		challenged := l.proofs.challenged.Load()
		if !f.Closed() && !challenged {
			continue
		}
		if len(r.claims) == 0 {
			r.claims = append(r.claims, make([]trust.Claim, len(r.frames))...)
			r.shut = append(r.shut, make([]error, len(r.frames))...)
		}
		if f.Closed() {
			if r.claims[i], r.shut[i] = l.openOne(profile, f); r.shut[i] == nil {
				r.claims[i].Wire, r.batch.Frames[i] = r.batch.Frames[i], f.Raw()
			}
		}
		if challenged && r.shut[i] == nil && l.answers(f) {
			r.shut[i] = errAnswered
		}
	}
}

func (l *Link) openOne(p *codec.Profile, f *codec.Frame) (c trust.Claim, err error) {
	head, s := p.Head(f), &l.proofs
	suite := head.Suite
	switch {
	case s.ended:
		return c, fmt.Errorf("%w: of this connection, which is closed", trust.ErrTooMany)
	case suite == protect.None: // a checksum in I, and no protection
		return c, trust.OpenUnkeyed(p, f)
	case l.on.Policy.Serials != nil && !l.on.Policy.Names(hex.AppendEncode(nil, head.Serial[:])): // before its tag is looked at: who is not listed spends no budget
		return c, errSerial
	case !l.on.Policy.Allows(suite):
		return c, fmt.Errorf("%w: %v", trust.ErrSuite, suite)
	case l.on.Role == RoleIntegrator:
		return c, trust.ErrNoKey
	}
	if c, err = l.on.Keys.Open(p, f, l); !c.Wrong && !errors.Is(err, trust.ErrTooMany) {
		return c, err
	}
	if errors.Is(err, protect.ErrTag) {
		err = errWrongTag
	}
	s.mu.Lock()
	s.of = slices.DeleteFunc(s.of, func(each *trust.Peer) bool { return each == c.Peer })
	s.mu.Unlock()
	s.wrong++
	if first := !s.ever.Load(); first && s.wrong >= wrongAtFirst || s.wrong >= wrongAfter {
		s.ended = true
		detail := fmt.Sprintf("wrong tags: %d", s.wrong)
		if !c.Wrong { // it was not looked at
			detail = err.Error()
		}
		l.StopReading(transport.CloseRefused, detail)
	}
	return c, err
}

// isShut says whether frame i could not be opened.
func (r *readBatch) isShut(i int) bool { return len(r.shut) > 0 && r.shut[i] != nil }

// refusal is why frame i of a read is refused because of its protection; nil when it is not.
func (l *Link) refusal(r *readBatch, i int, f *codec.Frame) error {
	if r.isShut(i) {
		return r.shut[i]
	}
	policy := &l.on.Policy
	if policy.Security == admission.Open || l.on.Role == RoleIntegrator || trust.Of(f) != nil {
		return nil
	}
	if policy.Security == admission.Required {
		return fmt.Errorf("%w: the listener takes protected frames only", errUnprotected)
	}
	if l.on.Keys.Has(string(l.whose(f))) {
		return fmt.Errorf("%w: the master has a key, and security is mixed", errUnprotected)
	}
	return nil
}

// refuseShut refuses a frame because of its protection.
func (l *Link) refuseShut(r *readBatch, i int, err error) {
	f, serial := &r.frames[i], ""
	if f.Closed() {
		head := r.installed.Profile.Head(f)
		serial = hex.EncodeToString(head.Serial[:])
	} else {
		serial = string(l.whose(f))
	}
	l.Reject(serial, r.batch.Frames[i], reasonShut(err), err)
	if len(r.claims) == 0 {
		return
	}
	c := &r.claims[i]
	if c.Due {
		l.on.Masters.KeepTrust(serial)
	}
	if c.Alarm != "" {
		const reason = "wrong tags"
		l.on.Masters.Alarms.Add(reason)
		l.on.System.Tell("connection", hclog.Warn, reason, "master", serial, "listener", l.on.Name, "conn", l.ID(), "remote", l.Remote(), "detail", c.Alarm)
		journal.AppendEvent(l.on.Journal, journal.Event{Kind: journal.EventAlarm, Master: serial, Listener: l.on.Name, Connection: l.ID(),
			Remote: l.Remote(), Reason: reason, Detail: c.Alarm})
	}
}

// reasonShut puts an error into the few words it is counted under.
func reasonShut(err error) string {
	for _, known := range []error{protect.ErrTag, trust.ErrNoKey, trust.ErrSuite, trust.ErrTooMany, trust.ErrOldEpoch, errUnprotected, errSerial} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return reasonContent // its tag is right, or it needs none, and it cannot be read
}
