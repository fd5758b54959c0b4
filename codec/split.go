package codec

// Framing.  A candidate is tried at every byte until one holds; what lies before it is noise.  A candidate is
// refused at the first byte that cannot belong to a frame, so noise neither waits nor is kept.

// splitter returns the framing function of one direction.
func (p *Profile) splitter(d Direction) func(data []byte, atEOF bool) (int, []byte, error) {
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		for i := 0; i < len(data); i++ {
			if !p.first.has(data[i]) {
				continue
			}
			n, v := p.probe(d, data[i:])
			if v == whole {
				return i + n, data[i : i+n], nil
			}
			if v == begun && !atEOF {
				return i, nil, nil
			}
		}
		return len(data), nil, nil
	}
}

// candidate is a frame that is being tried.
type candidate struct {
	data    []byte
	off     int // verified so far
	total   int // bytes of the frame, once known
	command uint64
	word    uint64 // the last field of bits
	layout  *layout
}

// probe says what data begins with; n is the size of a whole frame.
func (p *Profile) probe(d Direction, data []byte) (n int, v verdict) {
	if n := p.probeFixed(d, data); n > 0 {
		return n, whole
	}
	c := candidate{data: data, total: -1}
	if p.chooseAt < 0 && !c.choose(p, d) {
		return 0, refused
	}
	if v := c.take(p, d, p.ops[:p.headerOps]); v != whole {
		return 0, v
	}
	if v := c.take(p, d, c.layout.ops); v != whole {
		return 0, v
	}
	return c.total, whole
}

// take verifies the fields of ops.
func (c *candidate) take(p *Profile, d Direction, ops []op) verdict {
	for i := range ops {
		o := &ops[i]
		var num uint64
		if o.code == opPart {
			num = c.word >> o.shift & o.mask
			if o.check != checkNone && !o.allows(num) {
				return refused
			}
		} else {
			size := o.size
			if size == 0 {
				size = c.total - c.off - p.tail(ops[i+1:])
			}
			if size > len(c.data)-c.off {
				if c.off < len(c.data) && !o.plausible(c.data[c.off:]) {
					return refused
				}
				return begun
			}
			var ok bool
			if num, ok = o.load(c.data[c.off : c.off+size]); !ok {
				return refused
			}
			if o.code == opBits {
				c.word = num
			}
			c.off += size
		}
		if c.layout != nil {
			continue
		}
		if o.flags&flagLength != 0 {
			if num > uint64(p.length.hi+p.length.add) {
				return refused
			}
			c.total = int(num) + p.length.start - p.length.add
			if c.total < p.length.lo || c.total > p.length.hi {
				return refused
			}
		}
		if o.flags&flagCommand != 0 {
			c.command = num
		}
		if i == p.chooseAt && !c.choose(p, d) {
			return refused
		}
	}
	return whole
}

// choose finds the layout as soon as command and size are known.
func (c *candidate) choose(p *Profile, d Direction) bool {
	if c.total < 0 {
		all := p.dispatch[d].find(c.command)
		if len(all) == 0 {
			return false
		}
		c.total = p.headerSize + all[0].fixed
	}
	c.layout = p.choose(d, c.command, c.total-p.headerSize)
	return c.layout != nil
}

// probeFixed is the quick way for a whole frame whose layout has a fixed plan; 0 when it cannot say.
func (p *Profile) probeFixed(d Direction, data []byte) int {
	if len(data) < p.headerSize || p.length.op < 0 || p.commandOp < 0 {
		return 0
	}
	if p.commandByte { // the length is among what verify compares
		l := p.dispatch[d].first[data[p.commandOff]]
		if l != nil && l.plan.total <= len(data) && l.plan.verify(p, data[:l.plan.total]) {
			return l.plan.total
		}
	}
	size := &p.ops[p.length.op]
	num, ok := size.load(data[p.length.off : p.length.off+size.size])
	if !ok || num > uint64(p.length.hi+p.length.add) {
		return 0
	}
	total := int(num) + p.length.start - p.length.add
	if total > len(data) || total < p.length.lo {
		return 0
	}
	o := &p.ops[p.commandOp]
	command, ok := o.load(data[p.commandOff : p.commandOff+o.size])
	if !ok {
		return 0
	}
	if l := p.choose(d, command, total-p.headerSize); l == nil || l.plan == nil || !l.plan.verify(p, data) {
		return 0
	}
	return total
}
