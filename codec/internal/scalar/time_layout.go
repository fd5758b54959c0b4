package scalar

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"trama/codec/internal/field"
)

// TimeLayout is the order and precision of the parts of a date and time, such as YYYYMMDDhhmmss.
type TimeLayout struct {
	Text  string
	Parts []timePart
	Size  int // bytes
	Zone  *time.Location
	As    TimeForm
	Last  bool // timeBCD: the last byte of the layout first
	Whole bool // it has a date: otherwise it is a part of a time
	dated bool // it has nothing but a date
}

// TimeForm is the wire form of the parts.
type TimeForm uint8

const (
	TimeBCD    TimeForm = iota
	timeBinary          // each part one byte, YYYY and SSS two, most significant first
	timeASCII           // digits as characters, other characters as they stand
)

// TimeForms are the values of `as` for times with a layout.
var TimeForms = map[string]TimeForm{"": TimeBCD, "bcd": TimeBCD, "binary": timeBinary, "ascii": timeASCII}

// size of a part in bytes.
func (f TimeForm) size(name string) int {
	if f == timeASCII {
		return len(name)
	}
	return (len(name) + 1) / 2
}

// timePart is one part of a layout.
type timePart struct {
	Unit   TimeUnit
	offset int // first byte
	size   int // bytes
}

// ParseTimeLayout reads YYYY or YY, MM, DD, hh, mm, ss, SSS, in any order, each at most once.
func ParseTimeLayout(text string, zone *time.Location, as TimeForm) (*TimeLayout, error) {
	l := &TimeLayout{Text: text, Zone: zone, As: as}
	var seen [UnitCount]bool
	for rest := text; rest != ""; {
		unit := TimeUnit(slices.IndexFunc(timeUnits[:], func(name string) bool { return strings.HasPrefix(rest, name) }))
		name := rest[:1]
		switch {
		case unit < UnitLiteral:
			name = timeUnits[unit]
		case as == timeASCII:
			unit = UnitLiteral
		default:
			return nil, fmt.Errorf("%q", rest)
		}
		if seen[unit] && unit != UnitLiteral {
			return nil, fmt.Errorf("%s twice", name)
		}
		if as == TimeBCD && len(name) == 3 {
			return nil, fmt.Errorf("%s in BCD", name)
		}
		seen[unit], rest = true, rest[len(name):]
		l.Parts = append(l.Parts, timePart{unit, l.Size, as.size(name)})
		l.Size += as.size(name)
	}
	switch {
	case seen[UnitYear] && seen[UnitYear2]:
		return nil, fmt.Errorf("both YYYY and YY")
	case l.Size == 0:
		return nil, fmt.Errorf("no part of a time")
	}
	l.Whole = (seen[UnitYear] || seen[UnitYear2]) && seen[UnitMonth] && seen[UnitDay]
	l.dated = l.Whole && !HasHour(l.Parts)
	return l, nil
}

// Turn reverses the bytes of a layout in BCD.
func (l *TimeLayout) Turn() {
	l.Last = true
	for i := range l.Parts {
		p := &l.Parts[i]
		p.offset = l.Size - p.offset - p.size
	}
	slices.Reverse(l.Parts)
}

// moment is the parts of b.
func (l *TimeLayout) moment(b []byte) (m moment) {
	weight, high := 10, 0 // of a byte before another, and of the high digit of a byte
	switch l.As {
	case TimeBCD:
		weight, high = 100, 6
	case timeBinary:
		weight = 256
	}
	for i := range l.Parts {
		p := &l.Parts[i]
		n := 0
		for k := range p.size {
			at := p.offset + k
			if l.Last {
				at = p.offset + p.size - 1 - k
			}
			c := int(b[at])
			if l.As == timeASCII {
				c -= '0'
			}
			n = n*weight + c - c>>4*high
		}
		m[p.Unit] = n
		if p.Unit == UnitYear2 {
			m[UnitYear] = n + century
		}
	}
	return m
}

// Parse is the time of b; ok is false for a time that does not exist, and for a part of one.
func (l *TimeLayout) Parse(b []byte) (t time.Time, ok bool) {
	if !l.Whole {
		return time.Time{}, false
	}
	m := l.moment(b)
	return m.in(l.Zone)
}

// packed is what expressions see of b.
func (l *TimeLayout) packed(b []byte) int64 {
	if len(b) != l.Size {
		return 0
	}
	m := l.moment(b)
	return m.packed()
}

