package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"trama/codec/protect"
)

// Errors that callers branch on; each is wrapped with the serial.
var (
	ErrNoKey       = errors.New("no key")
	ErrHasKey      = errors.New("there is a key already")
	ErrRotating    = errors.New("a rotation is in progress")
	ErrNotRotating = errors.New("no rotation is in progress")
	ErrFixed       = errors.New("the key is a systemd credential")
)

// Generate makes a key.
func Generate() protect.Key {
	var k protect.Key
	_, _ = rand.Read(k[:]) // it never fails
	return k
}

// New is a key that is to be added.
type New struct {
	Serial string
	Key    protect.Key
	Suite  protect.Suite
}

// Add stores keys of masters that have none, all or none of them.
func (s *Store) Add(now time.Time, all ...New) error {
	return s.change(len(all), func(i int) string { return all[i].Serial }, func(i int, e *Entry) error {
		if e.there() {
			return ErrHasKey
		}
		*e = Entry{Key: all[i].Key, Suite: all[i].Suite, created: seconds(now)}
		return nil
	})
}

// Rotate makes the next key of masters, all or none of them.
func (s *Store) Rotate(now time.Time, serials ...string) error {
	return s.changeEach(serials, func(e *Entry) error {
		if e.Rotating {
			return ErrRotating
		}
		e.Next, e.Rotating, e.nextCreated = Generate(), true, seconds(now)
		return nil
	})
}

// Abandon forgets the next key of masters, all or none of them.
func (s *Store) Abandon(serials ...string) error {
	return s.changeEach(serials, func(e *Entry) error {
		if !e.Rotating {
			return ErrNotRotating
		}
		e.Next, e.Rotating, e.nextCreated = protect.Key{}, false, 0
		return nil
	})
}

// Commit ends the rotation of a master that has proven its next key: it becomes the key, and the old one goes.  A rotation
// that was abandoned or begun anew meanwhile stays as it is.  It waits for the disk; that of a credential ends in memory.
func (s *Store) Commit(serial string, proven protect.Key) error {
	commit := func(e *Entry) error {
		if e.Rotating && e.Next == proven {
			*e = Entry{Key: e.Next, Suite: e.Suite, Fixed: e.Fixed, created: e.nextCreated}
		}
		return nil
	}
	if e, _ := s.Key(serial); e.Fixed {
		n, _ := number(serial)
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = commit(&e) // it cannot fail
		s.entries[n] = e
		return nil
	}
	return s.changeEach([]string{serial}, commit)
}

// Remove forgets the key of a master.
func (s *Store) Remove(serial string) error {
	n, ok := number(serial)
	if !ok {
		return CheckSerial(serial)
	}
	if e, _ := s.Key(serial); e.Fixed {
		return fmt.Errorf("%s: %w", serial, ErrFixed)
	}
	return s.locked(func(d *folder) error {
		err := d.remove(serial + extension)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", serial, ErrNoKey)
		}
		if err = errors.Join(err, d.Sync()); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.entries, n)
		return nil
	})
}

func (e *Entry) there() bool { return e.Suite != 0 }

func (s *Store) changeEach(serials []string, edit func(e *Entry) error) error {
	return s.change(len(serials), func(i int) string { return serials[i] }, func(_ int, e *Entry) error {
		if !e.there() {
			return ErrNoKey
		}
		return edit(e)
	})
}

// change edits n entries as they stand on the disk.  Nothing is written when one of them cannot be edited.
func (s *Store) change(n int, serial func(i int) string, edit func(i int, e *Entry) error) error {
	return s.locked(func(d *folder) error {
		edited, problems := make(map[uint32]Entry, n), problems{}
		for i := range n {
			at, ok := number(serial(i))
			if !ok {
				problems.add(CheckSerial(serial(i)))
				continue
			}
			e, err := s.onDisk(d, serial(i))
			if _, twice := edited[at]; err == nil && twice {
				err = errors.New("it is named twice")
			} else if err == nil {
				err = edit(i, &e)
			}
			if err != nil {
				problems.add(fmt.Errorf("%s: %w", serial(i), err))
			}
			edited[at] = e
		}
		if err := problems.all(); err != nil {
			return err
		}
		for at, e := range edited {
			if err := d.write(serialOf(at)+extension, e.text()); err != nil {
				return err
			}
		}
		if err := d.Sync(); err != nil {
			return fmt.Errorf("key directory: %w", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for at, e := range edited {
			s.entries[at] = e
		}
		return nil
	})
}

// onDisk reads an entry again: another process may have changed it.
func (s *Store) onDisk(d *folder, serial string) (Entry, error) {
	e, err := readEntry(d, serial+extension)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
		if known, _ := s.Key(serial); known.Fixed {
			err = ErrFixed
		}
	}
	return e, err
}
