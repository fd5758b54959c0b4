package dissector

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"trama/codec"
)

// usesGBK says whether a field is text in GBK, whose table the script then brings along: what Wireshark has for it loses
// the last character (seen in 4.0.17).
func usesGBK(out *codec.Outline) bool {
	return slices.ContainsFunc(out.Fields, func(f codec.OutlineField) bool { return f.Form != nil && f.Form.Charset == "gbk" })
}

// gbkTable writes the characters of GBK: for each first byte those of the second bytes from 0x40 to 0xfe, U+FFFD where
// there is none that is written back as the same bytes.
func gbkTable() string {
	var b strings.Builder
	b.WriteString("{\n")
	for lead := 0x81; lead <= 0xfe; lead++ {
		fmt.Fprintf(&b, "  [%d] = \"", lead)
		for trail := 0x40; trail <= 0xfe; trail++ {
			pair := []byte{byte(lead), byte(trail)}
			text, err := simplifiedchinese.GBK.NewDecoder().Bytes(pair)
			if err == nil {
				var back []byte
				back, err = simplifiedchinese.GBK.NewEncoder().Bytes(text)
				if string(back) != string(pair) {
					text = []byte("\ufffd")
				}
			}
			if err != nil {
				text = []byte("\ufffd")
			}
			b.Write(text)
		}
		b.WriteString("\",\n")
	}
	b.WriteString("}")
	return b.String()
}