// Append writes t in the zone of the layout; what is finer than the layout is cut off.
func (l *TimeLayout) Append(dst []byte, t time.Time) ([]byte, error) {
	m := momentOf(t.In(l.Zone))
	for _, p := range l.Parts {
		n := m[p.Unit]
		switch {
		case p.Unit == UnitYear && (n < 0 || n > 9999):
			return dst, fmt.Errorf("%w: year %d, allowed 0..9999", field.ErrRange, n)
		case p.Unit == UnitYear2 && (n < 0 || n > 99):
			return dst, fmt.Errorf("%w: year %d, allowed %d..%d", field.ErrRange, n+century, century, century+99)
		case p.Unit == UnitLiteral:
			dst = append(dst, l.Text[p.offset])
			continue
		}
		start := len(dst)
		for range p.size { // the last digits first
			switch l.As {
			case TimeBCD:
				dst, n = append(dst, byte(n/10%10<<4|n%10)), n/100
			case timeBinary:
				dst, n = append(dst, byte(n)), n>>8
			default:
				dst, n = append(dst, byte('0'+n%10)), n/10
			}
		}
		if !l.Last {
			slices.Reverse(dst[start:])
		}
	}
	return dst, nil
}

// Clear makes a part of b zero, UnitCount: all of them.
func (l *TimeLayout) Clear(b []byte, unit TimeUnit) {
	for i := range l.Parts {
		p := &l.Parts[i]
		for k := p.offset; k < p.offset+p.size; k++ {
			switch {
			case p.Unit == UnitLiteral:
				b[k] = l.Text[k]
			case p.Unit == unit || unit == UnitCount:
				b[k] = map[bool]byte{true: '0'}[l.As == timeASCII]
			}
		}
	}
}

// fits says whether b has the form of the layout; the time may still not exist.
func (l *TimeLayout) fits(b []byte) bool {
	switch l.As {
	case TimeBCD:
		return allDigits(b)
	case timeASCII:
		for _, p := range l.Parts {
			for i, c := range b[p.offset : p.offset+p.size] {
				if p.Unit == UnitLiteral && c != l.Text[p.offset+i] || p.Unit != UnitLiteral && (c < '0' || c > '9') {
					return false
				}
			}
		}
	}
	return true
}

func readTime(o *Op, b []byte) (num uint64, ok bool) { return 0, o.permits(b) && o.Time.fits(b) }

func beginsTime(o *Op, b []byte) bool { return o.Time.As != TimeBCD || !o.Form.Plain() || allDigits(b) }

func refuseTime(o *Op, b []byte) error {
	if o.Time.As != TimeBCD {
		return fmt.Errorf("%w: %s, expected %s", field.ErrTime, Printable(b), o.Time.Text)
	}
	return refuseDigits(o, b)
}

// timeText writes the time, or the parts of one that does not exist.
func timeText(v Value, dst []byte) []byte {
	if t, ok := v.Op.Time.Parse(v.Data); ok {
		return appendTime(dst, t, v.Op.Time.dated)
	}
	return v.Op.Time.appendRaw(dst, v.Data)
}

// exactTime writes the time, or its parts where the time would be written in other bytes.
func (v Value) exactTime() string {
	l := v.Op.Time
	if t, ok := l.Parse(v.Data); ok {
		if back, err := l.Append(nil, t); err == nil && string(back) == string(v.Data) {
			return string(appendTime(nil, t, l.dated))
		}
	}
	return string(l.appendRaw(nil, v.Data))
}

// appendRaw writes the parts of a time that does not exist so that they can be read back.
func (l *TimeLayout) appendRaw(dst, b []byte) []byte {
	switch l.As {
	case timeASCII:
		return append(dst, b...)
	case timeBinary:
		return fmt.Appendf(dst, "0x%x", b)
	}
	if l.Last {
		b = slices.Clone(b)
		slices.Reverse(b)
	}
	return AppendDigits(dst, b)
}

// parseRaw reads what appendRaw writes.
func (l *TimeLayout) parseRaw(text string) (raw []byte, ok bool) {
	digits := text
	switch l.As {
	case timeASCII:
		return []byte(text), len(text) == l.Size && l.fits([]byte(text))
	case timeBinary:
		if digits, ok = strings.CutPrefix(text, "0x"); !ok {
			return nil, false
		}
	default:
		if !IsDigits(text) {
			return nil, false
		}
	}
	raw, err := hex.DecodeString(digits)
	if l.Last {
		slices.Reverse(raw)
	}
	return raw, err == nil && len(raw) == l.Size
}

// parseTime reads a time, or what appendRaw writes.
func parseTime(o *Op, dst []byte, p given) (out []byte, num uint64, err error) {
	l := o.Time
	t, ok := p.v.(time.Time)
	if !ok {
		text, isText := TextOf(p.v)
		if !isText {
			return dst, 0, WrongType(p.v, "a time")
		}
		text = strings.TrimSpace(text)
		if raw, ok := l.parseRaw(text); ok {
			if _, exists := l.Parse(raw); !exists && !p.exact && l.Whole {
				return dst, 0, fmt.Errorf("%w: %s does not exist", field.ErrTime, text)
			}
			return append(dst, raw...), 0, nil
		}
		if !l.Whole {
			return dst, 0, fmt.Errorf("%w: %q, expected %s", field.ErrTime, text, l.Text)
		}
		if t, ok = timeOf(text, l.Zone); !ok {
			return dst, 0, fmt.Errorf("%w: %q, expected RFC 3339 or %s", field.ErrTime, text, l.Text)
		}
	}
	out, err = l.Append(dst, t)
	return out, 0, err
}
