package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"trama/journal"
	"trama/journal/sqlite"
)

// verifyEvery is after how many rounds every row is verified again; what is new is read, and so verified, after each.
const verifyEvery = 25

// compare opens the journal as the next daemon would, reads what is new in it, and holds it against what the masters saw.
func (c *chaos) compare(ctx context.Context) error {
	if c.guarded != nil {
		c.guarded.forks.Lock()
		defer c.guarded.forks.Unlock()
	}
	if c.looks++; c.looks%verifyEvery == 1 || c.looks > c.rounds {
		report, err := sqlite.Verify(ctx, c.file("data/journal.db"))
		if err != nil {
			return err
		}
		if len(report.Damage) > 0 {
			return violated("the journal is damaged: %+v", report.Damage)
		}
	}
	j, err := sqlite.Open(ctx, sqlite.Options{Path: c.file("data/journal.db")})
	if err != nil {
		return err
	}
	defer j.Close()
	for {
		page, err := j.Read(ctx, c.position, 100_000)
		if err != nil {
			return err
		}
		for _, f := range page.Frames {
			if f.Seq != c.position+1 {
				return violated("position %d follows %d", f.Seq, c.position)
			}
			c.position = f.Seq
			if err := c.enter(&f); err != nil {
				return err
			}
		}
		if len(page.Frames) == 0 {
			break
		}
	}
	if c.guarded != nil {
		if err := errors.Join(c.guarded.kept(), c.guarded.state()); err != nil {
			return err
		}
	}
	for _, s := range c.senders {
		if s.lastAcked() > s.stored {
			return violated("frame %d of master %d was acknowledged and is not in the journal, which ends with its frame %d", s.stored+1, s.serial, s.stored)
		}
		if len(s.reused) > 0 {
			return violated("%d frames of master %d with a number used before were acknowledged and are not in the journal", len(s.reused), s.serial)
		}
	}
	return nil
}

// enter takes in one record of the journal.
func (c *chaos) enter(f *journal.Frame) error {
	seq, master, raw := f.Seq, f.Master, f.Raw
	var serial int
	if c.guarded != nil && strings.HasPrefix(master, "40") {
		return c.came(f, nil)
	}
	if _, err := fmt.Sscanf(master, "%d", &serial); err != nil || serial < firstSerial ||
		serial >= firstSerial+len(c.senders) || len(raw) < numberAt+numberBytes {
		return violated("record %d, of master %q: %x was never sent", seq, master, raw)
	}
	s := c.senders[serial-firstSerial]
	if c.guarded != nil {
		if err := c.came(f, s); err != nil {
			return err
		}
	}
	if len(s.reused) > 0 && string(raw) == string(s.reused[0].plain) {
		s.reused = s.reused[1:]
		return nil
	}
	number := numberOf(raw)
	want := s.frame(number)
	copy(want[16:23], raw[16:23]) // the time it was made
	if string(raw) != string(want) || number >= s.next {
		return violated("record %d: %x was never sent", seq, raw)
	}
	if number <= s.stored {
		return violated("frame %d of master %d is in the journal twice, or out of order: record %d comes behind its frame %d", number, serial, seq, s.stored)
	}
	if number != s.stored+1 { // frames are sent in this order, on one connection at a time
		return violated("frame %d of master %d follows its frame %d in the journal", number, serial, s.stored)
	}
	s.stored = number
	return nil
}
