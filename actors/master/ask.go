package master

import (
	"iter"
	"time"
)

// Answer is what one of several masters says: the one at this place of the list.
type Answer[T any] struct {
	At    int
	Value T
}

// askedAtOnce bounds the masters that work on a question at the same time: each has a goroutine meanwhile.
const askedAtOnce = 1024

// Ask puts a question to masters and yields their answers in the order of the list, while those behind are still asked.
// Asking ends when no answer has come for so long: a master that has not answered then is stuck, unless askedAtOnce others
// are, and silent answers for it.
func Ask[T any](masters []*Master, patience time.Duration, question func(at int, to chan<- Answer[T]) any,
	silent func(*Master) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		values := make([]*T, len(masters))
		answers := make(chan Answer[T], min(len(masters), askedAtOnce)) // a late one blocks nobody
		late := time.NewTimer(patience)
		defer late.Stop()
		for at, next, waiting, gone := 0, 0, 0, false; at < len(masters); at++ {
			for values[at] == nil && !gone {
				for ; next < len(masters) && waiting < askedAtOnce; next, waiting = next+1, waiting+1 {
					masters[next].send(question(next, answers))
				}
				late.Reset(patience)
				select {
				case a := <-answers:
					values[a.At], waiting = &a.Value, waiting-1
				case <-late.C:
					gone = true
				}
			}
			value := values[at]
			values[at] = nil
			if value == nil {
				none := silent(masters[at])
				value = &none
			}
			if !yield(*value) {
				return
			}
		}
	}
}
