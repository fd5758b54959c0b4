package codec

import (
	"fmt"
	"slices"
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
