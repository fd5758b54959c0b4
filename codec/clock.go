package codec

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// clock is a time that stands on the wire as one number: a count since an epoch, or the bit fields of
// IEC 60870-5-4 (CP16Time2a … CP56Time2a and the types F and G of EN 13757-3).
type clock struct {
	kind  clockKind
	epoch time.Time // counts
	step  time.Duration
	zone  *time.Location
}

type clockKind uint8

const (
	clockCount  clockKind = iota
	clockCP16             // day, month, year
	clockCP32             // minute, hour, day, month, year
	clockCP56             // millisecond … year
	clockPacked           // YYYYMMDDhhmmssSSS in decimal: a time that joins fields
)

// part of a number: bits from lo on, n of them.
func bitsOf(v uint64, lo, n int) int { return int(v >> lo & (1<<n - 1)) }

// time that v stands for; ok is false when it does not exist.
func (c *clock) time(v uint64) (t time.Time, ok bool) {
	year, month, day, hour, minute, milli := 0, 0, 0, 0, 0, 0
	switch c.kind {
	case clockPacked:
		return unpacked(v, c.zone)
	case clockCount:
		if v > 1<<62 {
			return time.Time{}, false
		}
		if c.step == time.Second {
			if v > 1<<40 {
				return time.Time{}, false
			}
			return c.epoch.Add(0).Add(time.Duration(v%86400)*time.Second).AddDate(0, 0, int(v/86400)).In(c.zone), true
		}
		if v > 1<<50 {
			return time.Time{}, false
		}
		t = c.epoch.Add(time.Duration(v%86400000)*time.Millisecond).AddDate(0, 0, int(v/86400000)).In(c.zone)
		return t, t.Year() <= 9999
	case clockCP16:
		day, month, year = bitsOf(v, 0, 5), bitsOf(v, 8, 4), bitsOf(v, 5, 3)|bitsOf(v, 12, 4)<<3
	case clockCP32:
		minute, hour = bitsOf(v, 0, 6), bitsOf(v, 8, 5)
		day, month, year = bitsOf(v, 16, 5), bitsOf(v, 24, 4), bitsOf(v, 21, 3)|bitsOf(v, 28, 4)<<3
	case clockCP56:
		milli, minute, hour = bitsOf(v, 0, 16), bitsOf(v, 16, 6), bitsOf(v, 24, 5)
		day, month, year = bitsOf(v, 32, 5), bitsOf(v, 40, 4), bitsOf(v, 48, 7)
	}
	if year > 99 || month < 1 || month > 12 || day < 1 || day > daysIn[month] || hour > 23 || minute > 59 || milli > 59999 {
		return time.Time{}, false
	}
	t = time.Date(century+year, time.Month(month), day, hour, minute, milli/1000, milli%1000*1e6, c.zone)
	return t, t.Day() == day && t.Hour() == hour
}

// number is the inverse of time.  Bits that are no part of the time are zero.
func (c *clock) number(t time.Time) (uint64, error) {
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
	if c.kind == clockPacked {
		return repacked(t)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year -= century; year < 0 || year > 99 {
		return 0, fmt.Errorf("%w: year %d, allowed %d..%d", ErrRange, year+century, century, century+99)
	}
	y, m, d, h, n := uint64(year), uint64(month), uint64(day), uint64(hour), uint64(minute)
	switch c.kind {
	case clockCP16:
		return d | y&7<<5 | m<<8 | y>>3<<12, nil
	case clockCP32:
		return n | h<<8 | d<<16 | y&7<<21 | m<<24 | y>>3<<28, nil
	}
	week := (uint64(t.Weekday())+6)%7 + 1
	return uint64(second*1000+t.Nanosecond()/1e6) | n<<16 | h<<24 | d<<32 | week<<37 | m<<40 | y<<48, nil
}

// newClock for the word of `as`; size is that of the type, 0 when the field says it.
func newClock(as, epoch string, zone *time.Location) (c *clock, size int, err error) {
	c = &clock{zone: zone, step: time.Second, epoch: time.Unix(0, 0).UTC()}
	switch as {
	case "unix":
		size = 4
	case "unix-ms":
		size, c.step = 8, time.Millisecond
	case "cp16":
		size, c.kind = 2, clockCP16
	case "cp32":
		size, c.kind = 4, clockCP32
	case "cp56":
		size, c.kind = 7, clockCP56
	}
	if epoch != "" {
		if c.epoch, err = time.Parse(time.RFC3339, epoch); err != nil {
			c.epoch, err = time.ParseInLocation("2006-01-02", epoch, zone)
		}
	}
	return c, size, err
}

// appendTime writes t with as many digits of the second as it has.
func appendTime(dst []byte, t time.Time) []byte {
	if t.Nanosecond() != 0 {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
	}
	return t.AppendFormat(dst, time.RFC3339)
}

// text writes the time; the number when it does not exist.
func (c *clock) text(dst []byte, v uint64) []byte {
	if t, ok := c.time(v); ok {
		return appendTime(dst, t)
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
