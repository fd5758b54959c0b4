package master

import "time"

// Answer is what one of several masters says: the one at this place of the list.
type Answer[T any] struct {
	At    int
	Value T
}

// askedAtOnce bounds the masters that work on a question at the same time: each has a goroutine meanwhile.
const askedAtOnce = 1024

// Ask puts a question to masters and collects the answers.  It gives up when none has come for so long; silent are
// the places of those that have not answered then: they are stuck, unless askedAtOnce others are.
func Ask[T any](masters []*Master, patience time.Duration, question func(at int,
	to chan<- Answer[T]) any) (values []T, silent []int) {
	values = make([]T, len(masters))
	answered := make([]bool, len(masters))
	answers := make(chan Answer[T], len(masters)) // a late one blocks nobody
	late := time.NewTimer(patience)
	defer late.Stop()
	for next, waiting := 0, 0; next < len(masters) || waiting > 0; {
		for next < len(masters) && waiting < askedAtOnce {
			masters[next].send(question(next, answers))
			next, waiting = next+1, waiting+1
		}
		select {
		case a := <-answers:
			values[a.At], answered[a.At] = a.Value, true
			waiting--
			late.Reset(patience)
			continue
		case <-late.C:
		}
		break
	}
	for i, yes := range answered {
		if !yes {
			silent = append(silent, i)
		}
	}
	return values, silent
}
