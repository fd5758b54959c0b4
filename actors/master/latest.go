package master

import (
	"encoding/json"
	"time"

	"trama/actors/profiles"
	"trama/codec"
)

// latest is the newest frame of one profile: commands default to what its header says.
type latest struct {
	installed *profiles.Installed
	raw       []byte
	at        int64 // Unix nanoseconds
	command   string
	message   string
	device    time.Time // when it was made, by the master's clock; zero when it does not say, or is off by years
}

// keep remembers the newest frame of each profile, and the last alarm.
func (m *Master) keep(by *profiles.Installed, f *codec.Frame, raw []byte, at time.Time) {
	m.lastFrame = len(m.latest)
	for i := range m.latest {
		if m.latest[i].installed.Profile.Name() == by.Profile.Name() {
			m.lastFrame = i
		}
	}
	if m.lastFrame == len(m.latest) {
		m.latest = append(m.latest, latest{})
	}
	k := &m.latest[m.lastFrame]
	if m.speaks.Load() != by.Profile {
		m.speaks.Store(by.Profile)
	}
	k.installed, k.raw, k.at = by, append(k.raw[:0], raw...), at.UnixNano()
	k.command, k.message = f.Command(), f.Message().Name
	if k.device, _ = f.Timestamp(); !codec.Meant(k.device, at) {
		k.device = time.Time{} // its samples show it, and say that it is suspect
	}
}

// named is what a frame to the master has in its field of role identity: its serial, or, where that is the bytes of a
// group, the fields of that in its newest frame.
func (m handler) named(p *codec.Profile, key *codec.Field) any {
	var f codec.Frame
	for i := range m.latest {
		k := &m.latest[i]
		if key.Type != "group" || k.installed.Profile.Name() != p.Name() || p.Decode(codec.Uplink, k.raw, &f) != nil {
			continue
		}
		var tree map[string]any
		if text, err := f.AppendJSON(nil); err == nil && json.Unmarshal(text, &tree) == nil && tree[key.Key] != nil {
			return tree[key.Key]
		}
	}
	return m.Serial
}

// header is what the newest frame of the master in this profile says of it: commands default to that.
func (m handler) header(p *codec.Profile) *codec.Session {
	session := new(codec.Session)
	var f codec.Frame
	for i := range m.latest {
		if k := &m.latest[i]; k.installed.Profile.Name() == p.Name() && p.Decode(codec.Uplink, k.raw, &f) == nil {
			p.Remember(session, &f)
		}
	}
	return session
}
