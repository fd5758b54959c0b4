// Package journal says what a durable record of frames is made of, whatever stores it.
//
//	connection, master ──Append(Entry)──▶ engine ──one commit for all that wait──▶ disk
//	      ▲                                  │
//	      └──────────Committed(seq)──────────┘   in the order of Append; only then is a frame acknowledged
//
// An engine (journal/sqlite) takes entries from any goroutine, commits them in the order they came, and tells each
// when it is on disk.  Positions in the journal are sequence numbers: 1, 2, 3, … without gaps, one for each frame.
//
// [Memory] is the engine for tests and benchmarks: it keeps nothing, and says so.
//
// The invariant that everything rests on: Committed(seq, nil) is called after the bytes of the entry, and of all
// entries appended before it, have been synced to the disk.
package journal
