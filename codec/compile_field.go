package codec

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// typeWords lists the types in few words.
const typeWords = "one of byte, uint8 to uint64, int8 to int64, float32, float64, bcd, hex, ascii, time, bits, varint, decimal, bitset, " +
	"checksum, run, computed, group, list, choice, end"

// typeNames lists the types, for suggestions.
var typeNames = func() []string {
	names := []string{"byte", "float32", "float64", "bcd", "hex", "ascii", "time", "bits"}
	for bits := 8; bits <= 64; bits += 8 {
		names = append(names, "uint"+strconv.Itoa(bits), "int"+strconv.Itoa(bits))
	}
	return append(names, "varint", "decimal", "bitset", "checksum", "run", "computed", "group", "list", "choice", "end")
}()

// field compiles one field: itself and, for a field of bits, its parts.
func (c *compiler) field(def *fieldDef) []op {
	o := op{
		size: def.size, most: def.maxSize, little: def.order == "little", role: c.role(def),
		field: &Field{Key: def.key, Title: def.title, Unit: def.unit, Type: def.kind, Notes: def.notes},
	}
	o.field.Role = o.role
	if !c.kind(def, &o) {
		return nil
	}
	if o.code == opHex || o.code == opASCII {
		o.little = false // characters and bytes have no order
	}
	if def.rest && o.code != opHex && o.code != opASCII && (!def.rich || o.code < opDigits) {
		c.src.problem(def.path+".size", `"rest"`, "a number of bytes for type "+def.kind)
		return nil
	}
	o.field.Size = o.size
	c.roleFits(def, &o)
	if def.remember {
		o.flags |= flagRemember
		switch {
		case o.size == 0:
			c.src.problem(def.path+".remember", "a field whose size varies", "one of 1 to 8 bytes")
		case o.size > 8:
			c.src.problem(def.path+".remember", fmt.Sprintf("a field of %d bytes", o.size), "1 to 8 bytes")
		}
	}
	if def.rich {
		c.form(def, &o)
	}
	if varies := o.size == 0 || o.size > 8; def.rich && varies {
		kept := o.size
		if o.numeric() {
			o.size = 8
		} else if o.code == opDecimal {
			o.size = 0 // values are not filled up
		}
		c.values(def, &o)
		o.size = kept
	} else {
		c.values(def, &o)
	}
	ops := []op{o}
	if o.code == opBits && o.size == 0 && len(def.parts) > 0 {
		c.src.problem(def.path+".size", quote(def.sizeExpr), "a number of bytes beside bits")
		return ops
	}
	for i := range def.parts {
		if part, ok := c.part(&def.parts[i], &o); ok {
			ops = append(ops, part)
		}
	}
	c.overlap(def, ops[1:])
	return ops
}

func (c *compiler) role(def *fieldDef) Role {
	if def.role == "" {
		return NoRole
	}
	return Role(slices.Index(roleNames[:], def.role))
}

// roleFits refuses a role that the type cannot play.
func (c *compiler) roleFits(def *fieldDef, o *op) {
	whole := (o.integer() || o.code == opDecimal && def.places == 0 && def.form == "") && def.scale == nil && def.offset == nil
	fits, want := true, ""
	switch o.role {
	case RoleCommand:
		fits, want = whole || o.code == opASCII && (o.size >= 1 && o.size <= 8 || def.rich), "whole number without scale, or ascii of 1 to 8 bytes"
	case RoleTransaction, RoleResult, RoleAlarm:
		fits, want = whole, "whole number without scale"
	case RoleTimestamp:
		fits, want = o.field.Kind == KindTime, "time with a date"
	case RoleIdentity:
		fits, want = o.code != opFloat32 && o.code != opFloat64 && o.code != opTime, "whole number, digits, text or bytes"
	}
	if !fits {
		c.src.problem(def.path+".role", fmt.Sprintf("%q on type %s", def.role, def.kind), "it on a field that is a "+want)
	}
}

