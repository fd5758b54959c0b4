package codec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// century of two-digit years.
const century = 2000

// timeUnit is a part of a date and time.
type timeUnit uint8

const (
	unitYear timeUnit = iota
	unitYear2
	unitMonth
	unitDay
	unitHour
	unitMinute
	unitSecond
	unitMilli
	unitLiteral // of characters: one that always stands there
	unitCount
)

// timeUnits are the words of a layout.
var timeUnits = [unitLiteral]string{"YYYY", "YY", "MM", "DD", "hh", "mm", "ss", "SSS"}

// moment is the parts of a date and time as numbers.
type moment [unitCount]int

// momentOf is the parts of t.
func momentOf(t time.Time) moment {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return moment{year, year - century, int(month), day, hour, minute, second, t.Nanosecond() / 1e6, 0}
}

// in is the time in a zone; ok is false when it does not exist there: a master whose clock is dead sends such a time.
func (m *moment) in(zone *time.Location) (t time.Time, ok bool) {
	if m[unitYear] < 0 || m[unitYear] > 9999 || m[unitMonth] < 1 || m[unitMonth] > 12 || m[unitDay] < 1 || m[unitDay] > 31 ||
		m[unitHour] > 23 || m[unitMinute] > 59 || m[unitSecond] > 59 || m[unitMilli] > 999 {
		return time.Time{}, false
	}
	t = time.Date(m[unitYear], time.Month(m[unitMonth]), m[unitDay], m[unitHour], m[unitMinute], m[unitSecond], m[unitMilli]*1e6, zone)
	// A day that the month has not, and an hour that a change to summer time skips, come back as another one.
	return t, t.Day() == m[unitDay] && t.Hour() == m[unitHour]
}

// packedPlaces are the parts in the number that expressions see of a time, YYYYMMDDhhmmssSSS in decimal: parts add up to
// the whole, and a time that joins several fields is their sum.
var packedPlaces = [unitCount]struct {
	name  string // as a key of `parts`
	place int64
	limit int
}{
	unitYear: {"year", 1e13, 9999}, unitMonth: {"month", 1e11, 99}, unitDay: {"day", 1e9, 99}, unitHour: {"hour", 1e7, 99},
	unitMinute: {"minute", 1e5, 99}, unitSecond: {"second", 1e3, 99}, unitMilli: {"milli", 1, 999},
}

// packed is the number of the parts; 0 when one of them is none.
func (m *moment) packed() (sum int64) {
	for unit, n := range m {
		p := packedPlaces[unit]
		if p.place > 0 && (n < 0 || n > p.limit) {
			return 0
		}
		sum += int64(n) * p.place
	}
	return sum
}

