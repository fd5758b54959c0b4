// Package terminal makes texts of others fit to be seen: nothing of them is obeyed by a terminal, nor moves what stands
// beside it.  Tables and details fit the width of the screen.
package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// obeyed says whether a character does something instead of being seen: control characters, line and paragraph
// separators, and those that turn the direction of a text.
func obeyed(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || r == '\ufeff'
}

// Text shows what is obeyed, and bytes that are no UTF-8, as \n, \x1b, \u202e and the like.
func Text(s string) string { return text(s, "") }

// Lines is Text for what may have several lines: line ends stay.
func Lines(s string) string { return text(s, "\n") }

func text(s, stays string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return obeyed(r) && !strings.ContainsRune(stays, r) }) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[0])
		case !obeyed(r), strings.ContainsRune(stays, r):
			out.WriteRune(r)
		case r < 0x80:
			out.WriteString(strings.Trim(strconv.Quote(string(r)), `"`))
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		s = s[size:]
	}
	return out.String()
}

// Cells are texts for a row of a CSV file: as Text, and with ' before what a spreadsheet would take for a formula.
func Cells(row []string) []string {
	for i, cell := range row {
		cell = Text(cell)
		if len(cell) > 1 && strings.ContainsRune("=+-@", rune(cell[0])) {
			if _, err := strconv.ParseFloat(cell, 64); err != nil {
				cell = "'" + cell
			}
		}
		row[i] = cell
	}
	return row
}

// JSON writes what is obeyed inside the strings of a JSON text as \u202e and the like, which means the same.
func JSON(s []byte) []byte {
	if !bytes.ContainsFunc(s, escapable) {
		return s
	}
	var out bytes.Buffer
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		if escapable(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.Write(s[:size])
		}
		s = s[size:]
	}
	return out.Bytes()
}

// escapable leaves alone what stands between the strings of a JSON text; inside, such characters are escaped anyway.
func escapable(r rune) bool { return r >= 0x7f && obeyed(r) || r == utf8.RuneError }

// Writer is JSON for a text that comes in pieces.  A character that two of them share is held back until it is whole.
func Writer(to io.Writer) io.Writer { return &writer{to: to} }

type writer struct {
	to   io.Writer
	rest []byte
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	all := append(w.rest, p...)
	whole := len(all)
	for i := 1; i <= min(utf8.UTFMax-1, len(all)); i++ { // an unfinished character has at most three bytes
		if c := all[len(all)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(all[len(all)-i:]) {
				whole -= i
			}
			break
		}
	}
	w.rest = bytes.Clone(all[whole:])
	if _, err := w.to.Write(JSON(all[:whole])); err != nil {
		return 0, err
	}
	return len(p), nil
}
