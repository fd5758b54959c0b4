// Package transport holds the sockets: listeners, connections, their limits and deadlines, and one close reason for
// each connection.  It cuts the stream into frames with a Cutter and knows nothing of what is in them.
//
//	          Listener.Serve ──accept──▶ Conn                           (limits; excess is closed at once)
//	                                      │
//	peer ──▶ socket ──read──▶ pooled buffer ──Cutter─▶ Batch ──deliver──▶ the layer above
//	                              ▲                      │                      │
//	                              └────────pool──────────┴◀──────Release────────┤  a credit each
//	                                                                            │
//	peer ◀── socket ◀──at once──────────────────────────────────Write◀──────────┘
//	            ▲                                                 │ what the kernel does not take
//	            └──transient goroutine, deadline◀── bounded queue ◀┘
//
//	         ──ParkAfter without bytes──▶
//	reader                                idle poller: one epoll instance and one goroutine for all parked connections
//	         ◀──bytes, end, error, due,──        (Linux)
//	                Close, StopReading
//
// # Who owns which goroutine
//
// The package starts them and all end by themselves; Conn.Close ends those of a connection.  Each has at most one
// reader: while it reads and delivers, and for ParkAfter longer.  Then the reader ends, its connection is parked in
// the idle poller, and what wakes it there starts a new one.  The last reader calls the ended function of Start,
// which is how the caller waits for it.  A connection whose peer does not read has a transient writer while something
// is queued; WriteTimeout or Close ends it, and the last reader waits for it.  A connection that is closed without
// ever having been started is cleaned up by a goroutine of its own.  The idle poller's goroutine starts with the
// first connection that parks; the last one that ends of those that ever did ends it and waits for it.  The caller
// owns only the goroutine of Serve, which ends after Listener.Close.
//
// # TLS
//
// The first byte of an encrypted connection begins the handshake, which is the only time that its reader waits in
// crypto/tls.  From then on crypto/tls is given what lies in the socket, and an error to be overcome when that is not a
// whole record; what it writes goes through the write queue.  So such a connection is read, parked and woken like any
// other.  Before it parks the reader looks once more for what is decrypted already, of which no poller tells.
//
// # Invariants
//
//   - Every connection ends with exactly one CloseReason: the first that was given.  ListenerStats.Closed sums to
//     Accepted - Live.
//   - Every byte received is in a delivered frame, an aside (heartbeat, registration), skipped as noise, pending, or
//     cut off: see ByteCounts.  The account adds up at every moment, for a connection and for a listener.
//   - The end of a stream is found at once, but for one: a connection that talks, and whose end came together with
//     its last bytes, is found to have ended when it is next looked at whether it can park, within ParkAfter.
//   - Frames are delivered once, in order, one batch after the other, and the result does not depend on how the
//     network cut the stream.
//   - At most Options.Credits batches of a connection are unreleased.  Then its reader waits and TCP pushes back:
//     nothing queues up.
//   - Nothing here waits for a peer but that peer's own goroutines.  Write never blocks.
//   - An idle connection holds neither goroutine nor buffer: it is parked when nothing of it is in hand, no beginning
//     of a frame and no unreleased batch.  A reader that waits has no buffer either, and the beginning of a frame is
//     kept in a slice of about its size.  In the steady state, reading, delivering, writing and releasing allocate
//     nothing.
//   - A parked connection is woken exactly once, by whoever takes it out of its slot in the idle poller.  What
//     happened while it was being parked wakes it too: a bit of its state is looked at under the lock that sets it,
//     and bytes that have come make the descriptor ready.
//   - The socket is closed by the reader goroutine alone (or, if there never was one, by the one that cleans up), and
//     a connection parks in that goroutine, so no descriptor is used after it was closed.  Close only tells the peer
//     and wakes the reader.
//
// # Deadlines
//
// All of them look at what the peer sends, never at what we send, and noise prolongs none: the first whole frame (or
// registration) counts from the accept, the rest of a started frame from its first byte, idleness from the last whole
// frame, or heartbeat behind one.  A silence of Framing.Quiet behind the beginning of a frame ends nothing: the Cutter
// is asked once more, since it may know a frame that ends with a silence, or a whole one behind a doubtful beginning.
// A connection has a single read deadline for all of these.  It is set again only when it has passed or when a nearer
// one arises, so a busy connection pays for it once per period; ParkAfter is one of its periods.  A parked connection
// has none: the idle poller sweeps, at most once a second, and wakes those that are due.  When a deadline passes, what
// lies in the socket is read before the peer is judged: a process that stood still does not blame its peers.  A
// beginning that got no rest is then searched for a whole frame behind it (noise can look like a beginning); if there
// is one the connection lives on.
package transport
