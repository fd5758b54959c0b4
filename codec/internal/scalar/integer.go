package scalar

import "math"

// Whole numbers of 1 to 8 bytes.

// Word is the number that the bytes make, in the order of the field.
func (o *Op) Word(b []byte) (v uint64) {
	if o.Form != nil && o.Form.Swap != nil && len(o.Form.Swap) == len(b) {
		for _, i := range o.Form.Swap {
			v = v<<8 | uint64(b[i])
		}
		return v
	}
	if o.Little {
		return LoadLE(b)
	}
	return LoadBE(b)
}

func readInteger(o *Op, b []byte) (num uint64, ok bool) {
	if len(b) > 8 {
		return 0, false
	}
	num = o.Word(b)
	if len(b) == 0 || o.Code != OpInt && (o.Form == nil || !o.Form.MinusBit) {
		return num, true
	}
	sign := uint64(1) << (uint(len(b))*8 - 1)
	if o.Code == OpInt {
		return (num ^ sign) - sign, true
	}
	if num&sign != 0 {
		num = -(num &^ sign)
	}
	return num, true
}

// writeInteger writes numbers and the bits of floats.
func writeInteger(o *Op, b []byte, num uint64) error {
	if o.Form != nil && o.Form.MinusBit && int64(num) < 0 {
		num = -num | 1<<(uint(len(b))*8-1)
	}
	switch {
	case o.Form != nil && len(o.Form.Swap) == len(b) && len(b) > 0:
		for n := len(b) - 1; n >= 0; n-- {
			b[o.Form.Swap[n]] = byte(num)
			num >>= 8
		}
	case o.Little:
		StoreLE(b, num)
	default:
		StoreBE(b, num)
	}
	return nil
}

// beginsInteger bounds a number from both sides by its first bytes, the most significant ones.
func beginsInteger(o *Op, b []byte) bool {
	if o.Little || !o.Form.Plain() {
		return true
	}
	left := uint(o.Size-len(b)) * 8
	lo := LoadBE(b) << left
	return o.overlaps(lo, lo|(1<<left-1))
}

// signBit of a number of the op's size.
func (o *Op) signBit() uint64 { return 1 << (uint(o.Size)*8 - 1) }

func boundsUint(o *Op) (lo int64, hi uint64) {
	switch {
	case o.Form != nil && o.Form.MinusBit:
		return -int64(o.signBit() - 1), o.signBit() - 1
	case o.Size >= 8:
		return 0, math.MaxUint64
	}
	return 0, 1<<(uint(o.Size)*8) - 1
}

func boundsInt(o *Op) (lo int64, hi uint64) { return -int64(o.signBit()-1) - 1, o.signBit() - 1 }

// boundsWhole are those of numbers without a size in bytes.
func boundsWhole(*Op) (lo int64, hi uint64) { return math.MinInt64, math.MaxInt64 }

func boundsComputed(o *Op) (lo int64, hi uint64) {
	if o.Form != nil && o.Form.Natural {
		return 0, math.MaxUint64
	}
	return math.MinInt64, math.MaxInt64
}

func boundsRun(o *Op) (lo int64, hi uint64) { return 0, uint64(o.Most) }
