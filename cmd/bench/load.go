package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"trama/fleet"
)

// measurement is a periodic measurement of an extended master: ML 0025, PV 01, TE 00, I 000000, SD, RFC 01, SC 02, CC
// 03, C 'm', RC 00, TS, NUT, AL 00, MS 21.5.
var measurement = mustHex("0025" + "01" + "00" + "000000" + "00000000" + "01" + "02" + "03" + "6d" + "00" +
	"00000000000000" + "00000000" + "00" + "41ac0000")

// Where the fields that differ from frame to frame lie.
const (
	serialAt, timeAt, transactionAt = 7, 16, 23
	channelAt                       = 13
	transactionLimit                = 100_000_000
	firstSerial                     = 10_000_000
)

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// load is one run of masters against one server.
type load struct {
	address     string
	connections int
	inFlight    int           // frames each master has outstanding
	frames      uint64        // of each master; 0 is as many as the time allows
	pace        time.Duration // pause between an acknowledgement and the next frame
	every       time.Duration // between the frames of a master, whether acknowledged or not: the load is offered, not a loop
	warmUp      time.Duration
	duration    time.Duration
	devices     []*fleet.Device // by connection; nil: frames are plain
	size        int             // of an acknowledgement; 0: that of a plain one
	first       uint64          // transaction number to begin with, so that no run repeats another's

	started   func() // called when the warm-up is over
	stopped   func() // called at the end of the measurement, with all connections open
	measuring atomic.Bool
	stop      atomic.Bool
	timestamp atomic.Pointer[[]byte] // seven bytes, renewed each second
	latencies [latencyShards]histogram
}

const latencyShards = 16

// result of a load.
type result struct {
	frames  uint64
	elapsed time.Duration
	p50     time.Duration
	p99     time.Duration
	p999    time.Duration
	worst   time.Duration // of the frames that were answered and of those still waited for
}

func (r result) rate() float64 { return float64(r.frames) / r.elapsed.Seconds() }

// master is one connection in a closed loop.
type master struct {
	*load
	conn   net.Conn
	out    []byte // inFlight frames
	answer []byte // what the next acknowledgement must be, timestamp apart
	in     []byte
	device *fleet.Device // nil: frames are plain
	sealed []byte
	wires  [][]byte // outstanding, a ring by transaction number
	plain  []byte
	sent   []atomic.Int64 // when each outstanding frame was sent, a ring by transaction number
	shard  *histogram

	next   uint64 // transaction number of the next frame
	wanted uint64 // transaction number of the next acknowledgement

	acknowledged atomic.Uint64
	worst        atomic.Int64
}

