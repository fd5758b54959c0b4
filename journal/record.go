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
	Protection Protection
	Polled     []byte // samples that were made of it because a poll asked for them; none: its samples follow from its definition
	Raw        []byte // of a protected frame the plain frame that was in it
}

// Protection is what a frame came under; the zero value is that of a frame that came plain.  A start makes the replay
// windows from it.
type Protection struct {
	Suite   uint8 // the byte TE
	SC      uint8 // direction, key and epoch
	Counter uint32
	Tag     [4]byte // its first bytes
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
//	crc 4 | head uvarint | flags 1 | received 8 | connection uvarint | profile uvarint |
//	listener, master, command: size uvarint, text | [number uvarint] | [device 8] | [historical: size uvarint, bits] |
//	[protection: suite 1, SC 1, counter 4, tag 4] | [polled: size uvarint, samples] | raw
//
// A sample of a poll is name: size uvarint, text | unit: likewise | quality 1 | value as package codec writes it; its time is
// that of the record.
//
// Times are Unix nanoseconds, numbers little-endian; crc is CRC-32C of everything behind it.  The low 14 bits of head
// are a size, which counts what follows; those above are further flags.  Head has two bytes when there are none, and
// three when there are.
const (
	crcBytes        = 4
	timeBytes       = 8
	protectionBytes = 10
	sizeBits        = 14

	furtherProtected = 1 // there is a protection
	furtherPolled    = 2 // there are samples of a poll
	furtherAll       = furtherProtected | furtherPolled

	// MaxRecordBytes bounds a record: a frame is at most 9,999 bytes.
	MaxRecordBytes = 1 << sizeBits
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
	dst = append(dst, 0, 0, 0, 0, 0, 0) // crc, and a head of two bytes
	further := byte(0)
	if r.Protection != (Protection{}) {
		further |= furtherProtected
	}
	if len(r.Polled) > 0 {
		further |= furtherPolled
	}
	if further > 0 {
		dst = append(dst, further)
	}
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
	if further&furtherProtected != 0 {
		dst = append(dst, r.Protection.Suite, r.Protection.SC)
		dst = binary.LittleEndian.AppendUint32(dst, r.Protection.Counter)
		dst = append(dst, r.Protection.Tag[:]...)
	}
	if further&furtherPolled != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(r.Polled)))
		dst = append(dst, r.Polled...)
	}
	dst = append(dst, r.Raw...)
	size := len(dst) - at
	if size >= MaxRecordBytes {
		panic(fmt.Sprintf("journal: a record of %d bytes", size)) // frames are bounded far below
	}
	dst[begin+crcBytes] = byte(size)&0x7f | 0x80 // a uvarint, in two bytes even when one would do
	dst[begin+crcBytes+1] = byte(size >> 7)
	if further > 0 {
		dst[begin+crcBytes+1] |= 0x80 // the flags are its third byte
	}
	binary.LittleEndian.PutUint32(dst[begin:], crc32.Checksum(dst[begin+crcBytes:], castagnoli))
	return dst
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// ReadRecord decodes the record at the beginning of src into r and returns the number of its bytes.  r.Raw, r.Polled and
// r.Historical alias src.  The error is ErrDamaged; size is then how far the next record is, 0 when that cannot be known.
func ReadRecord(src []byte, r *Record) (size int, err error) {
	if len(src) < crcBytes+2 {
		return 0, fmt.Errorf("%w: %d bytes are no record", ErrDamaged, len(src))
	}
	head, n, further := readHead(src)
	if n == 0 {
		return 0, fmt.Errorf("%w: its size does not fit", ErrDamaged)
	}
	size = head + n
	if got, want := crc32.Checksum(src[crcBytes:size], castagnoli), binary.LittleEndian.Uint32(src); got != want {
		return size, fmt.Errorf("%w: checksum is %08x, %08x was written", ErrDamaged, got, want)
	}
	d := decoder{src: src[head:size]}
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
	r.Protection = Protection{}
	if further&furtherProtected != 0 {
		if b := d.take(protectionBytes); b != nil {
			r.Protection = Protection{Suite: b[0], SC: b[1], Counter: binary.LittleEndian.Uint32(b[2:]), Tag: [4]byte(b[6:])}
		}
		d.bad = d.bad || r.Protection == Protection{}
	}
	r.Polled = nil
	if further&furtherPolled != 0 {
		r.Polled = d.take(int(min(d.number(), MaxRecordBytes+1)))
		d.bad = d.bad || len(r.Polled) == 0
	}
	r.Raw = d.src
	if d.bad {
		return size, fmt.Errorf("%w: its fields do not fit", ErrDamaged)
	}
	return size, nil
}

// readHead reads the front of a record, which has at least six bytes: how many come before its flags, how many follow
// (0: none that AppendRecord has made), and the further flags.
func readHead(src []byte) (head, size int, further uint64) {
	v, n := binary.Uvarint(src[crcBytes:min(len(src), crcBytes+3)])
	head, size, further = crcBytes+n, int(v&(MaxRecordBytes-1)), v>>sizeBits
	if n < 2 || further > furtherAll || (n == 3) != (further > 0) || size > len(src)-head {
		return 0, 0, 0
	}
	return head, size, further
}

// ReceivedWithin says when encoded records were received: the earliest and the latest time.  Zero when there are none.
func ReceivedWithin(records []byte) (from, until time.Time) {
	first, last, any := int64(0), int64(0), false
	for len(records) >= crcBytes+2 {
		head, n, _ := readHead(records)
		if n < 1+timeBytes {
			break // none that AppendRecord has made
		}
		received := int64(binary.LittleEndian.Uint64(records[head+1:]))
		if !any {
			first, last, any = received, received, true
		}
		first, last = min(first, received), max(last, received)
		records = records[head+n:]
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
