package frame

import (
	"strconv"
	"strings"

	"trama/codec/internal/program"
)

// At finds a field by its path: "records[2].value", "count", "crc".  A name alone is first looked for among the
// fields of the frame itself, then inside its parts.
func (f *Frame) At(path string) int {
	lo, hi, depth := 0, len(f.Cells), 0
	for n := 0; path != ""; n++ {
		end := strings.IndexAny(path, ".[")
		if end == 0 {
			end = strings.IndexAny(path[1:], ".[") + 1
			if end == 0 {
				end = len(path)
			}
		} else if end < 0 {
			end = len(path)
		}
		step := path[:end]
		path = path[end:]
		found := -1
		if step[0] == '[' {
			element, err := strconv.Atoi(strings.Trim(step, "[]"))
			for i := lo; i < hi && err == nil; i++ {
				if int(f.Cells[i].Depth) == depth {
					if element == 0 {
						found = i
						break
					}
					element--
				}
			}
		} else {
			found = f.Named(strings.TrimPrefix(step, "."), lo, hi, depth)
			if found < 0 && n == 0 {
				found = f.Named(step, lo, hi, -1)
			}
		}
		if found < 0 {
			return -1
		}
		if path == "" {
			return found
		}
		lo, depth = found+1, int(f.Cells[found].Depth)+1
		for hi = lo; hi < len(f.Cells) && int(f.Cells[hi].Depth) >= depth; hi++ {
		}
	}
	return -1
}

// wireOffsets turns places in the decoded bytes into places in the frame.
func (f *Frame) wireOffsets(items []Item) {
	var family *program.FrameKind
	if f.Body != nil {
		family = f.Body.FrameKind
	}
	if family == nil || family.EndMarks == nil {
		return
	}
	if c := family.EndMarks; c.Kept > 0 || family.Escape != nil && len(family.Escape.Long) > 0 {
		places := family.Places(f.Data, len(f.Data)-c.Kept-c.Behind, f.Wire)
		for i := range items {
			it := &items[i]
			from := min(it.Off, len(f.Data))
			it.Off, it.Len = places[from], places[min(from+it.Len, len(f.Data))]-places[from]
		}
		return
	}
	at, plain := len(family.Start), 0
	for i := range items {
		it := &items[i]
		if family.Armour != nil {
			end := family.Armour.Size(it.Off + it.Len)
			it.Off = family.Armour.Size(it.Off)
			it.Off, it.Len = it.Off+at, end-it.Off
			continue
		}
		if family.Escape == nil {
			it.Off += at
			continue
		}
		if it.Off < plain {
			at, plain = len(family.Start), 0
		}
		at += family.Escape.WireSize(f.Data[plain:min(it.Off, len(f.Data))])
		plain = it.Off
		it.Off, it.Len = at, family.Escape.WireSize(f.Data[plain:min(plain+it.Len, len(f.Data))])
	}
}

// Named finds a key at one depth, or at any (-1).
func (f *Frame) Named(key string, lo, hi, depth int) int {
	for i := lo; i < hi; i++ {
		if (depth < 0 || int(f.Cells[i].Depth) == depth) && f.Program.Ops[f.Cells[i].Op].Field.Key == key {
			return i
		}
	}
	return -1
}
