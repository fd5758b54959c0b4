package scalar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"trama/codec/internal/field"
)

// century of two-digit years.
const century = 2000

// TimeUnit is a part of a date and time.
type TimeUnit uint8

const (
	UnitYear TimeUnit = iota
	UnitYear2
	UnitMonth
	UnitDay
	UnitHour
	UnitMinute
	UnitSecond
	UnitMilli
	UnitLiteral // of characters: one that always stands there
	UnitCount
)

// timeUnits are the words of a layout.
var timeUnits = [UnitLiteral]string{"YYYY", "YY", "MM", "DD", "hh", "mm", "ss", "SSS"}

// moment is the parts of a date and time as numbers.
type moment [UnitCount]int

// momentOf is the parts of t.
func momentOf(t time.Time) moment {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return moment{year, year - century, int(month), day, hour, minute, second, t.Nanosecond() / 1e6, 0}
}

// in is the time in a zone; ok is false when it does not exist there: a master whose clock is dead sends such a time.
func (m *moment) in(zone *time.Location) (t time.Time, ok bool) {
	year, month, day, hour, minute, second, milli := m[UnitYear], m[UnitMonth], m[UnitDay], m[UnitHour], m[UnitMinute],
		m[UnitSecond], m[UnitMilli]
	if year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
		minute > 59 || second > 59 || milli > 999 {
		return time.Time{}, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, milli*1e6, zone)
	// A day that the month has not, and an hour that a change to summer time skips, come back as another one.
	return t, (day <= 28 || t.Day() == day) && t.Hour() == hour
}

// PackedPlaces are the parts in the number that expressions see of a time, YYYYMMDDhhmmssSSS in decimal: parts add up
// to the whole, and a time that joins several fields is their sum.
var PackedPlaces = [UnitCount]struct {
	Name  string // as a key of `parts`
	Place int64
	Limit int
}{
	UnitYear: {"year", 1e13, 9999}, UnitMonth: {"month", 1e11, 99}, UnitDay: {"day", 1e9, 99}, UnitHour: {"hour", 1e7, 99},
	UnitMinute: {"minute", 1e5, 99}, UnitSecond: {"second", 1e3, 99}, UnitMilli: {"milli", 1, 999},
}

// packed is the number of the parts; 0 when one of them is none.
func (m *moment) packed() (sum int64) {
	for unit, n := range m {
		p := PackedPlaces[unit]
		if p.Place > 0 && (n < 0 || n > p.Limit) {
			return 0
		}
		sum += int64(n) * p.Place
	}
	return sum
}

// unpacked is the parts of a number.
func unpacked(n int64) (m moment) {
	for unit, p := range PackedPlaces {
		if p.Place > 0 {
			m[unit] = int(n / p.Place % int64(p.Limit+1))
		}
	}
	return m
}

// appendTime writes t with as many digits of the second as it has, or its date alone.
func appendTime(dst []byte, t time.Time, dated bool) []byte {
	switch {
	case dated:
		return t.AppendFormat(dst, time.DateOnly)
	case t.Nanosecond() != 0:
		return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
	}
	return t.AppendFormat(dst, time.RFC3339)
}

// timeTexts are forms without a zone; such a time is in the zone of the profile.
var timeTexts = []string{
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
}

// timeOf reads a time as people write it.
func timeOf(text string, zone *time.Location) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, true
	}
	for _, layout := range timeTexts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ParseZone understands Local, UTC, a name such as Europe/Berlin and an offset such as +08:00.
func ParseZone(text string) (*time.Location, error) {
	if text == "" {
		return time.Local, nil
	}
	if text[0] == '+' || text[0] == '-' {
		t, err := time.Parse("-07:00", text)
		if err != nil {
			return nil, fmt.Errorf("%q is not an offset", text)
		}
		_, seconds := t.Zone()
		return time.FixedZone(text, seconds), nil
	}
	return time.LoadLocation(text)
}

// Clock is a time whose wire form is one number: a count since an epoch, the bit fields of IEC 60870-5-4 (CP16Time2a …
// CP56Time2a and the types F and G of EN 13757-3), or the packed number of a time that joins fields.
type Clock struct {
	Kind  clockKind
	Epoch time.Time // counts
	Step  time.Duration
	Zone  *time.Location
	Dated bool // a date without a time of day
}

type clockKind uint8

const (
	ClockCount  clockKind = iota
	clockCP16             // day, month, year
	clockCP32             // minute, hour, day, month, year
	clockCP56             // millisecond … year
	ClockPacked           // YYYYMMDDhhmmssSSS in decimal
)

