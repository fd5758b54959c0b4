package codec

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// timeLayout is the order and precision of a date and time in decimal digits, such as YYYYMMDDhhmmss.
type timeLayout struct {
	text   string
	parts  []timePart
	size   int // bytes
	zone   *time.Location
	fixed  bool // the zone is always offset seconds east
	offset int
	as     timeForm
	last   bool                  // the last byte of the layout first
	whole  bool                  // it has a date: otherwise it is a part of a time
	stamp  atomic.Pointer[stamp] // what appendNow wrote last
}

// timeForm is how the parts of a time stand on the wire.
type timeForm uint8

const (
	timeBCD    timeForm = iota
	timeBinary          // each part one byte, YYYY and SSS two, most significant first
	timeASCII           // digits as characters, other characters as they stand
)

type timePart struct {
	unit   timeUnit
	offset int // first byte
	size   int // bytes
}

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
	unitLiteral // timeASCII: a character that always stands there
	unitCount
)

var unitTexts = [unitLiteral]string{"YYYY", "YY", "MM", "DD", "hh", "mm", "ss", "SSS"}

// century of two-digit years.
const century = 2000

// parseTimeLayout reads YYYY or YY, MM, DD, hh, mm, ss, in any order, each at most once.
func parseTimeLayout(text string, zone *time.Location, as timeForm) (*timeLayout, error) {
	l := &timeLayout{text: text, zone: zone, as: as}
	l.offset, l.fixed = offsetOf(zone)
	var seen [unitCount]bool
	rest := text
next:
	for rest != "" {
		for unit, name := range unitTexts {
			if strings.HasPrefix(rest, name) {
				if seen[unit] {
					return nil, fmt.Errorf("%s twice", name)
				}
				if as == timeBCD && len(name) == 3 {
					return nil, fmt.Errorf("%s in BCD", name)
				}
				seen[unit] = true
				l.parts = append(l.parts, timePart{timeUnit(unit), l.size, as.size(name)})
				l.size += as.size(name)
				rest = rest[len(name):]
				continue next
			}
		}
		if as == timeASCII {
			l.parts = append(l.parts, timePart{unitLiteral, l.size, 1})
			l.size++
			rest = rest[1:]
			continue
		}
		return nil, fmt.Errorf("%q", rest)
	}
	if seen[unitYear] && seen[unitYear2] {
		return nil, fmt.Errorf("both YYYY and YY")
	}
	l.whole = (seen[unitYear] || seen[unitYear2]) && seen[unitMonth] && seen[unitDay]
	if l.size == 0 {
		return nil, fmt.Errorf("no part of a time")
	}
	return l, nil
}

// turn makes the bytes of a layout in BCD stand the other way round.
func (l *timeLayout) turn() {
	l.last = true
	for i := range l.parts {
		p := &l.parts[i]
		p.offset = l.size - p.offset - p.size
	}
	slices.Reverse(l.parts)
}

func binary2(b byte) int { return int(b>>4)*10 + int(b&0x0f) }

func packed2(n int) byte { return byte(n/10<<4 | n%10) }

var daysIn = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// parse reads the digits; ok is false for a date or time that does not exist in the zone: a master whose clock
// is dead sends such things.
func (l *timeLayout) parse(b []byte) (t time.Time, ok bool) {
	if !l.whole {
		return time.Time{}, false
	}
	var v [unitCount]int
	l.values(b, &v)
	year, month, day := v[unitYear], v[unitMonth], v[unitDay]
	if month < 1 || month > 12 || day < 1 || day > daysIn[month] ||
		v[unitHour] > 23 || v[unitMinute] > 59 || v[unitSecond] > 59 || v[unitMilli] > 999 {
		return time.Time{}, false
	}
	if month == 2 && day == 29 && (year%4 != 0 || year%100 == 0 && year%400 != 0) {
		return time.Time{}, false
	}
	if l.fixed {
		return atOffset(year, month, day, v[unitHour]*3600+v[unitMinute]*60+v[unitSecond]-l.offset, v[unitMilli]*1e6).In(l.zone), true
	}
	t = time.Date(year, time.Month(month), day, v[unitHour], v[unitMinute], v[unitSecond], v[unitMilli]*1e6, l.zone)
	// An hour that a change to summer time skips comes back as another one.
	if l.zone != time.UTC && t.Hour() != v[unitHour] {
		return time.Time{}, false
	}
	return t, true
}

