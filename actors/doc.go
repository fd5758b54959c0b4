// Package actors is the supervised tree that joins transport (bytes), codec (fields) and journal (disk).  It is the
// only importer of protoactor.
//
//	trama                        rootHandler: what nothing below can mend ends the process
//	├─ journal                   no actor: the engine has goroutines of its own
//	├─ registry                  master.Directory: finds or makes the master of a serial
//	│   ├─ 12345678              master.Master: links, last samples, commands
//	│   └─ …
//	└─ listeners                 port.Ports
//	    └─ field                 port.Port: one listening socket
//	        ├─ conn-41           connection.Link: one accepted socket
//	        └─ …
//
// # Rooms
//
//	actors       the face: Gateway and how it is wired, started, asked, told and drained
//	port         listening sockets, swaps of profiles
//	shadow       a candidate on trial
//	connection   accepted sockets, reads, acknowledgements
//	master       masters, the registry, commands, resends, states
//	profiles     which definition a frame is read by
//	supervise    mailbox, shell, strategy, the record that the tree shows
//
// Each imports only rooms that stand below it here.
//
// # The way of a frame
//
//	reader goroutine                                                  the journal's writer
//	────────────────                                                  ────────────────────
//	transport.Batch: everything that one read brought, cut and decoded in one walk
//	  │  connection: decide, group by master
//	  ├──*master.Batch──▶ master: resend? answer to a command? samples
//	  │    └──Append──▶ journal's queue ─────────────────────────────▶ one commit, one sync for all that wait
//	  └──*master.Route──▶ registry ──*master.Batch──▶ master            │
//	     (first frames of a connection only)                           ▼
//	                                            Committed ──▶ Drop ──▶ ack queue: acknowledgements to the socket, credit back
//
// Two goroutines handle the usual frame: its reader, from the read to the journal's queue, and the journal's writer,
// from there to the acknowledgement.  No actor is shared by all connections on the way.  An actor that is busy
// elsewhere keeps the message in its mailbox, and the goroutine that runs it goes on with it: a read does not know
// who settles it.  Mailboxes are unbounded; what bounds them are the credits of transport: a connection has at most
// that many reads that are not settled, then TCP pushes back.
//
// # Supervision
//
// Each parent has an explicit strategy.  Giving up is never silent: a connection is closed with reason "repeated
// faults", a master starts anew with its links closed, everything else escalates until the root ends the process.
// Settling, which runs outside of any handler, has a net of its own.
package actors
