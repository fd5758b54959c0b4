package codec

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

var timeForms = map[string]timeForm{"": timeBCD, "bcd": timeBCD, "binary": timeBinary, "ascii": timeASCII}

// size of a part in bytes.
func (f timeForm) size(name string) int {
	switch f {
	case timeBinary:
		return (len(name) + 1) / 2 // YYYY and SSS need two bytes, the others one
	case timeASCII:
		return len(name)
	}
	return len(name) / 2
}

// part is the number of one part of a time that is not BCD; -1 and less when it is none.
func (l *timeLayout) part(p timePart, b []byte) int {
	n := 0
	for _, c := range b {
		switch {
		case l.as == timeBinary:
			n = n<<8 | int(c)
		case p.unit == unitLiteral:
			return int(c)
		default:
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// fits says whether b has the form of the layout; what it says may still not exist.
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

// appendOther writes t in binary or in characters.
func (l *timeLayout) appendOther(dst []byte, t time.Time) ([]byte, error) {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	values := [unitCount]int{unitYear: year, unitYear2: year - century, unitMonth: int(month), unitDay: day,
		unitHour: hour, unitMinute: minute, unitSecond: second, unitMilli: t.Nanosecond() / 1e6}
	for _, p := range l.parts {
		n := values[p.unit]
		switch {
		case p.unit == unitLiteral:
			dst = append(dst, l.text[p.offset])
		case n < 0 || p.unit == unitYear2 && n > 99 || n > 9999:
			return dst, fmt.Errorf("%w: year %d", ErrRange, year)
		case l.as == timeASCII:
			dst = fmt.Appendf(dst, "%0*d", p.size, n)
		case p.size == 2:
			dst = append(dst, byte(n>>8), byte(n))
		default:
			dst = append(dst, byte(n))
		}
	}
	return dst, nil
}

// exactTime writes the time, or its parts where the time would be written in other bytes.
func (v value) exactTime() string {
	l := v.op.time
	if t, ok := l.parse(v.data); ok {
		if back, err := l.append(nil, t); err == nil && string(back) == string(v.data) {
			return string(appendTime(nil, t))
		}
	}
	return string(l.appendRaw(nil, v.data))
}

func readTime(o *op, b []byte) (num uint64, ok bool) { return 0, o.permits(b) && o.time.fits(b) }

func beginsTime(o *op, b []byte) bool { return o.time.as != timeBCD || allDigits(b) }

func refuseTime(o *op, b []byte) error {
	if o.time.as != timeBCD {
		return fmt.Errorf("%w: %s, expected %s", ErrTime, printable(b), o.time.text)
	}
	return refuseDigits(o, b)
}

// timeText writes the time, or the parts of one that does not exist.
func timeText(v value, dst []byte) []byte {
	if t, ok := v.op.time.parse(v.data); ok {
		return appendTime(dst, t)
	}
	return v.op.time.appendRaw(dst, v.data)
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

// timeTexts are forms without a zone; such a time is in the zone of the profile.
var timeTexts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

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

// parseTime reads a time, or what appendRaw writes.
func parseTime(o *op, dst []byte, p given) (out []byte, num uint64, err error) {
	l := o.time
	if t, ok := p.v.(time.Time); ok {
		out, err = l.append(dst, t)
		return out, 0, err
	}
	text, ok := textOf(p.v)
	if !ok {
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
	t, ok := timeOf(text, l.zone)
	if !ok {
		return dst, 0, fmt.Errorf("%w: %q, expected RFC 3339 or %s", ErrTime, text, l.text)
	}
	out, err = l.append(dst, t)
	return out, 0, err
}

// parseRaw reads what appendRaw wrote: the bytes of a time that does not exist, or of a part of one.
func (l *timeLayout) parseRaw(text string) (raw []byte, ok bool) {
	switch l.as {
	case timeASCII:
		if len(text) != l.size || !l.fits([]byte(text)) {
			return nil, false
		}
		return []byte(text), true
	case timeBinary:
		digits, ok := strings.CutPrefix(text, "0x")
		raw, err := hex.DecodeString(digits)
		return raw, ok && err == nil && len(raw) == l.size
	}
	raw, err := hex.DecodeString(text)
	if l.last {
		slices.Reverse(raw)
	}
	return raw, err == nil && isDigits(text) && len(raw) == l.size
}
