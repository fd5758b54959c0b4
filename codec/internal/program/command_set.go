package program

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/scalar"
)

// Without parts a set of values: left is not in other, shared is.
func (s CommandSet) Without(other CommandSet) (left, shared CommandSet) {
	left = slices.Clone(s)
	for _, o := range other {
		var next CommandSet
		for _, r := range left {
			lo, hi := max(r[0], o[0]), min(r[1], o[1])
			if lo > hi {
				next = append(next, r)
				continue
			}
			shared = append(shared, [2]uint64{lo, hi})
			if r[0] < lo {
				next = append(next, [2]uint64{r[0], lo - 1})
			}
			if hi < r[1] {
				next = append(next, [2]uint64{hi + 1, r[1]})
			}
		}
		left = next
	}
	return left, shared
}

// Covers reports whether the set has every value of a range.
func (s CommandSet) Covers(lo, hi uint64) bool {
	left, _ := CommandSet{{lo, hi}}.Without(s)
	return len(left) == 0
}

// String lists the ranges of the set, in hexadecimal above 9.
func (s CommandSet) String() string {
	var out []string
	for _, r := range s {
		form := "%d"
		if r[1] > 9 {
			form = "%#x"
		}
		text := fmt.Sprintf(form, r[0])
		if r[1] != r[0] {
			text += fmt.Sprintf("-"+form, r[1])
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// CommandTexts lists the commands of a set as protocols name them.
func CommandTexts(o *scalar.Op, set CommandSet) (out []string) {
	for _, r := range set {
		text := CommandText(o, r[0])
		switch {
		case r[1] == r[0]:
		case o.Code != scalar.OpASCII && r[1] > 9: // both in hexadecimal
			text = fmt.Sprintf("0x%02x-0x%02x", r[0], r[1])
		default:
			text += "-" + CommandText(o, r[1])
		}
		out = append(out, text)
	}
	return out
}

// CommandText is a command as protocols name it: characters, or a number in hexadecimal.
func CommandText(o *scalar.Op, num uint64) string {
	switch {
	case o.Form != nil && o.Form.Long[num] != "":
		return scalar.Printable([]byte(o.Form.Long[num]))
	case o.Code == scalar.OpASCII:
		var b [8]byte
		scalar.StoreBE(b[:], num)
		return scalar.Printable(bytes.TrimLeft(b[:], "\x00"))
	case num < 10:
		return fmt.Sprint(num)
	}
	return fmt.Sprintf("0x%02x", num)
}
