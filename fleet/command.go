package fleet

import (
	"time"

	"trama/codec"
)

// maxOwed bounds the reports that wait behind a frame in flight.
const maxOwed = 16

// obey works off a frame of the server that is no acknowledgement and returns the answer that the profile has for it.
func (m *master) obey(o *mouth, now time.Time) (answer []byte) {
	f, words := m.fleet, m.fleet.words
	kind := o.got.Message()
	known := kind.Purpose == codec.PurposeCommand
	if id := o.got.Identity(); len(id) > 0 && string(id) != m.identity {
		f.unexpected.Add(1)
		f.Logger.Debug("frame for another master", "master", m.serial, "identity", string(id))
		return nil
	}
	m.speaker.Result = 0
	if !known {
		m.speaker.Result = words.script.Refuse
	}
	line, due := words.script.Answers[kind.Name]
	var err error
	if due {
		answer, err = words.say(o, line, &m.speaker, now)
	} else {
		answer, due, err = words.profile.Reply(nil, &o.got, codec.Env{Now: now, Result: m.speaker.Result, HasResult: !known})
	}
	switch {
	case known && (err != nil || !due):
		f.ignored.Add(1)
		f.Logger.Debug("the profile has no answer", "master", m.serial, "message", kind.Name, "error", err)
		return nil
	case err != nil || !due:
		f.unexpected.Add(1)
		f.Logger.Debug("frame fits nothing", "master", m.serial, "message", kind.Name, "error", err)
		return nil
	case !known:
		f.refused.Add(1)
	default:
		f.commands.Add(1)
		if report, ok := words.script.Then[kind.Name]; ok && len(m.owed) < maxOwed {
			m.owed = append(m.owed, report)
		}
	}
	return answer
}
