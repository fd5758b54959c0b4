package dissector

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// luaWords cannot be keys of a table as they stand.
var luaWords = map[string]bool{"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true,
	"function": true, "goto": true, "if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true, "return": true,
	"then": true, "true": true, "until": true, "while": true}

var zoneType = reflect.TypeFor[*time.Location]()

// maxExact is the largest whole number that the real numbers of older Lua hold like all before it.
const maxExact = 1 << 53

// appendLua writes a value as a Lua expression: structs as tables with lower-case keys, without what is zero; a number of
// 64 bits without sign as its halves, since older Lua has only real numbers, and one with a sign when it is large; bytes
// as a string.
func appendLua(dst []byte, v reflect.Value, indent int) []byte {
	switch {
	case v.Type() == zoneType:
		return appendZone(dst, v.Interface().(*time.Location))
	case v.Kind() == reflect.Pointer:
		return appendLua(dst, v.Elem(), indent)
	case v.Kind() == reflect.Struct:
		return appendStruct(dst, v, indent)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && v.Type() == reflect.TypeFor[[]byte]():
		return appendString(dst, v.Bytes())
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		return appendArray(dst, v, indent)
	}
	switch v.Kind() {
	case reflect.String:
		return appendString(dst, []byte(v.String()))
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool())
	case reflect.Uint64:
		return fmt.Appendf(dst, "{ %d, %d }", v.Uint()>>32, v.Uint()&0xffffffff)
	case reflect.Uint8:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case reflect.Int64:
		if n := v.Int(); n > maxExact || n < -maxExact {
			return fmt.Appendf(dst, "{ %d, %d }", uint64(n)>>32, uint64(n)&0xffffffff)
		}
		return strconv.AppendInt(dst, v.Int(), 10)
	case reflect.Int:
		return strconv.AppendInt(dst, v.Int(), 10)
	}
	panic("dissector: no Lua for " + v.Type().String())
}

func appendStruct(dst []byte, v reflect.Value, indent int) []byte {
	dst = append(dst, "{ "...)
	first := true
	for i := range v.NumField() {
		if v.Field(i).IsZero() || v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0 {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		key := strings.ToLower(v.Type().Field(i).Name)
		if luaWords[key] {
			key = `["` + key + `"]`
		}
		dst = append(append(dst, key...), " = "...)
		dst = appendLua(dst, v.Field(i), indent)
	}
	return append(bytes.TrimRight(dst, " "), " }"...)
}

// appendArray puts tables on lines of their own, anything else on one.
func appendArray(dst []byte, v reflect.Value, indent int) []byte {
	of := v.Type().Elem()
	lines := of.Kind() == reflect.Struct || of.Kind() == reflect.Pointer
	dst = append(dst, '{')
	for i := range v.Len() {
		if lines {
			dst = append(append(dst, '\n'), strings.Repeat("  ", indent+1)...)
		} else {
			dst = append(dst, ' ')
		}
		dst = append(appendLua(dst, v.Index(i), indent+1), ',')
	}
	if lines && v.Len() > 0 {
		return append(append(append(dst, '\n'), strings.Repeat("  ", indent)...), '}')
	}
	return append(dst, " }"...)
}

// appendString quotes bytes; what is not printable in ASCII as decimal escapes, so that the file is plain text.
func appendString(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, c := range b {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 || c > 0x7e:
			dst = fmt.Appendf(dst, "\\%03d", c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// Zones with changes are written out for these years.
const firstYear, lastYear = 1970, 2100

// appendZone writes the offsets of a zone in seconds, each from a Unix time on; the zone of the machine stays that of the
// machine on which the script runs.
func appendZone(dst []byte, zone *time.Location) []byte {
	if zone == time.Local {
		return append(dst, `"local"`...)
	}
	dst = append(dst, '{')
	at, last := time.Date(firstYear, 1, 1, 0, 0, 0, 0, zone), time.Date(lastYear, 1, 1, 0, 0, 0, 0, zone)
	from, known := at, 0
	for n := 0; ; n++ {
		start, end := at.ZoneBounds()
		if n > 0 {
			from = start
		}
		if _, offset := at.Zone(); n == 0 || offset != known {
			dst, known = fmt.Appendf(dst, " { %d, %d },", from.Unix(), offset), offset
		}
		if end.IsZero() || end.After(last) {
			return append(dst, " }"...)
		}
		if !end.After(at) { // seen of Go 1.26 at the end of a year that the rule of the zone covers
			end = at.AddDate(0, 0, 1)
		}
		at = end
	}
}
