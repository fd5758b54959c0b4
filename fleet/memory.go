package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"strings"
	"sync"

	"trama/codec/protect"
	"trama/internal/filelock"
)

// Kept is what a device keeps across a loss of power.
type Kept struct {
	Epoch   uint8
	Counter uint32 // written last; a start goes on at Counter + keepEvery + keepLate
	Heard   uint32 // counters of the server below it, in Epoch, are not taken any more
	Next    Next   // key that the server has sent
}

// Next is a key that takes the place of the one that a device was made with.
type Next struct {
	Key     protect.Key
	Instead uint32 // identifies the key whose place it takes; 0: there is none
}

// replaced identifies a key.
func replaced(key *protect.Key) uint32 { return crc32.ChecksumIEEE(key.Bytes()) | 1 }

// A device writes its counter after every keepEvery frames, and stops when it could not for another keepLate
// (RFC 8613, appendix B.1.1).
const (
	keepEvery = 256
	keepLate  = 32
)

// Memory stands for the non-volatile memory of many devices: a file to which a line is added with each write, synced.
// Its methods may be called from any goroutine.
type Memory struct {
	mu   sync.Mutex // guards the rest
	file *os.File
	last map[string]Kept
}

// ErrMemory says that a file is not what was written to it.
var ErrMemory = errors.New("memory of devices is damaged")

// OpenMemory opens or makes the file.  No other process has it meanwhile: two would use the same counters.  A write
// that was cut short at the end does not count, as nothing had been sent because of it.
func OpenMemory(path string) (*Memory, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	m := &Memory{file: f, last: map[string]Kept{}}
	if err = filelock.Lock(f); err != nil {
		err = fmt.Errorf("%s: another fleet uses it: %w", path, err)
	} else {
		err = m.read(path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

func (m *Memory) read(path string) error {
	text, err := io.ReadAll(m.file)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	for n, line := range bytes.SplitAfter(text[:whole], []byte("\n")) {
		if len(line) == 0 {
			break
		}
		var serial string
		var k Kept
		if _, err := fmt.Sscanf(string(line), "%s %d %d %d", &serial, &k.Epoch, &k.Counter, &k.Heard); err == nil {
			if words := strings.Fields(string(line)); len(words) == 7 {
				_, _ = fmt.Sscanf(words[5], "%08x", &k.Next.Instead) // a wrong one is found below
				k.Next.Key, _ = protect.ParseKey(words[4])
			}
		}
		if !bytes.Equal(line, memoryLine(serial, &k)) {
			return fmt.Errorf("%w: %s, line %d; give its devices new keys", ErrMemory, path, n+1)
		}
		m.last[serial] = k
	}
	if whole < len(text) {
		return errors.Join(m.file.Truncate(int64(whole)), m.file.Sync())
	}
	return nil
}

func memoryLine(serial string, k *Kept) []byte {
	b := fmt.Appendf(nil, "%s %d %d %d", serial, k.Epoch, k.Counter, k.Heard)
	if k.Next.Instead != 0 {
		b = fmt.Appendf(b, " %x %08x", k.Next.Key.Bytes(), k.Next.Instead)
	}
	return fmt.Appendf(b, " %08x\n", crc32.ChecksumIEEE(b))
}

// Start makes the memory that of devices which start now: their counters go on behind all that can have been used.
func (m *Memory) Start(serials ...string) error {
	all := map[string]Kept{}
	for _, serial := range serials {
		k, known := m.Of(serial)
		if known {
			k.Counter += keepEvery + keepLate
		}
		all[serial] = k
	}
	return m.keep(all)
}

// Of is what a device has kept; false: nothing.
func (m *Memory) Of(serial string) (Kept, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, known := m.last[serial]
	return k, known
}

// Keep writes; when it returns without an error it is on disk.
func (m *Memory) Keep(serial string, k *Kept) error { return m.keep(map[string]Kept{serial: *k}) }

func (m *Memory) keep(all map[string]Kept) error {
	var b []byte
	for serial, k := range all {
		b = append(b, memoryLine(serial, &k)...)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.file.Write(b); err != nil {
		return fmt.Errorf("memory of devices: %w", err)
	}
	if err := m.file.Sync(); err != nil {
		return fmt.Errorf("memory of devices: %w", err)
	}
	maps.Copy(m.last, all)
	return nil
}

// Close closes the file; another process may have it.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.file.Close()
}
