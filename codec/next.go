package codec

import "bufio"

// Next finds the first frame of a stream and decodes it into f, in one walk.
//
//   - found: f is that frame, of which f.Raw() is a part of data; the advance-len(f.Raw()) bytes before it are noise.
//   - not found, advance > 0: so many bytes are noise.
//   - not found, advance == 0: the bytes may begin a frame; more are needed.
//
// What comes out does not depend on how the stream was cut.  atEOF says that no more bytes will come for the frame begun:
// it is given up at its first byte, and the search goes on inside it.
//
// A frame that was found holds on to data: it is valid until the bytes of data change or f is used again.  A Frame takes
// about 300 bytes, 20 for each of its fields, and its own size once more where its bytes are written in escape sequences,
// armour or parts that differ on the wire.  It keeps its memory, so that a reader that uses a Frame again, one for each
// frame of a read, allocates nothing.  When nothing is found f is of no use.
func (p *Profile) Next(d Direction, data []byte, atEOF bool, f *Frame) (advance int, found bool) {
	if d != Uplink && d != Downlink { // of two ways to read a frame, the better one is found when all of it is known
		advance, token, _ := p.Splitter(d)(data, atEOF)
		return advance, token != nil && p.Decode(Any, token, f) == nil
	}
	at, n := p.next(d, data, atEOF, f)
	return at + n, n > 0
}

// Splitter returns the framing function of one direction, in the shape that bufio.Scanner takes.
//
//   - token != nil: one whole, verified frame; the advance-len(token) bytes before it are noise.
//   - token == nil, advance > 0: so many bytes are noise.
//   - token == nil, advance == 0: the bytes may begin a frame; more are needed.
//
// It never returns an error and does not allocate.  For the rest it is as Next, which decodes too.
func (p *Profile) Splitter(d Direction) bufio.SplitFunc {
	if d > Downlink {
		d = Any
	}
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		at, n := p.next(d, data, atEOF, nil)
		if n > 0 {
			token = data[at : at+n]
		}
		return at + n, token, nil
	}
}

// next finds the frame of n bytes before which at bytes are noise, and decodes it into f, if there is one.  Without a
// frame, n is 0.
func (p *program) next(d Direction, data []byte, atEOF bool, f *Frame) (at, n int) {
	var m *machine
	for ; at < len(data); at++ {
		if !p.begins[d].has(data[at]) {
			continue
		}
		rest := data[at:]
		if plan, way := p.fixed(d, rest); plan != nil {
			if n = plan.total; f != nil {
				plan.fill(p, f, way, rest[:n])
			}
			break
		}
		if m == nil {
			m = machines.Get().(*machine)
			m.atEOF = false
		}
		var v verdict
		if n, v = m.first(p, d, f, rest); v == whole {
			m.settle(f, rest[:n])
			break
		}
		if n = 0; v == begun && !atEOF {
			break
		}
	}
	if m != nil {
		m.release(f)
	}
	return at, n
}

// first walks the frame that data begins with; n is its size.
func (m *machine) first(p *program, d Direction, f *Frame, data []byte) (n int, v verdict) {
	for _, a := range p.tries(d) {
		if !a.first.has(data[0]) {
			continue
		}
		if n, v = m.frame(p, f, a, data); v != refused && (v == whole || len(data) < a.max) {
			return n, v
		}
	}
	return 0, refused
}

// settle makes f, which was walked, the frame that raw is.
func (m *machine) settle(f *Frame, raw []byte) {
	if f == nil {
		return
	}
	f.raw = raw
	if m.family.closing == nil {
		f.data = f.data[:m.off]
	}
	if m.p.rewrites { // the frame has its own copy of the machine's bytes: they are another goroutine's next
		f.own = append(f.own[:0], f.data...)
		f.data = f.own
	}
}

// release gives m back.
func (m *machine) release(f *Frame) {
	if f != nil && f.plan == nil {
		f.memory = f.cells[:0]
	}
	m.f, m.asked, m.sink, m.near = nil, nil, nil, nil
	machines.Put(m)
}
