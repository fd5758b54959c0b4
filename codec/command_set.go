package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// without splits a set: what is not in the other one, and what is.
func (s commandSet) without(other commandSet) (left, shared commandSet) {
	left = slices.Clone(s)
	for _, o := range other {
		var next commandSet
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

// covers says whether the set has every value of a range.
func (s commandSet) covers(lo, hi uint64) bool {
	left, _ := commandSet{{lo, hi}}.without(s)
	return len(left) == 0
}

func (s commandSet) String() string {
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

// commandTexts are the values of a set as protocols name them.
func commandTexts(o *op, set commandSet) (out []string) {
	for _, r := range set {
		text := commandText(o, r[0])
		switch {
		case r[1] == r[0]:
		case o.code != opASCII && r[1] > 9: // both in hexadecimal
			text = fmt.Sprintf("0x%02x-0x%02x", r[0], r[1])
		default:
			text += "-" + commandText(o, r[1])
		}
		out = append(out, text)
	}
	return out
}

// commandText is a command as protocols name it: characters, or a number in hexadecimal.
func commandText(o *op, num uint64) string {
	switch {
	case o.code == opASCII:
		var b [8]byte
		storeBE(b[:], num)
		return printable(bytes.TrimLeft(b[:], "\x00"))
	case num < 10:
		return fmt.Sprint(num)
	}
	return fmt.Sprintf("0x%02x", num)
}
