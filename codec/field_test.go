package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"trama/codec"
)

// The frames of the field-*.good.toml profiles carry the checksums that their protocols define.  They are computed
// here from the definitions, a bit at a time, and looked for at the place that the protocol says: a profile that
// covers the wrong bytes, or a frame that was made to fit it, does not pass.
func TestFramesOfTheFieldCarryTheChecksumsOfTheirProtocols(t *testing.T) {
	x25 := bitwiseCRC{width: 16, poly: 0x1021, init: 0xffff, reflected: true, xor: 0xffff}.sum
	modbus := bitwiseCRC{width: 16, poly: 0x8005, init: 0xffff, reflected: true}.sum
	kermit := bitwiseCRC{width: 16, poly: 0x1021, reflected: true}.sum
	arc := bitwiseCRC{width: 16, poly: 0x8005, reflected: true}.sum
	dnp := bitwiseCRC{width: 16, poly: 0x3d65, reflected: true, xor: 0xffff}.sum
	meter := bitwiseCRC{width: 16, poly: 0x3d65, xor: 0xffff}.sum
	mstp := bitwiseCRC{width: 8, poly: 0x81, init: 0xff, reflected: true, xor: 0xff}.sum
	sum := func(b []byte) (s uint64) {
		for _, c := range b {
			s = (s + uint64(c)) & 0xff
		}
		return s
	}
	xor := func(b []byte) (s uint64) {
		for _, c := range b {
			s ^= uint64(c)
		}
		return s
	}
	for _, test := range []struct {
		profile  string
		example  int
		from, to int // of the bytes covered; negative: from the end
		at       int // of the checksum; negative likewise
		form     string
		compute  func(b []byte) uint64
	}{
		{"galileosky", 0, 0, -2, -2, "%04x little", modbus},
		{"ruptela", 0, 2, -2, -2, "%04x", kermit},
		{"cjt188", 0, 3, -2, -2, "%02x", sum},
		{"gbt32960", 0, 2, -1, -1, "%02x", xor},
		{"iec62056", 0, 18, -1, -1, "%02x", xor},
		{"dnp3", 0, 0, 8, 8, "%04x little", dnp},
		{"dnp3", 0, 10, 26, 26, "%04x little", dnp},
		{"dnp3", 0, 28, 44, 44, "%04x little", dnp},
		{"dnp3", 0, 46, -2, -2, "%04x little", dnp},
		{"dnp3", 1, 10, -2, -2, "%04x little", dnp},
		{"wmbus", 0, 0, 10, 10, "%04x", meter},
		{"wmbus", 0, 12, 28, 28, "%04x", meter},
		{"mstp", 0, 2, 7, 7, "%02x", mstp},
		{"mstp", 0, 8, -2, -2, "%04x little", x25},
		{"meitrack", 0, 0, -4, -4, "text %02X", sum},
		{"nmea", 0, 1, -5, -4, "text %02X", xor},
		{"hostlink", 0, 0, -4, -4, "text %02X", xor},
		{"sia", 0, 9, -1, 1, "text %04X", arc},
		{"hart", 0, 5, -1, -1, "%02x", xor},
		{"dlt698", 0, 1, 12, 12, "%04x little", x25},
		{"dlt698", 0, 1, -3, -3, "%04x little", x25},
		{"hdlc", 0, 1, 7, 7, "%04x little", x25},
		{"hdlc", 0, 1, -3, -3, "%04x little", x25},
		{"castel", 0, 0, -4, -4, "%04x little", x25},
	} {
		frame := definitions(t, "testdata/field-"+test.profile+".good.toml")[0].examples[test.example].frame
		place := func(at int) int {
			if at < 0 {
				return len(frame) + at
			}
			return at
		}
		v := test.compute(frame[test.from:place(test.to)])
		if strings.HasSuffix(test.form, "little") {
			v = v>>8 | v<<8&0xff00
		}
		form, _ := strings.CutSuffix(test.form, " little")
		want := fmt.Sprintf(strings.TrimPrefix(form, "text "), v)
		if strings.HasPrefix(form, "text ") {
			want = fmt.Sprintf("%x", want)
		}
		if got := fmt.Sprintf("%x", frame[place(test.at):]); !strings.HasPrefix(got, want) {
			t.Errorf("%s %x: %s stands at %d, computed %s", test.profile, frame, got, place(test.at), want)
		}
	}
}

