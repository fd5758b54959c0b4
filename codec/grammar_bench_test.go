package codec

import (
	"encoding/binary"
	"errors"
	"testing"
)

// Profiles with a grammar beside what somebody would write by hand for the one frame.

const (
	benchLocation  = "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e"
	benchRegisters = "0103140000000000000000000000000000000000000000a367"
)

type handLocation struct {
	phone                    [12]byte
	serial, speed, direction uint16
	alarm, status, lat, lon  uint32
	time                     [6]byte
	mileage                  uint32
	oil                      uint16
	plain                    []byte
}

func handDecodeLocation(b []byte, l *handLocation) error {
	if len(b) < 2 || b[0] != 0x7e || b[len(b)-1] != 0x7e {
		return errors.New("no frame")
	}
	p := l.plain[:0]
	for i := 1; i < len(b)-1; i++ {
		c := b[i]
		if c == 0x7d {
			i++
			if b[i] == 2 {
				c = 0x7e
			} else if b[i] != 1 {
				return errors.New("escape")
			}
		}
		p = append(p, c)
	}
	l.plain = p
	var sum byte
	for _, c := range p {
		sum ^= c
	}
	if len(p) < 13+28 || sum != 0 || binary.BigEndian.Uint16(p) != 0x0200 || int(binary.BigEndian.Uint16(p[2:])&0x3ff) != len(p)-13 {
		return errors.New("header")
	}
	for i, c := range p[4:10] {
		if c>>4 > 9 || c&15 > 9 {
			return errors.New("phone")
		}
		l.phone[2*i], l.phone[2*i+1] = '0'+c>>4, '0'+c&15
	}
	l.serial = binary.BigEndian.Uint16(p[10:])
	l.alarm, l.status = binary.BigEndian.Uint32(p[12:]), binary.BigEndian.Uint32(p[16:])
	l.lat, l.lon = binary.BigEndian.Uint32(p[20:]), binary.BigEndian.Uint32(p[24:])
	l.speed, l.direction = binary.BigEndian.Uint16(p[30:]), binary.BigEndian.Uint16(p[32:])
	copy(l.time[:], p[34:40])
	for _, c := range l.time {
		if c>>4 > 9 || c&15 > 9 {
			return errors.New("time")
		}
	}
	for x := p[40 : len(p)-1]; len(x) > 0; {
		if len(x) < 2 || len(x) < 2+int(x[1]) {
			return errors.New("extra")
		}
		switch v := x[2 : 2+x[1]]; x[0] {
		case 1:
			l.mileage = binary.BigEndian.Uint32(v)
		case 2:
			l.oil = binary.BigEndian.Uint16(v)
		}
		x = x[2+int(x[1]):]
	}
	return nil
}

func handDecodeRegisters(b []byte, out []uint16) ([]uint16, error) {
	if len(b) < 5 || len(b) != int(b[2])+5 || b[1] != 3 {
		return nil, errors.New("no frame")
	}
	crc := uint16(0xffff)
	for _, c := range b[:len(b)-2] {
		crc ^= uint16(c)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0xa001
			} else {
				crc >>= 1
			}
		}
	}
	if crc != binary.LittleEndian.Uint16(b[len(b)-2:]) {
		return nil, errors.New("crc")
	}
	for i := 3; i < len(b)-2; i += 2 {
		out = append(out, binary.BigEndian.Uint16(b[i:]))
	}
	return out, nil
}

func BenchmarkGrammarDecode(b *testing.B) {
	location, registers := unhex(b, benchLocation), unhex(b, benchRegisters)
	b.Run("location/hand", func(b *testing.B) {
		var l handLocation
		b.ReportAllocs()
		for b.Loop() {
			if err := handDecodeLocation(location, &l); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("registers/hand", func(b *testing.B) {
		var out []uint16
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if out, err = handDecodeRegisters(registers, out[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, raw := range map[string][]byte{"jt808": location, "modbus-rtu": registers} {
		p := shipped(b, name)
		b.Run(name+"/profile", func(b *testing.B) {
			var f Frame
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Decode(Uplink, raw, &f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/split", func(b *testing.B) {
			split := p.Splitter(Uplink)
			b.ReportAllocs()
			for b.Loop() {
				if n, _, _ := split(raw, false); n != len(raw) {
					b.Fatal(n)
				}
			}
		})
	}
}

func BenchmarkGrammarReply(b *testing.B) {
	p := shipped(b, "jt808")
	var f Frame
	if err := p.Decode(Uplink, unhex(b, benchLocation), &f); err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _, _ = p.Reply(out[:0], &f, Env{})
	}
}

func BenchmarkCompileAll(b *testing.B) {
	for b.Loop() {
		for _, name := range ShippedNames() {
			src, _ := ShippedSource(name)
			if _, err := Compile(name, src); err != nil {
				b.Fatal(err)
			}
		}
	}
}