// kind settles code and size from the type.
func (c *compiler) kind(def *fieldDef, o *op) bool {
	implied := 0
	switch def.kind {
	case "":
		return false // reported when it was read
	case "byte":
		o.code, implied = opUint, 1
	case "float32":
		o.code, implied, o.field.Kind = opFloat32, 4, KindFloat
	case "float64":
		o.code, implied, o.field.Kind = opFloat64, 8, KindFloat
	case "bcd":
		o.code = opBCD
		if def.as == "digits" || def.as == "hex" {
			o.code, o.field.Kind = opDigits, KindDigits
		}
	case "hex":
		o.code, o.field.Kind = opHex, KindBytes
	case "ascii":
		o.code, o.field.Kind = opASCII, KindText
	case "bits":
		o.code, o.parts = opBits, len(def.parts) > 0
	case "decimal":
		o.code, o.field.Kind = opDecimal, KindFloat
	case "bitset":
		o.code, o.field.Kind = opBitset, KindText
	case "checksum", "run", "computed", "varint":
		o.code, o.field.Kind = ownCodes[def.kind], KindInt
		if o.code != opComputed {
			o.field.Kind = KindUint
		}
		return true
	case "group", "list", "choice":
		c.src.problem(def.path+".type", quote(def.kind), "a field: such a part stands among the fields of a frame with a grammar")
		return false
	case "time":
		if def.joins != nil {
			o.code, o.field.Kind = opComputed, KindTime
			o.form = &form{filler: -1, clock: &clock{kind: clockPacked, zone: c.timeZone(def)}}
			if parts, ok := def.joins.(map[string]any); ok && parts["unix"] != nil {
				o.form.clock.kind, o.form.clock.step, o.form.clock.epoch = clockCount, time.Millisecond, time.Unix(0, 0).UTC()
			}
			return true
		}
		if def.as != "" && def.as != "bcd" && timeForms[def.as] == 0 {
			return c.clock(def, o)
		}
		o.code, o.field.Kind = opTime, KindTime
		if implied = c.timeLayout(def, o); implied == 0 {
			return false
		}
		o.little = false // a layout is the order
		if !o.time.whole {
			o.field.Kind = KindText
		}
	default:
		if !slices.Contains(typeNames, def.kind) {
			c.src.problem(def.path+".type", quote(def.kind), typeWords, typeNames...)
			return false
		}
		o.code = opUint
		digits := strings.TrimPrefix(def.kind, "uint")
		if digits == def.kind {
			o.code, o.field.Kind, digits = opInt, KindInt, strings.TrimPrefix(def.kind, "int")
		}
		bits, _ := strconv.Atoi(digits)
		implied = bits / 8
	}
	_, form := timeForms[def.as]
	c.unfit(def, "as", def.as != "", def.kind == "bcd" && (def.as == "number" || def.as == "digits" || def.as == "hex") || o.code == opTime && form, "bcd")
	c.unfit(def, "zone", def.zone != "", def.kind == "time", "time")
	c.unfit(def, "wire", def.wire, false, "checksum")
	c.unfit(def, "stuffed", def.stuffed, def.kind == "end", "end")
	c.unfit(def, "layout", def.layout != "", o.code == opTime, "time")
	c.unfit(def, "bits", len(def.parts) > 0, o.code == opBits, "bits")
	varies := def.sizeExpr != "" || def.until != "" || def.rest
	c.unfit(def, "chars", def.chars != "", o.code == opASCII, "ascii")
	c.unfit(def, "pad", def.pad != nil, o.code == opASCII, "ascii")
	switch {
	case implied > 0 && o.size > 0 && o.size != implied:
		c.src.problem(def.path+".size", strconv.Itoa(o.size), fmt.Sprintf("%d for type %s", implied, def.kind))
		return false
	case implied > 0:
		o.size = implied
	case def.badSize:
		return false // reported when it was read
	case o.size == 0 && !varies:
		more := ""
		if o.code == opASCII || o.code == opHex || o.code == opDecimal {
			more = `, "rest", a field that says it, or until`
		}
		c.src.problem(def.path+".size", "nothing", "a number of bytes for type "+def.kind+more)
		return false
	case o.size > maxBCDNumber && (o.code == opBCD && !def.rich || o.code == opBits):
		c.src.problem(def.path+".size", strconv.Itoa(o.size), fmt.Sprintf(`1 to %d for a number (more with as = "digits" or type hex)`, maxBCDNumber))
		return false
	}
	return true
}

// unfit reports a key that has no meaning for the type.
func (c *compiler) unfit(def *fieldDef, key string, given, fits bool, types string) {
	if given && !fits {
		c.src.problem(def.path+"."+key, "it on type "+def.kind, "it on type "+types+" only")
	}
}

