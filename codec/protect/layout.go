package protect

// Layout is where a profile has the fields that protection touches.  The first 11 bytes are the same in all: ML (2, packed
// decimals, counts what is behind I), PV, TE, I (3), SD (4).  The compiler makes it from [security]; it is immutable.
type Layout struct {
	Header  int          // bytes of the header of a plain frame
	Max     int          // bytes of the largest plain frame
	Command int          // offset of C
	Result  int          // offset of RC; suite 11 encrypts what is behind it
	Number  int          // offset of NUT; 0: there is none
	Digits  []int        // offsets behind SD, up to RC, of bytes that are two decimal digits
	Answers [2][256]bool // commands whose frames carry a reference: from the device, from the server
}

const (
	versionAt   = 2
	suiteAt     = 3
	integrityAt = 4
	serialAt    = 7
	prefix      = serialAt // bytes that ML does not count
	clear       = 11       // bytes through SD
	headBytes   = 5        // SC and IC
)

// digits reads one byte of two decimal digits; negative: it is none.
func digits(b byte) int {
	if b>>4 > 9 || b&15 > 9 {
		return -1
	}
	return int(b>>4)*10 + int(b&15)
}

// length is the size of the frame that begins with two bytes.
func length(data []byte) int {
	high, low := digits(data[0]), digits(data[1])
	if high < 0 || low < 0 {
		return -1
	}
	return prefix + high*100 + low
}

// MaxBytes is the size of the largest protected frame.
func (l *Layout) MaxBytes() int { return l.Max + CCM16.added() + CCM16.ReferenceBytes() }

// Find looks for a protected frame that data begins with.  n is 0: there is none.  Otherwise it has n bytes, or, as long as
// fewer are there than say so, at least n; whole says that they are all there.  The CRC of a whole frame of suites 00, 20 and
// 21 is right; of suites 10 and 11 what stands in clear looks like a header.
func (l *Layout) Find(data []byte) (n int, whole bool) {
	if len(data) < 2 {
		return prefix, false
	}
	n = length(data)
	if n < l.Header || n > l.MaxBytes() {
		return 0, false
	}
	if len(data) <= suiteAt {
		return n, false
	}
	s := Suite(data[suiteAt])
	if !s.Known() || digits(data[versionAt]) < 0 || n < l.Header+s.added() || n > l.Max+s.added()+s.ReferenceBytes() {
		return 0, false
	}
	for _, b := range data[min(serialAt, len(data)):min(clear, len(data))] {
		if digits(b) < 0 {
			return 0, false
		}
	}
	if s == None && len(data) >= serialAt && [3]byte(data[integrityAt:]) == [3]byte{} {
		return 0, false
	}
	if s == Auth24 || s == Enc24 {
		for _, at := range l.Digits {
			if at < len(data) && digits(data[at]) < 0 {
				return 0, false
			}
		}
	}
	if len(data) < n {
		return n, false
	}
	if s != Auth24 && s != Enc24 && frameCRC(data[:n]) != integrity(data) {
		return 0, false
	}
	return n, true
}

// integrity is I.
func integrity(frame []byte) uint32 {
	return uint32(frame[integrityAt])<<16 | uint32(frame[integrityAt+1])<<8 | uint32(frame[integrityAt+2])
}

// Head reads what stands in clear in a frame that Find found whole.
func (l *Layout) Head(frame []byte) Head {
	h := Head{Suite: Suite(frame[suiteAt]), Serial: [4]byte(frame[serialAt:])}
	switch h.Suite {
	case Enc24:
		h.Counter = uint32(frame[l.Result+1])<<8 | uint32(frame[l.Result+2])
	case CCM8, CCM16:
		sc := frame[clear]
		h.Server, h.OfConnection, h.Epoch = sc&0x80 != 0, sc&0x40 != 0, sc&0x3f
		h.Counter = uint32(frame[clear+1])<<24 | uint32(frame[clear+2])<<16 | uint32(frame[clear+3])<<8 | uint32(frame[clear+4])
	}
	return h
}
