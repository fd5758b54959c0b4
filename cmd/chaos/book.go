package main

import (
	"sync"
	"time"
)

// book is what the simulated masters write down, in the order in which it happened.
type book struct {
	mu       sync.Mutex // guards the rest
	receipts []receipt
	replies  []reply
	moves    map[relay]int
}

// receipt is one frame of the gateway that a master received, and that is no acknowledgement.
type receipt struct {
	master, name string
	raw          string // hex
	number       uint64 // of the transaction; 0: the protocol has none
	at           time.Time
	of           relay
	value        int // that it is set to
	moves        int // how often it had moved before
}

// reply is one frame of a master to the gateway: an answer to a receipt, or one that answers nothing.
type reply struct {
	master, raw string
	at          time.Time
	to          int // index of the receipt; -1: it is forged
}

// relay is one relay, or register, of one master.
type relay struct {
	master string
	number int
}

// receive writes a frame down and returns its index.
func (b *book) receive(r receipt) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.of != (relay{}) {
		r.moves = b.moves[r.of]
		b.moves[r.of]++
	}
	b.receipts = append(b.receipts, r)
	return len(b.receipts) - 1
}

// say writes an answer down, before it is sent.
func (b *book) say(r reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replies = append(b.replies, r)
}
