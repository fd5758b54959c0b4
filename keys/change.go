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

// Commit ends the rotation of masters that have proven their next key, by serial: it becomes the key, and the old one goes.  A
// rotation that was abandoned or begun anew meanwhile stays as it is.  It waits for the disk; that of a credential ends in
// memory.
func (s *Store) Commit(proven map[string]protect.Key) error {
	var serials []string
	for serial, key := range proven {
		if known, _ := s.Key(serial); !known.Fixed {
			serials = append(serials, serial)
		} else if e := *known; e.commit(&key) {
			n, _ := number(serial)
			s.mu.Lock()
			s.entries[n] = &e
			s.mu.Unlock()
		}
	}
	commit := func(serials ...string) error {
		return s.change(len(serials), func(i int) string { return serials[i] }, func(i int, e *Entry) error {
			key := proven[serials[i]]
			e.commit(&key)
			return nil
		})
	}
	if commit(serials...) == nil {
		return nil
	}
	problems := problems{} // a file that is not as it must be keeps no other master in rotation
	for _, serial := range serials {
		problems.add(commit(serial))
	}
	return problems.all()
}

func (e *Entry) commit(proven *protect.Key) bool {
	if !e.Rotating || e.Next != *proven {
		return false
	}
	*e = Entry{Key: e.Next, Suite: e.Suite, Fixed: e.Fixed, Rotated: true, created: e.nextCreated}
	return true
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

// change edits n entries as they stand on the disk, and writes those that are others then.  Nothing is written when one of
// them cannot be edited.  When the disk fails some files may be written: the store is as before then, until Reload.
func (s *Store) change(n int, serial func(i int) string, edit func(i int, e *Entry) error) error {
	return s.locked(func(d *folder) error {
		edited, others, problems := make(map[uint32]*Entry, n), []uint32{}, problems{}
		for i := range n {
			at, ok := number(serial(i))
			if !ok {
				problems.add(CheckSerial(serial(i)))
				continue
			}
			before, err := s.onDisk(d, serial(i))
			e := *before
			if _, twice := edited[at]; err == nil && twice {
				err = errors.New("it is named twice")
			} else if err == nil {
				err = edit(i, &e)
			}
			if err != nil {
				problems.add(fmt.Errorf("%s: %w", serial(i), err))
			}
			if edited[at] = &e; e != *before {
				others = append(others, at)
			}
		}
		if err := problems.all(); err != nil {
			return err
		}
		for _, at := range others {
			if err := d.write(serialOf(at)+extension, edited[at].text()); err != nil {
				return err
			}
		}
		if err := d.Sync(); err != nil {
			return fmt.Errorf("key directory: %w", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for at, e := range edited {
			if s.entries[at] = e; !e.there() {
				delete(s.entries, at)
			}
		}
		return nil
	})
}

// onDisk reads an entry again: another process may have changed it.
func (s *Store) onDisk(d *folder, serial string) (*Entry, error) {
	e, err := readEntry(d, serial+extension)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
		if known, _ := s.Key(serial); known.Fixed {
			err = ErrFixed
		}
	}
	return e, err
}
