package master

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"sync"

	"trama/codec"
)

// named is a field with the name it is shown under.
type named struct {
	codec.Item
	name string
}

// shown chooses what of a frame is shown: its values and its alarm, however deep they stand, or, when it has no
// values, the fields of the frame itself that say neither what it is nor whose, without those that are always the
// same or follow from the rest.
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
		case values ||
			role != codec.NoRole ||
			it.Depth > 0 ||
			header.has(it.Field) || it.Kind == codec.KindList || it.Kind == codec.KindGroup || it.Follows():
			continue
		}
		out = append(out, named{it, name})
	}
	return out
}

// nameOf is what a value is called: as the field beside it says that has this role, or by its key.  A number that has
// no label says too little alone, and so does any name of several values.
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

// commonFields are what every message has, by its key, and what the messages of one kind of frame have in common: its
// header and trailer.
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
		if t, ok := it.Time(); ok && !it.DateOnly() {
			return t
		}
		return it.Text()
	case codec.KindBytes:
		return hex.EncodeToString(it.Bytes())
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
				// the decimal that it is shown as, not the nearest binary fraction
				if n, ok := fv.Value.(json.Number); ok {
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

// formatFloat gives the shortest decimal that is the same float32, or float64 when it is none.
func formatFloat(v float64) string {
	if float64(float32(v)) == v {
		return plainFloat(v, 32)
	}
	return plainFloat(v, 64)
}

// plainFloat writes a number without an exponent, as long as it has few zeros.
func plainFloat(v float64, bits int) string {
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-12 || abs >= 1e21) {
		format = 'g'
	}
	return strconv.FormatFloat(v, format, -1, bits)
}

// ForgetHeaders empties what is cached of profiles, after a swap: else it would hold every profile that there ever was.
func ForgetHeaders() { headers.Clear() }
