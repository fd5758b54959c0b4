package frame

import (
	"slices"
	"time"

	"trama/codec/internal/field"
)

// Quality is how far a sample can be trusted.
type Quality uint8

// Qualities of samples.
const (
	Good        Quality = iota
	SuspectTime         // its time does not exist, or lies before 2000 or more than a day ahead
	Historical          // older than the newest sample of its point; only the master knows
	Missing             // the device says that it has no value
	Implausible         // outside the limits of plausibility
)

func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return "unknown"
}

var qualityNames = [...]string{"good", "suspect time", "historical", "missing", "implausible"}

// Sample is one value of one point of a frame.
type Sample struct {
	Point   []byte    // stable name; valid until the Samples is used again
	Item    Item      // valid as long as the frame is
	Device  time.Time // of the record that it stands in, else of the frame; zero when there is none
	Quality Quality
}

// Samples are those of one frame, in the order of its fields.  Used again for each frame, it costs no memory once it has
// grown.
type Samples struct {
	List  []Sample
	names []byte
}

// Samples lists the values of f; received is when the frame came.
func (f *Frame) Samples(received time.Time, into *Samples) {
	into.List, into.names = into.List[:0], into.names[:0]
	if f.Body == nil {
		return
	}
	items := f.Items()
	names := map[int]Item{} // by group
	groups := groupsOf(items)
	values, beside := false, map[int]int{} // how many in each group
	for i, it := range items {
		switch it.Field.Role {
		case field.RoleName:
			names[groups[i]] = it
		case field.RoleValue:
			values = true
			beside[groups[i]]++
		}
	}
	device, known := f.Timestamp()
	quality := Good
	if i, _ := f.Role(field.RoleTimestamp); i >= 0 && (!known || device.Year() < 2000 || device.After(received.Add(24*time.Hour))) {
		quality = SuspectTime
	}
	var ends []int
	for i, it := range items {
		name := it.Field.Key
		switch role := it.Field.Role; {
		case role == field.RoleAlarm:
		case role == field.RoleValue:
			name = nameOf(it, names[groups[i]], beside[groups[i]] > 1)
		case values || role != field.NoRole || it.Depth > 0 || f.Program.Common[f.Cells[i].Op] ||
			it.Kind == field.KindList || it.Kind == field.KindGroup || it.Follows():
			continue
		}
		into.names = append(into.names, name...)
		ends = append(ends, len(into.names))
		s := Sample{Item: it, Device: device, Quality: quality}
		if it.Missing() {
			s.Quality = Missing
		}
		into.List = append(into.List, s)
	}
	from := 0
	for i, end := range ends {
		into.List[i].Point = slices.Clip(into.names[from:end])
		from = end
	}
}

// nameOf is what a value is called: as the field beside it says that has this role, or by its key.  A number that has
// no label says too little alone, and so does any name of several values.
func nameOf(value, by Item, several bool) string {
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
	if by.Kind == field.KindUint || by.Kind == field.KindInt {
		return value.Field.Key + "-" + by.Text()
	}
	return by.Text() + suffix
}

// groupsOf numbers the groups that items stand in: the frame itself, and each group and element of a list.
func groupsOf(items []Item) []int {
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
