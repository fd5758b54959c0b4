package scalar

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// IEEE 754, as float32 and float64.  The number of a cell is their bits.

func readFloat(o *Op, b []byte) (num uint64, ok bool) {
	if len(b) != o.Size {
		return 0, false
	}
	return o.Word(b), true
}

func (o *Op) floatBits() int {
	if o.Size == 4 {
		return 32
	}
	return 64
}

// real is the number that the bits of a float are.
func (o *Op) real(bits uint64) float64 {
	if o.Size == 4 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

func floatText(v Value, dst []byte) []byte {
	x := v.Float()
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0) || v.Exp == 0 && !v.Op.degrees():
		return appendFloat(dst, v.Op.real(v.Num), v.Num, v.Op.floatBits())
	case v.Op.degrees():
		return strconv.AppendFloat(dst, x, 'f', 9, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

// appendFloat writes the shortest text that reads back as the same bits.  NaN, +Inf and -Inf are written so; a NaN with
// other bits than the usual carries them: NaN(7fc00001).
func appendFloat(dst []byte, v float64, bits uint64, size int) []byte {
	switch {
	case math.IsNaN(v) && bits != usualNaN(size):
		return fmt.Appendf(dst, "NaN(%x)", bits)
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 0):
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, size)
}

func usualNaN(size int) uint64 {
	if size == 32 {
		return 0x7fc00000
	}
	return 0x7ff8000000000000
}

func parseFloat(o *Op, dst []byte, p given) (out []byte, num uint64, err error) {
	text, ok := TextOf(p.v)
	if !ok {
		return dst, 0, WrongType(p.v, "a number")
	}
	text = strings.TrimSpace(text)
	size := o.floatBits()
	if bits, found := strings.CutPrefix(text, "NaN("); found {
		if num, err = strconv.ParseUint(strings.TrimSuffix(bits, ")"), 16, size); err != nil {
			return dst, 0, fmt.Errorf("%w: %q is not a number", field.ErrValue, text)
		}
		return dst, num, nil
	}
	plain, exact := strings.CutPrefix(text, "=")
	if exact = exact && o.degrees(); exact {
		text = plain
	}
	precision := size
	if p.exp != 0 || o.degrees() && !exact {
		precision = 64
	}
	f, err := strconv.ParseFloat(text, precision)
	if p.exp != 0 {
		f /= math.Pow10(p.exp)
	} else if precision == 64 && o.degrees() && !exact {
		f = minutesOf(f)
	}
	switch {
	case math.IsInf(f, 0) && err != nil:
		return dst, 0, fmt.Errorf("%w: %s does not fit %d bits", field.ErrRange, text, size)
	case err != nil:
		return dst, 0, fmt.Errorf("%w: %q is not a number", field.ErrValue, text)
	case math.IsNaN(f):
		return dst, usualNaN(size), nil
	case size == 32 && math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0):
		return dst, 0, fmt.Errorf("%w: %s does not fit %d bits", field.ErrRange, text, size)
	case size == 32:
		return dst, uint64(math.Float32bits(float32(f))), nil
	}
	return dst, math.Float64bits(f), nil
}
