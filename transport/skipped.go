package transport

// cutOffBytes is how many bytes CutOff keeps.
const cutOffBytes = 256

// Skipped is a stretch of noise: bytes in which no frame was found.  Noise that comes in several reads is as many
// stretches, of which each begins where the one before ends (At, Len).
type Skipped struct {
	Before int    // it came before this frame of the batch
	At     uint64 // bytes of the connection before it
	Len    int    // bytes that were skipped
	Long   bool   // a frame longer than MaxFrameBytes was given up
	// Bytes are those of the stretch and all that has come behind it: the last bytes of a damaged frame can look like
	// the beginning of the next one.  They are valid as long as the frames.
	Bytes []byte
}

// before is how many bytes of the connection came before those that are being cut.  The reader alone calls it; these
// counters are its own to write.
func (c *Conn) before() uint64 { return c.counts.InFrames + c.counts.Skipped + c.counts.Aside }

// skip notes that n bytes of data from at on are noise.
func (c *Conn) skip(b *Batch, data []byte, at, n int, long bool) {
	place := c.before() + uint64(at)
	if k := len(b.Skipped); k > 0 {
		last := &b.Skipped[k-1]
		if last.Before == len(b.Frames) && last.At+uint64(last.Len) == place {
			last.Len += n
			last.Long = last.Long || long
			return
		}
	}
	b.Skipped = append(b.Skipped, Skipped{
		Before: len(b.Frames), At: place, Len: n, Long: long, Bytes: data[at:],
	})
}

// unskip takes back what was noted from a place on.
func (b *Batch) unskip(place uint64) {
	for k := len(b.Skipped); k > 0 && b.Skipped[k-1].At >= place; k-- {
		b.Skipped = b.Skipped[:k-1]
	}
}

// CutOff is the beginning of the frame that had not its rest when the connection ended, at most 256 bytes of it.  It
// is there from the end on; nil when there is none.
func (c *Conn) CutOff() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return []byte(c.cutOff)
}

// keepCutOff keeps it.  c.mu is held; the last reader calls it.
func (c *Conn) keepCutOff() {
	if p := c.reading.partial; len(p) > 0 {
		c.cutOff = string(p[:min(len(p), cutOffBytes)])
	}
}
