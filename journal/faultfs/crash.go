package faultfs

import (
	"bytes"
	"math/rand/v2"
)

const sectorBytes = 512

// survivors says how many of n changes of the metadata, from the first on, are on the platter after a power cut.
func survivors(n, keep int, rng *rand.Rand) int {
	switch {
	case keep <= 0:
		return 0
	case keep >= 100:
		return n
	}
	return rng.IntN(n + 1)
}

// survive returns what is on the platter after a power cut: the durable content with a part of the changes, see the
// package. The size is the one that the file had in memory.
func survive(durable []byte, changes []change, size, keep int, rng *rand.Rand) []byte {
	content := bytes.Clone(durable)
	switch {
	case keep <= 0 || len(changes) == 0:
		return content
	case keep >= 100:
		for _, c := range changes {
			content = c.apply(content)
		}
		return content
	}
	kept := pattern(changes, keep, rng)

	// A sector is written as it was in memory, so with a change come those before it.
	last := map[int]int{}
	truncations := 0
	for i, c := range changes {
		if c.truncation {
			truncations++
		}
		c.eachSector(func(sector, _, _ int) {
			if kept(i, sector) {
				last[sector] = i
			}
		})
	}

	truncations = survivors(truncations, keep, rng)
	end := -1 // drawn by the lowest truncation that was lost
	for i, c := range changes {
		if c.truncation {
			if truncations > 0 {
				truncations--
				content = resize(content, c.offset)
			} else if end < 0 || c.offset < end {
				end = c.offset
			}
			continue
		}
		c.eachSector(func(sector, from, to int) {
			if latest, any := last[sector]; !any || i > latest {
				return
			}
			if end >= 0 {
				to = min(to, end-c.offset)
			}
			if from < to {
				content = change{offset: c.offset + from, data: c.data[from:to]}.apply(content)
			}
		})
	}
	if size > len(content) && end < 0 && rng.IntN(4) == 0 {
		content = resize(content, size)
	}
	return content
}

// pattern draws which sectors of which changes reached the platter.
func pattern(changes []change, keep int, rng *rand.Rand) func(i, sector int) bool {
	cut := rng.IntN(len(changes))
	switch rng.IntN(4) {
	case 0: // a beginning, the last write of it torn
		tear := 0
		if c := changes[cut]; len(c.data) > 0 {
			tear = c.offset/sectorBytes + rng.IntN(len(c.data)/sectorBytes+2)
		}
		return func(i, sector int) bool { return i < cut || i == cut && sector < tear }
	case 1: // an end without the beginning
		return func(i, _ int) bool { return i >= cut }
	case 2: // some whole writes
		whole := make([]bool, len(changes))
		for i := range whole {
			whole[i] = rng.IntN(100) < keep
		}
		return func(i, _ int) bool { return whole[i] }
	}
	return func(int, int) bool { return rng.IntN(100) < keep }
}

// eachSector visits the sectors of a write, each with the part of the data that lies in it.
func (c change) eachSector(visit func(sector, from, to int)) {
	for from := 0; from < len(c.data); {
		sector := (c.offset + from) / sectorBytes
		to := min((sector+1)*sectorBytes-c.offset, len(c.data))
		visit(sector, from, to)
		from = to
	}
}
