package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// Record is one accepted frame as it was received.  The meaning of its bytes follows from the definition it was
// received with.
type Record struct {
	Received   time.Time
	Listener   string
	Connection uint64 // unique in the life of one process
	Master     string // serial; empty when the frame is of no known master
	Profile    uint32 // as the engine numbers definitions
	Command    string // as the definition writes it
	Number     uint64 // transaction number, when Numbered
	Device     time.Time
	Flags      Flags
	Historical []byte // a bit for each sample of the frame, the lowest first: it is older than the newest of its point
	Raw        []byte
}

// Flags of a record.
type Flags uint8

// The flags.
const (
	Numbered   Flags = 1 << iota // it has a transaction number
	Dated                        // it says when it was made
	Restarted                    // its transaction number was used before: the master's counter began anew
	Integrator                   // it came from an integrator
	NoReply                      // no acknowledgement is owed
	Historical                   // some of its samples were older than the newest of their points

	Unreadable Flags = 1 << 6 // its marks, length and checksum are right, and not all of its fields can be read
	Pointed    Flags = 1 << 7 // its samples were made when it was accepted; a version before points did not make any
)

// On disk a record is
//
//	crc 4 | size uvarint | flags 1 | received 8 | connection uvarint | profile uvarint |
//	listener, master, command: size uvarint, text | [number uvarint] | [device 8] | [historical: size uvarint, bits] | raw
//
// Times are Unix nanoseconds, numbers little-endian; crc is CRC-32C of everything behind it, size counts what follows
// it.
const (
	crcBytes  = 4
	timeBytes = 8
	// MaxRecordBytes bounds a record: a frame is at most 9,999 bytes.
	MaxRecordBytes = 16 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum is the CRC-32C that every row carries.
func Checksum(parts ...[]byte) uint32 {
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

// ErrDamaged marks bytes that are not what was written.
var ErrDamaged = errors.New("damaged")

// AppendRecord encodes r at the end of dst.
func AppendRecord(dst []byte, r *Record) []byte {
	begin := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0) // crc, and a size of two bytes: every record but the largest needs just these
	at := len(dst)
	dst = append(dst, byte(r.Flags))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Received.UnixNano()))
	dst = binary.AppendUvarint(dst, r.Connection)
	dst = binary.AppendUvarint(dst, uint64(r.Profile))
	dst = appendText(dst, r.Listener)
	dst = appendText(dst, r.Master)
	dst = appendText(dst, r.Command)
	if r.Flags&Numbered != 0 {
		dst = binary.AppendUvarint(dst, r.Number)
	}
	if r.Flags&Dated != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Device.UnixNano()))
	}
	if r.Flags&Historical != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(r.Historical)))
		dst = append(dst, r.Historical...)
	}
	dst = append(dst, r.Raw...)
	size := len(dst) - at
	dst[begin+crcBytes] = byte(size)&0x7f | 0x80 // a uvarint, in two bytes even when one would do
	dst[begin+crcBytes+1] = byte(size >> 7)
	if size >= 1<<14 {
		panic(fmt.Sprintf("journal: a record of %d bytes", size)) // frames are bounded far below
	}
	binary.LittleEndian.PutUint32(dst[begin:], crc32.Checksum(dst[begin+crcBytes:], castagnoli))
	return dst
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// ReadRecord decodes the record at the beginning of src into r and returns the number of its bytes.  r.Raw and
// r.Historical alias src.  The error is ErrDamaged; size is then how far the next record is, 0 when that cannot be known.
func ReadRecord(src []byte, r *Record) (size int, err error) {
	if len(src) < crcBytes+2 {
		return 0, fmt.Errorf("%w: %d bytes are no record", ErrDamaged, len(src))
	}
	body, n := binary.Uvarint(src[crcBytes:min(len(src), crcBytes+3)])
	if n != 2 || body > MaxRecordBytes || int(body) > len(src)-crcBytes-n {
		return 0, fmt.Errorf("%w: its size does not fit", ErrDamaged)
	}
	size = crcBytes + n + int(body)
	if got, want := crc32.Checksum(src[crcBytes:size], castagnoli), binary.LittleEndian.Uint32(src); got != want {
		return size, fmt.Errorf("%w: checksum is %08x, %08x was written", ErrDamaged, got, want)
	}
	d := decoder{src: src[crcBytes+n : size]}
	r.Flags = Flags(d.byte())
	r.Received = d.time()
	r.Connection = d.number()
	r.Profile = uint32(d.number())
	r.Listener, r.Master, r.Command = d.text(), d.text(), d.text()
	r.Number, r.Device, r.Historical = 0, time.Time{}, nil
	if r.Flags&Numbered != 0 {
		r.Number = d.number()
	}
	if r.Flags&Dated != 0 {
		r.Device = d.time()
	}
	if r.Flags&Historical != 0 {
		r.Historical = d.take(int(min(d.number(), MaxRecordBytes+1)))
	}
	r.Raw = d.src
	if d.bad {
		return size, fmt.Errorf("%w: its fields do not fit", ErrDamaged)
	}
	return size, nil
}

// ReceivedWithin says when encoded records were received: the earliest and the latest time.  Zero when there are none.
func ReceivedWithin(records []byte) (from, until time.Time) {
	const at = crcBytes + 2 + 1
	first, last, any := int64(0), int64(0), false
	for len(records) >= at+timeBytes {
		body, n := binary.Uvarint(records[crcBytes : crcBytes+2])
		if n != 2 || int(body) > len(records)-crcBytes-2 {
			break // none that AppendRecord has made
		}
		received := int64(binary.LittleEndian.Uint64(records[at:]))
		if !any {
			first, last, any = received, received, true
		}
		first, last = min(first, received), max(last, received)
		records = records[crcBytes+2+int(body):]
	}
	if !any {
		return from, until
	}
	return time.Unix(0, first), time.Unix(0, last)
}

// decoder takes fields from the front of src; bad says that one was not there.
type decoder struct {
	src []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.src) {
		d.bad, d.src = true, nil
		return nil
	}
	b := d.src[:n]
	d.src = d.src[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.src)
	if n <= 0 {
		d.bad, d.src = true, nil
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *decoder) time() time.Time {
	if b := d.take(timeBytes); b != nil {
		return time.Unix(0, int64(binary.LittleEndian.Uint64(b)))
	}
	return time.Time{}
}

func (d *decoder) text() string { return string(d.take(int(min(d.number(), MaxRecordBytes+1)))) }
