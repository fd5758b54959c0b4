package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// generationFile holds the generation.
const generationFile = "generation"

// generationLimit is far above what starts and stops can reach.
const generationLimit = 1 << 62

// Generation is the number that the journal keeps too: a journal with a smaller one was restored from a copy.  It only
// grows; 0 at first.
func (s *Store) Generation() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.number
}

// Advance makes the generation larger.  It waits for the disk.
func (s *Store) Advance(to uint64) error {
	return s.locked(func(d *folder) error {
		now, err := readGeneration(d)
		if err != nil {
			return err
		}
		if to <= now {
			return fmt.Errorf("generation of the keys: it is %d and cannot become %d", now, to)
		}
		if err := d.write(generationFile, []byte(strconv.FormatUint(to, 10)+"\n")); err != nil {
			return err
		}
		if err := d.Sync(); err != nil {
			return fmt.Errorf("key directory: %w", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.number = to
		return nil
	})
}

func readGeneration(d *folder) (uint64, error) {
	text, err := d.read(generationFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s holds no number; remove it, and every master must begin a newer epoch", d.path(generationFile))
	}
	if n > generationLimit {
		return 0, fmt.Errorf("%s holds %d, which no gateway has written; put back what it held, or remove it, and every master must begin a newer epoch",
			d.path(generationFile), n)
	}
	return n, nil
}
