package protect

// CRC-24 of OpenPGP (RFC 9580, section 6.1).
const (
	crcStart = 0xb704ce
	crcPoly  = 0x864cfb
)

// crcTable[k][b] is what b adds when k bytes follow it: four bytes are taken at a time, which is three times as fast.
var crcTable = func() (t [4][256]uint32) {
	for i := range t[0] {
		crc := uint32(i) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1000000 | crcPoly
			}
		}
		t[0][i] = crc
	}
	for k := range t[1:] {
		for i, crc := range t[k] {
			t[k+1][i] = crc<<8&0xffffff ^ t[0][crc>>16]
		}
	}
	return t
}()

func crc24(crc uint32, data []byte) uint32 {
	for ; len(data) >= 4; data = data[4:] {
		crc = crcTable[3][byte(crc>>16)^data[0]] ^ crcTable[2][byte(crc>>8)^data[1]] ^ crcTable[1][byte(crc)^data[2]] ^ crcTable[0][data[3]]
	}
	for _, b := range data {
		crc = crc<<8&0xffffff ^ crcTable[0][byte(crc>>16)^b]
	}
	return crc
}

// frameCRC is the CRC-24 of a frame with I taken as 0.
func frameCRC(frame []byte) uint32 {
	first := [serialAt]byte{frame[0], frame[1], frame[versionAt], frame[suiteAt]}
	return crc24(crc24(crcStart, first[:]), frame[serialAt:])
}
