package compile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// typeWords lists the types in few words.
const typeWords = "one of byte, uint8 to uint64, int8 to int64, uint, int, float32, float64, bcd, hex, ascii, time, bits, varint, decimal, bitset, " +
	"checksum, run, computed, group, list, choice, end"

// wireOf is what a type is on the wire: size 0 when the definition says it.
type wireOf struct {
	code scalar.Opcode
	size int
	kind field.Kind
}

// wireTypes are the types of single fields, and typeNames all types, for suggestions.
var wireTypes, typeNames = func() (map[string]wireOf, []string) {
	types := map[string]wireOf{
		"byte":     {scalar.OpUint, 1, field.KindUint},
		"uint":     {code: scalar.OpUint, kind: field.KindUint},
		"int":      {code: scalar.OpInt, kind: field.KindInt},
		"float32":  {scalar.OpFloat32, 4, field.KindFloat},
		"float64":  {scalar.OpFloat64, 8, field.KindFloat},
		"bcd":      {code: scalar.OpBCD},
		"hex":      {code: scalar.OpHex, kind: field.KindBytes},
		"ascii":    {code: scalar.OpASCII, kind: field.KindText},
		"time":     {code: scalar.OpTime, kind: field.KindTime},
		"bits":     {code: scalar.OpBits},
		"decimal":  {code: scalar.OpDecimal, kind: field.KindFloat},
		"bitset":   {code: scalar.OpBitset, kind: field.KindText},
		"varint":   {code: scalar.OpVarint},
		"checksum": {code: scalar.OpChecksum},
		"run":      {code: scalar.OpRun},
		"computed": {code: scalar.OpComputed, kind: field.KindInt},
	}
	for size := 1; size <= 8; size++ {
		types["uint"+strconv.Itoa(8*size)] = wireOf{scalar.OpUint, size, field.KindUint}
		types["int"+strconv.Itoa(8*size)] = wireOf{scalar.OpInt, size, field.KindInt}
	}
	return types, append(slices.Sorted(maps.Keys(types)), "group", "list", "choice", "end")
}()

// field compiles one field: itself and, for a field of bits, its parts.
func (c *compiler) field(def *schema.FieldDef) []scalar.Op {
	if def.SizeBits > 0 {
		return c.slice(def)
	}
	o := scalar.Op{
		Size: def.Size, Most: def.MaxSize, Little: def.Order == "little", Role: c.role(def),
		Field: &field.Field{Key: def.Key, Title: def.Title, Unit: def.Unit, Type: def.Kind, Notes: def.Notes},
	}
	o.Field.Role = o.Role
	if !c.kind(def, &o) {
		return nil
	}
	if o.Code == scalar.OpHex || o.Code == scalar.OpASCII {
		o.Little = false // characters and bytes have no order
	}
	if def.Rest && o.Code != scalar.OpHex && o.Code != scalar.OpASCII && o.Code < scalar.OpDigits {
		c.src.Problem(def.Path+".size", `"rest"`, "a number of bytes for type "+def.Kind)
		return nil
	}
	o.Field.Size = o.Size
	c.roleFits(def, &o)
	if def.Remember {
		o.Flags |= scalar.FlagRemember
		switch {
		case o.Size == 0:
			c.src.Problem(def.Path+".remember", "a field whose size varies", "one of 1 to 8 bytes")
		case o.Size > 8:
			c.src.Problem(def.Path+".remember", fmt.Sprintf("a field of %d bytes", o.Size), "1 to 8 bytes")
		}
	}
	c.form(def, &o)
	size := o.Size
	switch {
	case o.Numeric() && size == 0:
		o.Size = 8
	case o.Code == scalar.OpDecimal && size > 8:
		o.Size = 0 // values are not filled up
	}
	c.values(def, &o)
	o.Size = size
	ops := []scalar.Op{o}
	if o.Code == scalar.OpBits && o.Size == 0 && len(def.Parts) > 0 {
		c.src.Problem(def.Path+".size", field.Quote(def.SizeExpr), "a number of bytes beside bits")
		return ops
	}
	for i := range def.Parts {
		if part, ok := c.part(&def.Parts[i], &o); ok {
			ops = append(ops, part)
		}
	}
	c.overlap(def, ops[1:])
	return ops
}

