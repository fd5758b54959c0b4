package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// dialect is what the frames of a protocol look like, as far as a master that obeys commands needs it.
type dialect struct {
	listener           string
	head               int // bytes of the header
	letterAt, resultAt int
	timeAt, numberAt   int    // 0: there is none
	alive, relay       string // frames of its own, behind their serial a time and a number if there are
	firstSerial        int
}

var dialects = []*dialect{
	{listener: "field", head: 27, letterAt: 14, resultAt: 15, timeAt: 16, numberAt: numberAt,
		alive: "00200100000000%s0101016b00%s%08d", relay: "00220100000000%s0101016f00%s%08d%02d%02d", firstSerial: 50_000_000},
	{listener: "compact", head: 15, letterAt: 13, resultAt: 14,
		alive: "00080100000000%s01016b00", relay: "00100100000000%s01016f00%02d%02d", firstSerial: 60_000_000},
	{listener: "modbus", firstSerial: 865_000_000_000_000},
}

// device is a simulated master that obeys commands, writes them down, and answers with the manners of its link.
type device struct {
	*dialect
	serial string
	decoy  string // a master that gets no commands
	book   *book
	random *rand.Rand
	calm   *atomic.Bool       // the links have no manners any more
	broken bool               // the link hands the next command over twice
	values map[[2]byte]uint16 // of registers and coils, by address
	relays [5]int             // operation of each

	mu   sync.Mutex // guards the rest
	sent int        // number of its last own frame
	conn net.Conn
	held []late // answers that go out behind the next one
}

// late is an answer that waits.
type late struct {
	to    int
	bytes []byte
}

// run connects again and again until ctx ends.
func (d *device) run(ctx context.Context, address func(listener string) string) {
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", address(d.listener), time.Second)
		if err == nil {
			err = d.talk(ctx, conn)
			_ = conn.Close()
		}
		pause := time.Duration(d.random.IntN(50)) * time.Millisecond
		if away, ok := err.(away); ok {
			pause = time.Duration(away)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// away is how long a master is offline.
type away time.Duration

func (away) Error() string { return "away" }

// talk is one connection.
func (d *device) talk(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	d.mu.Lock()
	d.conn = conn
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.conn = nil
		d.mu.Unlock()
	}()
	if err := d.greet(conn); err != nil {
		return err
	}
	ended := make(chan struct{})
	defer close(ended)
	if d.alive != "" {
		every := 300*time.Millisecond + time.Duration(d.random.IntN(700))*time.Millisecond
		go func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(every):
					d.write(d.own(d.alive))
				}
			}
		}()
	}
	in := bufio.NewReader(conn)
	for {
		f, err := d.read(in)
		if err != nil {
			return err
		}
		if d.head == 0 || f[d.letterAt] < 'a' {
			if err := d.obey(conn, f); err != nil {
				return err
			}
		}
	}
}

// greet says who speaks.
func (d *device) greet(conn net.Conn) error {
	if d.alive == "" {
		_, err := io.WriteString(conn, d.serial)
		return err
	}
	_, err := conn.Write(d.own(d.alive))
	return err
}