// clockBits are the parts of a number: so many bits from one on, which are the bits of the unit from up on.
var clockBits = [...][]struct {
	unit         TimeUnit
	at, bits, up uint8
}{
	clockCP16: {{UnitDay, 0, 5, 0}, {UnitYear2, 5, 3, 0}, {UnitMonth, 8, 4, 0}, {UnitYear2, 12, 4, 3}},
	clockCP32: {{UnitMinute, 0, 6, 0}, {UnitHour, 8, 5, 0}, {UnitDay, 16, 5, 0}, {UnitYear2, 21, 3, 0},
		{UnitMonth, 24, 4, 0}, {UnitYear2, 28, 4, 3}},
	clockCP56: {{UnitMilli, 0, 16, 0}, {UnitMinute, 16, 6, 0}, {UnitHour, 24, 5, 0}, {UnitDay, 32, 5, 0},
		{UnitMonth, 40, 4, 0}, {UnitYear2, 48, 7, 0}},
	ClockPacked: nil,
}

// NewClock makes a clock for the word of `as`; size is that of the type, 0 when the word is none.
func NewClock(as, epoch string, zone *time.Location) (c *Clock, size int, err error) {
	c = &Clock{Zone: zone, Step: time.Second, Epoch: time.Unix(0, 0).UTC()}
	switch as {
	case "unix":
		size = 4
	case "unix-ms":
		size, c.Step = 8, time.Millisecond
	case "cp16":
		size, c.Kind, c.Dated = 2, clockCP16, true
	case "cp32":
		size, c.Kind = 4, clockCP32
	case "cp56":
		size, c.Kind = 7, clockCP56
	}
	if epoch != "" {
		if c.Epoch, err = time.Parse(time.RFC3339, epoch); err != nil {
			c.Epoch, err = time.ParseInLocation(time.DateOnly, epoch, zone)
		}
	}
	return c, size, err
}

// time is the time of a number; ok is false when it does not exist.
func (c *Clock) time(v uint64) (t time.Time, ok bool) {
	switch c.Kind {
	case ClockCount:
		if v > 1<<40 && (c.Step == time.Second || v > 1<<50) {
			return time.Time{}, false
		}
		day := uint64(24 * time.Hour / c.Step)
		t = c.Epoch.Add(time.Duration(v%day)*c.Step).AddDate(0, 0, int(v/day)).In(c.Zone)
		return t, t.Year() <= 9999
	case ClockPacked:
		m := unpacked(int64(v))
		t, ok = m.in(c.Zone)
		return t, ok && m.packed() == int64(v)
	}
	var m moment
	for _, p := range clockBits[c.Kind] {
		m[p.unit] |= int(v>>p.at&(1<<p.bits-1)) << p.up
	}
	if m[UnitYear2] > 99 {
		return time.Time{}, false
	}
	m[UnitYear], m[UnitSecond], m[UnitMilli] = century+m[UnitYear2], m[UnitMilli]/1000, m[UnitMilli]%1000
	return m.in(c.Zone)
}

// Number is the inverse of time.  Bits that are no part of the time are zero.
func (c *Clock) Number(t time.Time) (v uint64, err error) {
	if c.Kind == ClockCount {
		d := t.Unix() - c.Epoch.Unix()
		if d < 0 {
			return 0, fmt.Errorf("%w: %s is before %s", field.ErrRange, t.Format(time.RFC3339), c.Epoch.Format(time.RFC3339))
		}
		if c.Step == time.Millisecond {
			return uint64(d)*1000 + uint64(t.Nanosecond()/1e6), nil
		}
		return uint64(d), nil
	}
	t = t.In(c.Zone)
	m := momentOf(t)
	if c.Kind == ClockPacked {
		return uint64(m.packed()), nil
	}
	if m[UnitYear2] < 0 || m[UnitYear2] > 99 {
		return 0, fmt.Errorf("%w: year %d, allowed %d..%d", field.ErrRange, m[UnitYear], century, century+99)
	}
	m[UnitMilli] += 1000 * m[UnitSecond]
	for _, p := range clockBits[c.Kind] {
		v |= uint64(m[p.unit]) >> p.up & (1<<p.bits - 1) << p.at
	}
	if c.Kind == clockCP56 { // the day of the week, Monday being 1
		v |= ((uint64(t.Weekday())+6)%7 + 1) << 37
	}
	return v, nil
}

// text writes the time; the number when it does not exist.
func (c *Clock) text(dst []byte, v uint64) []byte {
	if t, ok := c.time(v); ok {
		return appendTime(dst, t, c.Dated)
	}
	return strconv.AppendUint(dst, v, 10)
}

func (o *Op) parseClock(p given) (uint64, error) {
	if t, ok := p.v.(time.Time); ok {
		return o.Form.Clock.Number(t)
	}
	text, ok := TextOf(p.v)
	if !ok {
		return 0, WrongType(p.v, "a time")
	}
	if t, ok := timeOf(strings.TrimSpace(text), o.Form.Clock.Zone); ok {
		return o.Form.Clock.Number(t)
	}
	return o.ParseInteger(p.v)
}

// DateOnly says that the field is a date without a time of day.
func (o *Op) DateOnly() bool {
	return o.Time != nil && o.Time.dated || o.Form != nil && o.Form.Clock != nil && o.Form.Clock.Dated
}

// HasHour says that some of the units are of a time of day.
func HasHour(parts []timePart) bool {
	return slices.ContainsFunc(parts, func(p timePart) bool { return p.Unit >= UnitHour && p.Unit <= UnitMilli })
}