func (c *compiler) role(def *schema.FieldDef) field.Role {
	if def.Role == "" {
		return field.NoRole
	}
	return field.Role(slices.Index(field.RoleNames[:], def.Role))
}

// roleFits refuses a role that the type cannot play.
func (c *compiler) roleFits(def *schema.FieldDef, o *scalar.Op) {
	whole := (o.Integer() || o.Code == scalar.OpDecimal && def.Places == 0 && def.Form == "") && def.Scale == nil &&
		def.Offset == nil
	fits, want := true, ""
	switch o.Role {
	case field.RoleCommand:
		fits, want = whole || o.Code == scalar.OpASCII && o.Size <= 8, "whole number without scale, or ascii of 1 to 8 bytes"
	case field.RoleTransaction, field.RoleResult, field.RoleAlarm:
		fits, want = whole, "whole number without scale"
	case field.RoleTimestamp:
		fits, want = o.Field.Kind == field.KindTime, "time with a date"
	case field.RoleIdentity:
		fits, want = o.Code != scalar.OpFloat32 && o.Code != scalar.OpFloat64 && o.Code != scalar.OpTime,
			"whole number, digits, text or bytes"
	}
	if !fits {
		c.src.Problem(def.Path+".role", fmt.Sprintf("%q on type %s", def.Role, def.Kind), "it on a field that is a "+want)
	}
}

// kind settles code and size from the type.
func (c *compiler) kind(def *schema.FieldDef, o *scalar.Op) bool {
	if def.Kind == "" {
		return false // reported when it was read
	}
	wire, known := wireTypes[def.Kind]
	if !known {
		c.src.Problem(def.Path+".type", field.Quote(def.Kind), typeWords, typeNames...)
		return false
	}
	o.Code, o.Field.Kind = wire.code, wire.kind
	switch wire.code {
	case scalar.OpChecksum, scalar.OpRun, scalar.OpComputed, scalar.OpVarint:
		return true
	case scalar.OpBCD:
		if def.As == "digits" || def.As == "hex" {
			o.Code, o.Field.Kind = scalar.OpDigits, field.KindDigits
		}
	case scalar.OpBits:
		o.Parts = len(def.Parts) > 0
	case scalar.OpTime:
		if def.Joins != nil {
			o.Code, o.Form = scalar.OpComputed, &scalar.Form{Filler: -1,
				Clock: &scalar.Clock{Kind: scalar.ClockPacked, Zone: c.timeZone(def)}}
			if parts, ok := def.Joins.(map[string]any); ok && parts["unix"] != nil {
				o.Form.Clock.Kind, o.Form.Clock.Step, o.Form.Clock.Epoch = scalar.ClockCount, time.Millisecond, time.Unix(0, 0).UTC()
			}
			return true
		}
		if def.As != "" && def.As != "bcd" && scalar.TimeForms[def.As] == 0 {
			return c.clock(def, o)
		}
		if wire.size = c.timeLayout(def, o); wire.size == 0 {
			return false
		}
		o.Little = false // a layout is the order
		if !o.Time.Whole {
			o.Field.Kind = field.KindText
		}
	}
	_, form := scalar.TimeForms[def.As]
	c.unfit(def, "as", def.As != "", def.Kind == "bcd" &&
		(def.As == "number" || def.As == "digits" || def.As == "hex") || o.Code == scalar.OpTime && form, "bcd")
	c.unfit(def, "zone", def.Zone != "", def.Kind == "time", "time")
	c.unfit(def, "wire", def.Wire, false, "checksum")
	c.unfit(def, "stuffed", def.Stuffed, false, "end")
	c.unfit(def, "layout", def.Layout != "", o.Code == scalar.OpTime, "time")
	c.unfit(def, "bits", len(def.Parts) > 0, o.Code == scalar.OpBits, "bits")
	varies := def.SizeExpr != "" || def.Until != "" || def.Rest
	c.unfit(def, "chars", def.Chars != "", o.Code == scalar.OpASCII, "ascii")
	c.unfit(def, "pad", def.Pad != nil, o.Code == scalar.OpASCII, "ascii")
	switch {
	case wire.size > 0 && o.Size > 0 && o.Size != wire.size:
		c.src.Problem(def.Path+".size", strconv.Itoa(o.Size), fmt.Sprintf("%d for type %s", wire.size, def.Kind))
		return false
	case wire.size > 0:
		o.Size = wire.size
	case def.BadSize:
		return false // reported when it was read
	case o.Size == 0 && !varies:
		more := ""
		if o.Code == scalar.OpASCII || o.Code == scalar.OpHex || o.Code == scalar.OpDecimal {
			more = `, "rest", a field that says it, or until`
		}
		c.src.Problem(def.Path+".size", "nothing", "a number of bytes for type "+def.Kind+more)
		return false
	case o.Size > 8 && (o.Integer() && o.Code != scalar.OpBCD) || o.Size > scalar.MostBCDNumber && o.Code == scalar.OpBCD:
		most := scalar.MostBCDNumber - int(expr.Truth(o.Code != scalar.OpBCD))
		c.src.Problem(def.Path+".size", strconv.Itoa(o.Size),
			fmt.Sprintf(`1 to %d for a number (more with as = "digits" or type hex)`, most))
		return false
	}
	return true
}