// atOffset is time.Date in UTC for a date that exists, without what that does for others: days are counted from March
// on, so that a leap day is the last of its year.
func atOffset(year, month, day, seconds, nanos int) time.Time {
	const toEpoch = 719468 // days from 1 March of year 0 to 1970
	if month -= 3; month < 0 {
		month, year = month+12, year-1
	}
	year += 400 // year 0 begins in the era before
	days := 365*year + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1 - 146097 - toEpoch
	return time.Unix(int64(days)*86400+int64(seconds), int64(nanos))
}

// values are the numbers of the parts.
func (l *timeLayout) values(b []byte, v *[unitCount]int) {
	for i := range l.parts {
		p := l.parts[i]
		var n int
		if l.as == timeBCD {
			n = binary2(b[p.offset])
			if p.size == 2 && l.last {
				n += binary2(b[p.offset+1]) * 100
			} else if p.size == 2 {
				n = n*100 + binary2(b[p.offset+1])
			}
		} else {
			n = l.part(p, b[p.offset:p.offset+p.size])
		}
		if p.unit == unitYear2 {
			p.unit, n = unitYear, n+century
		}
		v[p.unit] = n
	}
}

// append writes t in the zone of the layout; what is finer than the layout is cut off.
func (l *timeLayout) append(dst []byte, t time.Time) ([]byte, error) {
	t = t.In(l.zone)
	if l.as != timeBCD {
		return l.appendOther(dst, t)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	for _, p := range l.parts {
		switch p.unit {
		case unitYear:
			if year < 0 || year > 9999 {
				return dst, fmt.Errorf("%w: year %d, allowed 0..9999", ErrRange, year)
			}
			if dst = append(dst, packed2(year/100), packed2(year%100)); l.last {
				slices.Reverse(dst[len(dst)-2:])
			}
		case unitYear2:
			if year < century || year > century+99 {
				return dst, fmt.Errorf("%w: year %d, allowed %d..%d", ErrRange, year, century, century+99)
			}
			dst = append(dst, packed2(year%100))
		case unitMonth:
			dst = append(dst, packed2(int(month)))
		case unitDay:
			dst = append(dst, packed2(day))
		case unitHour:
			dst = append(dst, packed2(hour))
		case unitMinute:
			dst = append(dst, packed2(minute))
		case unitSecond:
			dst = append(dst, packed2(second))
		}
	}
	return dst, nil
}

// stamp is the second that a layout wrote last.
type stamp struct {
	second int64 // Unix
	size   int
	bytes  [maxTimeBytes]byte
}

const maxTimeBytes = 8 // room for YYYYMMDDhhmmss and more

// appendNow is append for the clock of the server: all replies of one second share one conversion, unless the layout is finer.
func (l *timeLayout) appendNow(dst []byte, now time.Time) ([]byte, error) {
	if slices.ContainsFunc(l.parts, func(p timePart) bool { return p.unit == unitMilli }) {
		return l.append(dst, now)
	}
	second := now.Unix()
	if s := l.stamp.Load(); s != nil && s.second == second {
		return append(dst, s.bytes[:s.size]...), nil
	}
	start := len(dst)
	dst, err := l.append(dst, now)
	if written := dst[start:]; err == nil && len(written) <= maxTimeBytes {
		s := &stamp{second: second, size: len(written)}
		copy(s.bytes[:], written)
		l.stamp.Store(s)
	}
	return dst, err
}

// offsetOf is the seconds east that zone, which parseZone has made, always is.
func offsetOf(zone *time.Location) (seconds int, fixed bool) {
	if zone == time.UTC {
		return 0, true
	}
	t, err := time.Parse("-07:00", zone.String()) // the name of one that is fixed
	_, seconds = t.Zone()
	return seconds, err == nil
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