// own is a frame of the master's own.
func (d *device) own(form string, values ...any) []byte {
	args := []any{d.serial}
	if d.numberAt > 0 {
		d.mu.Lock()
		d.sent++
		args = append(args, time.Now().Format("20060102150405"), d.sent)
		d.mu.Unlock()
	}
	return unhex(fmt.Sprintf(form, append(args, values...)...))
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// write sends bytes on whatever connection the master has now.
func (d *device) write(b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn != nil {
		_, _ = d.conn.Write(b) // who reads sees that it has ended
	}
}

// read is the next frame of the gateway.
func (d *device) read(in *bufio.Reader) ([]byte, error) {
	size, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	n := modbusBytes
	switch {
	case d.head > 0:
		n = prefixBytes + bcd(size)
	case size[1] == maskRegister:
		n += 2
	}
	f := make([]byte, n)
	_, err = io.ReadFull(in, f)
	return f, err
}

// bcd is a packed decimal.
func bcd(b []byte) (n int) {
	for _, c := range b {
		n = n*100 + int(c>>4)*10 + int(c&15)
	}
	return n
}

// modbusBytes is the size of each request that is sent here, but for one with two masks.
const (
	modbusBytes  = 8
	maskRegister = 22
)

// names of the frames of the gateway, by letter or function.
var names = map[byte]string{'O': "operate-relay", 'C': "set-levels", 'A': "ask-measurement", 'H': "ask-relays",
	1: "read-coils", 3: "read-holding", 4: "read-input-registers", 5: "write-coil", 6: "write-register", maskRegister: "mask-register"}

// note writes a command down.
func (d *device) note(f []byte) int {
	r := receipt{master: d.serial, raw: hex.EncodeToString(f), at: time.Now()}
	switch {
	case d.head > 0:
		if r.name = names[f[d.letterAt]]; f[d.letterAt] == 'O' {
			r.of, r.value = relay{d.serial, bcd(f[d.head : d.head+1])}, int(f[d.head+1])
			d.relays[r.of.number] = r.value
		}
	default:
		if r.name = names[f[1]]; f[1] == 5 || f[1] == 6 {
			value := binary.BigEndian.Uint16(f[4:])
			r.of, r.value = relay{d.serial, int(binary.BigEndian.Uint16(f[2:]))}, int(value)
			d.values[[2]byte(f[2:4])] = value
		}
	}
	if d.numberAt > 0 {
		r.number = uint64(bcd(f[d.numberAt : d.numberAt+numberBytes]))
	}
	return d.book.receive(r)
}

// Bounds of answers that are late.  Without numbers nobody could tell them apart if they came later than the line stays quiet
// for them, or in another order.
const (
	latest           = 1200 * time.Millisecond
	latestUnnumbered = 350 * time.Millisecond
	latestElsewhere  = 150 * time.Millisecond // on another connection
)

// obey writes a command down and answers it, well or not.
func (d *device) obey(conn net.Conn, f []byte) error {
	to := d.note(f)
	if d.broken {
		d.broken = false
		d.note(f)
	}
	own := d.answer(f)
	manner := d.random.IntN(100)
	if d.calm.Load() {
		manner = 100
	}
	switch {
	case manner < 3: // lost on the way, or back
		return nil
	case manner < 7:
		d.say(to, own)
	case manner < 11:
		after := latest
		if d.numberAt == 0 {
			after = latestUnnumbered
		}
		time.AfterFunc(time.Duration(d.random.Int64N(int64(after))), func() { d.say(to, own) })
		return nil
	case manner < 13 && d.numberAt > 0: // behind the next one
		d.mu.Lock()
		d.held = append(d.held, late{to, own})
		d.mu.Unlock()
		return nil
	case manner < 15: // nor is it there any more
		return io.EOF
	case manner < 16: // on the next connection
		time.AfterFunc(time.Duration(d.random.Int64N(int64(latestElsewhere))), func() { d.say(to, own) })
		return io.EOF
	case manner < 17: // in the middle of it
		_, _ = conn.Write(own[:1+d.random.IntN(len(own)-1)])
		return io.EOF
	case manner < 25:
		d.say(-1, d.forge(f))
		if d.random.IntN(2) == 0 {
			return nil
		}
	case manner < 29:
		own = d.refuse(f)
	case manner < 30:
		d.say(to, own)
		return away(300+d.random.IntN(3000)) * away(time.Millisecond)
	}
	d.say(to, own)
	d.mu.Lock()
	held := d.held
	d.held = nil
	d.mu.Unlock()
	for _, l := range held {
		d.say(l.to, l.bytes)
	}
	if d.head > 0 && f[d.letterAt] == 'H' {
		for i, operation := range d.relays[1:] {
			d.write(d.own(d.relay, i+1, operation))
		}
	}
	return nil
}

// say writes an answer down and sends it.
func (d *device) say(to int, b []byte) {
	d.book.say(reply{master: d.serial, raw: hex.EncodeToString(b), at: time.Now(), to: to})
	d.write(b)
}

// answer is what the master owes for a command that it has executed.
func (d *device) answer(f []byte) []byte {
	switch {
	case d.head == 0 && f[1] <= 4: // one register, or coil
		n, value := 2, d.values[[2]byte(f[2:4])]
		if f[1] <= 2 {
			n, value = 1, value&0x100
		}
		return seal(append([]byte{f[0], f[1], byte(n)}, byte(value>>8), byte(value))[:3+n])
	case d.head == 0:
		return f
	case f[d.letterAt] == 'O':
		return d.header(f, f[d.head:d.head+2])
	}
	return d.header(f, nil)
}

// refuse is the answer of a master that does not want to.
func (d *device) refuse(f []byte) []byte {
	if d.head == 0 {
		return seal([]byte{f[0], f[1] | 0x80, 2})
	}
	a := d.header(f, nil)
	a[d.resultAt] = 7
	return a
}

// header is the header of f once more, before body.
func (d *device) header(f, body []byte) []byte {
	a := append(append([]byte(nil), f[:d.head]...), body...)
	n := len(a) - prefixBytes
	a[0], a[1] = 0, byte(n/10<<4|n%10)
	if d.timeAt > 0 {
		copy(a[d.timeAt:], unhex(time.Now().Format("20060102150405")))
	}
	return a
}

// forge is an answer that is not one to f: it differs in one part.
func (d *device) forge(f []byte) []byte {
	kind := d.random.IntN(4)
	if d.head == 0 {
		a := append([]byte(nil), d.answer(f)[:len(d.answer(f))-2]...)
		switch {
		case kind == 0:
			a[0]++ // another slave
		case kind == 1 || f[1] <= 4: // another function
			a[1] ^= 2
		case kind == 2: // another register
			a[3] ^= 8
		default: // another value, which is none that somebody writes
			a[len(a)-1] ^= 0x01
		}
		return seal(a)
	}
	a := d.answer(f)
	switch {
	case kind == 1 && d.numberAt > 0: // another command
		a[d.numberAt] |= 0x40
	case kind <= 1: // another master
		copy(a[7:11], unhex(d.decoy))
	case kind == 2 && f[d.letterAt] == 'O': // another relay
		a[d.head] ^= 8
	default: // another command
		a = d.header(f, nil)
		a[d.letterAt] = map[byte]byte{'O': 'E', 'C': 'E', 'A': 'B', 'H': 'B'}[f[d.letterAt]]
	}
	return a
}

// seal appends the checksum of Modbus.
func seal(b []byte) []byte {
	crc := uint16(0xffff)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			low := crc & 1
			if crc >>= 1; low != 0 {
				crc ^= 0xa001
			}
		}
	}
	return binary.LittleEndian.AppendUint16(b[:len(b):len(b)], crc)
}
