// Package trust knows, of each device with a key, which epochs and counters were used, in both directions, and how many
// tags were wrong.  It is handed frames and rows, and knows no actor, socket or disk.
//
//	reader goroutine    Keyring.Open     key → tag; budgets, bans
//	master's actor      Peer.Check       window of the epoch: new, duplicate, or refused
//	                    Peer.Accept      the window moves
//	                    Peer.Row         what goes to disk beside the frame
//	journal's writer    Peer.Reserved    the row is on disk: its counters may be used
//	                    Peer.Protect     the next counter
//
// # What is kept, and where
//
// Every accepted frame has its counter in its record.  A row of trust is written when anything else has changed: a new
// epoch or key, a reservation of the server's counters, a budget, a counter that came without a record.  Row and records
// behind it give the exact windows.  The server's counters are reserved in blocks of 1,024; a start goes on behind the
// last block.
//
// # Epochs
//
// An epoch follows from a frame with a right tag, at most 8 above the current one; the one before is taken for another 24
// hours.  A device whose key is in rotation proves the next key with a frame under it: everything begins anew with that.
//
// A Peer is guarded by its own mutex; any goroutine may call it.
package trust
