package codec_test

import (
	"encoding/binary"
	"errors"
	"time"
)

// What a careful programmer would write for one frame alone.  These decoders do the work of the profiles: every
// byte is checked, every field kept, flags and values in their units too, the identity as text and the time as a
// time.

var (
	errHandFrame = errors.New("no frame")
	errHandField = errors.New("bad field")
	handZone     = time.FixedZone("", 8*3600)
)

// handTime reads YYMMDDhhmmss in BCD.
func handTime(b []byte, zone *time.Location) (time.Time, error) {
	var v [6]int
	for i := range v {
		c := b[i]
		if c>>4 > 9 || c&15 > 9 {
			return time.Time{}, errHandField
		}
		v[i] = int(c>>4)*10 + int(c&15)
	}
	t := time.Date(2000+v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, zone)
	if t.Month() != time.Month(v[1]) || t.Day() != v[2] || t.Hour() != v[3] {
		t = time.Time{}
	}
	return t, nil
}

// handCRC16 is the reflected CRC of Modbus by its usual table.
func handCRC16(poly uint16) (table [256]uint16) {
	for i := range table {
		v := uint16(i)
		for range 8 {
			v = v>>1 ^ poly*(v&1)
		}
		table[i] = v
	}
	return table
}

var handModbus, handX25 = handCRC16(0xa001), handCRC16(0x8408)

func handSum(table *[256]uint16, b []byte) uint16 {
	crc := uint16(0xffff)
	for _, c := range b {
		crc = crc>>8 ^ table[byte(crc)^c]
	}
	return crc
}

type handExtra struct {
	id    byte
	value []byte
	num   uint32
}

type handLocation struct {
	id, props                  uint16
	versioned, partial         bool
	encryption                 byte
	phone                      [12]byte
	serial                     uint16
	alarm, status              uint32
	acc, located, south, west  bool
	latitude, longitude, speed float64
	altitude                   int16
	direction                  uint16
	time                       time.Time
	extras                     []handExtra
	mileage, oil               float64
	plain                      []byte
}

// handDecodeLocation reads a JT/T 808 location of edition 2013.
func handDecodeLocation(b []byte, l *handLocation) error {
	if len(b) < 2 || b[0] != 0x7e || b[len(b)-1] != 0x7e {
		return errHandFrame
	}
	p := l.plain[:0]
	var sum byte
	for i := 1; i < len(b)-1; i++ {
		c := b[i]
		if c == 0x7d {
			i++
			switch b[i] {
			case 1:
			case 2:
				c = 0x7e
			default:
				return errHandFrame
			}
		} else if c == 0x7e {
			return errHandFrame
		}
		sum ^= c
		p = append(p, c)
	}
	l.plain = p
	if len(p) < 12+28+1 || sum != 0 {
		return errHandFrame
	}
	l.id, l.props = binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:])
	l.versioned, l.partial, l.encryption = l.props>>14&1 != 0, l.props>>13&1 != 0, byte(l.props>>10&7)
	if l.id != 0x0200 || l.versioned || l.partial || int(l.props&0x3ff) != len(p)-13 {
		return errHandFrame
	}
	for i, c := range p[4:10] {
		if c>>4 > 9 || c&15 > 9 {
			return errHandField
		}
		l.phone[2*i], l.phone[2*i+1] = '0'+c>>4, '0'+c&15
	}
	l.serial = binary.BigEndian.Uint16(p[10:])
	body := p[12 : len(p)-1]
	l.alarm, l.status = binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
	l.acc, l.located, l.south, l.west = l.status&1 != 0, l.status&2 != 0, l.status&4 != 0, l.status&8 != 0
	l.latitude, l.longitude = float64(binary.BigEndian.Uint32(body[8:]))/1e6, float64(binary.BigEndian.Uint32(body[12:]))/1e6
	if l.south {
		l.latitude = -l.latitude
	}
	if l.west {
		l.longitude = -l.longitude
	}
	l.altitude = int16(binary.BigEndian.Uint16(body[16:]))
	l.speed = float64(binary.BigEndian.Uint16(body[18:])) / 10
	l.direction = binary.BigEndian.Uint16(body[20:])
	var err error
	if l.time, err = handTime(body[22:28], handZone); err != nil {
		return err
	}
	l.extras = l.extras[:0]
	for x := body[28:]; len(x) > 0; {
		if len(x) < 2 || len(x) < 2+int(x[1]) {
			return errHandField
		}
		e := handExtra{id: x[0], value: x[2 : 2+int(x[1])]}
		switch {
		case e.id == 1 && len(e.value) == 4:
			e.num = binary.BigEndian.Uint32(e.value)
			l.mileage = float64(e.num) / 10
		case (e.id == 2 || e.id == 3) && len(e.value) == 2:
			e.num = uint32(binary.BigEndian.Uint16(e.value))
			if e.id == 2 {
				l.oil = float64(e.num) / 10
			}
		case (e.id == 6 || e.id == 0x30 || e.id == 0x31) && len(e.value) == 1:
			e.num = uint32(e.value[0])
		}
		l.extras = append(l.extras, e)
		x = x[2+len(e.value):]
	}
	return nil
}

type handRegisters struct {
	unit      byte
	function  byte
	registers []uint16
	crc       uint16
}

