package connection

import (
	"time"

	"trama/actors/ledger"
	"trama/actors/master"
	"trama/codec"
)

// An integrator dials in on a listener of its own and asks the server to ask masters.  Its request is acknowledged at
// once, with response code 1 when the master has no link or too many commands wait for it; the master's answer
// follows with the integrator's own transaction number.

// integratorRequest is what is kept of a request until the answer comes.
type integratorRequest struct {
	link    *Link
	profile *codec.Profile // of the integrator's listener
	command string         // that it became
	frame   codec.Frame    // the request, own copy
	at      time.Time
}

// refusedCode acknowledges a request that cannot be passed on.
const refusedCode = 1

// outcomeCodes are the response codes of frames that tell an integrator of an outcome without an answer of the master.
var outcomeCodes = map[ledger.State]uint64{ledger.Sent: 0, ledger.Unknown: 240, ledger.Expired: 241, ledger.Cancelled: 242}

// noResult marks a frame of an integrator whose acknowledgement says nothing of a result.
const noResult = ^uint64(0)

// request acts on the frame in hand, one from an integrator, and notes the response code of its acknowledgement.
func (c handler) request(r *readBatch, p *codec.Profile, f *codec.Frame, raw []byte) bool {
	for len(r.results) <= r.next {
		r.results = append(r.results, noResult)
	}
	name, forward := p.Forward(f)
	subscribes := f.Message().Subscribe
	if !forward && !subscribes {
		return f.From() != codec.Server // keep-alives and the like are acknowledged; nothing else is ours to act on
	}
	l := c.link
	m := l.on.Masters.Get(string(f.Identity()))
	r.results[r.next] = 0
	if m == nil || forward && (!m.Online() || m.Busy()) {
		r.results[r.next] = refusedCode
		return true
	}
	request := &integratorRequest{link: l, profile: p, command: name, at: r.batch.Received}
	if err := p.Decode(codec.Uplink, append([]byte(nil), raw...), &request.frame); err != nil {
		return false
	}
	if subscribes {
		if !c.subscribe(m, request) {
			r.results[r.next] = refusedCode
		}
		return true
	}
	header := new(codec.Session)
	p.Remember(header, f)
	m.Take(&master.Command{
		Request: master.CommandRequest{Serial: m.Serial, Command: name, Origin: "integrator " + l.Remote(), From: l.Remote()},
		Header:  header, From: p,
		Respond: func(e master.End) {
			l.send(&l.Node, &relayed{request: request, result: e.Result, err: e.Err, raw: e.Answer, profile: e.Profile})
		},
	})
	return true
}

// relayed passes a master's answer on to the integrator that asked, or the outcome without one if it wants to hear of that.
func (c handler) relayed(m *relayed) {
	log := c.link.log("integrator")
	r, res := m.request, m.result
	if m.err != nil || res.AnswerHex == "" {
		why := []any{"conn", c.link.ID(), "master", string(r.frame.Identity())}
		if m.err != nil {
			why = append(why, "error", m.err)
		} else {
			why = append(why, "outcome", string(res.Outcome))
		}
		log.Warn("no answer for the integrator", why...)
		if !c.link.on.Outcomes {
			return
		}
	}
	answer, err := r.translate(m)
	if err == nil {
		err = c.link.conn.Write(answer)
	}
	if err != nil {
		log.Warn("answer not passed to the integrator", "conn", c.link.ID(), "master", res.Serial, "error", err)
		return
	}
	log.Info("answer passed to the integrator", "conn", c.link.ID(), "master", res.Serial, "command", res.Command,
		"took", time.Since(r.at))
}

// translate makes the master's answer one for the integrator: its own profile, its own transaction number.
func (r *integratorRequest) translate(m *relayed) ([]byte, error) {
	var answer codec.Frame
	if len(m.raw) == 0 {
		code, known := outcomeCodes[m.result.Outcome]
		if !known || m.err != nil {
			code = outcomeCodes[ledger.Cancelled]
		}
		if err := r.build(&answer, r.command, string(r.frame.Identity()), code); err != nil {
			return nil, err
		}
	} else if m.profile == r.profile {
		if err := m.profile.Decode(codec.Uplink, m.raw, &answer); err != nil {
			return nil, err
		}
	} else if err := r.convert(m, &answer); err != nil {
		return nil, err
	}
	if err := r.number(&answer); err != nil {
		return nil, err
	}
	return r.profile.Append(nil, &answer)
}

// number gives a frame the transaction number of the request.
func (r *integratorRequest) number(f *codec.Frame) error {
	for _, field := range f.Message().Fields {
		if field.Role != codec.RoleTransaction {
			continue
		}
		if own, ok := r.frame.Transaction(); ok {
			if err := r.profile.Set(f, field.Key, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// convert builds the answer in the integrator's profile from what both profiles have: letter, serial and result.
func (r *integratorRequest) convert(m *relayed, answer *codec.Frame) error {
	var from codec.Frame
	if err := m.profile.Decode(codec.Uplink, m.raw, &from); err != nil {
		return err
	}
	code, _ := from.Result()
	return r.build(answer, from.Command(), string(from.Identity()), code)
}

// build makes a frame of the integrator's profile; what is not given is as in the request.
func (r *integratorRequest) build(into *codec.Frame, command, serial string, code uint64) error {
	fields := map[string]any{}
	for _, field := range r.frame.Message().Fields {
		switch field.Role {
		case codec.RoleIdentity:
			fields[field.Key] = serial
		case codec.RoleResult:
			fields[field.Key] = code
		case codec.RoleTransaction:
			if own, ok := r.frame.Transaction(); ok {
				fields[field.Key] = own
			}
		}
	}
	session := new(codec.Session)
	r.profile.Remember(session, &r.frame)
	return r.profile.BuildIn(codec.Env{Now: r.at, Session: session}, into, command, fields)
}
