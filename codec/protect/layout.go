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
	Letters [256]bool    // what C can be
	Answers [2][256]bool // commands whose frames carry a reference: from the device, from the server
}

const (
	versionAt   = 2
	suiteAt     = 3
	integrityAt = 4
	serialAt    = 7
	prefix      = serialAt // bytes that ML does not count
	inClear     = 11       // bytes through SD
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
// 21 is right.  Frames of suites 10 and 11 have none: what is found looks like a header, and a date in October or November can.
func (l *Layout) Find(data []byte) (n int, whole bool) {
	for i, b := range data[:min(len(data), inClear)] {
		if i == suiteAt && !Suite(b).Known() || i == versionAt && b == 0 || (i < suiteAt || i >= serialAt) && digits(b) < 0 {
			return 0, false
		}
	}
	switch {
	case len(data) == 0, digits(data[0]) > (l.MaxBytes()-prefix)/100:
		return 0, false
	case len(data) == 1:
		return prefix, false
	}
	n = length(data)
	if len(data) <= suiteAt {
		if n < l.Header || n > l.MaxBytes() {
			return 0, false
		}
		return n, false
	}
	s := Suite(data[suiteAt])
	if n < l.Header+s.added() || n > l.Max+s.added()+s.ReferenceBytes() ||
		s == None && len(data) >= serialAt && integrity(data) == 0 {
		return 0, false
	}
	if !s.SaysWay() {
		for _, at := range l.Digits {
			if at < len(data) && digits(data[at]) < 0 {
				return 0, false
			}
		}
		if len(data) > l.Command && !l.Letters[data[l.Command]] {
			return 0, false
		}
	}
	if len(data) < n {
		return n, false
	}
	if !l.Weak(data) && frameCRC(data[:n]) != integrity(data) {
		return 0, false
	}
	return n, true
}

// Is says whether data is one whole protected frame.
func (l *Layout) Is(data []byte) bool {
	n, whole := l.Find(data)
	return whole && n == len(data)
}

// Weak says whether data begins with a frame of suite 10 or 11, which nothing but its tag tells from other bytes.
func (l *Layout) Weak(data []byte) bool {
	return len(data) > suiteAt && (Suite(data[suiteAt]) == Auth24 || Suite(data[suiteAt]) == Enc24)
}

// Damaged says whether data begins with a frame of suite 20 or 21, of n bytes, but for its CRC.
func (l *Layout) Damaged(data []byte) (n int, found, computed uint32) {
	if len(data) < l.Header || !Suite(data[suiteAt]).SaysWay() {
		return 0, 0, 0
	}
	if n = length(data); n < l.Header || n > len(data) {
		return 0, 0, 0
	}
	frame := append([]byte(nil), data[:n]...)
	if found, computed = integrity(frame), frameCRC(frame); found == computed {
		return 0, 0, 0
	}
	if putIntegrity(frame, computed); !l.Is(frame) {
		return 0, 0, 0
	}
	return n, found, computed
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
		sc := frame[inClear]
		h.Server, h.OfConnection, h.Epoch = sc&0x80 != 0, sc&0x40 != 0, sc&0x3f
		h.Counter = uint32(frame[inClear+1])<<24 | uint32(frame[inClear+2])<<16 | uint32(frame[inClear+3])<<8 | uint32(frame[inClear+4])
	}
	return h
}