// unpacked is the parts of a number.
func unpacked(n int64) (m moment) {
	for unit, p := range packedPlaces {
		if p.place > 0 {
			m[unit] = int(n / p.place % int64(p.limit+1))
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
var timeTexts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

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

// parseZone understands Local, UTC, a name such as Europe/Berlin and an offset such as +08:00.
func parseZone(text string) (*time.Location, error) {
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

// clock is a time whose wire form is one number: a count since an epoch, the bit fields of IEC 60870-5-4 (CP16Time2a …
// CP56Time2a and the types F and G of EN 13757-3), or the packed number of a time that joins fields.
type clock struct {
	kind  clockKind
	epoch time.Time // counts
	step  time.Duration
	zone  *time.Location
	dated bool // a date without a time of day
}

type clockKind uint8

const (
	clockCount  clockKind = iota
	clockCP16             // day, month, year
	clockCP32             // minute, hour, day, month, year
	clockCP56             // millisecond … year
	clockPacked           // YYYYMMDDhhmmssSSS in decimal
)

// clockBits are the parts of a number: so many bits from one on, which are the bits of the unit from up on.
var clockBits = [...][]struct {
	unit         timeUnit
	at, bits, up uint8
}{
	clockCP16:   {{unitDay, 0, 5, 0}, {unitYear2, 5, 3, 0}, {unitMonth, 8, 4, 0}, {unitYear2, 12, 4, 3}},
	clockCP32:   {{unitMinute, 0, 6, 0}, {unitHour, 8, 5, 0}, {unitDay, 16, 5, 0}, {unitYear2, 21, 3, 0}, {unitMonth, 24, 4, 0}, {unitYear2, 28, 4, 3}},
	clockCP56:   {{unitMilli, 0, 16, 0}, {unitMinute, 16, 6, 0}, {unitHour, 24, 5, 0}, {unitDay, 32, 5, 0}, {unitMonth, 40, 4, 0}, {unitYear2, 48, 7, 0}},
	clockPacked: nil,
}

// newClock makes a clock for the word of `as`; size is that of the type, 0 when the word is none.
func newClock(as, epoch string, zone *time.Location) (c *clock, size int, err error) {
	c = &clock{zone: zone, step: time.Second, epoch: time.Unix(0, 0).UTC()}
	switch as {
	case "unix":
		size = 4
	case "unix-ms":
		size, c.step = 8, time.Millisecond
	case "cp16":
		size, c.kind, c.dated = 2, clockCP16, true
	case "cp32":
		size, c.kind = 4, clockCP32
	case "cp56":
		size, c.kind = 7, clockCP56
	}
	if epoch != "" {
		if c.epoch, err = time.Parse(time.RFC3339, epoch); err != nil {
			c.epoch, err = time.ParseInLocation(time.DateOnly, epoch, zone)
		}
	}
	return c, size, err
}

// time is the time of a number; ok is false when it does not exist.
func (c *clock) time(v uint64) (t time.Time, ok bool) {
	switch c.kind {
	case clockCount:
		if v > 1<<40 && (c.step == time.Second || v > 1<<50) {
			return time.Time{}, false
		}
		day := uint64(24 * time.Hour / c.step)
		t = c.epoch.Add(time.Duration(v%day)*c.step).AddDate(0, 0, int(v/day)).In(c.zone)
		return t, c.step == time.Second || t.Year() <= 9999
	case clockPacked:
		m := unpacked(int64(v))
		t, ok = m.in(c.zone)
		return t, ok && m.packed() == int64(v)
	}
	var m moment
	for _, p := range clockBits[c.kind] {
		m[p.unit] |= int(v>>p.at&(1<<p.bits-1)) << p.up
	}
	if m[unitYear2] > 99 {
		return time.Time{}, false
	}
	m[unitYear], m[unitSecond], m[unitMilli] = century+m[unitYear2], m[unitMilli]/1000, m[unitMilli]%1000
	return m.in(c.zone)
}

// number is the inverse of time.  Bits that are no part of the time are zero.
func (c *clock) number(t time.Time) (v uint64, err error) {
	if c.kind == clockCount {
		d := t.Unix() - c.epoch.Unix()
		if d < 0 {
			return 0, fmt.Errorf("%w: %s is before %s", ErrRange, t.Format(time.RFC3339), c.epoch.Format(time.RFC3339))
		}
		if c.step == time.Millisecond {
			return uint64(d)*1000 + uint64(t.Nanosecond()/1e6), nil
		}
		return uint64(d), nil
	}
	t = t.In(c.zone)
	m := momentOf(t)
	if c.kind == clockPacked {
		return uint64(m.packed()), nil
	}
	if m[unitYear2] < 0 || m[unitYear2] > 99 {
		return 0, fmt.Errorf("%w: year %d, allowed %d..%d", ErrRange, m[unitYear], century, century+99)
	}
	m[unitMilli] += 1000 * m[unitSecond]
	for _, p := range clockBits[c.kind] {
		v |= uint64(m[p.unit]) >> p.up & (1<<p.bits - 1) << p.at
	}
	if c.kind == clockCP56 { // the day of the week, Monday being 1
		v |= ((uint64(t.Weekday())+6)%7 + 1) << 37
	}
	return v, nil
}

// text writes the time; the number when it does not exist.
func (c *clock) text(dst []byte, v uint64) []byte {
	if t, ok := c.time(v); ok {
		return appendTime(dst, t, c.dated)
	}
	return strconv.AppendUint(dst, v, 10)
}

func (o *op) parseClock(p given) (uint64, error) {
	if t, ok := p.v.(time.Time); ok {
		return o.form.clock.number(t)
	}
	text, ok := textOf(p.v)
	if !ok {
		return 0, wrongType(p.v, "a time")
	}
	if t, ok := timeOf(strings.TrimSpace(text), o.form.clock.zone); ok {
		return o.form.clock.number(t)
	}
	return o.parseInteger(p.v)
}

// dateOnly says that the field is a date without a time of day.
func (o *op) dateOnly() bool {
	return o.time != nil && o.time.dated || o.form != nil && o.form.clock != nil && o.form.clock.dated
}

// hasHour says that some of the units are of a time of day.
func hasHour(parts []timePart) bool {
	return slices.ContainsFunc(parts, func(p timePart) bool { return p.unit >= unitHour && p.unit <= unitMilli })
}