// What follows from other values need not be given when a frame is made: lengths in characters or in bits, counts of
// columns, sizes inside blocks, checksums, times that are joined.
func TestFramesOfTheFieldAreMadeFromTheirValuesAlone(t *testing.T) {
	for _, test := range []struct {
		profile, message string
		example          int
		without          []string // what the frame must find by itself
	}{
		{"atrack", "fixed-report", 0, []string{"number"}},
		{"meitrack", "position", 0, []string{"start", "length", "star", "check", "end"}},
		{"wialon", "data", 1, []string{"at", "latitude", "longitude"}},
		{"galileosky", "tags", 0, []string{"start", "crc"}},
		{"ruptela", "records", 0, []string{"length", "count", "crc", "records.count1", "records.count2", "records.count4", "records.count8"}},
		{"gbt32960", "report", 0, []string{"start", "length", "bcc", "items.count", "items.kinds.count"}},
		{"dnp3", "response", 0, []string{"start", "length", "crc"}},
		{"hart", "variables", 1, []string{"size", "check"}},
		{"s7", "read", 0, []string{"tpkt", "total", "parameter_size", "data_size", "parameter.count", "parameter.items.size"}},
		{"knxip", "tunnel", 0, []string{"total", "extra"}},
		{"sia", "event", 0, []string{"crc", "length", "quote"}},
		{"slmp", "read", 0, []string{"subheader", "length"}},
		{"wmbus", "data", 0, []string{"length", "crc"}},
		{"dlt698", "reading", 0, []string{"start", "hcs", "fcs", "end", "count"}},
		{"nmea", "recommended-minimum", 0, []string{"star", "check", "at"}},
	} {
		shown := definitions(t, "testdata/field-"+test.profile+".good.toml")[0]
		p, example := shown.p, shown.examples[test.example]
		var f, made codec.Frame
		if err := p.Decode(example.direction, example.frame, &f); err != nil {
			t.Fatal(err)
		}
		fields := fieldsOf(t, &f)
		for _, path := range test.without {
			if remove(fields, strings.Split(path, ".")) == 0 {
				t.Errorf("%s has no %s", test.profile, path)
			}
		}
		if err := p.Build(&made, test.message, fields); err != nil {
			t.Errorf("%s: %v", test.profile, err)
			continue
		}
		if got, err := p.Append(nil, &made); err != nil || string(got) != string(example.frame) {
			t.Errorf("%s: made %x (%v)\nwant %x", test.profile, got, err, example.frame)
		}
	}
}

// remove deletes a key, in every element where a list is on the way, and says how often it was there.
func remove(level any, path []string) (n int) {
	switch level := level.(type) {
	case []any:
		for _, e := range level {
			n += remove(e, path)
		}
	case map[string]any:
		_, there := level[path[0]]
		if len(path) > 1 {
			return remove(level[path[0]], path[1:])
		}
		delete(level, path[0])
		if there {
			n = 1
		}
	}
	return n
}

// fieldsOf are the fields of a frame as Build takes them.
func fieldsOf(t testing.TB, f *codec.Frame) (fields map[string]any) {
	t.Helper()
	text, err := f.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"profile", "message", "direction"} {
		delete(fields, key)
	}
	return fields
}

// bitwiseCRC is a CRC of up to 16 bits by its parameters, a bit at a time.
type bitwiseCRC struct {
	width           int
	poly, init, xor uint64
	reflected       bool
}

func (c bitwiseCRC) sum(b []byte) uint64 {
	crc, top := c.init, uint64(1)<<(c.width-1)
	for _, v := range b {
		if c.reflected {
			v = bits.Reverse8(v)
		}
		crc ^= uint64(v) << (c.width - 8)
		for range 8 {
			if crc <<= 1; crc&(top<<1) != 0 {
				crc ^= c.poly | top<<1
			}
		}
	}
	if c.reflected {
		crc = bits.Reverse64(crc) >> (64 - c.width)
	}
	return crc ^ c.xor
}