// timeZone of a time: its own, or that of the profile.
func (c *compiler) timeZone(def *fieldDef) *time.Location {
	if def.zone == "" {
		return c.zone
	}
	zone, err := parseZone(def.zone)
	if err != nil {
		c.src.problem(def.path+".zone", quote(def.zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		return c.zone
	}
	return zone
}

func (c *compiler) timeLayout(def *fieldDef, o *op) (size int) {
	if def.layout == "" {
		c.src.problem(def.path+".layout", "nothing", "the order of the digits, such as YYYYMMDDhhmmss")
		return 0
	}
	layout, err := parseTimeLayout(def.layout, c.timeZone(def), timeForms[def.as])
	if err != nil {
		c.src.problem(def.path+".layout", err.Error(), "YYYY or YY, MM, DD, hh, mm, ss, each at most once")
		return 0
	}
	if o.time = layout; def.turned && layout.as == timeBCD {
		layout.turn()
	}
	return layout.size
}

// part compiles a part of a field of bits: at = "7" or at = "3-0", bit 0 being the least significant.
func (c *compiler) part(def *fieldDef, word *op) (op, bool) {
	var hi, lo int
	text := def.at
	if n, _ := fmt.Sscanf(text, "%d-%d", &hi, &lo); n == 1 {
		lo = hi
	}
	if want := strconv.Itoa(hi); text != want && text != want+"-"+strconv.Itoa(lo) || lo < 0 || lo > hi || hi >= word.size*8 {
		c.src.problem(def.path+".at", quote(text), fmt.Sprintf(`a bit such as "7" or bits such as "3-0", of %d..0`, word.size*8-1))
		return op{}, false
	}
	o := op{code: opPart, role: c.role(def), shift: uint8(lo), mask: math.MaxUint64 >> (63 - (hi - lo)),
		field: &Field{Key: def.key, Title: def.title, Unit: def.unit, Type: "bits", Role: c.role(def), Notes: def.notes}}
	if def.signed || def.counter || def.missing != nil || def.form != "" || def.as != "" {
		o.form = &form{filler: -1, signed: def.signed, counter: def.counter, packed: def.as == "bcd"}
		c.noPart(def, &o)
		c.view(def, &o, o.form)
		if o.form.packed && ((hi-lo+1)%4 != 0 || def.signed || def.missing != nil) {
			c.src.problem(def.path+".as", `"bcd"`, "it on four bits for each digit, without signed and missing")
		}
	}
	if def.signed {
		o.field.Kind = KindInt
	}
	c.roleFits(def, &o)
	c.values(def, &o)
	if o.form != nil && o.form.packed && o.check == checkNone { // bits that are no digits are beyond
		_, o.hi = o.bounds()
		o.check = checkRange
	}
	return o, true
}

func (c *compiler) overlap(def *fieldDef, parts []op) {
	var taken uint64
	for i := range parts {
		bits := parts[i].mask << parts[i].shift
		if taken&bits != 0 {
			c.src.problem(def.path+".bits", parts[i].field.Key+" on bits that another part has", "parts that do not overlap")
		}
		taken |= bits
	}
}

// values compiles scale, labels, restrictions and defaults.
func (c *compiler) values(def *fieldDef, o *op) {
	c.scaling(def, o)
	c.enum(def, o)
	c.restrict(def, o)
	if o.code == opASCII {
		c.characters(def, o)
	}
	c.preset(def, o)
	if o.code == opTime || o.code >= opDigits || o.code == opFloat32 || o.code == opFloat64 {
		return
	}
	lo, hi := uint64(0), uint64(0)
	if o.check == checkRange {
		lo, hi = o.lo, o.hi
	} else if o.check == checkRanges {
		lo, hi = o.ranges[0][0], o.ranges[len(o.ranges)-1][1]
	} else {
		least, most := o.bounds()
		lo, hi = o.key(uint64(least)), o.key(most)
	}
	o.field.Min = value{op: o, num: o.key(lo)}.float()
	o.field.Max = value{op: o, num: o.key(hi)}.float()
	if o.field.Min > o.field.Max {
		o.field.Min, o.field.Max = o.field.Max, o.field.Min
	}
}

func (c *compiler) scaling(def *fieldDef, o *op) {
	if def.scale == nil && def.offset == nil {
		return
	}
	if o.form != nil && o.form.clock != nil || !o.integer() && (o.code != opDecimal || def.places > 0 || def.form != "") {
		c.src.problem(def.path, "scale or offset on type "+def.kind, "them on whole numbers only")
		return
	}
	scale, offset := def.scale, def.offset
	if scale == nil {
		scale = int64(1)
	}
	if offset == nil {
		offset = int64(0)
	}
	s, err := newScaling(scale, offset)
	if err != nil {
		c.src.problem(def.path+".scale", fmt.Sprintf("%s, %v", describe(scale), err), `a number such as 0.1, or a fraction such as "1/3600", not 0`)
		return
	}
	o.scale, o.field.Kind = s, KindFloat
}

func (c *compiler) enum(def *fieldDef, o *op) {
	if len(def.enum) == 0 || !c.affordValues(def.path+".enum", len(def.enum)) {
		return
	}
	if o.code == opASCII && (o.size <= 8 || def.rich) {
		c.enumOfTexts(def, o)
		return
	}
	if !o.integer() && (o.code != opDecimal || def.places > 0) || o.scale != nil {
		c.src.problem(def.path+".enum", "labels on type "+def.kind, "labels on whole numbers without scale, and on short texts")
		return
	}
	labels := map[string]uint64{}
	for _, e := range def.enum {
		num, err := o.parseInteger(e.value)
		if lo, hi, failed := o.parseRange(e.value); err != nil && failed == nil && !isDigits(e.label) && e.label != "" {
			if o.form == nil {
				o.form = &form{filler: -1}
			}
			o.form.labels = append(o.form.labels, labelRange{lo, hi, e.label})
			continue
		}
		if err != nil {
			c.src.problem(e.path, err.Error(), "a number that the field can hold")
			continue
		}
		if _, twice := labels[e.label]; twice || e.label == "" || isDigits(e.label) {
			c.src.problem(e.path, quote(e.label), "a label that is not empty, not a number and not used twice")
			continue
		}
		labels[e.label] = num
		o.field.Enum = append(o.field.Enum, EnumLabel{Value: int64(num), Label: e.label})
	}
	slices.SortFunc(o.field.Enum, func(a, b EnumLabel) int { return int(a.Value - b.Value) })
	o.enum = labels
}
