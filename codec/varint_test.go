package codec

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The numbers are those of the standards: MQTT 3.1.1 table 2.4, X.690 8.1.3, and VLQs as in MIDI files.
func TestNumbersOfVaryingWidthAreWrittenAsTheStandardsSay(t *testing.T) {
	for _, one := range []struct {
		form varint
		num  uint64
		hex  string
	}{
		{varintLittle, 0, "00"}, {varintLittle, 127, "7f"}, {varintLittle, 128, "8001"}, {varintLittle, 321, "c102"}, {varintLittle, 16383, "ff7f"},
		{varintLittle, 16384, "808001"}, {varintLittle, 268435455, "ffffff7f"}, {varintLittle, 1<<63 - 1, "ffffffffffffffff7f"},
		{varintBig, 0, "00"}, {varintBig, 127, "7f"}, {varintBig, 128, "8100"}, {varintBig, 8192, "c000"}, {varintBig, 2097151, "ffff7f"}, {varintBig, 1<<63 - 1, "ffffffffffffffff7f"},
		{varintBER, 0, "00"}, {varintBER, 127, "7f"}, {varintBER, 128, "8180"}, {varintBER, 201, "81c9"}, {varintBER, 256, "820100"}, {varintBER, 435, "8201b3"}, {varintBER, 1<<63 - 1, "887fffffffffffffff"},
	} {
		b := unhex(t, one.hex)
		if got := one.form.append(nil, one.num); string(got) != string(b) {
			t.Errorf("%s %d: %x, expected %s", varintNames[one.form], one.num, got, one.hex)
		}
		if num, ok := one.form.read(b); !ok || num != one.num {
			t.Errorf("%s %s: %d, %v", varintNames[one.form], one.hex, num, ok)
		}
		for n := range b {
			if size, ok := one.form.size(b[:n], mostVarint); !ok || size > len(b) || size <= n {
				t.Errorf("%s %x: size %d, %v", varintNames[one.form], b[:n], size, ok)
			}
		}
	}
	for _, one := range []struct {
		form varint
		hex  string
	}{{varintLittle, "80808080808080808080"}, {varintBER, "80"}, {varintBER, "89"}, {varintBER, "888000000000000000"}, {varintBig, "ff"}, {varintBig, "0000"}} {
		if num, ok := one.form.read(unhex(t, one.hex)); ok {
			t.Errorf("%s %s is read as %d", varintNames[one.form], one.hex, num)
		}
	}
}

// A length that is made when a frame is grows with what it counts, also itself and those around it.
func TestLengthsOfVaryingWidthAreMadeForEverySize(t *testing.T) {
	counts := profileFrom(t, "varints.good.toml")
	for n := range 201 {
		words := make([]string, n)
		for i := range words {
			words[i] = fmt.Sprint(i)
		}
		f := fromJSON(t, counts, `{"message":"words","words":[`+strings.Join(words, ",")+`]}`)
		size := 2*n + 3 + len(varintLittle.append(nil, uint64(n)))
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
		var back Frame
		if err := nested.Decode(Any, f.Raw(), &back); err != nil || len(f.Raw()) != nestedSize(n) {
			t.Errorf("%d bytes: a frame of %d, expected %d, %v", n, len(f.Raw()), nestedSize(n), err)
		}
	}
}

// nestedSize is how large a frame of field-snmp with a value of n bytes is: each length as short as it can be.
func nestedSize(n int) int {
	tagged := func(n int) int { return 1 + len(varintBER.append(nil, uint64(n))) + n }
	variable := 3 + 1 + len(varintBER.append(nil, uint64(n))) + n
	return tagged(3 + 8 + tagged(9+tagged(tagged(variable))))
}

func fromJSON(t *testing.T, p *Profile, text string) *Frame {
	t.Helper()
	f := new(Frame)
	if err := p.ParseJSON([]byte(text), f); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// A number in more bytes than it needs comes back, also from JSON, unless what it counts is another number now.
func TestANumberThatIsLongerThanItNeedsToBeStaysSo(t *testing.T) {
	p := profileFrom(t, "varints.good.toml")
	var f Frame
	raw := unhex(t, "800a0182000001000210")
	if err := p.Decode(Any, raw, &f); err != nil {
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
