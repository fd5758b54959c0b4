package codec

import "time"

// Times as numbers: what expressions see of a time with a layout is YYYYMMDDhhmmssSSS in decimal, so that parts of a
// time add up to the whole, and a time that joins several fields is their sum.

// packedPlaces of the parts of a time in such a number, by unit.
var packedPlaces = [unitCount]struct {
	name  string // as a key of `parts`
	place int64
	limit int
}{
	unitYear: {"year", 1e13, 9999}, unitMonth: {"month", 1e11, 99}, unitDay: {"day", 1e9, 99}, unitHour: {"hour", 1e7, 99},
	unitMinute: {"minute", 1e5, 99}, unitSecond: {"second", 1e3, 99}, unitMilli: {"milli", 1, 999},
}

// packed is the number; 0 for parts that are none.
func (l *timeLayout) packed(b []byte) (sum int64) {
	if len(b) != l.size {
		return 0
	}
	var v [unitCount]int
	l.values(b, &v)
	for unit, n := range v {
		p := packedPlaces[unit]
		if n < 0 || n > p.limit && p.place > 0 {
			return 0
		}
		sum += int64(n) * p.place
	}
	return sum
}

// unpacked is the time that a number stands for.
func unpacked(v uint64, zone *time.Location) (t time.Time, ok bool) {
	n := int64(v)
	if n <= 0 {
		return time.Time{}, false
	}
	part := func(unit timeUnit) int {
		p := packedPlaces[unit]
		return int(n / p.place % int64(p.limit+1))
	}
	t = time.Date(part(unitYear), time.Month(part(unitMonth)), part(unitDay), part(unitHour), part(unitMinute), part(unitSecond), part(unitMilli)*1e6, zone)
	back, _ := repacked(t)
	return t, back == v
}

// repacked is the inverse of unpacked.
func repacked(t time.Time) (uint64, error) {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	var sum int64
	for unit, n := range map[timeUnit]int{unitYear: year, unitMonth: int(month), unitDay: day, unitHour: hour, unitMinute: minute, unitSecond: second,
		unitMilli: t.Nanosecond() / 1e6} {
		sum += int64(n) * packedPlaces[unit].place
	}
	return uint64(sum), nil
}
