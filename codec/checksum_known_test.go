package codec_test

import (
	"fmt"
	"testing"

	"trama/codec"
)

func TestPublishedChecksumsAreComputed(t *testing.T) {
	for _, test := range []struct {
		name, hex string
		want      uint64
	}{
		{"crc-16/x-25", "313233343536373839", 0x906e}, {"crc-16/modbus", "313233343536373839", 0x4b37},
		{"crc-16/arc", "313233343536373839", 0xbb3d}, {"crc-16/kermit", "313233343536373839", 0x2189},
		{"crc-16/ccitt-false", "313233343536373839", 0x29b1}, {"crc-16/dnp", "313233343536373839", 0xea82},
		{"crc-16/en-13757", "313233343536373839", 0xc2b7}, {"crc-8/e5", "000102", 0xa6}, {"lrc8", "1234234534564567", 0x1c},
		{"crc-16/modbus", "1234234534564567", 0xdbe2}, {"crc-16/dnp", "056405c001000004", 0x21e9}, {"crc-8/31-ff", "0100000b0003006c4300", 4},
		{"crc-24/openpgp", "313233343536373839", 0x21cf02}, {"crc-32/iso-hdlc", "313233343536373839", 0xcbf43926},
		{"crc-16/xmodem", "313233343536373839", 0x31c3}, {"crc-8/smbus", "313233343536373839", 0xf4}, {"crc-8/maxim", "313233343536373839", 0xa1},
		{"crc-16/usb", "313233343536373839", 0xb4c8}, {"crc-16/maxim", "313233343536373839", 0x44c2}, {"crc-32/mpeg-2", "313233343536373839", 0x0376e6e7},
	} {
		p, err := codec.Compile("sum.toml", fmt.Appendf(nil, "name = \"sum\"\n[frame]\nmax = 99\nheader = [{ key = \"x\", type = \"hex\", size = %d }, { key = \"sum\", type = \"checksum\", algorithm = %q }]\n[[message]]\nname = \"m\"\n", len(test.hex)/2, test.name))
		if err != nil {
			t.Error(err)
			continue
		}
		var f codec.Frame
		if err := p.Build(&f, "m", map[string]any{"x": test.hex}); err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if it, _ := f.Item("sum"); it.Uint() != test.want {
			t.Errorf("%s of %s is %x, want %x", test.name, test.hex, it.Uint(), test.want)
		}
	}
}
