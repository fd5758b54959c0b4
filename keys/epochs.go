package keys

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// epochsFile holds a line for each epoch that has begun: serial, key and epoch.  It stands outside of the journal, so that a
// journal that was restored from a copy does not make an epoch begin twice.  The last line of a serial is of the key in use.
const epochsFile = "epochs"

// use is what has begun under a key: epochs up to this one.
type use struct {
	key   uint32
	epoch uint8
}

// epochs are the lines of the file.
type epochs struct {
	mu      sync.Mutex // guards all that follows
	file    *os.File   // nil: nobody holds the directory, and nothing is known
	last    map[uint32]use
	retired map[uint32][]use // of serials that have had another key
	waiting []byte           // lines for the next write
	next    *written         // of waiting
	busy    bool             // a write goes on
}

// written is a write that several wait for.
type written struct {
	done chan struct{}
	err  error
}

// Begun says which epochs have begun under a key of a master: up to epoch; last says that no other key was used since.
// key is a number that names it.
func (s *Store) Begun(serial string, key uint32) (epoch uint8, known, last bool) {
	n, _ := number(serial)
	s.epochs.mu.Lock()
	defer s.epochs.mu.Unlock()
	if u, has := s.epochs.last[n]; has && u.key == key {
		return u.epoch, true, true
	}
	for _, u := range s.epochs.retired[n] {
		if u.key == key {
			return u.epoch, true, false
		}
	}
	return 0, false, false
}

// Begin notes that an epoch begins under a key of a master.  When it returns without an error it is on disk.
func (s *Store) Begin(serial string, key uint32, epoch uint8) error {
	n, ok := number(serial)
	if !ok {
		return CheckSerial(serial)
	}
	e := &s.epochs
	e.mu.Lock()
	if e.file == nil {
		e.mu.Unlock()
		return nil // nobody holds the directory: a test, or a look
	}
	e.waiting = appendUse(e.waiting, n, use{key, epoch})
	if e.next == nil {
		e.next = &written{done: make(chan struct{})}
	}
	w := e.next
	for !e.busy && e.next != nil {
		e.write()
	}
	e.mu.Unlock()
	<-w.done
	if w.err != nil {
		return fmt.Errorf("keep the epoch of %s: %w", serial, w.err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.note(n, use{key, epoch})
	return nil
}

// write writes what waits.  e.mu is held, but not meanwhile.
func (e *epochs) write() {
	f, lines, w := e.file, e.waiting, e.next
	e.waiting, e.next, e.busy = nil, nil, true
	e.mu.Unlock()
	_, err := f.Write(lines) // a file that was closed meanwhile is an error
	if err == nil {
		err = f.Sync()
	}
	e.mu.Lock()
	e.busy = false
	w.err = err
	close(w.done)
}

func appendUse(b []byte, serial uint32, u use) []byte {
	return fmt.Appendf(b, "%s %08x %d\n", serialOf(serial), u.key, u.epoch)
}

// note takes a line in.  e.mu is held.
func (e *epochs) note(serial uint32, u use) {
	last, has := e.last[serial]
	if has && last.key == u.key {
		u.epoch = max(u.epoch, last.epoch)
	} else {
		kept := e.retired[serial][:0]
		for _, each := range e.retired[serial] {
			if each.key != u.key {
				kept = append(kept, each)
				continue
			}
			u.epoch = max(u.epoch, each.epoch)
		}
		if has {
			kept = append(kept, last)
		}
		if len(kept) > 0 {
			e.retired[serial] = kept
		}
	}
	e.last[serial] = u
}

// open reads the file, writes it anew without what is of no use, and keeps it open for more.
func (e *epochs) open(d *folder) error {
	old, err := d.open(epochsFile, os.O_RDONLY|os.O_CREATE)
	if err != nil {
		return fmt.Errorf("open %s: %w", d.path(epochsFile), err)
	}
	text, err := io.ReadAll(old)
	_ = old.Close() // it was read only
	if err != nil {
		return fmt.Errorf("read %s: %w", d.path(epochsFile), err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last, e.retired = map[uint32]use{}, map[uint32][]use{}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // a line that was cut short had no effect
	for i, line := range bytes.SplitAfter(text, []byte("\n")) {
		var serial string
		var u use
		if len(line) == 0 {
			break
		}
		_, err := fmt.Sscanf(string(line), "%s %08x %d", &serial, &u.key, &u.epoch)
		n, ok := number(serial)
		if err != nil || !ok {
			return fmt.Errorf("%s, line %d: expected serial, key and epoch; remove the line, and give its master another key", d.path(epochsFile), i+1)
		}
		e.note(n, u)
	}
	var lines []byte
	for serial, u := range e.last {
		for _, each := range e.retired[serial] {
			lines = appendUse(lines, serial, each)
		}
		lines = appendUse(lines, serial, u)
	}
	if err := d.write(epochsFile, lines); err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return fmt.Errorf("key directory: %w", err)
	}
	if e.file, err = d.open(epochsFile, os.O_WRONLY|os.O_APPEND); err != nil {
		return fmt.Errorf("open %s: %w", d.path(epochsFile), err)
	}
	return nil
}

func (e *epochs) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.file.Close()
}
