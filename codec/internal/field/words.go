package field

import (
	"fmt"

	"trama/internal/words"
)

// Nearest is the word most like s, or "" when none is near.
func Nearest(s string, known []string) string { return words.Nearest(s, known, Foreign) }

// Foreign are the words that other descriptions of frames have for ours.
var Foreign = map[string]string{
	"string": "ascii", "text": "ascii", "str": "ascii", "char": "ascii", "chars": "ascii", "bytes": "hex",
	"blob": "hex", "raw": "hex", "binary": "hex", "bool": "bits", "boolean": "bits", "bitfield": "bits",
	"flags": "bits", "float": "float32", "double": "float64", "real": "float32", "integer": "int32",
	"u8": "byte", "u16": "uint16", "u32": "uint32", "u64": "uint64",
	"s8": "int8", "s16": "int16", "s32": "int32", "word": "uint16", "dword": "uint32", "short": "int16",
	"long": "int32", "timestamp": "time", "datetime": "time", "date": "time", "crc": "checksum",
	"crc8": "checksum", "crc16": "checksum", "crc32": "checksum", "sum": "checksum", "lrc": "checksum",
	"fcs": "checksum", "array": "list", "repeat": "count", "sequence": "list", "struct": "group",
	"switch": "choice", "union": "choice", "number": "decimal", "endian": "order", "endianness": "order",
	"byte_order": "order", "byteorder": "order", "length": "size", "len": "size", "width": "size",
	"id": "key", "name": "key", "description": "title", "doc": "title", "comment": "title", "values": "enum",
	"labels": "enum", "if": "when", "condition": "when", "factor": "scale", "multiplier": "scale",
	"encoding": "charset", "terminator": "until", "prefix": "before", "delimiter": "separator",
	"padding": "pad", "null": "missing", "invalid": "missing", "format": "layout", "timezone": "zone",
	"tz": "zone", "crc-16": "crc-16/arc", "crc-16/ibm": "crc-16/arc", "crc-16/ccitt": "crc-16/kermit",
	"crc-32": "crc-32/iso-hdlc", "xor": "xor8", "bcc": "xor8",
}

func Quote(s string) string { return fmt.Sprintf("%q", s) }
