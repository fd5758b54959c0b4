package trust

import (
	"encoding/binary"
	"fmt"
	"time"

	"trama/codec/protect"
	"trama/journal"
)

// A row of trust is
//
//	version 1 | flags 1 (1: begun, 2: stale, 4: there is a previous epoch) | suite 1 | key 4 | since 4 | wrong tags 4 |
//	budgets 16 | day 4 | reserved 4 | current: window | previous: until 8 and window
//	window: epoch 1 | highest 4 | seen 8 | tags 48
//
// Numbers are little-endian, times Unix seconds.
const (
	rowVersion  = 1
	windowBytes = 1 + 4 + 8 + tagBytes*windowTags
	rowBytes    = 3 + 4 + 4 + 4 + 16 + 4 + 4 + windowBytes

	ofConnection = 0x40 // in SC

	flagBegun    = 1
	flagStale    = 2
	flagPrevious = 4
)

// encode makes the row.  p.mu is held.
func (p *Peer) encode() journal.Trust {
	flags := byte(0)
	if p.begun {
		flags |= flagBegun
	}
	if p.stale {
		flags |= flagStale
	}
	if p.previous != nil {
		flags |= flagPrevious
	}
	b := make([]byte, 0, rowBytes+8+windowBytes)
	b = append(b, rowVersion, flags, byte(p.suite))
	spent, ahead := p.spent.kept(), p.ahead.kept()
	for _, n := range []uint32{p.key, p.since, p.wrong, spent[0], spent[1], ahead[0], ahead[1], p.day, p.sender.asked} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = p.current.encode(b)
	if p.previous != nil {
		b = binary.LittleEndian.AppendUint64(b, uint64(p.previous.until.Unix()))
		b = p.previous.encode(b)
	}
	return b
}

func (w *window) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, w.epoch), w.highest)
	b = binary.LittleEndian.AppendUint64(b, w.seen)
	for _, tag := range w.tags {
		b = append(b, tag[:]...)
	}
	return b
}

func (w *window) decode(b []byte) {
	w.epoch, w.highest, w.seen = b[0], binary.LittleEndian.Uint32(b[1:]), binary.LittleEndian.Uint64(b[5:])
	for i := range w.tags {
		w.tags[i] = [tagBytes]byte(b[13+tagBytes*i:])
	}
}

// Restore makes the peer what a row says.
func (p *Peer) Restore(row journal.Trust) error {
	if len(row) != rowBytes && len(row) != rowBytes+8+windowBytes || row[0] != rowVersion ||
		(row[1]&flagPrevious != 0) != (len(row) > rowBytes) {
		return fmt.Errorf("%w: it is no row of trust of version %d", journal.ErrDamaged, rowVersion)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun, p.stale, p.suite = row[1]&flagBegun != 0, row[1]&flagStale != 0, protect.Suite(row[2])
	b := row[3:]
	for _, n := range []*uint32{&p.key, &p.since, &p.wrong, &p.spent[0], &p.spent[1], &p.ahead[0], &p.ahead[1], &p.day,
		&p.sender.asked} {
		*n, b = binary.LittleEndian.Uint32(b), b[4:]
	}
	// what is left of the last block is not used any more
	p.sender.key, p.sender.epoch, p.sender.used, p.sender.reserved = p.key, b[0], p.sender.asked, p.sender.asked
	p.current.decode(b)
	if row[1]&flagPrevious != 0 {
		b = b[windowBytes:]
		p.previous = &previous{until: time.Unix(int64(binary.LittleEndian.Uint64(b)), 0)}
		p.previous.decode(b[8:])
	}
	return nil
}

// Replay takes in what a record behind the row came under.  Where a key or an epoch began, a row was written.
func (p *Peer) Replay(r journal.Protection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun || protect.Suite(r.Suite) == protect.Auth24 || r.SC&ofConnection != 0 {
		return
	}
	switch epoch := r.SC & lastEpoch; {
	case epoch == p.current.epoch:
		p.current.accept(r.Counter, r.Tag)
	case p.previous != nil && epoch == p.previous.epoch:
		p.previous.accept(r.Counter, r.Tag)
	}
}