// handDecodeRegisters reads a Modbus RTU answer with registers.
func handDecodeRegisters(b []byte, r *handRegisters) error {
	if len(b) < 5 || len(b) != int(b[2])+5 || b[1] != 3 {
		return errHandFrame
	}
	r.unit, r.function, r.crc = b[0], b[1], binary.LittleEndian.Uint16(b[len(b)-2:])
	if handSum(&handModbus, b[:len(b)-2]) != r.crc {
		return errHandFrame
	}
	r.registers = r.registers[:0]
	for v := b[3 : len(b)-2]; len(v) >= 2; v = v[2:] {
		r.registers = append(r.registers, binary.BigEndian.Uint16(v))
	}
	return nil
}

type handPosition struct {
	number                       byte
	time                         time.Time
	satellites                   byte
	latitude, longitude          float64
	speed                        byte
	realtime, valid, west, north bool
	course                       uint16
	mcc, lac                     uint16
	mnc                          byte
	cell                         uint32
	extra                        []byte
	serial, crc                  uint16
}

// handDecodePosition reads a GT06 position.
func handDecodePosition(b []byte, p *handPosition) error {
	if len(b) < 36 || b[0] != 0x78 || b[1] != 0x78 || int(b[2]) != len(b)-5 || b[len(b)-2] != 0x0d || b[len(b)-1] != 0x0a || b[3] != 0x12 {
		return errHandFrame
	}
	p.crc = binary.BigEndian.Uint16(b[len(b)-4:])
	if ^handSum(&handX25, b[2:len(b)-4]) != p.crc {
		return errHandFrame
	}
	p.number = b[3]
	p.time = time.Date(2000+int(b[4]), time.Month(b[5]), int(b[6]), int(b[7]), int(b[8]), int(b[9]), 0, time.UTC)
	if p.time.Month() != time.Month(b[5]) || p.time.Day() != int(b[6]) || p.time.Hour() != int(b[7]) {
		p.time = time.Time{}
	}
	p.satellites = b[10] & 15
	p.latitude, p.longitude = float64(binary.BigEndian.Uint32(b[11:]))/1800000, float64(binary.BigEndian.Uint32(b[15:]))/1800000
	p.speed = b[19]
	word := binary.BigEndian.Uint16(b[20:])
	p.realtime, p.valid, p.west, p.north, p.course = word>>13&1 != 0, word>>12&1 != 0, word>>11&1 != 0, word>>10&1 != 0, word&0x3ff
	if !p.north {
		p.latitude = -p.latitude
	}
	if p.west {
		p.longitude = -p.longitude
	}
	p.mcc, p.mnc, p.lac = binary.BigEndian.Uint16(b[22:]), b[24], binary.BigEndian.Uint16(b[25:])
	p.cell = uint32(b[27])<<16 | uint32(binary.BigEndian.Uint16(b[28:]))
	p.extra, p.serial = b[30:len(b)-6], binary.BigEndian.Uint16(b[len(b)-6:])
	return nil
}

type handElement struct {
	id       byte
	value    int64
	decimals byte
	missing  bool
}

type handReport struct {
	center           byte
	station, address [10]byte
	password         uint16
	function         byte
	serial           uint16
	sent, observed   time.Time
	class            byte
	elements         []handElement
	end              byte
	crc              uint16
}

// handDecodeReport reads an SL 651 report of one part.
func handDecodeReport(b []byte, r *handReport) error {
	const digits = "0123456789abcdef"
	if len(b) < 17 || b[0] != 0x7e || b[1] != 0x7e || b[13] != 2 {
		return errHandFrame
	}
	word := binary.BigEndian.Uint16(b[11:])
	if word>>12 != 0 || int(word) != len(b)-17 {
		return errHandFrame
	}
	r.crc = binary.BigEndian.Uint16(b[len(b)-2:])
	if handSum(&handModbus, b[:len(b)-2]) != r.crc {
		return errHandFrame
	}
	r.center, r.password, r.function = b[2], binary.BigEndian.Uint16(b[8:]), b[10]
	for i, c := range b[3:8] {
		r.station[2*i], r.station[2*i+1] = digits[c>>4], digits[c&15]
	}
	if r.end = b[len(b)-3]; r.end != 3 && r.end != 0x17 {
		return errHandField
	}
	body := b[14 : len(b)-3]
	if len(body) < 8+7+1+7 {
		return errHandFrame
	}
	r.serial = binary.BigEndian.Uint16(body)
	var err error
	if r.sent, err = handTime(body[2:8], handZone); err != nil {
		return err
	}
	if body[8] != 0xf1 || body[9] != 0xf1 {
		return errHandField
	}
	for i, c := range body[10:15] {
		r.address[2*i], r.address[2*i+1] = digits[c>>4], digits[c&15]
	}
	r.class = body[15]
	r.elements = r.elements[:0]
	for x := body[16:]; len(x) > 0; {
		if x[0] == 0xf0 {
			if len(x) < 7 || x[1] != 0xf0 {
				return errHandField
			}
			at := [6]byte{x[2], x[3], x[4], x[5], x[6]}
			if r.observed, err = handTime(at[:], handZone); err != nil {
				return err
			}
			x = x[7:]
			continue
		}
		if len(x) < 2 || len(x) < 2+int(x[1]>>3) {
			return errHandField
		}
		e := handElement{id: x[0], decimals: x[1] & 7}
		value := x[2 : 2+int(x[1]>>3)]
		negative := false
		for i, c := range value {
			switch {
			case i == 0 && c == 0xff:
				negative = true
			case c == 0xff, c == 0xaa:
				e.missing = true
			case c>>4 > 9 || c&15 > 9:
				return errHandField
			default:
				e.value = e.value*100 + int64(c>>4)*10 + int64(c&15)
			}
		}
		if negative {
			e.value = -e.value
		}
		r.elements = append(r.elements, e)
		x = x[2+len(value):]
	}
	return nil
}
