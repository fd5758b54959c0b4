package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// extension ends the name of the file of a key.
const extension = ".key"

// credentialPrefix stands before the names of files when systemd takes them over with LoadCredential=keys:DIRECTORY.
const credentialPrefix = "keys_"

// credentialsVariable names the directory in which systemd puts the credentials of a service.
const credentialsVariable = "CREDENTIALS_DIRECTORY"

// Store holds the keys of a directory in memory, about 75 bytes each.  It may be used from any goroutine.
type Store struct {
	directory, credentials string // credentials: "" for none

	changing sync.Mutex // held while files are read or written
	mu       sync.RWMutex
	entries  map[uint32]*Entry // by serial; guarded by mu; an entry does not change
	number   uint64            // the generation; guarded by mu

	epochs epochs // of the daemon that holds the directory
}

// Changes counts what a Reload has found.
type Changes struct {
	Keys    int `json:"keys"` // there are now
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`

	Begun     int `json:"begun,omitempty"`     // of Changed: a next key was made
	Abandoned int `json:"abandoned,omitempty"` // of Changed: a next key was forgotten

	Serials []string `json:"serials,omitempty"` // of those added, removed and changed, sorted; 20 at most
}

// Open reads the keys of a directory, and the credentials that systemd hands to the process.  The error names every file
// that is not as it must be; fs.ErrNotExist: there is no such directory.
func Open(directory string) (*Store, error) {
	s := &Store{directory: directory, credentials: os.Getenv(credentialsVariable)}
	_, err := s.Reload()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Directory is the path that the store was opened with.
func (s *Store) Directory() string { return s.directory }

// none is the entry of a master without a key.
var none Entry

// Key returns the entry of a master, which does not change; false: it has none, and the entry is the zero value.
func (s *Store) Key(serial string) (*Entry, bool) {
	if n, ok := number(serial); ok {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if e := s.entries[n]; e != nil {
			return e, true
		}
	}
	return &none, false
}

// Empty says whether no master has a key.
func (s *Store) Empty() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.entries) == 0
}

// Serials lists the masters that have a key, sorted.
func (s *Store) Serials() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]string, 0, len(s.entries))
	for _, n := range slices.Sorted(maps.Keys(s.entries)) {
		all = append(all, serialOf(n))
	}
	return all
}

// Rotating counts the masters whose next key is not proven.
func (s *Store) Rotating() (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.entries {
		if e.Rotating {
			n++
		}
	}
	return n
}

// Reload reads the directory again.  With a problem in any file all stays as it was.
func (s *Store) Reload() (c Changes, err error) {
	err = s.locked(func(d *folder) error {
		read := map[uint32]*Entry{}
		generation, err := readGeneration(d)
		problems := problems{}
		problems.add(err)
		if s.credentials != "" {
			s.readCredentials(read, &problems)
		}
		if err := readAll(d, "", read, &problems); err != nil {
			return err
		}
		if err := problems.all(); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		c = compare(s.entries, read)
		s.entries, s.number = read, max(generation, s.number)
		return nil
	})
	return c, err
}

// locked runs do while no other process changes the directory.
func (s *Store) locked(do func(d *folder) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	d, err := openFolder(s.directory)
	if err != nil {
		return err
	}
	defer d.Close()
	if err = d.lock(); err != nil {
		return fmt.Errorf("lock key directory %s: %w", s.directory, err)
	}
	return do(d) // closing it gives the lock back
}

func (s *Store) readCredentials(into map[uint32]*Entry, problems *problems) {
	d, err := openCredentials(s.credentials)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		problems.add(err)
		return
	}
	defer d.Close()
	problems.add(readAll(d, credentialPrefix, into, problems))
	for _, e := range into {
		e.Fixed = true
	}
}

// readAll adds the entries of a directory; what is wrong with one of its files goes to problems.
func readAll(d *folder, prefix string, into map[uint32]*Entry, problems *problems) error {
	names, err := d.names()
	if err != nil {
		return fmt.Errorf("key directory: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		n, ok := number(strings.TrimPrefix(strings.TrimSuffix(name, extension), prefix))
		if !ok {
			problems.add(fmt.Errorf("key file %s: its name must be a serial of %d digits and %s; rename it",
				d.path(name), serialDigits, extension))
			continue
		}
		e, err := readEntry(d, name)
		if err != nil {
			problems.add(err)
			continue
		}
		into[n] = e
	}
	return nil
}

func readEntry(d *folder, name string) (*Entry, error) {
	text, err := d.read(name)
	if err != nil {
		return new(Entry), err
	}
	e, err := Parse(text)
	if err != nil {
		return new(Entry), fmt.Errorf("key file %s: %w", d.path(name), err)
	}
	return e, nil
}

func compare(before, now map[uint32]*Entry) Changes {
	c := Changes{Keys: len(now)}
	var others []uint32
	for n, e := range now {
		switch old, there := before[n]; {
		case !there:
			c.Added++
		case *old != *e:
			c.Changed++
			switch {
			case e.Rotating && !old.Rotating:
				c.Begun++
			case old.Rotating && !e.Rotating && e.Key == old.Key:
				c.Abandoned++
			}
		default:
			continue
		}
		others = append(others, n)
	}
	for n := range before {
		if _, there := now[n]; !there {
			c.Removed++
			others = append(others, n)
		}
	}
	slices.Sort(others)
	for _, n := range others[:min(len(others), maxTold)] {
		c.Serials = append(c.Serials, serialOf(n))
	}
	return c
}

// maxTold is how many problems, or serials, are told.
const maxTold = 20

// problems gathers what is wrong with a directory.
type problems struct {
	told []error
	more int
}

func (p *problems) add(err error) {
	switch {
	case err == nil:
	case len(p.told) < maxTold:
		p.told = append(p.told, err)
	default:
		p.more++
	}
}

func (p *problems) all() error {
	if p.more > 0 {
		return errors.Join(append(p.told, fmt.Errorf("and %d more of that kind", p.more))...)
	}
	return errors.Join(p.told...)
}
