// Package actors is the supervised tree that joins transport (bytes) and codec (fields).  It is the only importer of protoactor.
//
//	trama                        rootActor: what nothing below can mend ends the process
//	├─ registry                  registry: finds or makes the master of a serial
//	│   ├─ 12345678              masterActor: links, last frames, commands
//	│   └─ …
//	└─ listeners                 listenersActor
//	    └─ field                 listenerActor: one port
//	        ├─ conn-41           connection: one accepted socket
//	        └─ …
//
// # The way of a frame
//
//	reader goroutine ──*uplink──▶ connection ──*group──▶ master ──▶ settle: ACKs to the socket, credit back
//	                                  └─*route─▶ registry ─*group─▶ master      (first frames of a connection only)
//
// Everything that one read brought is one *uplink.  Connections and masters run on the inline dispatcher: in the goroutine that
// sends to them, so the usual frame is read, decoded, tracked and acknowledged by one goroutine without a wake-up in between, and no
// actor is shared by all connections on the way.  When an actor is busy elsewhere, the message waits in its mailbox and the
// goroutine that runs it goes on with it; an uplink does not know who settles it.  Mailboxes are unbounded; what bounds them are
// the credits of transport: a connection has at most that many uplinks that are not settled, then TCP pushes back.
//
// # Who owns what
//
// An actor's struct (connection, masterActor, listenerActor, registry) holds nothing that must survive; its link, master, slot or
// directory does.  A restart makes a new behaviour on the same surviving state:
//
//   - connection and master are restarted by protoactor.  The frame in hand is known (link.held, master.held): it is recorded as
//     poison, not acknowledged, and the new behaviour goes on behind it.
//   - root, registry, listeners and listener have children, which a protoactor restart would stop.  They are restarted in place:
//     the shell puts a fresh behaviour in, the supervisor resumes the mailbox, nothing below notices.
//
// Each parent has an explicit strategy (strategy.go).  Giving up is never silent: a connection is closed with reason "repeated
// faults", a master starts anew with its links closed, everything else escalates until the root ends the process.
//
// # Goroutines
//
// One accept loop per port, counted in slot.accepts; the readers of transport, one for each connection that is not idle, of which
// slot.readers counts the connections.  A drain waits for both, as long as it may.  Timers (commands, a port that failed) only send.
// Actors with children run in goroutines of their own that live as long as they have messages.
//
// # Which profile
//
// A listener has an edition of a profile; a swap (reload.go) puts the next one in its place.  Each uplink carries the edition whose framing
// cut it, so its frames are decoded, acknowledged and kept by that one; what is remembered is carried over when the first frame of the next
// edition comes.  A shadow (shadow.go) is a candidate that sees a copy of the bytes; it has a goroutine, which ends with it.
//
// # Invariants
//
//   - An uplink is settled exactly once, whatever fails in a handler; only then its buffer is reused.  Should what follows a handler
//     fail, the connection is closed.
//   - A frame is acknowledged at most once, only when its master has taken it in, and in the order it came (line.go).
//   - A command is answered exactly once: by the master's answer, by its timer, by the end of its connection, by a fault or by the end of
//     the gateway, whichever comes first.
//   - Reading the tree sends no message.
package actors