// unfit reports a key that has no meaning for the type.
func (c *compiler) unfit(def *schema.FieldDef, key string, given, fits bool, types string) {
	if given && !fits {
		c.src.Problem(def.Path+"."+key, "it on type "+def.Kind, "it on type "+types+" only")
	}
}

// timeZone of a time: its own, or that of the profile.
func (c *compiler) timeZone(def *schema.FieldDef) *time.Location {
	if def.Zone == "" {
		return c.zone
	}
	zone, err := scalar.ParseZone(def.Zone)
	if err != nil {
		c.src.Problem(def.Path+".zone", field.Quote(def.Zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		return c.zone
	}
	return zone
}

func (c *compiler) timeLayout(def *schema.FieldDef, o *scalar.Op) (size int) {
	if def.Layout == "" {
		c.src.Problem(def.Path+".layout", "nothing", "the order of the digits, such as YYYYMMDDhhmmss")
		return 0
	}
	layout, err := scalar.ParseTimeLayout(def.Layout, c.timeZone(def), scalar.TimeForms[def.As])
	if err != nil {
		c.src.Problem(def.Path+".layout", err.Error(), "YYYY or YY, MM, DD, hh, mm, ss, each at most once")
		return 0
	}
	if o.Time = layout; def.Turned && layout.As == scalar.TimeBCD {
		layout.Turn()
	}
	return layout.Size
}

// part compiles a part of a field of bits: at = "7" or at = "3-0", bit 0 being the least significant.
func (c *compiler) part(def *schema.FieldDef, word *scalar.Op) (scalar.Op, bool) {
	var hi, lo int
	text := def.At
	if n, _ := fmt.Sscanf(text, "%d-%d", &hi, &lo); n == 1 {
		lo = hi
	}
	if want := strconv.Itoa(hi); text != want && text != want+"-"+strconv.Itoa(lo) || lo < 0 || lo > hi || hi >= word.Size*8 {
		c.src.Problem(def.Path+".at", field.Quote(text),
			fmt.Sprintf(`a bit such as "7" or bits such as "3-0", of %d..0`, word.Size*8-1))
		return scalar.Op{}, false
	}
	o := scalar.Op{Code: scalar.OpPart, Role: c.role(def), Shift: uint8(lo), Mask: math.MaxUint64 >> (63 - (hi - lo)),
		Field: &field.Field{Key: def.Key, Title: def.Title, Unit: def.Unit, Type: "bits", Role: c.role(def), Notes: def.Notes}}
	if def.Signed || def.Counter || def.Missing != nil || def.Form != "" || def.As != "" {
		o.Form = &scalar.Form{Filler: -1, Signed: def.Signed, Counter: def.Counter, Packed: def.As == "bcd"}
		c.noPart(def, &o)
		c.view(def, &o, o.Form)
		if o.Form.Packed && ((hi-lo+1)%4 != 0 || def.Signed || def.Missing != nil) {
			c.src.Problem(def.Path+".as", `"bcd"`, "it on four bits for each digit, without signed and missing")
		}
	}
	if def.Signed {
		o.Field.Kind = field.KindInt
	}
	if def.Remember {
		o.Flags |= scalar.FlagRemember
	}
	c.roleFits(def, &o)
	c.values(def, &o)
	if o.Form != nil && o.Form.Packed && o.Check == scalar.CheckNone { // bits that are no digits are beyond
		_, o.Hi = o.Bounds()
		o.Check = scalar.CheckRange
	}
	return o, true
}

func (c *compiler) overlap(def *schema.FieldDef, parts []scalar.Op) {
	var taken uint64
	for i := range parts {
		bits := parts[i].Mask << parts[i].Shift
		if taken&bits != 0 {
			c.src.Problem(def.Path+".bits", parts[i].Field.Key+" on bits that another part has", "parts that do not overlap")
		}
		taken |= bits
	}
}

// values compiles scale, labels, restrictions and defaults.
func (c *compiler) values(def *schema.FieldDef, o *scalar.Op) {
	c.scaling(def, o)
	c.enum(def, o)
	c.restrict(def, o)
	if o.Code == scalar.OpASCII {
		c.characters(def, o)
	}
	c.preset(def, o)
	if o.Code == scalar.OpTime || o.Code >= scalar.OpDigits || o.Code == scalar.OpFloat32 || o.Code == scalar.OpFloat64 {
		return
	}
	lo, hi := uint64(0), uint64(0)
	if o.Check == scalar.CheckRange {
		lo, hi = o.Lo, o.Hi
	} else if o.Check == scalar.CheckRanges {
		lo, hi = o.Ranges[0][0], o.Ranges[len(o.Ranges)-1][1]
	} else {
		least, most := o.Bounds()
		lo, hi = o.Key(uint64(least)), o.Key(most)
	}
	o.Field.Min = scalar.Value{Op: o, Num: o.Key(lo)}.Float()
	o.Field.Max = scalar.Value{Op: o, Num: o.Key(hi)}.Float()
	if o.Field.Min > o.Field.Max {
		o.Field.Min, o.Field.Max = o.Field.Max, o.Field.Min
	}
}

func (c *compiler) scaling(def *schema.FieldDef, o *scalar.Op) {
	if def.Scale == nil && def.Offset == nil {
		return
	}
	if o.Form != nil && o.Form.Clock != nil || !o.Integer() && (o.Code != scalar.OpDecimal || def.Places > 0 || def.Form != "") {
		c.src.Problem(def.Path, "scale or offset on type "+def.Kind, "them on whole numbers only")
		return
	}
	scale, offset := def.Scale, def.Offset
	if scale == nil {
		scale = int64(1)
	}
	if offset == nil {
		offset = int64(0)
	}
	s, err := scalar.NewScaling(scale, offset)
	if err != nil {
		c.src.Problem(def.Path+".scale", fmt.Sprintf("%s, %v", schema.Describe(scale), err),
			`a number such as 0.1, or a fraction such as "1/3600", not 0`)
		return
	}
	o.Scale, o.Field.Kind = s, field.KindFloat
}

func (c *compiler) enum(def *schema.FieldDef, o *scalar.Op) {
	if len(def.Enum) == 0 || !c.affordValues(def.Path+".enum", len(def.Enum)) {
		return
	}
	if o.Code == scalar.OpASCII {
		c.enumOfTexts(def, o)
		return
	}
	if !o.Integer() && (o.Code != scalar.OpDecimal || def.Places > 0) || o.Scale != nil {
		c.src.Problem(def.Path+".enum", "labels on type "+def.Kind, "labels on whole numbers without scale, and on short texts")
		return
	}
	labels := map[string]uint64{}
	for _, e := range def.Enum {
		num, err := o.ParseInteger(e.Value)
		if lo, hi, failed := o.ParseRange(e.Value); err != nil && failed == nil && !scalar.IsDigits(e.Label) && e.Label != "" {
			f := o.Special()
			f.Labels = append(f.Labels, scalar.LabelRange{Lo: lo, Hi: hi, Label: e.Label})
			continue
		}
		if err != nil {
			c.src.Problem(e.Path, err.Error(), "a number that the field can hold")
			continue
		}
		if _, twice := labels[e.Label]; twice || e.Label == "" || scalar.IsDigits(e.Label) {
			c.src.Problem(e.Path, field.Quote(e.Label), "a label that is not empty, not a number and not used twice")
			continue
		}
		labels[e.Label] = num
		o.Field.Enum = append(o.Field.Enum, field.EnumLabel{Value: int64(num), Label: e.Label})
	}
	slices.SortFunc(o.Field.Enum, func(a, b field.EnumLabel) int { return int(a.Value - b.Value) })
	o.Enum = labels
}
