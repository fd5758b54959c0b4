package connection

import (
	"fmt"
	"sync/atomic"
	"time"

	"trama/actors/master"
	"trama/codec"
)

// Bounds of what is passed on to one integrator.
const (
	mostSubscriptions = 1_000 // masters
	mostPassing       = 256   // measurements that wait for its connection; further ones are left out
)

// passing counts the measurements on their way to an integrator.
type passing struct {
	masters map[string]bool // subscribed; of the connection's actor
	waiting atomic.Int32
	leftOut atomic.Uint64 // since the last one that was passed on
}

// passed is a measurement of a master for an integrator's connection that has subscribed to it.
type passed struct {
	request *integratorRequest
	profile *codec.Profile
	raw     []byte
}

// subscribe has the measurements of a master passed on, and says whether that will be done.
func (c handler) subscribe(m *master.Master, request *integratorRequest) bool {
	l := c.link
	if l.passing == nil {
		l.passing = &passing{masters: map[string]bool{}}
	}
	p := l.passing
	if len(p.masters) >= mostSubscriptions && !p.masters[m.Serial] {
		return false
	}
	if !m.Subscribe(master.Subscriber{Link: l, Pass: func(profile *codec.Profile, raw []byte) {
		if p.waiting.Add(1) > mostPassing {
			p.waiting.Add(-1)
			p.leftOut.Add(1)
			return
		}
		l.send(&l.Node, &passed{request, profile, raw})
	}}) {
		return false
	}
	p.masters[m.Serial] = true
	return true
}

// passOn passes a measurement on to the integrator.
func (c handler) passOn(m *passed) {
	c.link.passing.waiting.Add(-1)
	log := c.link.log("integrator")
	if n := c.link.passing.leftOut.Swap(0); n > 0 {
		log.Warn("measurements left out: the integrator does not keep up", "conn", c.link.ID(), "measurements", n)
	}
	frame, err := m.request.pass(m)
	if err == nil {
		err = c.link.conn.Write(frame)
	}
	if err != nil {
		log.Warn("measurement not passed to the integrator", "conn", c.link.ID(), "master", string(m.request.frame.Identity()), "error", err)
	}
}

// pass makes a master's measurement one for the integrator: its own profile, with the number of its subscription.
func (r *integratorRequest) pass(m *passed) ([]byte, error) {
	var from, rebuilt codec.Frame
	if err := m.profile.Decode(codec.Uplink, m.raw, &from); err != nil {
		return nil, err
	}
	to := &from
	if m.profile != r.profile {
		to = &rebuilt
		if err := r.rebuild(to, &from); err != nil {
			return nil, err
		}
	}
	if err := r.number(to); err != nil {
		return nil, err
	}
	return r.profile.Append(nil, to)
}

// rebuild makes a measurement of the integrator's profile, of the message of the same name, from the fields that both have.
func (r *integratorRequest) rebuild(into, from *codec.Frame) error {
	name, has := from.Message().Name, map[string]bool{}
	for _, msg := range r.profile.Messages() {
		if msg.Name == name {
			for _, field := range msg.Fields {
				has[field.Key] = field.Role != codec.RoleCommand && field.Role != codec.RoleTransaction
			}
		}
	}
	if len(has) == 0 {
		return fmt.Errorf("profile %q has no message %s", r.profile.Name(), name)
	}
	fields := map[string]any{}
	for _, it := range from.Items() {
		if key := it.Field.Key; it.Depth == 0 && has[key] && !it.Follows() && it.Kind != codec.KindGroup && it.Kind != codec.KindList {
			fields[key] = it.Text()
		}
	}
	if own, ok := r.frame.Transaction(); ok {
		for _, field := range r.frame.Message().Fields {
			if field.Role == codec.RoleTransaction {
				fields[field.Key] = own
			}
		}
	}
	session := new(codec.Session)
	r.profile.Remember(session, &r.frame)
	return r.profile.BuildIn(codec.Env{Now: time.Now(), Session: session}, into, name, fields)
}
