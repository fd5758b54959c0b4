package scalar

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Charsets is the registry of text encodings.
var Charsets = map[string]encoding.Encoding{
	"utf-8":  encoding.Nop,
	"gbk":    simplifiedchinese.GBK,
	"utf-16": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
}
