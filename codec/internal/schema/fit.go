package schema

import (
	"slices"
	"strings"

	"trama/codec/internal/field"
)

// Keys that would have no effect are refused: who wrote them expects one.

// unfitKeys are keys that a type does not take, where what they would mean is not looked at otherwise.
var unfitKeys = map[string][]string{
	"ascii":    {"order"},
	"hex":      {"order"},
	"decimal":  {"order"},
	"bitset":   {"order"},
	"run":      {"order", "missing", "wire", "stuffed"},
	"computed": {"order", "missing", "default", "remember", "counter", "size", "until", "wire", "stuffed"},
	"varint": {"size", "until", "missing", "as", "bits", "chars", "pad", "charset", "layout", "epoch", "zone",
		"remember", "counter", "wire", "stuffed"},
	"checksum": {"missing", "default", "remember", "counter", "until", "stuffed"},
	"group":    partKeys,
	"list":     append([]string{"unit"}, partKeys...),
	"choice":   append([]string{"unit", "role"}, partKeys...),
	"end": {"order", "missing", "const", "in", "min", "max", "scale", "offset", "chars", "pad", "charset", "as",
		"layout", "epoch", "zone", "bits", "remember", "counter",
		"reversed", "swapped", "filler", "align", "digits", "minus", "form", "base", "places", "exponent", "value",
		"when", "before", "optional", "until", "unit", "role", "wire"},
}

// partKeys have a meaning on the fields in a part, and none on the part.
var partKeys = []string{"order", "missing", "default", "const", "in", "min", "max", "scale", "offset", "enum", "chars",
	"pad", "charset", "as", "layout", "epoch",
	"zone", "bits", "remember", "counter", "reversed", "swapped", "filler", "align", "digits", "minus", "form", "base",
	"places", "exponent", "value", "wire", "stuffed"}

// wholeKeys have a meaning on fields of whole bytes alone.
var wholeKeys = []string{"size", "max_size", "until", "before", "optional", "bits", "remember", "layout", "chars",
	"charset", "pad", "filler", "minus", "align", "epoch", "zone", "reversed", "swapped", "digits", "fill", "base", "places",
	"exponent", "wire", "stuffed"}

// fitBits reports what a field that need not begin with a byte cannot have.
func (t *Table) fitBits(kind string) {
	if kind != "bits" {
		t.src.Problem(t.At("size_bits"), "it on type "+kind, "it on type bits only")
	}
	for _, key := range wholeKeys {
		if t.Has(key) {
			t.src.Problem(t.At(key), "it beside size_bits", "one of them")
		}
	}
	for key, words := range map[string][]string{"order": field.OrderWords, "as": {"bcd"}, "form": {"letters", "hex"}} {
		if word, is := t.Values[key].(string); is && !slices.Contains(words, word) {
			t.src.Problem(t.At(key), field.Quote(word)+" beside size_bits", "one of "+strings.Join(words, ", "), words...)
		}
	}
}

// fit reports the keys of a field without effect.
func (t *Table) fit(kind string) {
	for _, key := range unfitKeys[kind] {
		if !t.Has(key) {
			continue
		}
		on := "it on another type: it has no effect here"
		if slices.Contains(partKeys, key) && (kind == "group" || kind == "list" || kind == "choice") || key == "unit" {
			on = "it on a field inside"
		}
		t.src.Problem(t.At(key), "it on type "+kind, on)
	}
	as, _ := t.Values["as"].(string)
	switch clock := strings.HasPrefix(as, "unix") || strings.HasPrefix(as, "cp"); {
	case kind == "checksum" && as == "hex" && t.Has("order"):
		t.src.Problem(t.At("order"), `it beside as = "hex"`, "it on a checksum in bytes: characters have the highest digit first")
	case kind != "time":
	case t.Has("parts") && (t.Has("layout") || t.Has("order") || t.Has("as")):
		for _, key := range []string{"layout", "order", "as"} {
			if t.Has(key) {
				t.src.Problem(t.At(key), "it beside parts", "it on the fields that the parts name")
			}
		}
	case clock && t.Has("layout"):
		t.src.Problem(t.At("layout"), "it beside as = "+field.Quote(as), `it with as = "bcd", "binary" or "ascii"`)
	case !strings.HasPrefix(as, "unix") && t.Has("epoch"):
		t.src.Problem(t.At("epoch"), "it without a count", `it with as = "unix" or "unix-ms"`)
	case (as == "binary" || as == "ascii") && t.Has("order"):
		t.src.Problem(t.At("order"), "it beside as = "+field.Quote(as), "a layout whose parts stand in the order of the bytes")
	}
}
