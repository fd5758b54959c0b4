package trust

import (
	"fmt"
	"math/bits"

	"trama/codec/protect"
)

// Wrong tags of one master in one epoch: how many are an alarm, and how many are the limit.  At the limit its suite is
// refused on connections on which no frame of the master was accepted, until the master begins a new epoch.
const (
	ShortLimit  = 16 // suites 10 and 11; the alarm comes with the last
	LongAlarm   = 1 << 7
	CCM8Limit   = 1 << 14
	CCM16Limit  = 1 << 20
	FleetAlarm  = 256 // wrong tags of 24 bits, of all masters in an hour
	longKept    = 128 // wrong tags of suites 20 and 21 are kept on disk in steps
	shortBudget = 0
	longBudget  = 1
)

// budget counts wrong tags of tags of 24 bits, and of longer ones.
type budget [2]uint32

func kindOf(s protect.Suite) int {
	if s.TagBits() == 24 {
		return shortBudget
	}
	return longBudget
}

// spent says whether the limit of a suite is reached.
func (b *budget) spent(s protect.Suite) bool { return b[kindOf(s)] >= limitOf(s) }

func limitOf(s protect.Suite) uint32 {
	switch s {
	case protect.CCM8:
		return CCM8Limit
	case protect.CCM16:
		return CCM16Limit
	}
	return ShortLimit
}

// add counts a wrong tag.  due: it is to be kept on disk; alarm: what somebody must know.
func (b *budget) add(s protect.Suite) (due bool, alarm string) {
	kind := kindOf(s)
	b[kind]++
	n := b[kind]
	switch {
	case n == limitOf(s):
		alarm = fmt.Sprintf("%d wrong tags under suite %v: it is refused on new connections until the master begins a new epoch", n, s)
	case kind == longBudget && n >= LongAlarm && bits.OnesCount32(n) == 1:
		alarm = fmt.Sprintf("%d wrong tags under suite %v", n, s)
	}
	return kind == shortBudget || n%longKept == 1, alarm
}

// kept is what stands on disk: never less than what was counted.
func (b *budget) kept() budget {
	return budget{b[shortBudget], (b[longBudget] + longKept - 1) / longKept * longKept}
}
