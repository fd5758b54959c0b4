package codec

import (
	"sort"
	"strings"
	"trama/internal/tomlread"
)

// Problem is one thing wrong with a definition.
type Problem = tomlread.Problem

// DefinitionError holds every problem of a definition, in the order of the lines.
type DefinitionError struct {
	Problems []Problem
}

func (e *DefinitionError) Error() string { return tomlread.Text(e.Problems) }

// sortProblems puts those of the definition itself first, then those of each part that it includes.
func sortProblems(file string, ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := &ps[i], &ps[j]
		if a.File != b.File {
			return a.File == file || b.File != file && a.File < b.File
		}
		return a.Line < b.Line
	})
}

// foreign are the words that other descriptions of frames have for ours.
var foreign = map[string]string{
	"string": "ascii", "text": "ascii", "str": "ascii", "char": "ascii", "chars": "ascii", "bytes": "hex", "blob": "hex", "raw": "hex", "binary": "hex",
	"bool": "bits", "boolean": "bits", "bitfield": "bits", "flags": "bits", "float": "float32", "double": "float64", "real": "float32",
	"int": "int32", "uint": "uint32", "integer": "int32", "u8": "byte", "u16": "uint16", "u32": "uint32", "u64": "uint64", "s8": "int8", "s16": "int16",
	"s32": "int32", "word": "uint16", "dword": "uint32", "short": "int16", "long": "int32", "timestamp": "time", "datetime": "time", "date": "time",
	"crc": "checksum", "crc8": "checksum", "crc16": "checksum", "crc32": "checksum", "sum": "checksum", "lrc": "checksum", "fcs": "checksum",
	"array": "list", "repeat": "count", "sequence": "list", "struct": "group", "switch": "choice", "union": "choice", "number": "decimal",
	"endian": "order", "endianness": "order", "byte_order": "order", "byteorder": "order", "length": "size", "len": "size", "width": "size",
	"id": "key", "name": "key", "description": "title", "doc": "title", "comment": "title", "values": "enum", "labels": "enum", "if": "when", "condition": "when",
	"factor": "scale", "multiplier": "scale", "encoding": "charset", "terminator": "until", "prefix": "before", "delimiter": "separator", "padding": "pad",
	"null": "missing", "invalid": "missing", "format": "layout", "timezone": "zone", "tz": "zone", "crc-16": "crc-16/arc", "crc-16/ibm": "crc-16/arc",
	"crc-16/ccitt": "crc-16/kermit", "crc-32": "crc-32/iso-hdlc", "xor": "xor8", "bcc": "xor8",
}

// nearest returns the word most like s, or "" when none is near: at most a third of the letters may differ, or
// one is the beginning of the other.
func nearest(s string, words []string) string {
	if known := foreign[strings.ToLower(s)]; contains(words, known) {
		return known
	}
	if lower := strings.ToLower(s); lower != s && contains(words, lower) {
		return lower
	}
	best, bestDistance := "", len(s)/3+1
	if bestDistance > 3 {
		bestDistance = 3
	}
	for _, w := range words {
		if d := editDistance(s, w, bestDistance); d <= bestDistance && (best == "" || d < bestDistance) {
			best, bestDistance = w, d
		}
	}
	if best == s {
		return ""
	}
	if best == "" && len(s) > 1 {
		for _, w := range words {
			if len(w) > 1 && (strings.HasPrefix(w, s) || strings.HasPrefix(s, w)) {
				return w
			}
		}
	}
	return best
}

// nearestIn is nearest for what may be a phrase such as "from KEY to KEY": then for the first word that is unknown.
func nearestIn(found string, known []string) string {
	words := strings.Fields(found)
	if near := nearest(found, known); near != "" || len(words) < 2 {
		return near
	}
	for _, w := range words {
		if contains([]string{"from", "after", "to", "all", "body", "end"}, w) || contains(known, w) {
			continue
		}
		if near := nearest(w, known); near != "" {
			return near
		}
	}
	return ""
}

// editDistance is the number of letters to insert, delete, replace or swap; more than limit is returned as limit+1.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
