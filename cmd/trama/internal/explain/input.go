package explain

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// ParseHex reads bytes written as hexadecimal digits.  Blanks, line breaks, commas, colons, dashes and 0x or \x in
// front of a byte
// do not matter, and lines that start with # are passed over.
func ParseHex(text string) ([]byte, error) {
	var out []byte
	half := -1 // the first digit of a byte that has begun
	for n, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		runes := []rune(line)
		for i := 0; i < len(runes); i++ {
			r := runes[i]
			if half < 0 && i+1 < len(runes) && (r == '0' || r == '\\') && (runes[i+1] == 'x' || r == '0' && runes[i+1] == 'X') {
				i++
				continue
			}
			switch d := digit(r); {
			case d >= 0 && half < 0:
				half = d
			case d >= 0:
				out, half = append(out, byte(half<<4|d)), -1
			case unicode.IsSpace(r) || strings.ContainsRune(",:;-_", r):
			default:
				return nil, fmt.Errorf("not hexadecimal: found %q at %s, expected two digits a byte", r, place(n, i,
					strings.Contains(text, "\n")))
			}
		}
	}
	switch {
	case half >= 0:
		return nil, fmt.Errorf("not hexadecimal: an odd number of digits, the last of %d bytes has one", len(out)+1)
	case len(out) == 0:
		return nil, errors.New("no bytes")
	}
	return out, nil
}

func digit(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r >= 'a' && r <= 'f':
		return int(r-'a') + 10
	case r >= 'A' && r <= 'F':
		return int(r-'A') + 10
	}
	return -1
}

func place(line, column int, several bool) string {
	if several {
		return fmt.Sprintf("line %d, character %d", line+1, column+1)
	}
	return fmt.Sprintf("character %d", column+1)
}
