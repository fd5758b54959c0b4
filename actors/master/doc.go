// Package master knows the masters: here a master is the device that dials in, not the side that polls.
//
//	connection ──*Batch──────────────▶ master ──▶ journal ──Committed──▶ Read: settled
//	     └─────*Route──▶ registry ──*Batch──▶ master                    (first frames of a connection only)
//
//	Command: Take ──▶ master ──▶ journal ──▶ master ──▶ Link.Transmit ──▶ Claim, write        see ledger.go and actors/ledger
//
// A Batch is a run of frames of one read that belong to one master.  The master checks each for a resend, keeps the
// newest frame of each kind, looks whether it answers the command in flight, and encodes it for the journal.  When
// the handler has returned the batch is appended, before the master's next message is handled: frames and resends of
// a master stand in the journal's queue in the order in which it has handled them.
//
// # Who owns what
//
// A Master belongs to its actor but for its head, which is atomic.  It survives the actor, the connection and,
// through its state in the journal (state.go) and the frames behind that, the process (restore.go).  The Directory
// belongs to the registry's actor, which alone adds and takes out; anybody reads.  A master that is found there has an
// actor.  A serial in quarantine has none.  One that was forgotten is taken out before its actor hears of it, and its
// serial can be no master until that has ended: what still comes to it is refused.
//
// # Goroutines
//
// None of its own.  A batch is handled in the goroutine of the reader that brought it, when the master is idle;
// everything else in one that lives as long as there are messages.  Timers of commands only send.  Snapshot is called
// by the journal and only sends.
//
// # Invariants
//
//   - A command ends exactly once: by the master's answer, its timer, the end of its connection, a fault or the end
//     of the gateway.  One that ended as unknown may be answered late.
//   - A command that is kept is handed to a connection when its row that says so is on disk, and its end is told when that
//     is.
//   - A command is written at most once, and not after it was reported as not sent: the connection claims it at the
//     instant of the write.
//   - One command is in flight for a master; the others wait in order.
//   - A command goes out behind the acknowledgements of the frames that came before it was claimed.
//   - The number of a command that may still be answered is given to no other one.
//   - A batch is given back (Read.Drop) exactly once, whatever fails in a handler.
//   - Asking masters (Ask) waits for nobody longer than it says.
package master
