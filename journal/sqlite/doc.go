// Package sqlite is the journal engine on an embedded SQLite database (modernc.org/sqlite, no cgo).
//
//	Append ─▶ queue ─▶ writer goroutine: everything that waits, one transaction, one sync ─▶ Committed
//	                          ▲ tasks: definitions, cursors, retention, states of masters
//	readers (history, watch, cursors, verify) ─▶ connections of their own, which see committed data only
//
// # Tables
//
//	batch    what one commit brought: all its records in one row.  The truth; everything else about frames follows from it
//	clock    where the times of batches do not go on from those before; see clock.go
//	age      which frames and events were there at which age of the journal; see age.go
//	master   a master's state and the positions of its records that no span holds yet
//	seen     what masters remember beside their states, to recognise frames that come again
//	trust    what is known of keys, epochs and counters of masters
//	setting  settings that are kept for masters; see settings.go
//	forgotten serials that are no masters any more; see trust.go
//	span     positions of a master's records, some dozens to a row
//	event    links, rejected frames, alarms
//	profile  the definitions that records were received with
//	epoch    where positions begin anew, because a backup was put in place; see epoch.go
//	cursor   how far a named consumer has read
//	meta     how far the masters' states reach; numbers of the schema
//
// Durability is cheap because a commit is one row: it costs the same for one frame as for thousands.  Every row
// carries a CRC-32C, each record in a batch one of its own.  The positions of batches have no gaps, so a missing row
// is found.
//
// # Goroutines
//
// The writer owns the one connection that writes, the sequence numbers and all Subjects.  Between two commits it
// calls Committed: what comes while acknowledgements are written goes along with the next commit.  Another goroutine
// tells who is refused after a failure.  The keeper looks at the disk and deletes what is too old.  The sweeper asks
// masters for their states.  The checkpointer moves the write-ahead log into the database beside the writer.  Close
// waits for all of them.
//
// # Failure
//
// The first failed write or sync ends the engine: nothing is committed or synced after it, every entry that waits and
// every later one is told ErrFailed.  The files are left as they are; a new process finds everything that was
// committed.  So does a file that is moved, deleted, cut off or replaced under the engine; see place.go.
//
// A write for which there is no room is none of these: SQLite rolls it back, and what it was for waits.  Entries stay
// in hand, untold, and are tried again each second; checkpoints, sweeps and other tasks come later or are refused with
// ErrFull.  Retention goes on; see held.go and room.go.
package sqlite
