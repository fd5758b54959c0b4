package actors

import (
	"time"

	"trama/codec"
)

// An integrator dials in on a listener of its own and asks the server to ask masters.  Its request is acknowledged at once, with
// response code 1 when the master has no link or too many commands wait for it; the master's answer follows with the integrator's own transaction number.

// integratorRequest is what is kept of a request until the answer comes.
type integratorRequest struct {
	link    *link
	profile *codec.Profile // of the integrator's listener
	frame   codec.Frame    // the request, own copy
	at      time.Time
}

// refusedCode acknowledges a request that cannot be passed on.
const refusedCode = 1

// integrator acts on one frame from an integrator and sets the response code of its acknowledgement in env.
func (c connection) integrator(p *codec.Profile, f *codec.Frame, raw []byte, env *codec.Env) bool {
	name, forward := p.Forward(f)
	if !forward {
		return f.From() != codec.Server // keep-alives and the like are acknowledged; nothing else is ours to act on
	}
	serial := f.Identity()
	m := c.link.gw.masters.get(string(serial))
	env.HasResult = true
	if env.Result = 0; m == nil || m.online.Load() == 0 || int(m.load.Load()) > c.link.gw.commandQueue {
		env.Result = refusedCode
		return true
	}
	r := &integratorRequest{link: c.link, profile: p, at: env.Now}
	if err := p.Decode(codec.Uplink, append([]byte(nil), raw...), &r.frame); err != nil {
		return false
	}
	header := new(codec.Session)
	p.Remember(header, f)
	root, self := c.link.gw.root, c.link.pid
	m.take(&command{
		req:    CommandRequest{Serial: m.serial, Command: name, Origin: "integrator " + c.link.remote()},
		header: header, from: p,
		respond: func(c *command, err error) {
			root.Send(self, &relayed{request: r, result: c.result, err: err, raw: c.answer, profile: c.profile})
		},
	})
	return true
}

// relayed passes a master's answer on to the integrator that asked.
func (c connection) relayed(m *relayed) {
	log := c.link.gw.log.Named("integrator")
	r, res := m.request, m.result
	if m.err != nil || res.AnswerHex == "" {
		why := []any{"conn", c.link.id, "master", string(r.frame.Identity())}
		if m.err != nil {
			why = append(why, "error", m.err)
		} else {
			why = append(why, "outcome", string(res.Outcome))
		}
		log.Warn("no answer to pass on", why...)
		return
	}
	answer, err := r.translate(m)
	if err == nil {
		err = c.link.conn.Write(answer)
	}
	if err != nil {
		log.Warn("answer not passed on", "conn", c.link.id, "master", res.Serial, "error", err)
		return
	}
	log.Info("answer passed on", "conn", c.link.id, "master", res.Serial, "command", res.Command, "took", time.Since(r.at))
}

// translate makes the master's answer one for the integrator: its own profile, its own transaction number.
func (r *integratorRequest) translate(m *relayed) ([]byte, error) {
	var answer codec.Frame
	if m.profile == r.profile {
		if err := m.profile.Decode(codec.Uplink, m.raw, &answer); err != nil {
			return nil, err
		}
	} else if err := r.convert(m, &answer); err != nil {
		return nil, err
	}
	for _, field := range answer.Message().Fields {
		if field.Role != codec.RoleTransaction {
			continue
		}
		if own, ok := r.frame.Transaction(); ok {
			if err := answer.Set(field.Key, own); err != nil {
				return nil, err
			}
		}
	}
	return r.profile.Append(nil, &answer)
}

// convert builds the answer in the integrator's profile from the fields that both profiles have by the same key.
func (r *integratorRequest) convert(m *relayed, answer *codec.Frame) error {
	var from codec.Frame
	if err := m.profile.Decode(codec.Uplink, m.raw, &from); err != nil {
		return err
	}
	fields := map[string]any{}
	for _, it := range from.Items() {
		switch it.Field.Role {
		case codec.RoleIdentity:
			fields[it.Field.Key] = it.Text()
		case codec.RoleResult:
			fields[it.Field.Key] = it.Uint()
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
	return r.profile.BuildIn(codec.Env{Now: r.at, Session: session}, answer, from.Command(), fields)
}
