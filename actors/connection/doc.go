// Package connection is one accepted socket: what was identified on it, its frames on their way, and its
// acknowledgements.
//
//	Socket ──*transport.Batch──▶ readBatch ──▶ handler: decide, group ──*master.Batch──▶ masters ──▶ journal
//	   ▲                            │ joins                                                                    │
//	   │                            ▼                                                                          │
//	   └──Write, Release────────ackQueue ◀─────────────────────────────────Drop, when all parts are────────────┘
//
// A frame is found out once: the Cutter decodes it in the walk that cuts it from the stream, in the reader goroutine.
// A defect of the codec ends the connection there, with reason "internal fault".
//
// A readBatch holds everything that one read brought.  Its parts are the runs of frames of each master, and the
// frames of nobody known, which the connection puts into the journal itself.  When all parts are on disk, or lost,
// the read is settled: the ack queue makes the acknowledgements of the frames that were accepted, in the order of the
// reads, and writes them at once.
//
// A frame that nobody owns, on a protocol with a login, is put aside (early.go) and comes again as a read of its own
// when somebody has logged in.
//
// Skipped bytes of a read are judged behind its frames and kept in the listener's StretchBook; judging is bounded by the
// connection, and by time on the listener.  The account of a connection is written with its last message.
//
// # Who owns what
//
// The Link survives the connection's actor: socket, bindings, the read in hand and the counters.  A Listener is what
// the connections of one port share; it survives them all.  The session of the link knows who has logged in and
// belongs to the actor; that of the ack queue has the counters of the acknowledgements and belongs to whoever
// settles.
//
// # Goroutines
//
// None of its own.  Reads are handled in the reader goroutine of the transport, when the actor is idle.  Reads are
// settled in the goroutine that gives the last part back: the journal's writer.  It is shared by all connections, so
// each step of settling has a net below it: a panic closes this connection and is counted (Shared.SettleFaults).
//
// # I/O in handlers
//
// Writing to the socket, which never blocks: commands, answers for integrators, the greeting.
//
// # Invariants
//
//   - A read is settled exactly once, whatever fails in a handler; only then its buffer is reused.
//   - A frame is acknowledged at most once, when it is on disk (or a resend of one that is), and in the order it
//     came; those that waited for a login come behind it.
//   - frames = stored + duplicates + rejected + poisoned, and accepted = acknowledged + no reply due + unsent.
package connection
