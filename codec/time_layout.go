package codec

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// timeLayout is the order and precision of the parts of a date and time, such as YYYYMMDDhhmmss.
type timeLayout struct {
	text  string
	parts []timePart
	size  int // bytes
	zone  *time.Location
	as    timeForm
	last  bool // timeBCD: the last byte of the layout first
	whole bool // it has a date: otherwise it is a part of a time
	dated bool // it has nothing but a date
}

// timeForm is the wire form of the parts.
type timeForm uint8

const (
	timeBCD    timeForm = iota
	timeBinary          // each part one byte, YYYY and SSS two, most significant first
	timeASCII           // digits as characters, other characters as they stand
)

var timeForms = map[string]timeForm{"": timeBCD, "bcd": timeBCD, "binary": timeBinary, "ascii": timeASCII}

// size of a part in bytes.
func (f timeForm) size(name string) int {
	if f == timeASCII {
		return len(name)
	}
	return (len(name) + 1) / 2
}

// timePart is one part of a layout.
type timePart struct {
	unit   timeUnit
	offset int // first byte
	size   int // bytes
}

// parseTimeLayout reads YYYY or YY, MM, DD, hh, mm, ss, SSS, in any order, each at most once.
func parseTimeLayout(text string, zone *time.Location, as timeForm) (*timeLayout, error) {
	l := &timeLayout{text: text, zone: zone, as: as}
	var seen [unitCount]bool
	for rest := text; rest != ""; {
		unit := timeUnit(slices.IndexFunc(timeUnits[:], func(name string) bool { return strings.HasPrefix(rest, name) }))
		name := rest[:1]
		switch {
		case unit < unitLiteral:
			name = timeUnits[unit]
		case as == timeASCII:
			unit = unitLiteral
		default:
			return nil, fmt.Errorf("%q", rest)
		}
		if seen[unit] && unit != unitLiteral {
			return nil, fmt.Errorf("%s twice", name)
		}
		if as == timeBCD && len(name) == 3 {
			return nil, fmt.Errorf("%s in BCD", name)
		}
		seen[unit], rest = true, rest[len(name):]
		l.parts = append(l.parts, timePart{unit, l.size, as.size(name)})
		l.size += as.size(name)
	}
	switch {
	case seen[unitYear] && seen[unitYear2]:
		return nil, fmt.Errorf("both YYYY and YY")
	case l.size == 0:
		return nil, fmt.Errorf("no part of a time")
	}
	l.whole = (seen[unitYear] || seen[unitYear2]) && seen[unitMonth] && seen[unitDay]
	l.dated = l.whole && !hasHour(l.parts)
	return l, nil
}

// turn reverses the bytes of a layout in BCD.
func (l *timeLayout) turn() {
	l.last = true
	for i := range l.parts {
		p := &l.parts[i]
		p.offset = l.size - p.offset - p.size
	}
	slices.Reverse(l.parts)
}

// moment is the parts of b.
func (l *timeLayout) moment(b []byte) (m moment) {
	for _, p := range l.parts {
		n := 0
		for i := range p.size {
			c := b[p.offset+i]
			if l.last {
				c = b[p.offset+p.size-1-i]
			}
			switch l.as {
			case timeBCD:
				n = n*100 + int(c>>4)*10 + int(c&0x0f)
			case timeBinary:
				n = n<<8 | int(c)
			default:
				n = n*10 + int(c-'0')
			}
		}
		m[p.unit] = n
		if p.unit == unitYear2 {
			m[unitYear] = n + century
		}
	}
	return m
}

// parse is the time of b; ok is false for a time that does not exist, and for a part of one.
func (l *timeLayout) parse(b []byte) (t time.Time, ok bool) {
	if !l.whole {
		return time.Time{}, false
	}
	m := l.moment(b)
	return m.in(l.zone)
}

// packed is what expressions see of b.
func (l *timeLayout) packed(b []byte) int64 {
	if len(b) != l.size {
		return 0
	}
	m := l.moment(b)
	return m.packed()
}

