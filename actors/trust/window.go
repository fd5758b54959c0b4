package trust

// Freshness says what is known of the counter of a frame whose tag is right.
type Freshness uint8

// Freshness of a frame.
const (
	Fresh     Freshness = iota
	Duplicate           // the counter and the tag of a frame that was accepted: the very same one
	Replayed            // a counter that was used, or is too old to tell
	Reused              // a counter that was used for another frame
	OldEpoch            // of an epoch, or under a key, that is over
)

const (
	windowBits = 64 // counters below the highest that are told apart, as in RFC 4303
	windowTags = 16 // of them, those whose tags are kept
	tagBytes   = 3  // of each: who can make a right tag needs no chance of 2⁻²⁴
)

// window knows which counters of one epoch were used.
type window struct {
	seen    uint64 // bit n: the counter n below the highest
	highest uint32
	epoch   uint8
	tags    [windowTags][tagBytes]byte // of counter c at c % windowTags
}

// check says what a counter is.
func (w *window) check(counter uint32, tag [4]byte) Freshness {
	back := w.highest - counter
	switch {
	case w.seen == 0 || counter > w.highest:
		return Fresh
	case back >= windowBits:
		return Replayed
	case w.seen>>back&1 == 0:
		return Fresh
	case back >= windowTags:
		return Replayed
	case w.tags[counter%windowTags] == [tagBytes]byte(tag[:]):
		return Duplicate
	}
	return Reused
}

// accept notes a counter.
func (w *window) accept(counter uint32, tag [4]byte) {
	switch {
	case w.seen == 0 || counter > w.highest:
		if ahead := counter - w.highest; w.seen == 0 || ahead >= windowBits {
			w.seen = 1
		} else {
			w.seen = w.seen<<ahead | 1
		}
		w.highest = counter
	case w.highest-counter < windowBits:
		w.seen |= 1 << (w.highest - counter)
	}
	if w.highest-counter < windowTags {
		w.tags[counter%windowTags] = [tagBytes]byte(tag[:])
	}
}
