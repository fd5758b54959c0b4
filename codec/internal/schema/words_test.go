package schema

import (
	"os"
	"slices"
	"strings"
	"testing"
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// The reference names every key and every word that a definition may hold.
func TestTheReferenceNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../../../docs/frame-language.md")
	if err != nil {
		t.Fatal(err)
	}
	read := func(of func(t *Table)) []string {
		one := NewTable(NewSource("", nil), "", map[string]any{"frame": []any{}})
		of(one)
		return append(one.Known, one.Silent...)
	}
	words := slices.Concat(
		read(func(t *Table) { ReadDefinition(t) }),
		read(func(t *Table) { readField(t, "big") }),
		read(func(t *Table) { (&Definition{}).readFamily(t) }),
		read(func(t *Table) { readMessage(t, "big") }),
		read(func(t *Table) { readCommand(t) }),
		read(func(t *Table) { readArgument(t) }),
		read(func(t *Table) { ReadReply(t) }),
		read(func(t *Table) { readExample(t) }),
		read(func(t *Table) { readCase(t, "big") }),
		read(func(t *Table) { readResend(t) }),
		asWords, allOrderWords, alignWords, formWords, numbersWords, field.PartyWords, NewSource("", nil).charsetNames(),
		NewSource("", nil).ChecksumNames(), NewSource("", nil).ArmourNames(),
		[]string{"cases", "is", "blocks", "at", "signed"},
	)
	for role := field.NoRole + 1; role.String() != "unknown"; role++ {
		words = append(words, role.String())
	}
	for purpose := field.PurposeOther; purpose.String() != "unknown"; purpose++ {
		words = append(words, purpose.String())
	}
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		shown := func(form string) bool { return strings.Contains(string(text), strings.ReplaceAll(form, "WORD", word)) }
		if word != "" && !shown("`WORD`") && !shown("`\"WORD\"`") && !shown("`[WORD]`") && !shown("`[[WORD]]`") {
			t.Errorf("%s is not named", word)
		}
	}
	for _, err := range []error{field.ErrShort, field.ErrLong, field.ErrLength, field.ErrDigit, field.ErrConst, field.ErrRange, field.ErrValue, field.ErrTime,
		field.ErrUnknownCommand, field.ErrUnknownField, field.ErrMissing, field.ErrRegion, field.ErrNoCase, field.ErrSum, scalar.ErrArmour} {
		if !strings.Contains(string(text), err.Error()) {
			t.Errorf("%q is not explained", err)
		}
	}
}
