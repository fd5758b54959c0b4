package explain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"trama/codec"
	"trama/codec/explain"
)

// Value is the value of a field as people read it, with its label and its unit.
func Value(it codec.Item) string {
	if it.Kind == codec.KindList || it.Kind == codec.KindGroup {
		return ""
	}
	if it.Missing() {
		return "(missing)"
	}
	value := it.Text()
	if it.Kind == codec.KindText {
		value = characters(it, value)
	}
	if label := it.Label(); label != "" && label != value {
		value += " (" + label + ")"
	}
	if it.Field.Unit != "" {
		value += " " + it.Field.Unit
	}
	return value
}

// characters shows a text as its character set says.
func characters(it codec.Item, text string) string {
	if !it.Unicode() {
		return Text(text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// Text shows each byte as one character, and in quotes what a terminal would not show but act upon.
func Text(text string) string {
	runes, plain := make([]rune, len(text)), true
	for i := range len(text) {
		runes[i] = rune(text[i])
		plain = plain && unicode.IsPrint(runes[i])
	}
	if plain {
		return string(runes)
	}
	return strconv.Quote(string(runes))
}

// number is the value without its label: what the bytes say, before anybody gave it a name.
func number(it codec.Item) string {
	switch {
	case it.Missing():
		return "-"
	case it.Label() == "":
		if it.Kind == codec.KindText {
			return characters(it, it.Text())
		}
		return it.Text()
	case it.Kind == codec.KindText:
		return Text(string(it.Bytes()))
	case it.Kind == codec.KindUint:
		return strconv.FormatUint(it.Uint(), 10)
	case it.Kind == codec.KindInt:
		return strconv.FormatInt(it.Int(), 10)
	}
	return it.Text()
}

// meaning is what the definition says about the field and its value.
func meaning(it codec.Item) string {
	var parts []string
	if label := it.Label(); label != "" {
		parts = append(parts, label)
	}
	switch {
	case it.Missing():
		parts = append(parts, "no value")
	case it.Suspect():
		parts = append(parts, "not a time that exists")
	}
	if it.Field.Title != "" {
		parts = append(parts, it.Field.Title)
	}
	text := strings.Join(parts, ": ")
	if it.Computed() {
		text = strings.TrimSpace(text + " (follows from other fields)")
	}
	switch n := it.SizeBits(); n {
	case 0:
	case 1:
		text = strings.TrimSpace(text + " (1 bit)")
	default:
		text = strings.TrimSpace(fmt.Sprintf("%s (%d bits)", text, n))
	}
	return text
}

// verdict says how a checksum is; base is where the frame begins.
func verdict(c *explain.Check, base int) string {
	over := fmt.Sprintf("%s over bytes %d-%d", c.Algorithm, base+c.From, base+c.To-1)
	if c.From == c.To {
		over = c.Algorithm + " over no bytes"
	}
	if c.OK() {
		return over + ": ok"
	}
	return fmt.Sprintf("%s: WRONG, found %0*x, computed %0*x", over, c.Digits, c.Found, c.Digits, c.Computed)
}