// append writes t in the zone of the layout; what is finer than the layout is cut off.
func (l *timeLayout) append(dst []byte, t time.Time) ([]byte, error) {
	m := momentOf(t.In(l.zone))
	for _, p := range l.parts {
		n := m[p.unit]
		switch {
		case p.unit == unitYear && (n < 0 || n > 9999):
			return dst, fmt.Errorf("%w: year %d, allowed 0..9999", ErrRange, n)
		case p.unit == unitYear2 && (n < 0 || n > 99):
			return dst, fmt.Errorf("%w: year %d, allowed %d..%d", ErrRange, n+century, century, century+99)
		case p.unit == unitLiteral:
			dst = append(dst, l.text[p.offset])
			continue
		}
		start := len(dst)
		for range p.size { // the last digits first
			switch l.as {
			case timeBCD:
				dst, n = append(dst, byte(n/10%10<<4|n%10)), n/100
			case timeBinary:
				dst, n = append(dst, byte(n)), n>>8
			default:
				dst, n = append(dst, byte('0'+n%10)), n/10
			}
		}
		if !l.last {
			slices.Reverse(dst[start:])
		}
	}
	return dst, nil
}

// fits says whether b has the form of the layout; the time may still not exist.
func (l *timeLayout) fits(b []byte) bool {
	switch l.as {
	case timeBCD:
		return allDigits(b)
	case timeASCII:
		for _, p := range l.parts {
			for i, c := range b[p.offset : p.offset+p.size] {
				if p.unit == unitLiteral && c != l.text[p.offset+i] || p.unit != unitLiteral && (c < '0' || c > '9') {
					return false
				}
			}
		}
	}
	return true
}

func readTime(o *op, b []byte) (num uint64, ok bool) { return 0, o.permits(b) && o.time.fits(b) }

func beginsTime(o *op, b []byte) bool { return o.time.as != timeBCD || !o.form.plain() || allDigits(b) }

func refuseTime(o *op, b []byte) error {
	if o.time.as != timeBCD {
		return fmt.Errorf("%w: %s, expected %s", ErrTime, printable(b), o.time.text)
	}
	return refuseDigits(o, b)
}

// timeText writes the time, or the parts of one that does not exist.
func timeText(v value, dst []byte) []byte {
	if t, ok := v.op.time.parse(v.data); ok {
		return appendTime(dst, t, v.op.time.dated)
	}
	return v.op.time.appendRaw(dst, v.data)
}

// exactTime writes the time, or its parts where the time would be written in other bytes.
func (v value) exactTime() string {
	l := v.op.time
	if t, ok := l.parse(v.data); ok {
		if back, err := l.append(nil, t); err == nil && string(back) == string(v.data) {
			return string(appendTime(nil, t, l.dated))
		}
	}
	return string(l.appendRaw(nil, v.data))
}

// appendRaw writes the parts of a time that does not exist so that they can be read back.
func (l *timeLayout) appendRaw(dst, b []byte) []byte {
	switch l.as {
	case timeASCII:
		return append(dst, b...)
	case timeBinary:
		return fmt.Appendf(dst, "0x%x", b)
	}
	if l.last {
		b = slices.Clone(b)
		slices.Reverse(b)
	}
	return appendDigits(dst, b)
}

// parseRaw reads what appendRaw writes.
func (l *timeLayout) parseRaw(text string) (raw []byte, ok bool) {
	digits := text
	switch l.as {
	case timeASCII:
		return []byte(text), len(text) == l.size && l.fits([]byte(text))
	case timeBinary:
		if digits, ok = strings.CutPrefix(text, "0x"); !ok {
			return nil, false
		}
	default:
		if !isDigits(text) {
			return nil, false
		}
	}
	raw, err := hex.DecodeString(digits)
	if l.last {
		slices.Reverse(raw)
	}
	return raw, err == nil && len(raw) == l.size
}

// parseTime reads a time, or what appendRaw writes.
func parseTime(o *op, dst []byte, p given) (out []byte, num uint64, err error) {
	l := o.time
	t, ok := p.v.(time.Time)
	if !ok {
		text, isText := textOf(p.v)
		if !isText {
			return dst, 0, wrongType(p.v, "a time")
		}
		text = strings.TrimSpace(text)
		if raw, ok := l.parseRaw(text); ok {
			if _, exists := l.parse(raw); !exists && !p.exact && l.whole {
				return dst, 0, fmt.Errorf("%w: %s does not exist", ErrTime, text)
			}
			return append(dst, raw...), 0, nil
		}
		if !l.whole {
			return dst, 0, fmt.Errorf("%w: %q, expected %s", ErrTime, text, l.text)
		}
		if t, ok = timeOf(text, l.zone); !ok {
			return dst, 0, fmt.Errorf("%w: %q, expected RFC 3339 or %s", ErrTime, text, l.text)
		}
	}
	out, err = l.append(dst, t)
	return out, 0, err
}
