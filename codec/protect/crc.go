package protect

// CRC-24 of OpenPGP (RFC 9580, section 6.1).
const (
	crcStart = 0xb704ce
	crcPoly  = 0x864cfb
)

var crcTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1000000 | crcPoly
			}
		}
		table[i] = crc
	}
	return table
}()

func crc24(crc uint32, data []byte) uint32 {
	for _, b := range data {
		crc = crc<<8&0xffffff ^ crcTable[byte(crc>>16)^b]
	}
	return crc
}

// frameCRC is the CRC-24 of a frame with I taken as 0.
func frameCRC(frame []byte) uint32 {
	var zero [3]byte
	return crc24(crc24(crc24(crcStart, frame[:integrityAt]), zero[:]), frame[serialAt:])
}
