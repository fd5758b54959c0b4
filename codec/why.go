package codec

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// explain says why load refused b.
func (o *op) explain(b []byte, num uint64) error {
	switch o.code {
	case opBCD, opDigits, opTime:
		if i := badNibble(b); i >= 0 {
			return fmt.Errorf("%w: %02x in %x", ErrDigit, b[i], b)
		}
	case opHex, opASCII:
		if o.check == checkBytes && !bytes.Equal(b, o.want) {
			return fmt.Errorf("%w: found %x, expected %x", ErrConst, b, o.want)
		}
		return fmt.Errorf("%w: found %s, expected %s", ErrRange, printable(b), o.chars)
	}
	if b != nil {
		plain := *o
		plain.check = checkNone
		num, _ = plain.load(b)
	}
	found := Item{Field: o.field, Kind: o.field.Kind, op: o, num: num}
	if o.check == checkRange && o.lo == o.hi {
		return fmt.Errorf("%w: found %s, expected %s", ErrConst, found.Text(), o.allowed())
	}
	return fmt.Errorf("%w: %s, allowed %s", ErrRange, found.Text(), o.allowed())
}

// explainForm says why read refused b.
func (o *op) explainForm(b []byte) error {
	switch o.code {
	case opDecimal:
		plain := *o
		plain.check = checkNone
		if num, ok := plain.decimal(b); ok {
			found := Item{Field: o.field, Kind: o.field.Kind, op: o, num: num, data: b}
			if o.check == checkRange && o.lo == o.hi {
				return fmt.Errorf("%w: found %s, expected %s", ErrConst, found.Text(), o.allowed())
			}
			return fmt.Errorf("%w: %s, allowed %s", ErrRange, found.Text(), o.allowed())
		}
		return fmt.Errorf("%w: %s is not a number", ErrDigit, printable(b))
	case opDigits, opBCD:
		if i := badNibble(b); i >= 0 {
			return fmt.Errorf("%w: %02x in %x", ErrDigit, b[i], b)
		}
	case opTime:
		if o.time.as != timeBCD {
			return fmt.Errorf("%w: %s, expected %s", ErrTime, printable(b), o.time.text)
		}
	}
	if o.size == 0 {
		return fmt.Errorf("%w: %s", ErrRange, printable(b))
	}
	return o.explain(b, 0)
}

// printable shows bytes as text when they are, else in hexadecimal.
func printable(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return hex.EncodeToString(b)
		}
	}
	return fmt.Sprintf("%q", b)
}

// allowedTexts says in words what `in` lists.
func (o *op) allowedTexts() string {
	list := make([]string, len(o.form.texts))
	for i, text := range o.form.texts {
		if list[i] = fmt.Sprintf("%x", text); o.code == opASCII {
			list[i] = quote(text)
		}
	}
	return "allowed " + strings.Join(list, ", ")
}
