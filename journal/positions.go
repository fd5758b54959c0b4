package journal

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Positions is an ascending list of sequence numbers, kept as the differences between them.  The zero value is empty.
type Positions struct {
	list        []byte // uvarint differences, the first from 0
	Count       int
	Last        uint64    // 0: empty
	From, Until time.Time // of the records
}

// Add appends a run of count records from first on, received between two times.
func (p *Positions) Add(first uint64, count int, from, until time.Time) {
	if count <= 0 {
		return
	}
	if p.Count == 0 || from.Before(p.From) {
		p.From = from
	}
	if p.Count == 0 || until.After(p.Until) {
		p.Until = until
	}
	for i := range uint64(count) {
		p.list = binary.AppendUvarint(p.list, first+i-p.Last)
		p.Last = first + i
	}
	p.Count += count
}

// Bytes are the list as it is stored; valid until the next Add or Reset.
func (p *Positions) Bytes() []byte { return p.list }

// Reset empties p.  A copy of p that was made before stays what it was.
func (p *Positions) Reset() { *p = Positions{} }

// ReadPositions is the inverse of Bytes.
func ReadPositions(list []byte) ([]uint64, error) {
	var out []uint64
	last := uint64(0)
	for len(list) > 0 {
		diff, n := binary.Uvarint(list)
		if n <= 0 || diff == 0 || last+diff < last {
			return out, fmt.Errorf("%w: a list of positions", ErrDamaged)
		}
		last += diff
		out = append(out, last)
		list = list[n:]
	}
	return out, nil
}

// Restore makes p hold what was stored.
func (p *Positions) Restore(list []byte, from, until time.Time) error {
	all, err := ReadPositions(list)
	if err != nil {
		return err
	}
	*p = Positions{list: append([]byte(nil), list...), Count: len(all), From: from, Until: until}
	if len(all) > 0 {
		p.Last = all[len(all)-1]
	}
	return nil
}
