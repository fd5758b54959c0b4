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
func (m masterActor) describe(q *describeMaster) { q.reply <- answer[MasterInfo]{q.at, m.info()} }

func (m masterActor) info() MasterInfo {
	info := MasterInfo{
		Serial: m.serial, State: "offline", FirstSeen: m.first, LastSeen: m.last, Links: []Link{}, Values: map[string]Value{},
		Frames: m.frames, Duplicates: m.duplicates, Bytes: m.bytes, Connects: m.connects, Takeovers: m.takeovers, Commands: m.commands, Queued: len(m.queue),
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
	if info.Profile == "" && len(m.links) > 0 { // it has registered and said nothing yet
		info.Profile = m.links[0].link.slot.profile.Load().Name()
	}
	return info
}

// describeLatest reads the last values from the newest frame of each kind.
func (m masterActor) describeLatest(info *MasterInfo) {
	var f codec.Frame
	var alarmAt time.Time
	m.renew()
	for i := range m.latest {
		k := &m.latest[i]
		if k.edition.profile.Decode(codec.Uplink, k.raw, &f) != nil {
			continue // it was decoded when it came, so this is not to be expected
		}
		device, _ := f.Timestamp()
		if i == m.lastFrame {
			info.LastCommand, info.DeviceTime, info.Profile = f.Command(), device, k.edition.profile.Name()
			info.LastMessage = f.Message().Name
		}
		if alarm, ok := f.Alarm(); ok && !k.at.Before(alarmAt) {
			alarmAt, info.Alarm = k.at, &alarm
		}
		if p := f.Message().Purpose; p == codec.PurposeRequest || p == codec.PurposeAnswer {
			continue // wishes and results, no values
		}
		for _, v := range shown(f.Items(), headerOf(k.edition.profile)) {
			if old, known := info.Values[v.name]; known && old.At.After(k.at) {
				continue
			}
			info.Values[v.name] = Value{Value: itemValue(v.Item), Unit: v.Field.Unit, At: k.at, Device: device, Command: f.Command(), Message: f.Message().Name}
		}
	}
}

// named is a field with the name it is shown under.
type named struct {
	codec.Item
	name string
}

// shown chooses what of a frame is shown: its values and its alarm, however deep they stand, or, when it has no values, the fields of
// the frame itself that say neither what it is nor whose, without those that are always the same or follow from the rest.
func shown(items []codec.Item, header *commonFields) []named {
	names := map[int]codec.Item{} // by group
	groups := groupsOf(items)
	values, beside := false, map[int]int{} // how many in each group
	for i, it := range items {
		switch it.Field.Role {
		case codec.RoleName:
			names[groups[i]] = it
		case codec.RoleValue:
			values = true
			beside[groups[i]]++
		}
	}
	var out []named
	for i, it := range items {
		name := it.Field.Key
		switch role := it.Field.Role; {
		case role == codec.RoleAlarm:
		case role == codec.RoleValue:
			name = nameOf(it, names[groups[i]], beside[groups[i]] > 1)
		case values || role != codec.NoRole || it.Depth > 0 || header.has(it.Field) || it.Kind == codec.KindList || it.Kind == codec.KindGroup || it.Follows():
			continue
		}
		out = append(out, named{it, name})
	}
	return out
}

// nameOf is what a value is called: as the field beside it says that has this role, or by its key.  A number that has no label
// says too little alone, and so does any name of several values.
func nameOf(value, by codec.Item, several bool) string {
	if by.Field == nil {
		return value.Field.Key
	}
	suffix := ""
	if several {
		suffix = "." + value.Field.Key
	}
	if label := by.Label(); label != "" {
		return label + suffix
	}
	if by.Kind == codec.KindUint || by.Kind == codec.KindInt {
		return value.Field.Key + "-" + by.Text()
	}
	return by.Text() + suffix
}

// groupsOf numbers the groups that items stand in: the frame itself, and each group and element of a list.
func groupsOf(items []codec.Item) []int {
	groups := make([]int, len(items))
	var around []int // the group at each depth
	last := 0
	for i, it := range items {
		if len(around) > it.Depth+1 {
			around = around[:it.Depth+1]
		}
		for len(around) <= it.Depth {
			last++
			around = append(around, last)
		}
		groups[i] = around[it.Depth]
	}
	return groups
}

// headers caches, for each profile, the fields that say what a frame is, not what was measured.
var headers sync.Map // *codec.Profile → *commonFields

// commonFields are what every message has, by its key, and what the messages of one kind of frame have in common: its header and trailer.
type commonFields struct {
	keys   map[string]bool
	fields map[*codec.Field]bool
}

func (h *commonFields) has(f *codec.Field) bool { return h.keys[f.Key] || h.fields[f] }

func headerOf(p *codec.Profile) *commonFields {
	if known, ok := headers.Load(p); ok {
		return known.(*commonFields)
	}
	messages := p.Messages()
	count, uses := map[string]int{}, map[*codec.Field]int{}
	for _, msg := range messages {
		for _, field := range msg.Fields {
			count[field.Key]++
			uses[field]++
		}
	}
	common := &commonFields{keys: map[string]bool{}, fields: map[*codec.Field]bool{}}
	for key, n := range count {
		common.keys[key] = n == len(messages)
	}
	for field, n := range uses {
		common.fields[field] = n > 1
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

// FrameValue is one value of a frame as it is shown.
type FrameValue struct {
	Name    string
	Value   any // as codec's JSON gives it: number, text, time; nil for one that the device has not got
	Unit    string
	Number  float64 // when Numeric
	Numeric bool
}

// ValuesOf lists what of a frame is shown as its values, in the order of the frame.
func ValuesOf(p *codec.Profile, f *codec.Frame) []FrameValue {
	var out []FrameValue
	for _, v := range shown(f.Items(), headerOf(p)) {
		fv := FrameValue{Name: v.name, Value: itemValue(v.Item), Unit: v.Field.Unit}
		switch v.Kind {
		case codec.KindUint, codec.KindInt, codec.KindFloat:
			if !v.Missing() {
				fv.Number, fv.Numeric = v.Float(), true
				if n, ok := fv.Value.(json.Number); ok { // the decimal that it is shown as, not the nearest binary fraction
					if f, err := n.Float64(); err == nil {
						fv.Number = f
					}
				}
			}
		}
		out = append(out, fv)
	}
	return out
}
