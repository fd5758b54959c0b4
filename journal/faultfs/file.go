package faultfs

import (
	"bytes"
	"slices"
)

// file is what a name stands for: an inode.  Each is guarded by the mutex of its disk, and outlives its name while it
// is open.
type file struct {
	data     []byte   // as the process sees it
	durable  []byte   // as the platter has it
	unsynced []change // the way from durable to data, in order; after a failed sync what came later
	failed   bool     // a sync of it has failed

	open []*handle // the connections' handles, for the locks among them
	shm  shm
}

// change is a write, or a truncation to the offset.
type change struct {
	truncation bool
	offset     int
	data       []byte
}

func (f *file) write(data []byte, offset int) {
	f.do(change{offset: offset, data: bytes.Clone(data)})
}

func (f *file) truncate(size int) { f.do(change{truncation: true, offset: size}) }

func (f *file) do(c change) {
	f.data = c.apply(f.data)
	f.unsynced = append(f.unsynced, c)
}

func (f *file) sync() {
	for _, c := range f.unsynced {
		f.durable = c.apply(f.durable)
	}
	f.unsynced = nil
}

func (c change) apply(content []byte) []byte {
	if c.truncation {
		return resize(content, c.offset)
	}
	if end := c.offset + len(c.data); end > len(content) {
		content = resize(content, end)
	}
	copy(content[c.offset:], c.data)
	return content
}

// resize cuts the content or fills it up with zeros.
func resize(content []byte, size int) []byte {
	if size <= len(content) {
		return content[:size]
	}
	old := len(content)
	content = slices.Grow(content, size-old)[:size]
	clear(content[old:])
	return content
}