// run opens the connections, runs the loop and closes them.  Any wrong answer is an error.
func (l *load) run(ctx context.Context) (result, error) {
	masters, err := l.open(ctx)
	defer func() {
		for _, m := range masters {
			abandon(m.conn)
		}
	}()
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.stamp()
	begin, before := time.Now(), uint64(0)
	l.measuring.Store(l.frames > 0) // a fixed number is counted from the first
	var running sync.WaitGroup
	for _, m := range masters {
		running.Go(func() {
			loop := m.loop
			if m.every > 0 {
				loop = m.offer
			}
			if err := loop(); err != nil && !l.stop.Load() {
				cancel(fmt.Errorf("master %08d: %w", serial(m.out), err))
			}
		})
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	// Every way out ends the masters: their deadlines fail the reads they are parked in.
	defer func() {
		l.stop.Store(true)
		for _, m := range masters {
			_ = m.conn.SetDeadline(time.Unix(1, 0))
		}
		<-done
	}()

	over := done
	if l.frames == 0 {
		over = nil
		if err := l.wait(ctx, l.warmUp, nil); err != nil {
			return result{}, err
		}
		if l.started != nil {
			l.started()
		}
		begin, before = time.Now(), answered(masters)
		l.measuring.Store(true)
	}
	if err := l.wait(ctx, l.duration, over); err != nil {
		return result{}, err
	}
	l.measuring.Store(false)
	r := result{frames: answered(masters) - before, elapsed: time.Since(begin)}
	if l.stopped != nil {
		l.stopped()
	}
	var all histogram
	for i := range l.latencies {
		all.add(&l.latencies[i])
	}
	r.p50, r.p99, r.p999 = all.quantile(0.5), all.quantile(0.99), all.quantile(0.999)
	end := begin.Add(r.elapsed).UnixNano()
	for _, m := range masters {
		r.worst = max(r.worst, time.Duration(m.worst.Load()))
		for i := range m.sent {
			if at := m.sent[i].Load(); at != 0 {
				r.worst = max(r.worst, time.Duration(end-at))
			}
		}
	}
	return r, nil
}

// wait renews the timestamp each second until the time is over, done is closed or ctx ends with an error.
func (l *load) wait(ctx context.Context, d time.Duration, done <-chan struct{}) error {
	over := time.NewTimer(d)
	defer over.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-over.C:
			return nil
		case <-done:
			return context.Cause(ctx)
		case <-second.C:
			l.stamp()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (l *load) stamp() {
	ts := mustHex(time.Now().Format("20060102150405"))
	l.timestamp.Store(&ts)
}

// open dials all connections, some at a time.
func (l *load) open(ctx context.Context) ([]*master, error) {
	l.size = cmp.Or(l.size, headerBytes)
	conns, err := dialMany(ctx, l.address, l.connections)
	masters := make([]*master, 0, len(conns))
	for i, c := range conns {
		m := &master{
			load: l, conn: c, next: l.first, wanted: l.first,
			out:    bytes.Repeat(frameOf(firstSerial+uint64(i)), l.inFlight),
			in:     make([]byte, l.inFlight*l.size),
			sent:   make([]atomic.Int64, l.inFlight),
			shard:  &l.latencies[i%latencyShards],
			answer: append([]byte(ackLength), frameOf(firstSerial + uint64(i))[len(ackLength):headerBytes]...),
		}
		if l.devices != nil {
			m.device, m.wires = l.devices[i], make([][]byte, l.inFlight)
		}
		masters = append(masters, m)
	}
	return masters, err
}

func frameOf(serial uint64) []byte {
	f := bytes.Clone(measurement)
	putBCD(f[serialAt:serialAt+4], serial)
	return f
}

func serial(frame []byte) int {
	n := 0
	for _, b := range frame[serialAt : serialAt+4] {
		n = n*100 + bcd(b)
	}
	return n
}

// loop keeps inFlight frames outstanding: for each acknowledgement that a read brings one frame goes out.
func (m *master) loop() error {
	if err := m.send(m.inFlight, time.Now()); err != nil {
		return err
	}
	have := 0
	for {
		n, err := m.conn.Read(m.in[have:])
		if err != nil {
			return err
		}
		have += n
		now := time.Now()
		answers := have / m.size
		for i := range answers {
			if err := m.check(m.in[i*m.size:][:m.size], now); err != nil {
				return err
			}
		}
		have = copy(m.in, m.in[answers*m.size:have])
		if answers == 0 {
			continue
		}
		total := m.acknowledged.Add(uint64(answers))
		if m.frames != 0 {
			if total == m.frames {
				return nil
			}
			answers = min(answers, int(m.first+m.frames-m.next))
		}
		if m.stop.Load() {
			return nil
		}
		if answers > 0 {
			if m.pace > 0 {
				time.Sleep(m.pace)
				now = time.Now()
			}
			if err := m.send(answers, now); err != nil {
				return err
			}
		}
	}
}

// offer sends a frame at fixed times, beginning at a moment of its own, and waits for its acknowledgement.  The latency
// is counted from the time at which the frame was due, so that one late answer counts against the frames behind it too.
func (m *master) offer() error {
	due := time.Now().Add(rand.N(m.every))
	for !m.stop.Load() {
		time.Sleep(time.Until(due))
		if m.stop.Load() {
			return nil
		}
		if err := m.send(1, due); err != nil {
			return err
		}
		if _, err := io.ReadFull(m.conn, m.in[:m.size]); err != nil {
			return err
		}
		if err := m.check(m.in[:m.size], time.Now()); err != nil {
			return err
		}
		m.acknowledged.Add(1)
		due = due.Add(m.every)
	}
	return nil
}

func (m *master) send(frames int, now time.Time) error {
	if m.frames != 0 {
		frames = min(frames, int(m.first+m.frames-m.next))
	}
	ts := *m.timestamp.Load()
	for i := range frames {
		f := m.out[i*len(measurement):]
		copy(f[timeAt:], ts)
		putBCD(f[transactionAt:transactionAt+4], m.next%transactionLimit)
		m.sent[m.next%uint64(m.inFlight)].Store(now.UnixNano())
		if m.device != nil {
			if err := m.seal(f[:len(measurement)], i == 0); err != nil {
				return err
			}
		}
		m.next++
	}
	out := m.out[:frames*len(measurement)]
	if m.device != nil {
		out = m.sealed
	}
	_, err := m.conn.Write(out)
	return err
}

// seal protects the next frame.
func (m *master) seal(frame []byte, first bool) (err error) {
	if first {
		m.sealed = m.sealed[:0]
	}
	wire := &m.wires[m.next%uint64(m.inFlight)]
	if *wire, err = m.device.Protect((*wire)[:0], frame, nil); err == nil {
		m.sealed = append(m.sealed, *wire...)
	}
	return err
}

// check compares an acknowledgement with what it must be: the master's own header, length 0020, transaction numbers
// in the order of sending.  The timestamp is the server's.
func (m *master) check(answer []byte, now time.Time) error {
	if m.device != nil {
		o, err := m.device.Open(m.plain[:0], answer, m.wires[m.wanted%uint64(m.inFlight)])
		if err != nil {
			return fmt.Errorf("acknowledgement %x: %w", answer, err)
		}
		m.plain, answer = o.Plain, o.Plain
	}
	putBCD(m.answer[transactionAt:transactionAt+4], m.wanted%transactionLimit)
	if len(answer) != headerBytes || !bytes.Equal(answer[:timeAt], m.answer[:timeAt]) ||
		!bytes.Equal(answer[transactionAt:], m.answer[transactionAt:]) {
		return fmt.Errorf("wrong acknowledgement %x, want %x with any time", answer, m.answer)
	}
	took := now.UnixNano() - m.sent[m.wanted%uint64(m.inFlight)].Swap(0)
	m.wanted++
	if m.measuring.Load() {
		m.shard.record(time.Duration(took))
		if took > m.worst.Load() {
			m.worst.Store(took)
		}
	}
	return nil
}

func answered(masters []*master) (n uint64) {
	for _, m := range masters {
		n += m.acknowledged.Load()
	}
	return n
}

// dialMany opens n connections; on an error those that were opened come with it.
func dialMany(ctx context.Context, address string, n int) ([]net.Conn, error) {
	const atATime = 32
	var (
		mu     sync.Mutex // guards conns and errs
		conns  []net.Conn
		errs   []error
		left   atomic.Int64
		dialer = net.Dialer{KeepAlive: -1, Timeout: 20 * time.Second}
		wg     sync.WaitGroup
	)
	left.Store(int64(n))
	for range atATime {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				c, err := dialer.DialContext(ctx, "tcp", address)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
					mu.Unlock()
					return
				}
				conns = append(conns, c)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return conns, errors.Join(errs...)
}

// abandon closes a connection by reset: thousands of them in TIME-WAIT would run the ports short.
func abandon(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

// histogram counts durations in steps of about 3 %, from 1 µs up.
type histogram [64 * stepsPerOctave]atomic.Uint64

const stepsPerOctave = 32

func (h *histogram) record(d time.Duration) {
	h[bucket(uint64(max(d/time.Microsecond, 0)))].Add(1)
}

// bucket is exact up to stepsPerOctave, then it keeps the highest bits.
func bucket(us uint64) int {
	if us < stepsPerOctave {
		return int(us)
	}
	shift := bits.Len64(us) - bits.Len64(stepsPerOctave)
	return (shift+1)*stepsPerOctave + int(us>>shift) - stepsPerOctave
}

// bucketStart is the smallest number of microseconds that falls into a bucket.
func bucketStart(i int) uint64 {
	if i < stepsPerOctave {
		return uint64(i)
	}
	shift := i/stepsPerOctave - 1
	return uint64(i%stepsPerOctave+stepsPerOctave) << shift
}

func (h *histogram) add(o *histogram) {
	for i := range o {
		h[i].Add(o[i].Load())
	}
}

// quantile is the upper end of the bucket in which the q-th part of all durations is reached.
func (h *histogram) quantile(q float64) time.Duration {
	var total, seen uint64
	for i := range h {
		total += h[i].Load()
	}
	for i := range h {
		if seen += h[i].Load(); seen > 0 && float64(seen) >= q*float64(total) {
			return time.Duration(bucketStart(i+1)) * time.Microsecond
		}
	}
	return 0
}
