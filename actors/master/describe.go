package master

import (
	"time"

	"trama/codec"
)

// describe answers a question about the master.  It is kept out of Receive, whose stack every frame pays for.
//
//go:noinline
func (m handler) describe(q *Describe) { q.Reply <- Answer[Info]{q.At, m.info()} }

// Silent describes a master whose actor does not answer.
func (m *Master) Silent() Info {
	return Info{Serial: m.Serial, State: "stuck", Links: []LinkInfo{}, Values: map[string]Value{}}
}

func (m handler) info() Info {
	info := Info{
		Serial: m.Serial, State: "offline", FirstSeen: m.first, LastSeen: m.last, Links: []LinkInfo{}, Values: map[string]Value{},
		Frames: m.frames, Duplicates: m.duplicates, Bytes: m.bytes, Connects: m.connects, Takeovers: m.takeovers, Commands: m.commands, Queued: len(m.queue),
	}
	m.describeKnown(&info)
	for _, l := range m.links {
		info.Links = append(info.Links, LinkInfo{Listener: l.link.Listener(), Connection: l.link.ID(),
			Remote: l.link.Remote(), Since: l.since})
	}
	if c := m.inFlight; c != nil {
		info.InFlight = c.Result.Command
	}
	m.refused.describe(&info)
	m.describeLatest(&info)
	if info.Profile == "" && len(m.links) > 0 { // it has registered and said nothing yet
		info.Profile = m.links[0].link.Profile().Name()
	}
	return info
}

// describeLatest reads the last values from the newest frame of each kind.
func (m handler) describeLatest(info *Info) {
	var f codec.Frame
	var alarmAt time.Time
	m.reparse()
	for i := range m.latest {
		k := &m.latest[i]
		if k.installed.Profile.Decode(codec.Uplink, k.raw, &f) != nil {
			continue // it was decoded when it came, so this is not to be expected
		}
		device, _ := f.Timestamp()
		if i == m.lastFrame {
			info.LastCommand, info.DeviceTime, info.Profile = f.Command(), device, k.installed.Profile.Name()
			info.LastMessage = f.Message().Name
		}
		if alarm, ok := f.Alarm(); ok && !k.at.Before(alarmAt) {
			alarmAt, info.Alarm = k.at, &alarm
		}
		if p := f.Message().Purpose; p == codec.PurposeRequest || p == codec.PurposeAnswer {
			continue // wishes and results, no values
		}
		for _, v := range shown(f.Items(), headerOf(k.installed.Profile)) {
			if old, known := info.Values[v.name]; known && old.At.After(k.at) {
				continue
			}
			info.Values[v.name] = Value{Value: itemValue(v.Item), Unit: v.Field.Unit, At: k.at, Device: device,
				Command: f.Command(), Message: f.Message().Name}
		}
	}
}
