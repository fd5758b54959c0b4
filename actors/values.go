package actors

import (
	"encoding/json"
	"math"
	"sync"
	"time"

	"trama/codec"
)

// describe answers a question about the master.  It is kept out of receive, whose stack every frame pays for.
//
//go:noinline
func (m masterActor) describe(q *describeMaster) { q.reply <- m.info() }

func (m masterActor) info() MasterInfo {
	info := MasterInfo{
		Serial: m.serial, State: "offline", FirstSeen: m.first, LastSeen: m.last, Links: []Link{}, Values: map[string]Value{},
		Frames: m.frames, Bytes: m.bytes, Connects: m.connects, Takeovers: m.takeovers, Commands: m.commands, Queued: len(m.queue),
	}
	if len(m.links) > 0 {
		info.State = "online"
	}
	for _, l := range m.links {
		info.Links = append(info.Links, Link{Listener: l.link.slot.name, Connection: l.link.id, Remote: l.link.remote(), Since: l.since})
	}
	if c := m.inFlight; c != nil {
		info.InFlight = c.result.Command
	}
	m.describeLatest(&info)
	return info
}

// describeLatest reads the last values from the newest frame of each kind.
func (m masterActor) describeLatest(info *MasterInfo) {
	var f codec.Frame
	var alarmAt time.Time
	for i := range m.latest {
		k := &m.latest[i]
		if k.profile.Decode(codec.Uplink, k.raw, &f) != nil {
			continue // it was decoded when it came; only a changed profile can bring us here
		}
		device, _ := f.Timestamp()
		if i == m.lastFrame {
			info.LastCommand, info.DeviceTime, info.Profile = f.Command(), device, k.profile.Name()
		}
		if alarm, ok := f.Alarm(); ok && !k.at.Before(alarmAt) {
			alarmAt, info.Alarm = k.at, &alarm
		}
		if p := f.Message().Purpose; p == codec.PurposeRequest || p == codec.PurposeAnswer {
			continue // wishes and results, no values
		}
		header := headerOf(k.profile)
		for _, it := range f.Items() {
			if it.Depth > 0 || header[it.Field.Key] {
				continue
			}
			if old, known := info.Values[it.Field.Key]; known && old.At.After(k.at) {
				continue
			}
			info.Values[it.Field.Key] = Value{Value: itemValue(it), Unit: it.Field.Unit, At: k.at, Device: device, Command: f.Command()}
		}
	}
}

// headers caches, for each profile, the keys that every message has: they say what a frame is, not what was measured.
var headers sync.Map // *codec.Profile → map[string]bool

func headerOf(p *codec.Profile) map[string]bool {
	if known, ok := headers.Load(p); ok {
		return known.(map[string]bool)
	}
	messages := p.Messages()
	count := map[string]int{}
	for _, msg := range messages {
		for _, field := range msg.Fields {
			count[field.Key]++
		}
	}
	common := map[string]bool{}
	for key, n := range count {
		common[key] = n == len(messages)
	}
	headers.Store(p, common)
	return common
}

// itemValue is the value of a field as JSON shows it.
func itemValue(it codec.Item) any {
	if it.Missing() {
		return nil
	}
	if label := it.Label(); label != "" {
		return label
	}
	switch it.Kind {
	case codec.KindUint:
		return it.Uint()
	case codec.KindInt:
		return it.Int()
	case codec.KindFloat:
		v := it.Float()
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return formatFloat(v) // JSON has no such number: "NaN", "+Inf", "-Inf" as text
		}
		return json.Number(formatFloat(v))
	case codec.KindTime:
		if t, ok := it.Time(); ok {
			return t
		}
		return it.Text()
	case codec.KindBytes:
		return hexString(it.Bytes())
	default:
		return it.Text()
	}
}
