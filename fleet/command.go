package fleet

import (
	"time"

	"trama/codec"
)

// refusedCode is the response code for a command that the master does not know.
const refusedCode = 1

// maxOwed bounds the reports that wait behind a frame in flight.
const maxOwed = 16

// obey carries a command out and returns the answer; kind is nil for one that the profile does not list.
func (m *master) obey(o *mouth, kind *codec.Message, now time.Time) (answer []byte) {
	env := codec.Env{Now: now}
	if kind == nil {
		env.Result, env.HasResult = refusedCode, true
	}
	var due bool
	var err error
	words := m.fleet.words
	answer, due, err = words.profile.Reply(nil, &o.got, env)
	if own, ok := words.answers[o.got.Command()]; ok && err == nil && !due && kind != nil {
		transaction, _ := o.got.Transaction()
		answer, err = words.say(o, nil, own, m.serial, transaction, now, m.random, nil)
		due = true
	}
	if err != nil || !due || string(o.got.Identity()) != m.serial {
		m.fleet.unexpected.Add(1)
		m.fleet.Logger.Debug("frame fits nothing", "master", m.serial, "command", o.got.Command(), "error", err)
		return nil
	}
	if kind == nil {
		m.fleet.refused.Add(1)
	} else {
		m.fleet.commands.Add(1)
		m.operate(&o.got, kind)
		if report, ok := words.reports[kind.Name]; ok && len(m.owed) < maxOwed {
			m.owed = append(m.owed, report)
		}
	}
	return answer
}

// operate moves a relay.
func (m *master) operate(f *codec.Frame, kind *codec.Message) {
	if kind.Name != operateRelay {
		return
	}
	relay, hasRelay := f.Item(relayKey)
	operation, hasOperation := f.Item(operationKey)
	if !hasRelay || !hasOperation {
		return
	}
	if m.relays == nil {
		m.relays = map[uint64]uint64{}
	}
	m.relays[relay.Uint()] = operation.Uint()
	m.lastRelay = relay.Uint()
}

// relayState is what the relay report says: the relay that was operated last, relay 1 at rest when none was.
func (m *master) relayState() map[string]any {
	relay := max(m.lastRelay, 1)
	return map[string]any{relayKey: relay, operationKey: m.relays[relay]}
}
