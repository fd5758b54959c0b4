package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"trama/codec"
)

// A length that is made when a frame is grows with what it counts, also itself and those around it.
func TestLengthsOfVaryingWidthAreMadeForEverySize(t *testing.T) {
	counts := profileFrom(t, "varints.good.toml")
	for n := range 201 {
		words := make([]string, n)
		for i := range words {
			words[i] = fmt.Sprint(i)
		}
		f := fromJSON(t, counts, `{"message":"words","words":[`+strings.Join(words, ",")+`]}`)
		size := 2*n + 3 + little(n)
		if size > 127 {
			size++
		}
		if it, _ := f.Item("all"); len(f.Raw()) != size || it.Uint() != uint64(size) {
			t.Errorf("%d words: %d bytes, the length says %d, expected %d", n, len(f.Raw()), it.Uint(), size)
		}
	}
	nested := profileFrom(t, "field-snmp.good.toml")
	for n := range 700 {
		f := fromJSON(t, nested, `{"message":"message","version":{"value":"00"},"community":"public","kind":"get","pdu":{"request":{"value":"01"},"error":{"value":"00"},"at":{"value":"00"},`+
			`"variables":[{"variable":{"name":[1],"type":4,"value":"`+strings.Repeat("ab", n)+`"}}]}}`)
		var back codec.Frame
		if err := nested.Decode(codec.Any, f.Raw(), &back); err != nil || len(f.Raw()) != nestedSize(n) {
			t.Errorf("%d bytes: a frame of %d, expected %d, %v", n, len(f.Raw()), nestedSize(n), err)
		}
	}
}

// nestedSize is how large a frame of field-snmp with a value of n bytes is: each length as short as it can be.
func nestedSize(n int) int {
	tagged := func(n int) int { return 1 + ber(n) + n }
	variable := 3 + 1 + ber(n) + n
	return tagged(3 + 8 + tagged(9+tagged(tagged(variable))))
}

func fromJSON(t *testing.T, p *codec.Profile, text string) *codec.Frame {
	t.Helper()
	f := new(codec.Frame)
	if err := p.ParseJSON([]byte(text), f); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// A number in more bytes than it needs comes back, also from JSON, unless what it counts is another number now.
func TestANumberThatIsLongerThanItNeedsToBeStaysSo(t *testing.T) {
	p := profileFrom(t, "varints.good.toml")
	var f codec.Frame
	raw := unhex(t, "800a0182000001000210")
	if err := p.Decode(codec.Any, raw, &f); err != nil {
		t.Fatal(err)
	}
	text, err := f.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil || fields["all"] != "=800a" || fields["count"] != "=8200" {
		t.Fatalf("%s", text)
	}
	if back := fromJSON(t, p, string(text)); string(back.Raw()) != string(raw) {
		t.Errorf("%x became %x", raw, back.Raw())
	}
	fields["words"] = []int{1}
	text, _ = json.Marshal(fields)
	if back := fromJSON(t, p, string(text)); fmt.Sprintf("%x", back.Raw()) != "060101000109" {
		t.Errorf("%x", back.Raw())
	}
}

// little is how many bytes a number takes with seven bits in each, ber how many a length takes by X.690.
func little(n int) (size int) {
	for size = 1; n > 127; size++ {
		n >>= 7
	}
	return size
}

func ber(n int) (size int) {
	if size = 1; n > 127 {
		for ; n > 0; size++ {
			n >>= 8
		}
	}
	return size
}
