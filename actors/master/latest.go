package master

import (
	"time"

	"trama/actors/profiles"
	"trama/codec"
)

// latest is the newest frame of one kind.
type latest struct {
	message   *codec.Message
	installed *profiles.Installed // by which it is decoded
	raw       []byte
	at        time.Time
}

// keep remembers the newest frame of each kind.
func (m *Master) keep(msg *codec.Message, by *profiles.Installed, raw []byte, at time.Time) {
	for again := true; again; again = m.reparse() {
		for i := range m.latest {
			if k := &m.latest[i]; k.message == msg {
				k.raw = append(k.raw[:0], raw...)
				k.at, k.installed = at, by
				m.lastFrame = i
				return
			}
		}
	}
	m.lastFrame = len(m.latest)
	m.latest = append(m.latest, latest{message: msg, installed: by, raw: append([]byte(nil), raw...), at: at})
}

// reparse reads the frames that were kept under a profile that is no longer in force by the one that is, and drops
// what that one does not know.  It tells whether anything was kept anew.
func (m *Master) reparse() (changed bool) {
	kept := m.latest[:0]
	last := 0
	for i := range m.latest {
		k := m.latest[i]
		if e := k.installed.Current(); e != k.installed {
			var f codec.Frame
			changed = true
			if e.Profile.Decode(codec.Uplink, k.raw, &f) != nil {
				continue
			}
			k.message, k.installed = f.Message(), e
		}
		if i == m.lastFrame {
			last = len(kept)
		}
		if same := sameKind(kept, k.message); same >= 0 { // two kinds have become one
			if kept[same].at.After(k.at) {
				continue
			}
			kept[same] = k
			if i == m.lastFrame {
				last = same
			}
			continue
		}
		kept = append(kept, k)
	}
	clear(m.latest[len(kept):])
	m.latest, m.lastFrame = kept, last
	return changed
}

func sameKind(all []latest, msg *codec.Message) int {
	for i := range all {
		if all[i].message == msg {
			return i
		}
	}
	return -1
}

// header is what the newest frame of the master in this profile says of it: commands default to that.
func (m handler) header(p *codec.Profile) *codec.Session {
	var newest *latest
	m.reparse()
	for i := range m.latest {
		if k := &m.latest[i]; k.installed.Profile == p && (newest == nil || k.at.After(newest.at)) {
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
