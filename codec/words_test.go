package codec

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The reference names every key, type, word and algorithm that a definition may hold, and every kind of error.
func TestTheReferenceNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../docs/frame-language.md")
	if err != nil {
		t.Fatal(err)
	}
	read := func(of func(t *table)) []string {
		one := newTable(newSource("", nil), "", map[string]any{"frame": []any{}})
		of(one)
		return append(one.Known, one.Silent...)
	}
	var words []string
	words = append(words, read(func(t *table) { readDefinition(t) })...)
	words = append(words, read(func(t *table) { readField(t, "big") })...)
	words = append(words, read(func(t *table) { (&definition{}).readFamily(t) })...)
	words = append(words, read(func(t *table) { readMessage(t, "big") })...)
	words = append(words, read(func(t *table) { readReply(t) })...)
	words = append(words, read(func(t *table) { readExample(t) })...)
	words = append(words, read(func(t *table) { readCase(t, "big") })...)
	for _, list := range [][]string{typeNames, roleNames[1:], purposeNames[:], asWords, allOrderWords, alignWords, formWords, charsetWords, checksumNames(),
		partyWords, repeatWords, sendWords, charWords, directionWords, slices.Sorted(maps.Keys(namedArmours)), {"cases", "is", "blocks", "at", "signed"}} {
		words = append(words, list...)
	}
	for _, p := range packedPlaces {
		if p.name != "" {
			words = append(words, p.name)
		}
	}
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		if word != "" && !strings.Contains(string(text), "`"+word+"`") && !strings.Contains(string(text), "`\""+word+"\"`") && !strings.Contains(string(text), "`["+word+"]`") && !strings.Contains(string(text), "`[["+word+"]]`") {
			t.Errorf("%s is not named", word)
		}
	}
	for _, err := range []error{ErrShort, ErrLong, ErrLength, ErrDigit, ErrConst, ErrRange, ErrValue, ErrTime, ErrUnknownCommand, ErrUnknownField, ErrMissing,
		errRegion, errNoCase, errSum, errArmour} {
		if !strings.Contains(string(text), err.Error()) {
			t.Errorf("%q is not explained", err)
		}
	}
}
