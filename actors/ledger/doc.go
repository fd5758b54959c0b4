// Package ledger says what a command to a master is, and what may become of it.
//
//	queued ──▶ claimed ──▶ sent ──▶ done | refused | unknown     unknown ──▶ done | refused, late
//	   │          │          └────▶ (ended) when nobody answers it
//	   │          └──────────▶ unknown                            the gateway ended, or the link: it may have been executed
//	   ◀──────────┘                                               its connection ended before it was written
//	   └─────────────────────▶ expired | cancelled | claimed      never sent
//
// A command that somebody has asked for is one row of the journal, written anew with each change.  Its bytes are handed
// to a connection when the row that says claimed is on disk, and not before: whatever ends the process, the next one
// knows which commands may have been executed, and sends none of them again.
package ledger
